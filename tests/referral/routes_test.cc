// Goal: the ledger of routes only grows, every bad, late or repeated request has one defined
// result, and a change of the routes refers whoever waited and keeps what was referred. Method:
// commands on a ledger, and a case that follows other routes.
#include "services/referral/domain/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "services/referral/domain/decide.h"
#include "services/type/facts.h"
#include "services/type/problem.h"
#include "tests/referral/builders.h"

namespace pathways::referral {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

v1::AgencyRoutes RoutesOf(const std::string& version) {
  v1::AgencyRoutes routes = Routes();
  routes.set_version(version);
  return routes;
}

type::v1::ApplyVersionCommand Apply(const v1::AgencyRoutes& routes) {
  type::v1::ApplyVersionCommand command;
  command.set_version(routes.version());
  command.set_content(routes.SerializeAsString());
  command.set_sha256("digest of " + command.content());
  command.set_principal("staff/officer");
  command.set_confirmed_by("staff/second");
  command.set_reason_code("AGENCY_ADDED");
  return command;
}

// What a command finds where intake has told of these facts.
type::DecideContext Knowing(const std::vector<std::string>& facts) {
  type::v1::FactCatalogue catalogue;
  for (const std::string& fact : facts) catalogue.add_facts()->set_id(fact);
  v1::ReferralCaseState state;
  state.mutable_ledger()->set_content(catalogue.SerializeAsString());
  type::DecideContext context{.stream = kRoutesLedger};
  context.found.streams[type::kFactLedger] = {1, state.SerializeAsString(), ""};
  return context;
}

class Ledger {
 public:
  explicit Ledger(type::DecideContext context = Knowing({"age_band", "nationalities"}))
      : context_(std::move(context)) {}

  // The version that was applied, "nothing", or the error.
  std::string Do(const type::v1::ApplyVersionCommand& command) {
    const auto events = DecideRoutes(state_, command, context_);
    if (!events.ok()) return Describe(events.status());
    for (const v1::ReferralEvent& event : *events) {
      EXPECT_TRUE(EvolveLedger(state_, event,
                               {kRoutesLedger, state_.versions_size() + 1, absl::UnixEpoch()})
                      .ok());
    }
    return events->empty() ? "nothing" : (*events)[0].routes_applied().applied().version();
  }
  const type::v1::LedgerState& state() const { return state_; }

