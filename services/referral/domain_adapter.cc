#include "services/referral/domain_adapter.h"

#include <algorithm>
#include <utility>

#include "services/base/serialize.h"
#include "services/base/status_macros.h"
#include "services/engine/proto_stream.h"
#include "services/referral/domain/decide.h"
#include "services/referral/domain/feed.h"
#include "services/referral/domain/routes.h"
#include "services/type/facts.h"
#include "services/type/stream_id.h"

namespace pathways::referral {
namespace {

// A case, or a ledger, which is in the same messages: what engine/proto_stream.h asks for.
struct CaseOrLedger : engine::MessageBytes<v1::ReferralCaseState, v1::ReferralEvent> {
  using State = v1::ReferralCaseState;
  using Command = v1::ReferralCommand;
  using Event = v1::ReferralEvent;

  absl::StatusOr<std::vector<Event>> Decide(const State& state, const Command& command,
                                            const type::DecideContext& context) const {
    if (context.stream == kRoutesLedger) {
      ASSIGN_OR_RETURN(const auto apply,
                       type::VersionAsked<State>(kRoutesLedgerKind, command.ledger(), context));
      return DecideRoutes(state.ledger(), apply, context);
    }
    if (context.stream == type::kFactLedger) return NoteFacts(command);
    if (type::IsServiceStream(context.stream)) {
      return ProposeRoutes(state.ledger(), command.ledger().propose(), context.now);
    }
    if (routes == nullptr) return absl::InternalError("a domain without routes decides nothing");
    return referral::Decide(state, command, {*routes, routes_number}, context);
  }
  absl::Status Evolve(State& state, const Event& event, const type::EventContext& context) const {
    if (type::IsServiceStream(context.stream))
      return EvolveLedger(*state.mutable_ledger(), event, context);
    return referral::Evolve(state, event, context);
  }
  type::Folded Fold(const std::string& stream, const State& state) const {
    return type::IsServiceStream(stream) ? type::Folded() : referral::Fold(stream, state);
  }

  const v1::AgencyRoutes* routes;  // Null: it only follows events.
  int64_t routes_number;
};

std::string FollowRoutesCommand() {
  v1::ReferralCommand again;
  again.mutable_follow_routes();
  return base::SerializeDeterministic(again);
}

// The intake number an eligibility event was made from: referral must have applied it itself.
int64_t BasedOn(const eligibility::v1::EligibilityEvent& event) {
  switch (event.kind_case()) {
    case eligibility::v1::EligibilityEvent::kFactsRecorded:
      return event.facts_recorded().based_on();
    case eligibility::v1::EligibilityEvent::kCaseScreened:
      return event.case_screened().based_on();
    case eligibility::v1::EligibilityEvent::kScreeningClosed:
      return event.screening_closed().based_on();
    case eligibility::v1::EligibilityEvent::kScreeningConfirmed:
      return event.screening_confirmed().based_on();
    case eligibility::v1::EligibilityEvent::kDeterminationReviewed:
      return event.determination_reviewed().review().based_on();
    case eligibility::v1::EligibilityEvent::kPolicyApplied:
    case eligibility::v1::EligibilityEvent::kPolicyProposed:
    case eligibility::v1::EligibilityEvent::kFactsNoted:
    case eligibility::v1::EligibilityEvent::KIND_NOT_SET:
      return 0;
  }
  return 0;
}

}  // namespace

ReferralDomain::ReferralDomain(std::shared_ptr<const v1::AgencyRoutes> routes,
                               int64_t routes_number)
    : routes_(std::move(routes)),
      routes_number_(routes_number),
      rules_stream_{kRoutesLedger, kRoutesCause, FollowRoutesCommand()} {}

absl::StatusOr<std::unique_ptr<const engine::Domain>> ReferralDomain::WithRules(
    const engine::StreamRow& rules_stream) const {
  v1::ReferralCaseState state;
  if (!state.ParseFromString(rules_stream.state.open)) {
    return absl::DataLossError("the stored routes cannot be read");
  }
  ASSIGN_OR_RETURN(v1::AgencyRoutes routes, RoutesInForce(state.ledger()));
  return std::make_unique<const ReferralDomain>(
      std::make_shared<const v1::AgencyRoutes>(std::move(routes)), rules_stream.version);
}

int ReferralDomain::EvolveVersion() const { return kEvolveVersion; }

absl::StatusOr<std::unique_ptr<engine::OpenStream>> ReferralDomain::Open(
    const engine::StoredState& stored) const {
  return engine::OpenProtoStream(CaseOrLedger{{}, routes_.get(), routes_number_}, stored);
}

bool ReferralDomain::Follows(absl::string_view upstream, absl::string_view stream) const {
  return (upstream == "intake" && stream == type::kFactLedger) || Domain::Follows(upstream, stream);
}

absl::StatusOr<engine::UpstreamCommand> ReferralDomain::FromUpstream(
    absl::string_view upstream, const engine::EventRow& event) const {
  v1::ReferralCommand command;
  bool known = false;
  if (upstream == "intake") {
    v1::IntakeEventCommand& intake = *command.mutable_intake_event();
    intake.set_number(event.number);
    known = intake.mutable_event()->ParseFromString(event.data) &&
            intake.event().case_id() == event.stream && intake.event().kind_case() != 0;
  } else if (upstream == "eligibility") {
    v1::EligibilityEventCommand& screened = *command.mutable_eligibility_event();
    screened.set_number(event.number);
    known = screened.mutable_event()->ParseFromString(event.data) &&
            screened.event().case_id() == event.stream && screened.event().kind_case() != 0;
  }
  if (!known) return absl::InvalidArgumentError("not an event of this upstream");
  engine::UpstreamCommand translated{base::SerializeDeterministic(command), {}};
  const int64_t based_on = BasedOn(command.eligibility_event().event());
  if (based_on > 0) translated.requires_applied.push_back({"intake", based_on});
  return translated;
}

absl::StatusOr<engine::SealedGap> ReferralDomain::WithoutSealed(
    const engine::EventRow& event) const {
  v1::ReferralEvent parsed;
  if (!parsed.ParseFromString(event.data)) {
    return absl::InvalidArgumentError("a published event cannot be read");
  }
  const auto& noted = parsed.determinations_noted().qualifications();
  const auto action = parsed.referral_changed().action();
  const bool had_facts =
      parsed.has_referral_submitted() || action == v1::REFERRAL_ACTION_RESUBMIT ||
      action == v1::REFERRAL_ACTION_CORRECT ||
      std::any_of(noted.begin(), noted.end(), [](const auto& one) { return one.has_facts(); });
  engine::SealedGap gap;
  if (had_facts) gap.told_by = "eligibility";
  return gap;
}

std::vector<pipeline::v1::PipelineRecord> TellFeed(const engine::EventRow& event) {
  v1::ReferralEvent parsed;
  if (!parsed.ParseFromString(event.data)) return {};
  return FeedOf(parsed, event.time);
}

}  // namespace pathways::referral
