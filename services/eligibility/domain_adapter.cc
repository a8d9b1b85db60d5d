#include "services/eligibility/domain_adapter.h"

#include "services/eligibility/domain/decide.h"
#include "services/eligibility/domain/feed.h"
#include "services/eligibility/domain/ledger.h"
#include "services/runtime/event_type.h"
#include "services/runtime/serialize.h"
#include "services/runtime/status_macros.h"

namespace pathways::eligibility {
namespace {

// What an event makes of a state: the ledger's is in the same message as a case's.
absl::Status EvolveState(v1::EligibilityState& state, const v1::EligibilityEvent& event,
                         const type::EventContext& context) {
  if (context.stream == kPolicyLedger) return EvolveLedger(*state.mutable_ledger(), event, context);
  return eligibility::Evolve(state, event, context);
}

// One case, or the policy ledger, in memory.
class EligibilityStream : public runtime::OpenStream {
 public:
  EligibilityStream(v1::EligibilityState state, const Rules* rules, int64_t policy_number)
      : state_(std::move(state)), rules_(rules), policy_number_(policy_number) {}

  absl::StatusOr<std::vector<runtime::NewEvent>> Decide(
      absl::string_view command, const type::DecideContext& context) override {
    v1::EligibilityCommand parsed;
    if (!parsed.ParseFromArray(command.data(), static_cast<int>(command.size()))) {
      return absl::InternalError("a command cannot be read");
    }
    std::vector<v1::EligibilityEvent> events;
    if (context.stream == kPolicyLedger) {
      if (!parsed.has_apply_policy()) return absl::InternalError("a case's command for the ledger");
      ASSIGN_OR_RETURN(events, DecideLedger(state_.ledger(), parsed.apply_policy()));
    } else if (rules_ == nullptr) {
      return absl::InternalError("a domain without rules decides nothing");
    } else {
      ASSIGN_OR_RETURN(events,
                       eligibility::Decide(state_, parsed, {*rules_, policy_number_}, context));
    }
    std::vector<runtime::NewEvent> made;
    int64_t number = context.version;
    for (const v1::EligibilityEvent& event : events) {
      RETURN_IF_ERROR(EvolveState(state_, event, {context.stream, ++number, context.now}));
      made.push_back({runtime::EventType(event), runtime::SerializeDeterministic(event), ""});
    }
    return made;
  }

  absl::Status Evolve(const runtime::EventRow& event) override {
    v1::EligibilityEvent parsed;
    if (!parsed.ParseFromString(event.data)) {
      return absl::DataLossError("a stored event cannot be read");
    }
    return EvolveState(state_, parsed, {event.stream, event.number, event.time});
  }

  type::Folded Fold(const std::string& stream) const override {
    return stream == kPolicyLedger ? type::Folded() : eligibility::Fold(stream, state_);
  }

  runtime::StoredState State() const override {
    return {runtime::SerializeDeterministic(state_), ""};
  }

 private:
  v1::EligibilityState state_;
  const Rules* const rules_;  // Null: it only follows events.
  const int64_t policy_number_;
};

std::string RescreenCommand() {
  v1::EligibilityCommand again;
  again.mutable_rescreen();
  return runtime::SerializeDeterministic(again);
}

}  // namespace

EligibilityDomain::EligibilityDomain(std::shared_ptr<const Rules> rules, int64_t policy_number)
    : rules_(std::move(rules)),
      policy_number_(policy_number),
      governing_{kPolicyLedger, kPolicyCause, RescreenCommand()} {}

absl::StatusOr<std::unique_ptr<const runtime::Domain>> EligibilityDomain::Under(
    const runtime::StreamRow& governing) const {
  v1::EligibilityState state;
  if (!state.ParseFromString(governing.state.open)) {
    return absl::DataLossError("the stored policy ledger cannot be read");
  }
  ASSIGN_OR_RETURN(const v1::PolicyPack pack, PackInForce(state.ledger()));
  ASSIGN_OR_RETURN(std::shared_ptr<const Rules> rules, Rules::Compile(pack));
  return std::make_unique<const EligibilityDomain>(std::move(rules), governing.version);
}

int EligibilityDomain::EvolveVersion() const { return kEvolveVersion; }

absl::StatusOr<std::unique_ptr<runtime::OpenStream>> EligibilityDomain::Open(
    const runtime::StoredState& stored) const {
  v1::EligibilityState state;
  if (!state.ParseFromString(stored.open)) {
    return absl::DataLossError("a stored case cannot be read");
  }
  return std::make_unique<EligibilityStream>(std::move(state), rules_.get(), policy_number_);
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
