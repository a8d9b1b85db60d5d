// Goal: what a contract marks sealed is in the sealed column alone, and both columns give the event
// again. Method: events of services with every kind of mark, and bytes that are none.
#include "services/engine/sealed_fields.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "pathways/eligibility/v1/events.pb.h"
#include "pathways/intake/v1/events.pb.h"
#include "pathways/referral/v1/events.pb.h"

namespace pathways::engine {
namespace {

constexpr char kNeed[] = "SV-VA";

referral::v1::ReferralEvent Submitted() {
  referral::v1::ReferralEvent event;
  event.set_case_id("a case");
  auto& submitted = *event.mutable_referral_submitted();
  submitted.set_agency("comar");
  submitted.add_people()->add_needs(kNeed);
  submitted.add_people()->set_person_id("p2");
  return event;
}

TEST(SealedFields, AreInTheirColumnAloneAndComeBack) {
  const referral::v1::ReferralEvent event = Submitted();
  const EventColumns columns = SplitEvent(event);
  EXPECT_FALSE(absl::StrContains(columns.data, kNeed));
  EXPECT_TRUE(absl::StrContains(columns.data, "comar"));
  EXPECT_TRUE(absl::StrContains(columns.sealed, kNeed));
  EXPECT_FALSE(absl::StrContains(columns.sealed, "comar"));
  referral::v1::ReferralEvent joined;
  ASSERT_TRUE(JoinEvent(columns.data, columns.sealed, joined));
  EXPECT_EQ(joined.SerializeAsString(), event.SerializeAsString());
  referral::v1::ReferralEvent published;
  ASSERT_TRUE(JoinEvent(columns.data, "", published));
  EXPECT_EQ(published.referral_submitted().people_size(), 0);
  EXPECT_EQ(published.referral_submitted().agency(), "comar");
}

TEST(SealedFields, ThatAreNotSetLeaveTheColumnEmpty) {
  referral::v1::ReferralEvent event = Submitted();
  event.mutable_referral_submitted()->clear_people();
  EXPECT_EQ(SplitEvent(event).sealed, "");
  EXPECT_EQ(SplitEvent(event).data, event.SerializeAsString());
  intake::v1::IntakeEvent unmarked;
  unmarked.mutable_case_registered()->mutable_facts()->add_people()->add_needs(kNeed);
  EXPECT_EQ(SplitEvent(unmarked).data, unmarked.SerializeAsString());
  EXPECT_EQ(SplitEvent(unmarked).sealed, "");
  EXPECT_EQ(SplitEvent(eligibility::v1::EligibilityEvent()).data, "") << "no kind at all";
}

TEST(SealedFields, MayBeWholeMessages) {
  eligibility::v1::EligibilityEvent event;
  auto& recorded = *event.mutable_facts_recorded();
  recorded.set_based_on(3);
  recorded.mutable_facts()->add_people()->add_needs(kNeed);
  const EventColumns columns = SplitEvent(event);
  EXPECT_FALSE(absl::StrContains(columns.data, kNeed));
  eligibility::v1::EligibilityEvent joined;
  ASSERT_TRUE(JoinEvent(columns.data, columns.sealed, joined));
  EXPECT_EQ(joined.SerializeAsString(), event.SerializeAsString());
}

TEST(JoinEvent, RefusesWhatItCannotRead) {
  referral::v1::ReferralEvent event;
  EXPECT_FALSE(JoinEvent("\xff", "", event));
  const EventColumns columns = SplitEvent(Submitted());
  EXPECT_FALSE(JoinEvent(columns.data, "\xff", event));
  EXPECT_FALSE(JoinEvent("", columns.sealed, event)) << "sealed fields of no event";
}

}  // namespace
}  // namespace pathways::engine