 private:
  const type::DecideContext context_;
  type::v1::LedgerState state_;
};

TEST(RoutesLedger, EveryRequestHasOneResult) {
  Ledger ledger;
  EXPECT_TRUE(absl::IsDataLoss(RoutesInForce(ledger.state()).status())) << "it is empty";
  type::v1::ApplyVersionCommand first = Apply(RoutesOf("a"));
  first.clear_confirmed_by();
  EXPECT_EQ(ledger.Do(first), "a");
  EXPECT_EQ(ledger.Do(first), "nothing");
  EXPECT_EQ(ledger.Do(Apply(RoutesOf("a"))), "nothing");
  v1::AgencyRoutes other = RoutesOf("a");
  other.mutable_agencies(0)->clear_facts();
  EXPECT_EQ(ledger.Do(Apply(other)), "error ALREADY_EXISTS ROUTES_VERSION_USED");
  type::v1::ApplyVersionCommand late = Apply(RoutesOf("b"));
  late.set_replaces("z");
  EXPECT_EQ(ledger.Do(late), "error ABORTED ROUTES_MOVED_ON");
  late.set_replaces("a");
  EXPECT_EQ(ledger.Do(late), "b");
  EXPECT_EQ(ledger.Do(Apply(RoutesOf("a"))), "error FAILED_PRECONDITION ROUTES_REPLACED");
  EXPECT_EQ(RoutesInForce(ledger.state())->version(), "b");
  EXPECT_EQ(ledger.state().versions(1).name(), "routeVersions/b");
}

TEST(RoutesLedger, FaultyRoutesAreRefusedWhole) {
  Ledger ledger;
  EXPECT_EQ(ledger.Do(Apply(RoutesOf("a"))), "a");
  v1::AgencyRoutes faulty = RoutesOf("b");
  *faulty.add_agencies() = faulty.agencies(0);
  const auto status = DecideRoutes(ledger.state(), Apply(faulty), Knowing({})).status();
  EXPECT_EQ(Describe(status), "error INVALID_ARGUMENT INVALID_ROUTES");
  std::vector<std::string> fields;
  const type::v1::Problem problem = type::ProblemOf(status);
  for (const auto& fault : problem.violations()) fields.push_back(fault.field());
  EXPECT_THAT(fields, ElementsAre("agencies[2].id", "agencies[2].pathways[0]"));
  type::v1::ApplyVersionCommand unreadable = Apply(RoutesOf("b"));
  unreadable.set_content("\x0a\xff");
  EXPECT_EQ(ledger.Do(unreadable), "error INVALID_ARGUMENT INVALID_REQUEST");
  type::v1::ApplyVersionCommand large = Apply(RoutesOf("b"));
  large.set_content(std::string(type::kLedgerContentBytesMax + 1, 'x'));
  EXPECT_EQ(ledger.Do(large), "error INVALID_ARGUMENT ROUTES_TOO_LARGE");
  EXPECT_EQ(RoutesInForce(ledger.state())->version(), "a");
}

TEST(RoutesLedger, AnAgencyMayBeGivenFactsOfTheCatalogueOnly) {
  const std::string refused = "error FAILED_PRECONDITION FACTS_NOT_IN_FORCE";
  type::v1::ApplyVersionCommand first = Apply(RoutesOf("a"));
  first.clear_confirmed_by();
  Ledger untold{type::DecideContext{.stream = kRoutesLedger}};
  EXPECT_EQ(untold.Do(first), "a") << "intake may not have told yet what it begins with";
  EXPECT_EQ(untold.Do(Apply(RoutesOf("b"))), refused);
  v1::AgencyRoutes more = RoutesOf("b");
  more.mutable_agencies(0)->add_facts("risk_on_return");
  more.mutable_agencies(1)->add_facts("job_offer");
  const auto status = DecideRoutes({}, Apply(more), Knowing({"age_band", "job_offer"})).status();
  EXPECT_EQ(Describe(status), refused);
  EXPECT_THAT(std::string(status.message()), testing::EndsWith(": nationalities, risk_on_return"));
}

TEST(FactLedger, NotesWhatIntakeTellsAndNothingElse) {
  v1::ReferralCommand command;
  intake::v1::IntakeEvent& event = *command.mutable_intake_event()->mutable_event();
  event.set_case_id(type::kFactLedger);
  event.mutable_facts_applied()->mutable_applied()->set_version("2026-11-30");
  const auto noted = NoteFacts(command);
  ASSERT_TRUE(noted.ok()) << noted.status();
  type::v1::LedgerState state;
  const type::EventContext context{type::kFactLedger, 1, absl::UnixEpoch()};
  EXPECT_TRUE(EvolveLedger(state, noted->at(0), context).ok());
  EXPECT_EQ(state.versions(0).name(), "factVersions/2026-11-30");
  EXPECT_TRUE(absl::IsInternal(EvolveLedger(state, noted->at(0), context))) << "twice";
  EXPECT_TRUE(
      absl::IsInternal(EvolveLedger(state, noted->at(0), {kRoutesLedger, 2, absl::UnixEpoch()})));
  event.mutable_case_withdrawn();
  EXPECT_TRUE(absl::IsInternal(NoteFacts(command).status()));
}

// Routes where an agency takes another pathway too.
v1::AgencyRoutes WithUnrouted() {
  v1::AgencyRoutes routes = Routes();
  routes.mutable_agencies(1)->add_pathways(kUnrouted);
  return routes;
}

TEST(NewRoutes, ReferWhoWaitedForARoute) {
  Case one;
  one.Do(Registered(1, Facts({"p1", "p2"})));
  EXPECT_THAT(one.Do(Screened(1, 1, {{kUnrouted, {"p1"}}, {kUnrouted, {"p2"}}})),
              ElementsAre("qualifies for 2"));
  EXPECT_THAT(one.Follow(WithUnrouted()),
              ElementsAre("submitted r1 family-reunification p1 to comar, attempt 1",
                          "submitted r2 family-reunification p2 to comar, attempt 1"));
  EXPECT_EQ(one.events().back().referral_submitted().routes_number(), 2);
  EXPECT_THAT(one.Follow(WithUnrouted()), IsEmpty()) << "once";
}

TEST(NewRoutes, ReferNobodyWhoSaidNoOrIsGoneOrNeverQualified) {
  Case unscreened;
  EXPECT_THAT(unscreened.Follow(WithUnrouted()), IsEmpty());
  Case without_consent;
  without_consent.Do(Registered(1, Facts({"p1"}, /*consent=*/false)));
  without_consent.Do(WithoutFacts(Screened(1, 1, {{kUnrouted, {"p1"}}})));
  EXPECT_THAT(without_consent.Follow(WithUnrouted()), IsEmpty());
  Case withdrawn;
  withdrawn.Do(Registered(1, Facts({"p1"})));
  withdrawn.Do(Screened(1, 1, {{kUnrouted, {"p1"}}}));
  withdrawn.Do(Withdrawn(2));
  EXPECT_THAT(withdrawn.Follow(WithUnrouted()), IsEmpty());
}

TEST(NewRoutes, KeepTheAgencyOfAReferralAndChangeWhatItMayKnow) {
  Case one(v1::REFERRAL_STATE_ACCEPTED);
  ASSERT_EQ(one.referral().people(0).age_band(), type::v1::AGE_BAND_21_59);
  v1::AgencyRoutes moved = Routes();
  moved.mutable_agencies(0)->clear_pathways();
  moved.mutable_agencies(0)->clear_facts();
  moved.mutable_agencies(0)->add_facts("nationalities");
  moved.mutable_agencies(1)->add_pathways(kResettlement);
  EXPECT_THAT(one.Follow(moved), ElementsAre("r1 CORRECT -> ACCEPTED"));
  EXPECT_EQ(one.referral().agency(), kUnhcr);
  EXPECT_EQ(one.referral().people(0).age_band(), type::v1::AGE_BAND_UNSPECIFIED);
  EXPECT_THAT(one.referral().people(0).nationalities(), ElementsAre("HTI"));
}

// The screening hands on nothing of a pathway that nobody can be sent to now. What the agency has
// of people from before is cut all the same.
TEST(NewRoutes, TakeFactsFromAnAgencyAlsoWhileThePathwayIsSuspended) {
  Case one(v1::REFERRAL_STATE_ACCEPTED);
  ASSERT_EQ(one.referral().people(0).age_band(), type::v1::AGE_BAND_21_59);
  v1::ReferralCommand suspended = WithoutFacts(Screened(2, 1, {{kResettlement, {"p1"}}}));
  eligibility::v1::CaseScreened& screened =
      *suspended.mutable_eligibility_event()->mutable_event()->mutable_case_screened();
  screened.mutable_determinations(0)->set_status(eligibility::v1::PATHWAY_STATUS_SUSPENDED);
  EXPECT_THAT(one.Do(suspended),
              ElementsAre("qualifies for 1", "r1 HOLD -> ACCEPTED, PATHWAY_SUSPENDED"));
  EXPECT_EQ(one.referral().people(0).age_band(), type::v1::AGE_BAND_21_59) << "it may have it";
  v1::AgencyRoutes narrower = Routes();
  narrower.mutable_agencies(0)->clear_facts();
  narrower.mutable_agencies(0)->add_facts("nationalities");
  EXPECT_THAT(one.Follow(narrower), ElementsAre("r1 CORRECT -> ACCEPTED"));
  EXPECT_EQ(one.referral().people(0).age_band(), type::v1::AGE_BAND_UNSPECIFIED);
  EXPECT_EQ(one.referral().people(0).person_id(), "p1");
  EXPECT_THAT(one.Follow(narrower), IsEmpty()) << "once";
}

TEST(NewRoutes, TakeFactsFromAnAgencyInEveryStateInWhichItReadsThem) {
  v1::AgencyRoutes narrower = Routes();
  narrower.mutable_agencies(0)->clear_facts();
  for (const v1::ReferralState state : AllStates()) {
    if (!IsLive(state) || state == v1::REFERRAL_STATE_DRAFT) continue;
    Case one(state);
    ASSERT_EQ(one.referral().people(0).age_band(), type::v1::AGE_BAND_21_59);
    one.Follow(narrower);
    EXPECT_EQ(one.referral().state(), state);
    EXPECT_EQ(one.referral().people(0).age_band(), type::v1::AGE_BAND_UNSPECIFIED)
        << v1::ReferralState_Name(state);
  }
}

TEST(NewRoutes, AnEventOfALedgerInACaseIsABrokenInvariant) {
  v1::ReferralCaseState state;
  v1::ReferralEvent event;
  event.set_case_id(kCase);
  event.mutable_routes_applied();
  EXPECT_TRUE(absl::IsInternal(Evolve(state, event, {kCase, 1, absl::UnixEpoch()})));
  event.mutable_facts_noted();
  EXPECT_TRUE(absl::IsInternal(Evolve(state, event, {kCase, 1, absl::UnixEpoch()})));
  v1::ReferralCommand command;
  command.mutable_ledger();
  EXPECT_TRUE(absl::IsInternal(Case().Try(command)));
}

}  // namespace
}  // namespace pathways::referral
