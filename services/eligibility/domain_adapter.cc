#include "services/eligibility/domain_adapter.h"

#include "services/eligibility/domain/decide.h"
#include "services/eligibility/domain/feed.h"
#include "services/runtime/event_type.h"
#include "services/runtime/serialize.h"
#include "services/runtime/status_macros.h"

namespace pathways::eligibility {
namespace {

absl::StatusOr<v1::EligibilityState> Parse(const runtime::StoredState& stored) {
  v1::EligibilityState state;
  if (!state.ParseFromString(stored.open))
    return absl::DataLossError("a stored case cannot be read");
  return state;
}

}  // namespace

int EligibilityDomain::EvolveVersion() const { return kEvolveVersion; }

absl::StatusOr<std::vector<runtime::NewEvent>> EligibilityDomain::Decide(
    const runtime::StoredState& stored, absl::string_view command,
    const type::DecideContext& context) const {
  ASSIGN_OR_RETURN(const v1::EligibilityState state, Parse(stored));
  v1::EligibilityCommand parsed;
  if (!parsed.ParseFromArray(command.data(), static_cast<int>(command.size()))) {
    return absl::InternalError("a command cannot be read");
  }
  ASSIGN_OR_RETURN(const std::vector<v1::EligibilityEvent> events,
                   eligibility::Decide(state, parsed, pack_, context));
  std::vector<runtime::NewEvent> made;
  for (const v1::EligibilityEvent& event : events) {
    made.push_back({runtime::EventType(event), runtime::SerializeDeterministic(event), ""});
  }
  return made;
}

absl::Status EligibilityDomain::Evolve(runtime::StoredState& stored,
                                       const runtime::EventRow& event) const {
  ASSIGN_OR_RETURN(v1::EligibilityState state, Parse(stored));
  v1::EligibilityEvent parsed;
  if (!parsed.ParseFromString(event.data)) {
    return absl::DataLossError("a stored event cannot be read");
  }
  RETURN_IF_ERROR(eligibility::Evolve(state, parsed, {event.stream, event.number, event.time}));
  stored.open = runtime::SerializeDeterministic(state);
  return absl::OkStatus();
}

absl::StatusOr<type::Folded> EligibilityDomain::Fold(const std::string& stream,
                                                     const runtime::StoredState& stored) const {
  ASSIGN_OR_RETURN(const v1::EligibilityState state, Parse(stored));
  return eligibility::Fold(stream, state);
}

absl::StatusOr<runtime::UpstreamCommand> EligibilityDomain::FromUpstream(
    absl::string_view upstream, const runtime::EventRow& event) const {
  v1::EligibilityCommand command;
  v1::IntakeEventCommand& intake = *command.mutable_intake_event();
  intake.set_number(event.number);
  const bool known = upstream == "intake" && intake.mutable_event()->ParseFromString(event.data) &&
                     intake.event().case_id() == event.stream && intake.event().kind_case() != 0;
  if (!known) return absl::InvalidArgumentError("not an event of this upstream");
  return runtime::UpstreamCommand{runtime::SerializeDeterministic(command), {}};
}

std::vector<pipeline::v1::PipelineRecord> TellFeed(const runtime::EventRow& event) {
  v1::EligibilityEvent parsed;
  if (!parsed.ParseFromString(event.data)) return {};
  return FeedOf(parsed, event.time);
}

}  // namespace pathways::eligibility
