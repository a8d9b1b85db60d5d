// Goal: every list gives each entry once, whatever the page, and takes back only tokens that it
// gave out. Method: one walk for all lists; tokens of each list are tried on each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "absl/strings/escaping.h"
#include "tests/rpc/site.h"

namespace pathways {
namespace {

using testing_support::Describe;
using testing_support::kDesk;
using testing_support::kUnhcr;
using testing_support::kViewer;
using testing_support::Site;

constexpr int kCases = 5;

struct Page {
  std::vector<std::string> names;
  std::string next;
};

class ListsTest : public testing::Test {
 protected:
  using List = std::function<absl::StatusOr<Page>(int page_size, const std::string& token)>;

  template <typename Stub, typename Request, typename Response, typename Entry>
  List Lister(const std::string& principal,
              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
              const google::protobuf::RepeatedPtrField<Entry>& (Response::*entries)() const,
              Request request = {}) {
    return [=, this](int page_size, const std::string& token) -> absl::StatusOr<Page> {
      Request asked = request;
      asked.set_page_size(page_size);
      asked.set_page_token(token);
      const auto response = site_.As(principal).Call(method, asked);
      if (!response.ok()) return response.status();
      Page page;
      for (const Entry& entry : ((*response).*entries)()) page.names.push_back(entry.name());
      page.next = response->next_page_token();
      return page;
    };
  }

  std::map<std::string, List> Lists() {
    referral::v1::ListReferralsRequest all;
    all.set_parent("cases/-");
    referral::v1::AgencyServiceListReferralsRequest submitted;
    submitted.set_state(referral::v1::REFERRAL_STATE_SUBMITTED);
    using referral::v1::AgencyService;
    using AgencyPage = referral::v1::AgencyServiceListReferralsResponse;
    return {
        {"cases", Lister(kViewer, &intake::v1::IntakeService::Stub::ListCases,
                         &intake::v1::ListCasesResponse::cases)},
        {"screenings", Lister(kViewer, &eligibility::v1::EligibilityService::Stub::ListScreenings,
                              &eligibility::v1::ListScreeningsResponse::screenings)},
        {"referrals", Lister(kDesk, &referral::v1::ReferralService::Stub::ListReferrals,
                             &referral::v1::ListReferralsResponse::referrals, all)},
        {"agency's", Lister(kUnhcr, &AgencyService::Stub::ListReferrals, &AgencyPage::referrals)},
        {"agency's submitted",
         Lister(kUnhcr, &AgencyService::Stub::ListReferrals, &AgencyPage::referrals, submitted)},
    };
  }

