#include "services/intake/domain_adapter.h"

#include "services/intake/domain/decide.h"
#include "services/intake/domain/feed.h"
#include "services/runtime/event_type.h"
#include "services/runtime/serialize.h"
#include "services/runtime/status_macros.h"

namespace pathways::intake {
namespace {

absl::StatusOr<CaseRecord> Parse(const runtime::StoredState& state) {
  CaseRecord record;
  if (!record.open.ParseFromString(state.open) || !record.sealed.ParseFromString(state.sealed)) {
    return absl::DataLossError("a stored case cannot be read");
  }
  return record;
}

}  // namespace

int IntakeDomain::EvolveVersion() const { return kEvolveVersion; }

absl::StatusOr<std::vector<runtime::NewEvent>> IntakeDomain::Decide(
    const runtime::StoredState& state, absl::string_view command,
    const type::DecideContext& context) const {
  ASSIGN_OR_RETURN(const CaseRecord record, Parse(state));
  v1::IntakeCommand parsed;
  if (!parsed.ParseFromArray(command.data(), static_cast<int>(command.size()))) {
    return absl::InternalError("a command cannot be read");
  }
  ASSIGN_OR_RETURN(const std::vector<CaseEvent> events, intake::Decide(record, parsed, context));
  std::vector<runtime::NewEvent> made;
  for (const CaseEvent& event : events) {
    made.push_back({runtime::EventType(event.event), runtime::SerializeDeterministic(event.event),
                    runtime::SerializeDeterministic(event.sealed)});
  }
  return made;
}

absl::Status IntakeDomain::Evolve(runtime::StoredState& state,
                                  const runtime::EventRow& event) const {
  ASSIGN_OR_RETURN(CaseRecord record, Parse(state));
  CaseEvent parsed;
  if (!parsed.event.ParseFromString(event.data) || !parsed.sealed.ParseFromString(event.sealed)) {
    return absl::DataLossError("a stored event cannot be read");
  }
  RETURN_IF_ERROR(intake::Evolve(record, parsed, {event.stream, event.number, event.time}));
  state.open = runtime::SerializeDeterministic(record.open);
  state.sealed = runtime::SerializeDeterministic(record.sealed);
  return absl::OkStatus();
}

absl::StatusOr<type::Folded> IntakeDomain::Fold(const std::string& stream,
                                                const runtime::StoredState& state) const {
  ASSIGN_OR_RETURN(const CaseRecord record, Parse(state));
  return intake::Fold(stream, record);
}

absl::StatusOr<runtime::UpstreamCommand> IntakeDomain::FromUpstream(
    absl::string_view upstream, const runtime::EventRow& event) const {
  return absl::InvalidArgumentError("intake takes commands from no upstream");
}

absl::StatusOr<runtime::SealedGap> IntakeDomain::WithoutSealed(
    const runtime::EventRow& event) const {
  v1::IntakeEvent parsed;
  if (!parsed.ParseFromString(event.data)) {
    return absl::InvalidArgumentError("a published event cannot be read");
  }
  const v1::IntakeSealed gap = intake::GapOf(parsed);
  return runtime::SealedGap{runtime::SerializeDeterministic(gap), gap.people_size() > 0};
}

std::vector<pipeline::v1::PipelineRecord> TellFeed(const runtime::EventRow& event) {
  v1::IntakeEvent parsed;
  if (!parsed.ParseFromString(event.data)) return {};
  return FeedOf(parsed, event.time);
}

}  // namespace pathways::intake
