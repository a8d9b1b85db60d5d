// Goal: the adapter of the status reads its upstreams' events and nothing else, and leaves a value
// as it was when it cannot. Method: every way an event or a value can be wrong.
#include "services/intake/status_projection.h"

#include <gtest/gtest.h>

#include "pathways/eligibility/v1/events.pb.h"
#include "pathways/intake/v1/status.pb.h"
#include "pathways/referral/v1/events.pb.h"
#include "tests/intake/builders.h"

namespace pathways::intake {
namespace {

engine::EventRow Row(int64_t number, const std::string& data, const char* stream = kCaseId) {
  engine::EventRow row;
  row.stream = stream;
  row.number = number;
  row.data = data;
  return row;
}

std::string Screened(const char* case_id = kCaseId) {
  eligibility::v1::EligibilityEvent event;
  event.set_case_id(case_id);
  event.mutable_case_screened()->set_based_on(1);
  return event.SerializeAsString();
}

std::string Submitted() {
  referral::v1::ReferralEvent event;
  event.set_case_id(kCaseId);
  event.mutable_referral_submitted()->set_referral_id("r1");
  return event.SerializeAsString();
}

TEST(StatusProjection, CountsEachUpstreamApart) {
  const StatusProjection projection;
  std::string value;
  EXPECT_EQ(*projection.Folded(value, "eligibility"), 0);
  ASSERT_TRUE(projection.Fold(value, "referral", Row(1, Submitted())).ok());
  EXPECT_EQ(*projection.Folded(value, "eligibility"), 0);
  EXPECT_EQ(*projection.Folded(value, "referral"), 1);
  ASSERT_TRUE(projection.Fold(value, "eligibility", Row(1, Screened())).ok());
  EXPECT_EQ(*projection.Folded(value, "eligibility"), 1);
  v1::CaseStatus status;
  ASSERT_TRUE(status.ParseFromString(value));
  EXPECT_EQ(status.based_on(), 1);
  ASSERT_EQ(status.referrals_size(), 1);
  // Filled when it is shown, so that stored values need no change with it.
  EXPECT_EQ(status.notice(), "");
}

TEST(StatusProjection, LeavesTheValueWhenItCannotFold) {
  const StatusProjection projection;
  std::string good;
  ASSERT_TRUE(projection.Fold(good, "eligibility", Row(1, Screened())).ok());
  const std::string garbage = "\xFF\xFF";
  const char other[] = "4f2c1b0a-9d8e-4f7a-8b6c-5d4e3f2a1b0c";
  const struct {
    const char* name;
    std::string value;
    const char* upstream;
    engine::EventRow event;
    absl::StatusCode code;
  } rows[] = {
      {"unreadable event", good, "eligibility", Row(2, garbage),
       absl::StatusCode::kInvalidArgument},
      {"unreadable event", good, "referral", Row(1, garbage), absl::StatusCode::kInvalidArgument},
      {"another case's", good, "eligibility", Row(2, Screened(other)),
       absl::StatusCode::kInvalidArgument},
      {"another stream's", good, "eligibility", Row(2, Screened(), other),
       absl::StatusCode::kInvalidArgument},
      {"a number left out", good, "eligibility", Row(3, Screened()), absl::StatusCode::kInternal},
      {"no such upstream", good, "intake", Row(1, Screened()), absl::StatusCode::kInternal},
      {"unreadable value", garbage, "eligibility", Row(1, Screened()), absl::StatusCode::kDataLoss},
  };
  for (const auto& row : rows) {
    std::string value = row.value;
    EXPECT_EQ(projection.Fold(value, row.upstream, row.event).code(), row.code) << row.name;
    EXPECT_EQ(value, row.value) << row.name;
  }
  EXPECT_EQ(projection.Folded(garbage, "referral").status().code(), absl::StatusCode::kDataLoss);
}

TEST(StatusProjection, ARepeatedEventChangesNothing) {
  const StatusProjection projection;
  std::string value;
  ASSERT_TRUE(projection.Fold(value, "eligibility", Row(1, Screened())).ok());
  const std::string once = value;
  ASSERT_TRUE(projection.Fold(value, "eligibility", Row(1, Screened())).ok());
  EXPECT_EQ(value, once);
}

}  // namespace
}  // namespace pathways::intake
