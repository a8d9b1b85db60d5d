#include "services/referral/domain_adapter.h"

#include "services/referral/domain/decide.h"
#include "services/referral/domain/feed.h"
#include "services/runtime/event_type.h"
#include "services/runtime/serialize.h"
#include "services/runtime/status_macros.h"

namespace pathways::referral {
namespace {

// One case in memory.
class ReferralCase : public runtime::OpenStream {
 public:
  ReferralCase(v1::ReferralCaseState state, const v1::AgencyRoutes& routes)
      : state_(std::move(state)), routes_(routes) {}

  absl::StatusOr<std::vector<runtime::NewEvent>> Decide(
      absl::string_view command, const type::DecideContext& context) override {
    v1::ReferralCommand parsed;
    if (!parsed.ParseFromArray(command.data(), static_cast<int>(command.size()))) {
      return absl::InternalError("a command cannot be read");
    }
    ASSIGN_OR_RETURN(const std::vector<v1::ReferralEvent> events,
                     referral::Decide(state_, parsed, routes_, context));
    std::vector<runtime::NewEvent> made;
    int64_t number = context.version;
    for (const v1::ReferralEvent& event : events) {
      RETURN_IF_ERROR(referral::Evolve(state_, event, {context.stream, ++number, context.now}));
      made.push_back({runtime::EventType(event), runtime::SerializeDeterministic(event), ""});
    }
    return made;
  }

  absl::Status Evolve(const runtime::EventRow& event) override {
    v1::ReferralEvent parsed;
    if (!parsed.ParseFromString(event.data)) {
      return absl::DataLossError("a stored event cannot be read");
    }
    return referral::Evolve(state_, parsed, {event.stream, event.number, event.time});
  }

  type::Folded Fold(const std::string& stream) const override {
    return referral::Fold(stream, state_);
  }

  runtime::StoredState State() const override {
    return {runtime::SerializeDeterministic(state_), ""};
  }

 private:
  v1::ReferralCaseState state_;
  const v1::AgencyRoutes& routes_;
};

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
    case eligibility::v1::EligibilityEvent::KIND_NOT_SET:
      return 0;
  }
  return 0;
}

}  // namespace

int ReferralDomain::EvolveVersion() const { return kEvolveVersion; }

absl::StatusOr<std::unique_ptr<runtime::OpenStream>> ReferralDomain::Open(
    const runtime::StoredState& stored) const {
  v1::ReferralCaseState state;
  if (!state.ParseFromString(stored.open)) {
    return absl::DataLossError("a stored case cannot be read");
  }
  return std::make_unique<ReferralCase>(std::move(state), routes_);
}

absl::StatusOr<runtime::UpstreamCommand> ReferralDomain::FromUpstream(
    absl::string_view upstream, const runtime::EventRow& event) const {
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
  runtime::UpstreamCommand translated{runtime::SerializeDeterministic(command), {}};
  const int64_t based_on = BasedOn(command.eligibility_event().event());
  if (based_on > 0) translated.requires_applied.push_back({"intake", based_on});
  return translated;
}

std::vector<pipeline::v1::PipelineRecord> TellFeed(const runtime::EventRow& event) {
  v1::ReferralEvent parsed;
  if (!parsed.ParseFromString(event.data)) return {};
  return FeedOf(parsed, event.time);
}

}  // namespace pathways::referral
