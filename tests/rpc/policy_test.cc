// Goal: a new version of the policies reaches every case once, tells what it changed and what is
// held for it, and every bad, late or repeated request leaves the old version in force. Method: a
// site with cases; packs made of the one it starts with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/base/policy_pack_files.h"
#include "services/cli/client.h"
#include "services/eligibility/methods.h"
#include "services/eligibility/policy_file.h"
#include "services/host/pages.h"
#include "tests/rpc/site.h"
#include "tests/support/answers.h"
#include "tests/support/eventually.h"
#include "tests/support/two_officers.h"

namespace pathways {
namespace {

using eligibility::v1::EligibilityService;
using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::Describe;
using testing_support::Eventually;
using testing_support::kDesk;
using testing_support::kOfficer;
using testing_support::Site;

constexpr char kResettlement[] = "us-refugee-resettlement";

// Of this place. Empty where there is none.
const eligibility::v1::PolicyDifference& DifferenceAt(
    const eligibility::v1::SimulatePolicyResponse& answer, const std::string& place) {
  for (const auto& difference : answer.differences()) {
    if (difference.place() == place) return difference;
  }
  ADD_FAILURE() << "no difference at " << place;
  return eligibility::v1::PolicyDifference::default_instance();
}

class PolicyTest : public testing::Test {
 protected:
  PolicyTest() {
    pack_ = *eligibility::LoadPack(Site::PolicyFolder());
    EXPECT_TRUE(site_.Settle());  // Packs are held against the facts that intake tells of.
  }

