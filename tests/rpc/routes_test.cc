// Goal: who takes which pathway is changed by an officer without a restart, seen by everybody, and
// refers whoever waited. Method: a site, its API, routes made of those it starts with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/referral/routes_file.h"
#include "tests/rpc/site.h"
#include "tests/support/eventually.h"
#include "tests/support/two_officers.h"

namespace pathways {
namespace {

using referral::v1::AgencyRoutes;
using referral::v1::ReferralService;
using testing_support::Describe;
using testing_support::Eventually;
using testing_support::kDesk;
using testing_support::kOfficer;
using testing_support::kViewer;
using testing_support::Site;

class RoutesTest : public testing::Test {
 protected:
  RoutesTest() { EXPECT_TRUE(site_.Settle()); }

  // The routes of the site under another version; `taken` says whether anybody takes resettlement.
  static AgencyRoutes Routes(const std::string& version, bool taken) {
    AgencyRoutes routes = *referral::LoadRoutes(PATHWAYS_SOURCE_DIR "/samples/agencies.textproto");
    routes.set_version(version);
    if (!taken) routes.mutable_agencies(0)->clear_pathways();
    return routes;
  }
  static referral::v1::ProposeRoutesRequest Request(const AgencyRoutes& routes) {
    referral::v1::ProposeRoutesRequest request;
    *request.mutable_routes() = routes;
    request.set_reason_code("AGENCY_ADDED");
    request.set_request_id(testing_support::NewRequestId());
    return request;
  }
  // The number of the version that is answered, or the error.
  std::string Apply(const referral::v1::ProposeRoutesRequest& request,
                    const std::string& principal = kOfficer) {
    const auto answer = testing_support::ApplyAsTwo(
        site_.As(principal), site_.As(testing_support::kSecondOfficer),
        &ReferralService::Stub::ProposeRoutes, &ReferralService::Stub::ConfirmRoutes, request);
    return answer.ok() ? absl::StrCat(answer->number()) : Describe(answer.status());
  }
  std::string InForce() {
    const auto answer =
        site_.As(kViewer).Call(&ReferralService::Stub::GetRoutes, referral::v1::GetRoutesRequest());
    return answer.ok() ? answer->routes().version() : Describe(answer.status());
  }
  // The agency of the case's referral, or the error.
  std::string AgencyOf(const std::string& case_name) {
    referral::v1::GetReferralRequest request;
    request.set_name(case_name + "/referrals/r1");
    const auto answer = site_.As(kDesk).Call(&ReferralService::Stub::GetReferral, request);
    return answer.ok() ? answer->agency() : Describe(answer.status());
  }

  Site site_;
};

TEST_F(RoutesTest, ARouteAddedLaterRefersThoseWhoWaitedForIt) {
  EXPECT_EQ(InForce(), "sample-2026-11-30");
  EXPECT_EQ(Apply(Request(Routes("nobody", false))), "2");
  const std::string waiting = site_.RegisterAndSettle();
  EXPECT_EQ(AgencyOf(waiting), "NOT_FOUND REFERRAL_NOT_FOUND");
  referral::v1::ProposeRoutesRequest request = Request(Routes("again", true));
  request.set_validate_only(true);
  EXPECT_EQ(Apply(request), "0");
  EXPECT_EQ(InForce(), "nobody") << "it was only tried";
  request.set_validate_only(false);
  EXPECT_EQ(Apply(request), "3");
  EXPECT_EQ(Apply(request), "FAILED_PRECONDITION ROUTES_IN_FORCE") << "the same request again";
  EXPECT_TRUE(Eventually([&] { return AgencyOf(waiting) == "unhcr-mx"; })) << AgencyOf(waiting);
  site_.Restart();
  EXPECT_EQ(InForce(), "again") << "the setting is what an empty ledger begins with";
  const auto versions = site_.As(kViewer).Call(&ReferralService::Stub::ListRouteVersions,
                                               referral::v1::ListRouteVersionsRequest());
  ASSERT_TRUE(versions.ok()) << versions.status();
  ASSERT_EQ(versions->versions_size(), 3);
  EXPECT_EQ(versions->versions(0).principal(), kOfficer);
  EXPECT_EQ(versions->versions(0).confirmed_by(), testing_support::kSecondOfficer);
  EXPECT_EQ(versions->versions(0).ceiling().referrals(), 2) << "a tenth more than one";
  EXPECT_EQ(versions->versions(2).principal(), "start");
}

TEST_F(RoutesTest, NoMoreIsReferredThanTwoPeopleAllowed) {
  EXPECT_EQ(Apply(Request(Routes("nobody", false))), "2");
  for (int i = 0; i < 4; ++i) site_.RegisterAndSettle();
  auto request = Request(Routes("again", true));
  request.mutable_ceiling()->set_referrals(1);
  const auto proposal = site_.As(kOfficer).Call(&ReferralService::Stub::ProposeRoutes, request);
  ASSERT_TRUE(proposal.ok()) << proposal.status();
  EXPECT_EQ(proposal->effect().referrals(), 4);
  EXPECT_EQ(proposal->effect().cases(), 4);
  request.set_request_id(testing_support::NewRequestId());
  EXPECT_EQ(Apply(request), "3");
  EXPECT_TRUE(Eventually([&] {
    return absl::StrContains(site_.logged(), "it made 1 referrals of at most 1");
  })) << site_.logged();
  EXPECT_THAT(site_.Sql("referral", "SELECT count(*) FROM events WHERE type LIKE '%Submitted'"),
              testing::ElementsAre("1"));
}

// It would keep everybody from ever changing the routes.
TEST_F(RoutesTest, ACaseThatCannotBeReadIsNotCountedAndKeepsNobodyFromProposing) {
  EXPECT_EQ(Apply(Request(Routes("nobody", false))), "2");
  const std::string broken = site_.RegisterAndSettle();
  site_.RegisterAndSettle();
  site_.Sql("referral", absl::StrCat("UPDATE streams SET state = x'ff' WHERE id = '",
                                     broken.substr(broken.find('/') + 1), "'"));
  auto request = Request(Routes("again", true));
  EXPECT_EQ(Apply(request), "FAILED_PRECONDITION SIMULATION_PARTIAL");
  request.mutable_ceiling()->set_referrals(1);
  const auto proposal = site_.As(kOfficer).Call(&ReferralService::Stub::ProposeRoutes, request);
  ASSERT_TRUE(proposal.ok()) << proposal.status();
  EXPECT_EQ(proposal->effect().cases(), 1);
  EXPECT_EQ(proposal->effect().referrals(), 1);
  EXPECT_FALSE(proposal->effect().whole());
}

TEST_F(RoutesTest, BadAndLateRequestsLeaveTheRoutesInForce) {
  AgencyRoutes routes = Routes("next", true);
  routes.mutable_agencies(0)->add_facts("shoe_size");
  EXPECT_EQ(Apply(Request(routes)), "FAILED_PRECONDITION FACTS_NOT_IN_FORCE");
  routes.mutable_agencies(0)->set_id("Not An Id");
  EXPECT_EQ(Apply(Request(routes)), "INVALID_ARGUMENT INVALID_ROUTES");
  referral::v1::ProposeRoutesRequest late = Request(Routes("next", true));
  late.set_replaces("other");
  EXPECT_EQ(Apply(late), "ABORTED ROUTES_MOVED_ON");
  EXPECT_EQ(Apply(Request(Routes("next", true)), kDesk), "PERMISSION_DENIED ROLE_REQUIRED");
  EXPECT_EQ(InForce(), "sample-2026-11-30");
}

}  // namespace
}  // namespace pathways
