#include "services/eligibility/domain_adapter.h"

#include "services/base/serialize.h"
#include "services/base/status_macros.h"
#include "services/eligibility/domain/decide.h"
#include "services/eligibility/domain/feed.h"
#include "services/eligibility/domain/ledger.h"
#include "services/engine/proto_stream.h"
#include "services/type/facts.h"
#include "services/type/stream_id.h"

namespace pathways::eligibility {
namespace {

// A case, or a ledger, which is in the same message: what engine/proto_stream.h asks for.
struct CaseOrLedger : engine::MessageBytes<v1::EligibilityState, v1::EligibilityEvent> {
  using State = v1::EligibilityState;
  using Command = v1::EligibilityCommand;
  using Event = v1::EligibilityEvent;

  absl::StatusOr<std::vector<Event>> Decide(const State& state, const Command& command,
                                            const type::DecideContext& context) const {
    if (context.stream == kPolicyLedger) {
      ASSIGN_OR_RETURN(const auto apply,
                       type::VersionAsked<State>(kPolicyLedgerKind, command.ledger(), context));
      return DecideLedger(state.ledger(), apply, context);
    }
    if (context.stream == type::kFactLedger) return NoteFacts(command);
    if (type::IsServiceStream(context.stream)) {
      return ProposePolicy(state.ledger(), command.ledger().propose(), context.now);
    }
    if (rules == nullptr) return absl::InternalError("a domain without rules decides nothing");
    return eligibility::Decide(state, command, {*rules, policy_number}, context);
  }
  absl::Status Evolve(State& state, const Event& event, const type::EventContext& context) const {
    if (type::IsServiceStream(context.stream)) {
      return EvolveLedger(*state.mutable_ledger(), event, context);
    }
    return eligibility::Evolve(state, event, context);
  }
  type::Folded Fold(const std::string& stream, const State& state) const {
    return type::IsServiceStream(stream) ? type::Folded() : eligibility::Fold(stream, state);
  }

  const Rules* rules;  // Null: it only follows events.
  int64_t policy_number;
};

std::string RescreenCommand() {
  v1::EligibilityCommand again;
  again.mutable_rescreen();
  return base::SerializeDeterministic(again);
}

}  // namespace

EligibilityDomain::EligibilityDomain(std::shared_ptr<const Rules> rules, int64_t policy_number)
    : rules_(std::move(rules)),
      policy_number_(policy_number),
      rules_stream_{kPolicyLedger, kPolicyCause, RescreenCommand()} {}

absl::StatusOr<std::unique_ptr<const engine::Domain>> EligibilityDomain::WithRules(
    const engine::StreamRow& rules_stream) const {
  v1::EligibilityState state;
  if (!state.ParseFromString(rules_stream.state.open)) {
    return absl::DataLossError("the stored policy ledger cannot be read");
  }
  ASSIGN_OR_RETURN(const v1::PolicyPack pack, PackInForce(state.ledger()));
  ASSIGN_OR_RETURN(std::shared_ptr<const Rules> rules, Rules::Compile(pack));
  return std::make_unique<const EligibilityDomain>(std::move(rules), rules_stream.version);
}

int EligibilityDomain::EvolveVersion() const { return kEvolveVersion; }

absl::StatusOr<std::unique_ptr<engine::OpenStream>> EligibilityDomain::Open(
    const engine::StoredState& stored) const {
  return engine::OpenProtoStream(CaseOrLedger{{}, rules_.get(), policy_number_}, stored);
}

bool EligibilityDomain::Follows(absl::string_view upstream, absl::string_view stream) const {
  return stream == type::kFactLedger || Domain::Follows(upstream, stream);
}

absl::StatusOr<engine::UpstreamCommand> EligibilityDomain::FromUpstream(
    absl::string_view upstream, const engine::EventRow& event) const {
  v1::EligibilityCommand command;
  v1::IntakeEventCommand& intake = *command.mutable_intake_event();
  intake.set_number(event.number);
  const bool known = upstream == "intake" && intake.mutable_event()->ParseFromString(event.data) &&
                     intake.event().case_id() == event.stream && intake.event().kind_case() != 0;
  if (!known) return absl::InvalidArgumentError("not an event of this upstream");
  return engine::UpstreamCommand{base::SerializeDeterministic(command), {}};
}

absl::StatusOr<engine::SealedGap> EligibilityDomain::WithoutSealed(
    const engine::EventRow& event) const {
  // By the type alone, for every event that is folded is asked for.
  engine::SealedGap gap;
  if (event.type == v1::FactsRecorded::descriptor()->full_name()) gap.told_by = "intake";
  return gap;
}

std::vector<pipeline::v1::PipelineRecord> TellFeed(const engine::EventRow& event) {
  v1::EligibilityEvent parsed;
  if (!parsed.ParseFromString(event.data)) return {};
  return FeedOf(parsed, event.time);
}

}  // namespace pathways::eligibility
