#include "services/eligibility/domain_adapter.h"

#include "services/eligibility/domain/decide.h"
#include "services/eligibility/domain/feed.h"
#include "services/runtime/event_type.h"
#include "services/runtime/serialize.h"
#include "services/runtime/status_macros.h"

namespace pathways::eligibility {
namespace {

// One case in memory.
class EligibilityCase : public runtime::OpenStream {
 public:
  EligibilityCase(v1::EligibilityState state, const Rules* rules)
      : state_(std::move(state)), rules_(rules) {}

  absl::StatusOr<std::vector<runtime::NewEvent>> Decide(
      absl::string_view command, const type::DecideContext& context) override {
    if (rules_ == nullptr) return absl::InternalError("a domain without rules decides nothing");
    v1::EligibilityCommand parsed;
    if (!parsed.ParseFromArray(command.data(), static_cast<int>(command.size()))) {
      return absl::InternalError("a command cannot be read");
    }
    ASSIGN_OR_RETURN(const std::vector<v1::EligibilityEvent> events,
                     eligibility::Decide(state_, parsed, *rules_, context));
    std::vector<runtime::NewEvent> made;
    int64_t number = context.version;
    for (const v1::EligibilityEvent& event : events) {
      RETURN_IF_ERROR(eligibility::Evolve(state_, event, {context.stream, ++number, context.now}));
      made.push_back({runtime::EventType(event), runtime::SerializeDeterministic(event), ""});
    }
    return made;
  }

  absl::Status Evolve(const runtime::EventRow& event) override {
    v1::EligibilityEvent parsed;
    if (!parsed.ParseFromString(event.data)) {
      return absl::DataLossError("a stored event cannot be read");
    }
    return eligibility::Evolve(state_, parsed, {event.stream, event.number, event.time});
  }

  type::Folded Fold(const std::string& stream) const override {
    return eligibility::Fold(stream, state_);
  }

  runtime::StoredState State() const override {
    return {runtime::SerializeDeterministic(state_), ""};
  }

 private:
  v1::EligibilityState state_;
  const Rules* const rules_;  // Null: it only follows events.
};

}  // namespace

int EligibilityDomain::EvolveVersion() const { return kEvolveVersion; }

absl::StatusOr<std::unique_ptr<runtime::OpenStream>> EligibilityDomain::Open(
    const runtime::StoredState& stored) const {
  v1::EligibilityState state;
  if (!state.ParseFromString(stored.open)) {
    return absl::DataLossError("a stored case cannot be read");
  }
  return std::make_unique<EligibilityCase>(std::move(state), rules_.get());
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