  // The pack under another version, without the resettlement pathway.
  eligibility::v1::PolicyPack ClosedPack(const std::string& version) {
    eligibility::v1::PolicyPack pack = pack_;
    pack.set_version(version);
    auto& pathways = *pack.mutable_pathways();
    for (int i = pathways.size() - 1; i >= 0; --i) {
      if (pathways[i].id() == kResettlement) pathways.DeleteSubrange(i, 1);
    }
    return pack;
  }
  static eligibility::v1::ProposePolicyRequest Request(const eligibility::v1::PolicyPack& pack) {
    eligibility::v1::ProposePolicyRequest request;
    *request.mutable_pack() = pack;
    request.set_reason_code("RULE_CHANGED");
    request.set_request_id(testing_support::NewRequestId());
    return request;
  }
  // The number of the version that is answered, or the error.
  std::string Apply(const eligibility::v1::ProposePolicyRequest& request) {
    const auto answer =
        testing_support::ApplyAsTwo(site_.As(kOfficer), site_.As(testing_support::kSecondOfficer),
                                    &EligibilityService::Stub::ProposePolicy,
                                    &EligibilityService::Stub::ConfirmPolicy, request);
    return answer.ok() ? absl::StrCat(answer->number()) : Describe(answer.status());
  }
  std::string InForce() {
    const auto answer = site_.As(kDesk).Call(&EligibilityService::Stub::ListPathways,
                                             eligibility::v1::ListPathwaysRequest());
    return answer.ok() ? answer->policy_version() : Describe(answer.status());
  }
  eligibility::v1::ListPolicyChangesResponse Changes(const std::string& version = "") {
    eligibility::v1::ListPolicyChangesRequest request;
    if (!version.empty()) request.set_name("policyVersions/" + version);
    const auto answer =
        site_.As(kOfficer).Call(&EligibilityService::Stub::ListPolicyChanges, request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.value_or(eligibility::v1::ListPolicyChangesResponse());
  }
  // "state reason" of a case's referral; with its hold.
  std::string Held(const std::string& case_name) {
    referral::v1::GetReferralRequest request;
    request.set_name(case_name + "/referrals/r1");
    const auto answer =
        site_.As(kDesk).Call(&referral::v1::ReferralService::Stub::GetReferral, request);
    if (!answer.ok()) return Describe(answer.status());
    return answer->on_hold() ? answer->hold_reason() : "not held";
  }
  std::vector<std::string> EventsOfCases() {
    return site_.Sql("eligibility",
                     "SELECT count(*) FROM events WHERE stream NOT LIKE 'service/%'");
  }

  Site site_;
  eligibility::v1::PolicyPack pack_;
};

TEST_F(PolicyTest, AnEmptyLedgerBeginsWithThePackOfTheSetting) {
  const auto versions = site_.As(kDesk).Call(&EligibilityService::Stub::ListPolicyVersions,
                                             eligibility::v1::ListPolicyVersionsRequest());
  ASSERT_TRUE(versions.ok()) << versions.status();
  ASSERT_EQ(versions->versions_size(), 1);
  EXPECT_EQ(versions->versions(0).version(), pack_.version());
  EXPECT_EQ(versions->versions(0).principal(), "start");
  EXPECT_EQ(versions->versions(0).sha256().size(), 64u);
  site_.Restart();
  EXPECT_THAT(
      site_.Sql("eligibility", "SELECT number FROM events WHERE stream = 'service/policy-ledger'"),
      ElementsAre("1"));
}

TEST_F(PolicyTest, ANewVersionReachesEveryCaseAndHoldsTheirReferrals) {
  std::vector<std::string> cases;
  for (int i = 0; i < 3; ++i) cases.push_back(site_.RegisterAndSettle());
  EXPECT_EQ(Held(cases[0]), "not held");
  EXPECT_EQ(Apply(Request(ClosedPack("closed"))), "2");
  EXPECT_EQ(InForce(), "closed");
  EXPECT_TRUE(Eventually([&] { return Changes().changes_size() == 3; }));
  const auto changes = Changes();
  ASSERT_EQ(changes.changes_size(), 3);
  EXPECT_EQ(changes.version().version(), "closed");
  ASSERT_EQ(changes.changes(0).changes_size(), 1);
  EXPECT_EQ(changes.changes(0).changes(0).pathway(), kResettlement);
  EXPECT_EQ(changes.changes(0).changes(0).from(), eligibility::v1::OUTCOME_MEETS);
  EXPECT_EQ(changes.changes(0).changes(0).to(), eligibility::v1::OUTCOME_UNSPECIFIED);
  EXPECT_THAT(changes.changes(0).changes(0).tell(),
              ElementsAre(eligibility::v1::RECIPIENT_PEOPLE, eligibility::v1::RECIPIENT_AGENCY));
  ASSERT_TRUE(site_.Settle());
  for (const std::string& name : cases) EXPECT_EQ(Held(name), "SCREENING_CHANGED") << name;
  // Back, under a new version: the hold is taken off.
  pack_.set_version("open-again");
  EXPECT_EQ(Apply(Request(pack_)), "3");
  EXPECT_TRUE(Eventually([&] { return Changes().changes_size() == 3; }));
  EXPECT_EQ(Changes("closed").changes_size(), 3) << "the list of a version stays";
  ASSERT_TRUE(site_.Settle());
  for (const std::string& name : cases) EXPECT_EQ(Held(name), "not held") << name;
}

// Each would be a place in the list, or look like one, and none was given out.
TEST_F(PolicyTest, PageTokensThatWereNeverGivenOutAreRefused) {
  const std::string id = "6f1d1c8e-2b1f-4a6e-9d53-0f8f1a2b3c4d";
  const auto refused = [](const absl::Status& status) {
    const std::vector<type::v1::FieldViolation> found = cli::FailureOf(status).violations;
    return Describe(status) + (found.size() == 1 ? " " + found[0].field() : "");
  };
  for (const std::string& key :
       {std::string("-1"), std::string("0"), std::string("1"), std::string("+2"), std::string("02"),
        std::string(" 2"), std::string("2 "), std::string("9"), std::string("x")}) {
    eligibility::v1::ListPolicyVersionsRequest request;
    request.set_page_token(host::PageTokenOf(key));
    EXPECT_EQ(
        refused(
            site_.As(kDesk).Call(&EligibilityService::Stub::ListPolicyVersions, request).status()),
        "INVALID_ARGUMENT INVALID_REQUEST page_token")
        << key;
  }
  for (const std::string& key :
       {std::string("0000000001/"), std::string("0000000001/x"), "0000000001/" + id + "/",
        "0000000002/" + id, "0000000000/" + id, "-000000001/" + id, "9999999999/" + id}) {
    eligibility::v1::ListPolicyChangesRequest request;
    request.set_page_token(host::PageTokenOf(key));
    EXPECT_EQ(refused(site_.As(kOfficer)
                          .Call(&EligibilityService::Stub::ListPolicyChanges, request)
                          .status()),
              "INVALID_ARGUMENT INVALID_REQUEST page_token")
        << key;
  }
  for (const std::string& key :
       {"00001697500000123456/x" + id, "0000169750000012345x/" + id, "1697500000123456/" + id,
        std::string("00001697500000123456/x"), std::string(20, ' ') + "/" + id}) {
    eligibility::v1::ListReviewsRequest request;
    request.set_page_token(host::PageTokenOf(key));
    EXPECT_EQ(
        refused(site_.As(kDesk).Call(&EligibilityService::Stub::ListReviews, request).status()),
        "INVALID_ARGUMENT INVALID_REQUEST page_token")
        << key;
  }
}

TEST_F(PolicyTest, ACaseWhoseOutcomeStaysGetsNoEventAndIsSeenOnce) {
  for (int i = 0; i < 2; ++i) site_.RegisterAndSettle();
  const std::vector<std::string> before = EventsOfCases();
  pack_.set_version("same");
  pack_.set_title("The same, told anew.");
  EXPECT_EQ(Apply(Request(pack_)), "2");
  const auto seen = [&] {
    return site_.Sql("eligibility", "SELECT number FROM applied WHERE upstream = 'policy'");
  };
  EXPECT_TRUE(Eventually([&] { return seen() == std::vector<std::string>{"2", "2"}; }));
  EXPECT_EQ(EventsOfCases(), before);
  EXPECT_THAT(Changes().changes(), IsEmpty());
}

TEST_F(PolicyTest, BadAndRepeatedRequestsLeaveTheVersionInForce) {
  const auto request = Request(ClosedPack("closed"));
  auto check = request;
  check.set_validate_only(true);
  EXPECT_EQ(Apply(check), "0");
  EXPECT_EQ(InForce(), pack_.version()) << "it was only checked";
  EXPECT_EQ(Apply(request), "2");
  EXPECT_EQ(Apply(Request(ClosedPack("closed"))), "FAILED_PRECONDITION POLICY_IN_FORCE");
  check = Request(ClosedPack("another"));
  check.set_validate_only(true);
  check.set_request_id("");
  EXPECT_EQ(Apply(check), "0");
  pack_.set_version("closed");
  EXPECT_EQ(Apply(Request(pack_)), "ALREADY_EXISTS POLICY_VERSION_USED");
  EXPECT_EQ(Apply(Request(*eligibility::LoadPack(Site::PolicyFolder()))),
            "FAILED_PRECONDITION POLICY_REPLACED");
  auto late = Request(ClosedPack("late"));
  late.set_replaces("2023-07-28");
  EXPECT_EQ(Apply(late), "ABORTED POLICY_MOVED_ON");
  auto faulty = Request(ClosedPack("faulty"));
  faulty.mutable_pack()->mutable_pathways(0)->clear_criteria();
  EXPECT_EQ(Apply(faulty), "INVALID_ARGUMENT INVALID_POLICY_PACK");
  faulty.set_validate_only(true);
  EXPECT_EQ(Apply(faulty), "INVALID_ARGUMENT INVALID_POLICY_PACK");
  auto unreadable = Request(ClosedPack("unreadable"));
  unreadable.mutable_pack()->mutable_catalogues(0)->mutable_texts(0)->set_plain("{");
  EXPECT_EQ(Apply(unreadable), "INVALID_ARGUMENT INVALID_POLICY_PACK") << "it is no pattern";
  auto without_id = Request(ClosedPack("next"));
  without_id.clear_request_id();
  EXPECT_EQ(Apply(without_id), "INVALID_ARGUMENT INVALID_REQUEST");
  EXPECT_EQ(InForce(), "closed");
}

// A pack that hands nobody on may hold as many as it is allowed to, and no more.
TEST_F(PolicyTest, AVersionIsBroughtToNoFurtherCaseThanTwoPeopleAllowed) {
  std::vector<std::string> cases;
  for (int i = 0; i < 5; ++i) cases.push_back(site_.RegisterAndSettle());
  auto request = Request(ClosedPack("closed"));
  request.mutable_ceiling()->set_holds(1);
  EXPECT_EQ(Apply(request), "2");
  const auto stopped = [&] {
    return absl::StrContains(site_.logged(), "1 holds of at most 1; propose a version to go back");
  };
  EXPECT_TRUE(Eventually(stopped)) << site_.logged();
  EXPECT_EQ(Changes().changes_size(), 1) << "the sweep stops before the case beyond it";
  EXPECT_THAT(site_.metrics(),
              testing::HasSubstr("pathways_version_stopped{service=\"eligibility\"} 1"));
  // To go on, somebody proposes again what is now known to be right.
  request = Request(ClosedPack("closed-for-all"));
  EXPECT_EQ(Apply(request), "3");
  EXPECT_TRUE(Eventually([&] { return Changes().changes_size() == 4; }));
  ASSERT_TRUE(site_.Settle());
  for (const std::string& name : cases) EXPECT_EQ(Held(name), "SCREENING_CHANGED") << name;
}

TEST_F(PolicyTest, AProposalTellsWhatItWouldDoAndWaitsForAnotherOfficer) {
  for (int i = 0; i < 3; ++i) site_.RegisterAndSettle();
  auto& first = site_.As(kOfficer);
  auto& second = site_.As(testing_support::kSecondOfficer);
  const auto waiting = [&](const std::string& principal) {
    return site_.As(principal).Call(&EligibilityService::Stub::GetPolicyProposal,
                                    type::v1::GetProposalRequest());
  };
  const auto confirm = [&](cli::Client& officer, const std::string& digest) {
    type::v1::ConfirmVersionRequest request;
    request.set_digest(digest);
    request.set_request_id(testing_support::NewRequestId());
    return Describe(officer.Call(&EligibilityService::Stub::ConfirmPolicy, request).status());
  };
  EXPECT_EQ(Describe(waiting(kOfficer).status()), "NOT_FOUND POLICY_NO_PROPOSAL");
  EXPECT_EQ(confirm(second, "0"), "NOT_FOUND POLICY_NO_PROPOSAL");
  const auto request = Request(ClosedPack("closed"));
  auto tried = request;
  tried.set_validate_only(true);
  const auto only_tried = first.Call(&EligibilityService::Stub::ProposePolicy, tried);
  ASSERT_TRUE(only_tried.ok()) << only_tried.status();
  EXPECT_EQ(only_tried->effect().cases(), 0) << "what leaves no trace tells no small number";
  EXPECT_EQ(only_tried->effect().holds(), 0);
  EXPECT_EQ(only_tried->ceiling().holds(), 0);
  EXPECT_EQ(Describe(waiting(kOfficer).status()), "NOT_FOUND POLICY_NO_PROPOSAL");
  const auto proposal = first.Call(&EligibilityService::Stub::ProposePolicy, request);
  ASSERT_TRUE(proposal.ok()) << proposal.status();
  EXPECT_EQ(proposal->replaces(), pack_.version());
  EXPECT_EQ(proposal->effect().cases(), 3);
  EXPECT_TRUE(proposal->effect().whole());
  EXPECT_EQ(proposal->effect().holds(), 3);
  EXPECT_EQ(proposal->effect().referrals(), 0);
  EXPECT_EQ(proposal->ceiling().holds(), 4) << "a tenth more";
  EXPECT_EQ(proposal->digest().size(), 64u);
  const auto again = first.Call(&EligibilityService::Stub::ProposePolicy, request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->digest(), proposal->digest()) << "the same request again";
  const auto read = waiting(testing_support::kSecondOfficer);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->pack().version(), "closed");
  EXPECT_EQ(read->pack().pathways_size(), request.pack().pathways_size());
  EXPECT_EQ(read->proposal().digest(), proposal->digest());
  EXPECT_EQ(confirm(first, proposal->digest()), "FAILED_PRECONDITION POLICY_SECOND_OFFICER_NEEDED");
  EXPECT_EQ(confirm(second, ""), "INVALID_ARGUMENT INVALID_REQUEST");
  EXPECT_EQ(confirm(second, "0"), "ABORTED POLICY_PROPOSAL_REPLACED");
  EXPECT_EQ(InForce(), pack_.version()) << "nothing is decided by a proposal";
  EXPECT_THAT(Changes().changes(), IsEmpty());
  site_.Restart();
  type::v1::ConfirmVersionRequest confirmed;
  confirmed.set_digest(proposal->digest());
  confirmed.set_request_id(testing_support::NewRequestId());
  const auto version_of = [&] {
    const auto version = site_.As(testing_support::kSecondOfficer)
                             .Call(&EligibilityService::Stub::ConfirmPolicy, confirmed);
    return version.ok() ? version->version() : Describe(version.status());
  };
  EXPECT_EQ(version_of(), "closed");
  EXPECT_EQ(InForce(), "closed");
  EXPECT_EQ(version_of(), "closed") << "the same request again";
  EXPECT_EQ(Describe(waiting(kOfficer).status()), "NOT_FOUND POLICY_NO_PROPOSAL");
  const auto desk = site_.As(kDesk).Call(&EligibilityService::Stub::ProposePolicy, request);
  EXPECT_TRUE(absl::IsPermissionDenied(desk.status()));
  pack_.set_version("open-again");
  EXPECT_EQ(Apply(Request(pack_)), "3");
  EXPECT_EQ(version_of(), "closed") << "late, and not the version that the officer confirmed since";
  confirmed.set_digest("0");
  EXPECT_EQ(version_of(), "ALREADY_EXISTS REQUEST_ID_REUSED") << "other content, the same id";
}

// Two officers prepare at the same time: what the second saw is not what would happen any more.
TEST_F(PolicyTest, AProposalForAnotherVersionThanTheOneInForceIsNotConfirmed) {
  const auto request_of_one = Request(ClosedPack("one"));
  const auto propose_one = [&] {
    return site_.As(kOfficer).Call(&EligibilityService::Stub::ProposePolicy, request_of_one);
  };
  const auto first = propose_one();
  ASSERT_TRUE(first.ok()) << first.status();
  const auto other =
      site_.As(testing_support::kSecondOfficer)
          .Call(&EligibilityService::Stub::ProposePolicy, Request(ClosedPack("another")));
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(Describe(propose_one().status()), "ABORTED POLICY_PROPOSAL_REPLACED")
      << "a late repetition is not told the other's digest";
  EXPECT_EQ(Apply(Request(ClosedPack("two"))), "2");
  type::v1::ConfirmVersionRequest request;
  request.set_digest(first->digest());
  request.set_request_id(testing_support::NewRequestId());
  const auto late = site_.As(testing_support::kSecondOfficer)
                        .Call(&EligibilityService::Stub::ConfirmPolicy, request);
  EXPECT_EQ(Describe(late.status()), "ABORTED POLICY_PROPOSAL_REPLACED");
  EXPECT_EQ(InForce(), "two");
}

// A client need not know what of its files is used.
TEST_F(PolicyTest, APackIsTheSameWithWhatItDoesNotUse) {
  const auto files = base::PolicyPackFiles::Read(Site::PolicyFolder());
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_NE(files->pack().SerializeAsString(), pack_.SerializeAsString());
  EXPECT_EQ(Apply(Request(files->pack())), "FAILED_PRECONDITION POLICY_IN_FORCE");
}

TEST_F(PolicyTest, ASimulationCountsWithoutEffect) {
  for (int i = 0; i < 12; ++i) site_.RegisterAndSettle();
  const std::vector<std::string> before = EventsOfCases();
  eligibility::v1::SimulatePolicyRequest request;
  *request.mutable_pack() = ClosedPack("closed");
  const auto answer = site_.As(kOfficer).Call(&EligibilityService::Stub::SimulatePolicy, request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->cases(), 10) << "of twelve";
  EXPECT_TRUE(answer->whole());
  EXPECT_EQ(answer->policy_version(), pack_.version());
  bool told = false;
  for (const auto& cell : answer->cells()) {
    if (cell.pathway() != kResettlement || cell.nationality() != "HT") continue;
    EXPECT_EQ(cell.from(), eligibility::v1::OUTCOME_MEETS);
    EXPECT_EQ(cell.to(), eligibility::v1::OUTCOME_UNSPECIFIED);
    EXPECT_EQ(cell.count(), 10);
    told = true;
  }
  EXPECT_TRUE(told) << answer->DebugString();
  EXPECT_EQ(EventsOfCases(), before);
  EXPECT_EQ(InForce(), pack_.version());
  request.mutable_pack()->mutable_pathways(0)->clear_criteria();
  const auto faulty = site_.As(kOfficer).Call(&EligibilityService::Stub::SimulatePolicy, request);
  EXPECT_EQ(Describe(faulty.status()), "INVALID_ARGUMENT INVALID_POLICY_PACK");
}

// Each difference from the pack in force, or from another, with how many cases it reaches, rounded,
// and no case by name.
TEST_F(PolicyTest, EachDifferenceIsToldWithTheCasesThatItReaches) {
  for (int i = 0; i < 12; ++i) site_.RegisterAndSettle();
  const std::vector<std::string> before = EventsOfCases();
  eligibility::v1::SimulatePolicyRequest request;
  *request.mutable_pack() = ClosedPack("closed");
  request.set_differences(true);
  const auto call = [&](const char* principal) {
    return site_.As(principal).Call(&EligibilityService::Stub::SimulatePolicy, request);
  };
  const auto answer = call(kOfficer);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->before_version(), pack_.version());
  EXPECT_EQ(answer->cases(), 10);
  const auto& closed = DifferenceAt(*answer, absl::StrCat("pathways[", kResettlement, "]"));
  EXPECT_EQ(closed.kind(), eligibility::v1::DIFFERENCE_KIND_REMOVED);
  EXPECT_EQ(closed.cases(), 10);
  EXPECT_EQ(closed.altered(), 10);
  ASSERT_EQ(closed.moves_size(), 1);
  EXPECT_EQ(closed.moves(0).from(), eligibility::v1::OUTCOME_MEETS);
  EXPECT_EQ(closed.moves(0).to(), eligibility::v1::OUTCOME_UNSPECIFIED);
  EXPECT_THAT(answer->ShortDebugString(), testing::Not(testing::HasSubstr("cases/")));

