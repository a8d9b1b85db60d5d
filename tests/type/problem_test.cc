// Goal: a refusal carries its reason and every bad field, bounded. Method: round trips.
#include "services/type/problem.h"

#include <gtest/gtest.h>

#include <string>

namespace pathways::type {
namespace {

TEST(Violations, GivesEveryFieldInOrder) {
  Violations violations;
  EXPECT_TRUE(violations.ToStatus("BAD").ok());
  violations.Add("a", "must be one");
  violations.Add("b", "must be two");
  const absl::Status status = violations.ToStatus("BAD");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const v1::Problem problem = ProblemOf(status);
  EXPECT_EQ(problem.reason(), "BAD");
  ASSERT_EQ(problem.violations_size(), 2);
  EXPECT_EQ(problem.violations(0).field(), "a");
  EXPECT_EQ(problem.violations(1).description(), "must be two");
}

TEST(Violations, OfThousandsTheFirstHundredAreCarried) {
  Violations violations;
  for (int i = 0; i < 10000; ++i) violations.Add(std::to_string(i), "is wrong");
  EXPECT_EQ(ProblemOf(violations.ToStatus("BAD")).violations_size(), 100);
}

TEST(Refuse, CarriesItsReason) {
  const absl::Status status = Refuse(absl::StatusCode::kAborted, "ETAG_MISMATCH", "read it again");
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ProblemOf(status).reason(), "ETAG_MISMATCH");
  EXPECT_EQ(ProblemOf(absl::InternalError("other")).reason(), "");
}

}  // namespace
}  // namespace pathways::type
