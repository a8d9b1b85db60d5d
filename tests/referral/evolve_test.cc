// Goal: a state is a function of its events, and index entries of the state; their keys sort, end
// in the case id and can be read back. Method: whole states and keys compared; events that cannot
// follow; forged keys.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "services/engine/store/key_range.h"
#include "services/referral/domain/decide.h"
#include "services/referral/domain/keys.h"
#include "tests/referral/builders.h"

namespace pathways::referral {
namespace {

using ::testing::ElementsAre;

std::string Key(int64_t seconds, int nanos, int ordinal) {
  v1::StoredReferral stored;
  stored.set_referral_id(ReferralId(ordinal));
  stored.mutable_referral()->mutable_update_time()->set_seconds(seconds);
  stored.mutable_referral()->mutable_update_time()->set_nanos(nanos);
  return WaitingKey(kCase, stored);
}

TEST(Evolve, SetsTimesAndVersions) {
  Case of;
  of.Do(Registered(1, Facts({"p1"})));
  of.Do(Screened(1, 1, {{kResettlement, {"p1"}}}));
  const int64_t created = absl::ToUnixSeconds(of.now());
  of.Do(Action(v1::REFERRAL_ACTION_RECEIVE));
  EXPECT_EQ(of.referral().create_time().seconds(), created);
  EXPECT_EQ(of.referral().update_time().seconds(), created + 1);
  EXPECT_EQ(of.state().referrals(0).version(), 4);
  EXPECT_EQ(of.referral().name(), "");
  EXPECT_EQ(of.referral().etag(), "");
}

TEST(Evolve, KeepsPartsOfASecond) {
  Case of(v1::REFERRAL_STATE_SUBMITTED);
  const absl::Time time = absl::FromUnixNanos(1'690'500'000'123'456'789);
  v1::ReferralCaseState state = of.state();
  v1::ReferralEvent event = of.events().back();
  state.clear_referrals();
  ASSERT_TRUE(Evolve(state, event, {kCase, 3, time}).ok());
  EXPECT_EQ(state.referrals(0).referral().create_time().seconds(), 1'690'500'000);
  EXPECT_EQ(state.referrals(0).referral().create_time().nanos(), 123'456'789);
}

TEST(Evolve, RefusesWhatCannotFollow) {
  Case of(v1::REFERRAL_STATE_RECEIVED);
  const v1::ReferralEvent good = of.events().back();
  std::vector<v1::ReferralEvent> bad(5, good);
  bad[0].set_case_id("another");
  bad[1].clear_kind();
  bad[2].mutable_referral_changed()->set_referral_id("r2");
  bad[3].mutable_referral_changed()->set_state(v1::REFERRAL_STATE_UNSPECIFIED);
  bad[4].mutable_referral_submitted()->set_referral_id("r3");
  for (const v1::ReferralEvent& event : bad) {
    v1::ReferralCaseState state = of.state();
    EXPECT_EQ(Evolve(state, event, {kCase, 5, of.now()}).code(), absl::StatusCode::kInternal);
    EXPECT_EQ(state.SerializeAsString(), of.state().SerializeAsString());
  }
  EXPECT_TRUE(Evolve(of.state(), good, {kCase, 5, of.now()}).ok());
}

TEST(Evolve, KnowsExpiry) {
  Case of(v1::REFERRAL_STATE_RECEIVED);
  v1::ReferralEvent event = of.events().back();
  event.mutable_referral_changed()->set_action(v1::REFERRAL_ACTION_EXPIRE);
  event.mutable_referral_changed()->set_state(v1::REFERRAL_STATE_EXPIRED);
  ASSERT_TRUE(Evolve(of.state(), event, {kCase, 5, of.now()}).ok());
  EXPECT_EQ(of.referral().state(), v1::REFERRAL_STATE_EXPIRED);
}

TEST(Fold, ListsEveryReferral) {
  Case of;
  of.Do(Registered(1, Facts({"p1", "p2"})));
  of.Do(Screened(1, 1, {{kResettlement, {"p1"}}, {kRefugeeStatus, {"p1", "p2"}}}));
  const std::string id = kCase;
  type::Folded folded = Fold(kCase, of.state());
  EXPECT_THAT(folded.lists,
              ElementsAre(type::ListEntry{"referrals", id + "/000001/" + id},
                          type::ListEntry{"agency/unhcr-mx", "000001/" + id, 3},
                          type::ListEntry{"waiting", "00001690500002000000/000001/" + id},
                          type::ListEntry{"referrals", id + "/000002/" + id},
                          type::ListEntry{"agency/comar", "000002/" + id, 4},
                          type::ListEntry{"waiting", "00001690500002000000/000002/" + id}));
  EXPECT_TRUE(folded.uniques.empty());
  EXPECT_TRUE(folded.timers.empty());
  of.Do(Action(v1::REFERRAL_ACTION_WITHDRAW));
  folded = Fold(kCase, of.state());
  EXPECT_EQ(folded.lists.size(), 5);  // What has ended waits for nobody.
}

TEST(Fold, HidesDraftsFromTheAgency) {
  for (const v1::ReferralState state : AllStates()) {
    const type::Folded folded = Fold(kCase, Case(state).state());
    const bool draft = state == v1::REFERRAL_STATE_DRAFT;
    EXPECT_EQ(folded.lists.size(), (draft ? 1 : 2) + (IsLive(state) ? 1 : 0))
        << v1::ReferralState_Name(state);
  }
}

TEST(Keys, OfThoseWhoWaitSortInOrderOfTheLastChange) {
  const std::vector<std::string> keys = {Key(0, 0, 1),  Key(0, 1'000, 1), Key(9, 0, 1),
                                         Key(10, 0, 2), Key(10, 0, 10),   Key(1'690'500'000, 0, 1)};
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  for (const std::string& key : keys) EXPECT_TRUE(absl::EndsWith(key, kCase));
}

TEST(Keys, AreReadBack) {
  Case of(v1::REFERRAL_STATE_SUBMITTED);
  v1::StoredReferral stored = of.state().referrals(0);
  for (const std::string referral_id : {"r1", "r12", "r999999"}) {
    stored.set_referral_id(referral_id);
    EXPECT_TRUE(IsAgencyKey(AgencyKey(kCase, stored)));
    EXPECT_FALSE(IsAgencyKey(ReferralsKey(kCase, stored)));
    for (const std::string& key : {ReferralsKey(kCase, stored), WaitingKey(kCase, stored),
                                   engine::PlacedKey(7, AgencyKey(kCase, stored))}) {
      const auto read = ParseListKey(key);
      ASSERT_TRUE(read.has_value()) << key;
      EXPECT_EQ(read->case_id, kCase);
      EXPECT_EQ(read->referral_id, referral_id);
    }
    EXPECT_TRUE(absl::StartsWith(ReferralsKey(kCase, stored), CasePrefix(kCase)));
  }
}

TEST(Keys, ThatAreForgedAreFoundOut) {
  const std::string id = kCase;
  const std::string forged[] = {"",
                                id,
                                id + "/000001",
                                id + "/000000/" + id,
                                id + "/1/" + id,
                                id + "/0000001/" + id,
                                id + "/00000a/" + id,
                                id + "/-00001/" + id,
                                id + "/000001/" + id + "/",
                                id + "/000001/" + id + "x",
                                "x/000001/" + id,
                                "/000001/" + id,
                                "0000000000000000000/000001/" + id,
                                "0000000000000000000x/000001/" + id,
                                "00000000000000000000/000001/x"};
  for (const std::string& key : forged) EXPECT_FALSE(ParseListKey(key).has_value()) << key;
  EXPECT_TRUE(ParseListKey("00000000000000000000/000001/" + id).has_value());
  const std::string forged_for_agencies[] = {"",
                                             id,
                                             "000000/" + id,
                                             "00001/" + id,
                                             "-00001/" + id,
                                             "000001/x",
                                             "000001/" + id + "/",
                                             id + "/000001/" + id};
  for (const std::string& key : forged_for_agencies) EXPECT_FALSE(IsAgencyKey(key)) << key;
}

}  // namespace
}  // namespace pathways::referral