  Site site_;
};

TEST_F(ListsTest, EveryEntryComesOnce) {
  for (int i = 0; i < kCases; ++i) site_.RegisterAndSettle();
  for (const auto& [name, list] : Lists()) {
    const auto whole = list(0, "");
    ASSERT_TRUE(whole.ok()) << name << whole.status();
    ASSERT_EQ(whole->names.size(), static_cast<size_t>(kCases)) << name;
    EXPECT_EQ(whole->next, "") << name;
    for (const int page_size : {1, 2, kCases, kCases + 1, 1000}) {
      std::vector<std::string> names;
      std::string token;
      int pages = 0;
      do {
        const auto page = list(page_size, token);
        ASSERT_TRUE(page.ok()) << name << page.status();
        EXPECT_LE(page->names.size(), static_cast<size_t>(page_size)) << name;
        names.insert(names.end(), page->names.begin(), page->names.end());
        token = page->next;
      } while (!token.empty() && ++pages < 10 * kCases);
      EXPECT_EQ(names, whole->names) << name << " by " << page_size;
    }
  }
}

TEST_F(ListsTest, WhatIsRegisteredMeanwhileSpoilsNoWalk) {
  std::set<std::string> before;
  for (int i = 0; i < 3; ++i) before.insert(site_.RegisterAndSettle());
  const List list = Lists().at("cases");
  std::multiset<std::string> walked;
  std::string token;
  int added = 0;
  do {
    const auto page = list(1, token);
    ASSERT_TRUE(page.ok());
    walked.insert(page->names.begin(), page->names.end());
    token = page->next;
    if (added++ < 2) {
      site_.clock().Advance(absl::Seconds(1));
      site_.RegisterAndSettle();
    }
  } while (!token.empty());
  EXPECT_EQ(walked.size(), 5U);
  for (const std::string& name : before) EXPECT_EQ(walked.count(name), 1U);
}

// A clock may be set back, and two replicas never have the same. Whoever has read a list to its end
// and reads on from there sees all that comes later.
TEST_F(ListsTest, AClockThatStepsBackHidesNothingFromWhoReadsOn) {
  for (int i = 0; i < 2; ++i) site_.RegisterAndSettle();
  std::map<std::string, std::string> ends;
  for (const std::string name : {"cases", "agency's"}) {
    const auto page = Lists().at(name)(2, "");
    ASSERT_TRUE(page.ok()) << name << page.status();
    ASSERT_FALSE(page->next.empty()) << name;
    ends[name] = page->next;
  }
  site_.clock().Advance(absl::Minutes(-2));
  const std::string later = site_.RegisterAndSettle();
  for (const auto& [name, token] : ends) {
    const auto page = Lists().at(name)(2, token);
    ASSERT_TRUE(page.ok()) << name << page.status();
    EXPECT_THAT(page->names, testing::ElementsAre(testing::StartsWith(later))) << name;
  }
}

TEST_F(ListsTest, OnlyATokenOfTheListIsTaken) {
  for (int i = 0; i < 2; ++i) site_.RegisterAndSettle();
  // The two lists of an agency are one list, of which the second shows a part.
  const std::map<std::string, std::string> kinds = {{"cases", "cases"},
                                                    {"screenings", "screenings"},
                                                    {"referrals", "referrals"},
                                                    {"agency's", "agency's"},
                                                    {"agency's submitted", "agency's"}};
  for (const auto& [name, list] : Lists()) {
    for (const auto& [other, other_list] : Lists()) {
      const std::string token = other_list(1, "")->next;
      ASSERT_NE(token, "") << other;
      EXPECT_EQ(list(1, token).ok(), kinds.at(name) == kinds.at(other)) << name << " of " << other;
    }
    for (const std::string& token :
         {std::string("x"), std::string("!!!!"), absl::WebSafeBase64Escape("1/"),
          absl::WebSafeBase64Escape("1/zzz"), absl::WebSafeBase64Escape("2/zzz"),
          absl::WebSafeBase64Escape("1/3f2c1b0a-9d8e-4f7a-8b6c-5d4e3f2a1b0c/x"),
          std::string(10'000, 'A')}) {
      EXPECT_EQ(Describe(list(1, token).status()), "INVALID_ARGUMENT INVALID_REQUEST")
          << name << " " << token.substr(0, 40);
    }
    for (const int page_size : {-1, 1001}) {
      EXPECT_EQ(Describe(list(page_size, "").status()), "INVALID_ARGUMENT INVALID_REQUEST") << name;
    }
  }
}

TEST_F(ListsTest, ReferralsOfOneCaseAreThatCasesAlone) {
  const std::string one = site_.RegisterAndSettle();
  const std::string two = site_.RegisterAndSettle();
  referral::v1::ListReferralsRequest request;
  request.set_page_size(1);
  std::string token_of_two;
  for (const std::string& parent : {one, two}) {
    request.set_parent(parent);
    const auto page =
        site_.As(kViewer).Call(&referral::v1::ReferralService::Stub::ListReferrals, request);
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_EQ(page->referrals_size(), 1);
    EXPECT_EQ(page->referrals(0).name(), parent + "/referrals/r1");
    token_of_two = page->next_page_token();
  }
  request.set_parent(one);
  request.set_page_token(token_of_two);
  EXPECT_EQ(Describe(site_.As(kViewer)
                         .Call(&referral::v1::ReferralService::Stub::ListReferrals, request)
                         .status()),
            "INVALID_ARGUMENT INVALID_REQUEST");
  request.clear_page_token();
  for (const char* parent : {"", "cases", "cases/", "cases/x", "-"}) {
    request.set_parent(parent);
    EXPECT_EQ(Describe(site_.As(kViewer)
                           .Call(&referral::v1::ReferralService::Stub::ListReferrals, request)
                           .status()),
              "INVALID_ARGUMENT INVALID_REQUEST")
        << parent;
  }
}

}  // namespace
}  // namespace pathways