  // The other way round, whatever is in force.
  *request.mutable_before() = ClosedPack("closed");
  *request.mutable_pack() = pack_;
  const auto back = call(kOfficer);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->before_version(), "closed");
  const auto& opened = DifferenceAt(*back, absl::StrCat("pathways[", kResettlement, "]"));
  EXPECT_EQ(opened.altered(), 10);
  ASSERT_EQ(opened.moves(0).reads_size(), 3);
  EXPECT_EQ(opened.moves(0).reads(2).language(), "en");
  EXPECT_THAT(opened.moves(0).reads(2).text().text(), testing::HasSubstr("This is not a promise"));
  EXPECT_EQ(EventsOfCases(), before);

  request.mutable_before()->mutable_pathways(0)->clear_criteria();
  const auto faulty = call(kOfficer);
  EXPECT_EQ(Describe(faulty.status()), "INVALID_ARGUMENT INVALID_POLICY_PACK");
  ASSERT_FALSE(cli::FailureOf(faulty.status()).violations.empty());
  EXPECT_EQ(cli::FailureOf(faulty.status()).violations[0].field(), "before.pathways[0].criteria");
  EXPECT_EQ(Describe(call(kDesk).status()), "PERMISSION_DENIED ROLE_REQUIRED");
}

// What an explanation stands on is said in ids, codes and sentences, without naming the answer
// given.
TEST_F(PolicyTest, AnExplanationSaysWhatItStandsOn) {
  eligibility::v1::ScreenAnonymouslyRequest request;
  auto& person = *request.mutable_facts()->add_people();
  person.add_nationalities("COL");
  const auto answer = site_.As(kDesk).Call(&EligibilityService::Stub::ScreenAnonymously, request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  for (const auto& explanation : answer->explanations()) {
    if (explanation.pathway() != kResettlement) continue;
    EXPECT_EQ(explanation.assumes().policy_version(), pack_.version());
    EXPECT_FALSE(explanation.assumes().fact_catalogue().empty());
    ASSERT_EQ(explanation.assumes().facts_size(), 3);
    EXPECT_EQ(explanation.assumes().facts(0).fact(), "nationalities");
    EXPECT_EQ(explanation.assumes().facts(0).basis(), eligibility::v1::FACT_BASIS_SAID);
    EXPECT_EQ(explanation.assumes().facts(1).basis(), eligibility::v1::FACT_BASIS_UNKNOWN);
    ASSERT_EQ(explanation.turns_size(), 2);
    EXPECT_EQ(explanation.turns(1).outcome(), eligibility::v1::OUTCOME_NEEDS_INFORMATION);
    ASSERT_EQ(explanation.turns(1).changes_size(), 1);
    const auto& fact = explanation.turns(1).changes(0).facts(0);
    EXPECT_EQ(fact.fact(), "nationalities");
    EXPECT_FALSE(fact.missing());
    EXPECT_THAT(fact.codes(), ElementsAre("CUB", "HTI", "NIC", "VEN"));
    EXPECT_THAT(explanation.ShortDebugString(), testing::Not(testing::HasSubstr("COL")));
    return;
  }
  FAIL() << "no explanation of the pathway";
}

TEST_F(PolicyTest, AnAnonymousScreeningStoresNothingAndIsLimited) {
  const auto rows = [&] {
    std::vector<std::string> counts;
    for (const char* table : {"events", "streams", "audit", "requests"}) {
      counts.push_back(site_.Sql("eligibility", absl::StrCat("SELECT count(*) FROM ", table))[0]);
    }
    return counts;
  };
  const std::vector<std::string> before = rows();
  eligibility::v1::ScreenAnonymouslyRequest request;
  auto& person = *request.mutable_facts()->add_people();
  person.add_nationalities("HTI");
  SetAnswer(person, "in_mexico", true);
  request.set_language("es");
  const auto call = [&](const char* principal) {
    return site_.As(principal).Call(&EligibilityService::Stub::ScreenAnonymously, request);
  };
  const auto answer = call(kDesk);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_GE(answer->determinations_size(), pack_.pathways_size());
  EXPECT_EQ(answer->determinations(0).person_ids(0), "p1");
  EXPECT_EQ(answer->policy_version(), pack_.version());
  EXPECT_FALSE(answer->notice().empty());
  EXPECT_EQ(answer->explanations_size(), answer->determinations_size());
  EXPECT_EQ(answer->explanations(0).language(), "es");
  request.mutable_facts()->add_people();
  EXPECT_EQ(Describe(call(kDesk).status()), "INVALID_ARGUMENT INVALID_REQUEST")
      << "two people, and no principal applicant";
  request.mutable_facts()->mutable_people()->RemoveLast();
  for (int i = 2; i < eligibility::kAnonymousPerMinute; ++i) ASSERT_TRUE(call(kDesk).ok()) << i;
  EXPECT_EQ(Describe(call(kDesk).status()), "RESOURCE_EXHAUSTED RATE_LIMITED");
  EXPECT_TRUE(call(testing_support::kViewer).ok()) << "another principal has its own";
  site_.clock().Advance(absl::Seconds(1));
  EXPECT_TRUE(call(kDesk).ok()) << "one more each second";
  EXPECT_FALSE(call(kDesk).ok());
  EXPECT_EQ(rows(), before);
}

TEST_F(PolicyTest, WhatAStepWouldDoIsToldBeforeItIsTaken) {
  const absl::StatusOr<eligibility::v1::PolicyPack> current =
      eligibility::LoadPack(Site::PolicyFolder() + "/../current");
  ASSERT_TRUE(current.ok()) << current.status();
  const std::string name = site_.RegisterAndSettle();
  ASSERT_EQ(Apply(Request(*current)), "2");
  eligibility::v1::GetScreeningRequest get;
  get.set_name(name + "/screening");
  get.set_language("es");
  const auto screening = site_.As(kDesk).Call(&EligibilityService::Stub::GetScreening, get);
  ASSERT_TRUE(screening.ok()) << screening.status();
  bool proposed = false;
  bool warned = false;
  for (const eligibility::v1::StepText& step : screening->steps()) {
    EXPECT_FALSE(step.text().text().empty() || step.person_ids().empty());
    for (const eligibility::v1::EffectText& effect : step.effects()) {
      EXPECT_FALSE(effect.text().text().empty() || effect.citation().empty()) << step.step();
      const bool opens = effect.effect() == eligibility::v1::EFFECT_OPENS;
      EXPECT_TRUE(opens || step.must_acknowledge()) << step.step();
      warned |= !opens;
    }
    proposed |= step.proposed() && step.step() == "file-refugee-claim";
  }
  EXPECT_TRUE(proposed);
  EXPECT_TRUE(warned);
}

TEST_F(PolicyTest, AReviewTakesTwoPeopleAndIsReplayedAsItWas) {
  // A pathway that rests on a rumour: no fact is missing, and nothing can be said.
  pack_.set_version("rumour");
  for (auto& pathway : *pack_.mutable_pathways()) {
    if (pathway.id() != kResettlement) continue;
    for (auto& criterion : *pathway.mutable_criteria()) {
      criterion.set_confidence(eligibility::v1::CONFIDENCE_S3);
    }
  }
  ASSERT_EQ(Apply(Request(pack_)), "2");
  const std::string name = site_.RegisterAndSettle() + "/screening";
  const auto listed =
      site_.As(testing_support::kReviewerOne)
          .Call(&EligibilityService::Stub::ListReviews, eligibility::v1::ListReviewsRequest());
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->reviews_size(), 1);
  EXPECT_EQ(listed->reviews(0).screening(), name);
  const auto& waiting = listed->reviews(0).determinations(0);
  eligibility::v1::ReviewDeterminationRequest request;
  request.set_name(name);
  request.set_etag(listed->reviews(0).etag());
  request.set_pathway(waiting.pathway());
  *request.mutable_person_ids() = waiting.person_ids();
  request.set_verdict(eligibility::v1::REVIEW_VERDICT_REFUSE);
  request.set_reason_code("PAPERS_SEEN");
  const auto say = [&](const char* reviewer) {
    request.set_request_id(testing_support::NewRequestId());
    return site_.As(reviewer).Call(&EligibilityService::Stub::ReviewDetermination, request);
  };
  ASSERT_TRUE(say(testing_support::kReviewerOne).ok());
  EXPECT_EQ(Describe(say(testing_support::kReviewerTwo).status()), "ABORTED ETAG_MISMATCH");
  request.clear_etag();
  EXPECT_EQ(Describe(say(testing_support::kReviewerOne).status()),
            "FAILED_PRECONDITION SECOND_REVIEWER_NEEDED");
  const auto settled = say(testing_support::kReviewerTwo);
  ASSERT_TRUE(settled.ok()) << settled.status();
  int refused = 0;
  for (const auto& determination : settled->determinations()) {
    if (!determination.reviewed()) continue;
    EXPECT_EQ(determination.outcome(), eligibility::v1::OUTCOME_DOES_NOT_MEET);
    ++refused;
  }
  EXPECT_EQ(refused, 1);
  // A later version does not reach into the past.
  EXPECT_EQ(Apply(Request(ClosedPack("closed"))), "3");
  EXPECT_TRUE(Eventually([&] { return Changes().changes_size() == 1; }));
  // Facts, screening, two opinions, screening, screening.
  for (const int number : {2, 5, 6}) {
    eligibility::v1::ReplayScreeningRequest replay;
    replay.set_name(name);
    replay.set_number(number);
    const auto answer = site_.As(kOfficer).Call(&EligibilityService::Stub::ReplayScreening, replay);
    ASSERT_TRUE(answer.ok()) << number << " " << answer.status();
    EXPECT_TRUE(answer->same_bytes()) << answer->DebugString();
    EXPECT_TRUE(answer->same_outcomes());
    EXPECT_EQ(answer->policy_version(), number == 6 ? "closed" : pack_.version());
  }
  eligibility::v1::ReplayScreeningRequest none;
  none.set_name(name);
  none.set_number(1);
  const auto answer = site_.As(kOfficer).Call(&EligibilityService::Stub::ReplayScreening, none);
  EXPECT_EQ(Describe(answer.status()), "NOT_FOUND SCREENING_NOT_FOUND");
}

}  // namespace
}  // namespace pathways
