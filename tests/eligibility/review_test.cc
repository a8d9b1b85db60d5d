// Goal: what no machine may settle waits for people, an override or a refusal takes two of them,
// and what they said counts for as long as the machine says the same. Method: a case whose pathway
// rests on a rumour, so that no fact is missing and nothing can be said; every error has a row.
#include "services/eligibility/domain/review.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "services/eligibility/domain/decide.h"
#include "tests/eligibility/builders.h"
#include "tests/support/answers.h"

namespace pathways::eligibility {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr v1::ReviewVerdict kConfirm = v1::REVIEW_VERDICT_CONFIRM;
constexpr v1::ReviewVerdict kOverride = v1::REVIEW_VERDICT_OVERRIDE;
constexpr v1::ReviewVerdict kRefuse = v1::REVIEW_VERDICT_REFUSE;

// A case of one person, for whom "road" waits and "bridge" does not.
Case WaitingCase() {
  Case of;
  of.pack().mutable_pathways(0)->mutable_criteria(0)->set_confidence(v1::CONFIDENCE_S3);
  of.Do(Registered(1, Facts({"p1"})));
  return of;
}

v1::EligibilityCommand Opinion(const std::string& reviewer, v1::ReviewVerdict verdict,
                               v1::Outcome outcome = v1::OUTCOME_UNSPECIFIED) {
  v1::EligibilityCommand command;
  v1::ReviewCommand& review = *command.mutable_review();
  review.set_pathway("road");
  review.add_person_ids("p1");
  review.set_verdict(verdict);
  review.set_outcome(outcome);
  review.set_reason_code("PAPERS_SEEN");
  review.set_reviewer(reviewer);
  return command;
}

bool Waits(Case& of) {
  for (const type::ListEntry& entry : Fold(kCase, of.state()).lists) {
    if (entry.index == kReviewsIndex) return true;
  }
  return false;
}

TEST(Review, WaitsWhereNoFactIsMissingAndNothingCanBeSaid) {
  Case of = WaitingCase();
  EXPECT_TRUE(WaitsForReview(of.state().determinations(0)));
  EXPECT_FALSE(WaitsForReview(of.state().determinations(1)));
  EXPECT_TRUE(Waits(of));
  v1::Determination required = of.state().determinations(1);
  required.set_review_required(true);
  EXPECT_TRUE(WaitsForReview(required));
  required.set_reviewed(true);
  EXPECT_FALSE(WaitsForReview(required));
  v1::Determination asks = of.state().determinations(0);
  asks.add_missing_facts("in_mexico");
  EXPECT_FALSE(WaitsForReview(asks)) << "first the fact is asked for";
}

TEST(Review, OneReviewerConfirms) {
  Case of = WaitingCase();
  EXPECT_THAT(of.Do(Opinion("staff/a", kConfirm)),
              ElementsAre("reviewed road p1 CONFIRM, settled",
                          "screened 1: road p1 NEEDS_INFORMATION, bridge p1 MEETS"));
  EXPECT_TRUE(of.state().determinations(0).reviewed());
  EXPECT_FALSE(Waits(of));
  EXPECT_THAT(of.Do(Opinion("staff/b", kConfirm)),
              ElementsAre("error FAILED_PRECONDITION REVIEW_SETTLED"));
}

TEST(Review, RefusalAndOverrideTakeASecondReviewer) {
  const struct {
    v1::ReviewVerdict verdict;
    v1::Outcome outcome;
    std::string screened;
  } rows[] = {{kRefuse, v1::OUTCOME_UNSPECIFIED, "DOES_NOT_MEET"},
              {kOverride, v1::OUTCOME_MEETS, "MEETS"}};
  for (const auto& row : rows) {
    Case of = WaitingCase();
    EXPECT_THAT(of.Do(Opinion("staff/a", row.verdict, row.outcome)), SizeIs(1));
    EXPECT_TRUE(Waits(of));
    EXPECT_FALSE(of.state().determinations(0).reviewed());
    EXPECT_THAT(of.Do(Opinion("staff/a", row.verdict, row.outcome)),
                ElementsAre("error FAILED_PRECONDITION SECOND_REVIEWER_NEEDED"));
    const auto lines = of.Do(Opinion("staff/b", row.verdict, row.outcome));
    ASSERT_THAT(lines, SizeIs(2));
    EXPECT_EQ(lines[1], "screened 1: road p1 " + row.screened + ", bridge p1 MEETS");
    const v1::CaseScreened& screened = of.events().back().case_screened();
    ASSERT_THAT(screened.changes(), SizeIs(1));
    EXPECT_EQ(screened.changes(0).from(), v1::OUTCOME_NEEDS_INFORMATION);
    const v1::Review& review = of.state().reviews(0);
    EXPECT_TRUE(review.settled());
    ASSERT_THAT(review.opinions(), SizeIs(2));
    EXPECT_EQ(review.opinions(0).reviewer(), "staff/a");
    EXPECT_EQ(review.opinions(1).reviewer(), "staff/b");
    EXPECT_EQ(review.opinions(1).reason_code(), "PAPERS_SEEN");
    EXPECT_EQ(review.policy_number(), 1);
    EXPECT_EQ(review.based_on(), 1);
    EXPECT_EQ(review.evaluated().outcome(), v1::OUTCOME_NEEDS_INFORMATION);
    EXPECT_THAT(review.evaluated().criteria(), SizeIs(1));
  }
}

TEST(Review, AnotherOpinionBeginsAnew) {
  Case of = WaitingCase();
  of.Do(Opinion("staff/a", kRefuse));
  EXPECT_THAT(of.Do(Opinion("staff/b", kOverride, v1::OUTCOME_MEETS)), SizeIs(1));
  EXPECT_TRUE(Waits(of));
  ASSERT_THAT(of.state().reviews(), SizeIs(1));
  EXPECT_THAT(of.state().reviews(0).opinions(), SizeIs(1));
  EXPECT_THAT(of.Do(Opinion("staff/a", kOverride, v1::OUTCOME_MEETS)), SizeIs(2));
}

TEST(Review, CountsAsLongAsTheMachineSaysTheSame) {
  Case of = WaitingCase();
  of.Do(Opinion("staff/a", kOverride, v1::OUTCOME_MEETS));
  of.Do(Opinion("staff/b", kOverride, v1::OUTCOME_MEETS));
  of.set_policy_number(2);
  of.pack().set_version("2024-01-01");
  EXPECT_THAT(of.Do(Rescreen()), IsEmpty());
  type::v1::CaseFacts facts = Facts({"p1"});
  Forget(*facts.mutable_people(0), "in_mexico");
  of.Do(Updated(2, facts));
  EXPECT_FALSE(of.state().determinations(0).reviewed());
  EXPECT_EQ(of.state().determinations(0).outcome(), v1::OUTCOME_NEEDS_INFORMATION);
}

TEST(Review, IsOfWhatThePoliciesInForceSay) {
  Case of = WaitingCase();
  of.pack().mutable_pathways(0)->mutable_criteria(0)->set_confidence(v1::CONFIDENCE_S1);
  EXPECT_THAT(of.Do(Opinion("staff/a", kConfirm)),
              ElementsAre("error FAILED_PRECONDITION SCREENING_MOVED_ON"));
}

TEST(Review, EveryErrorHasItsCode) {
  v1::EligibilityCommand without_verdict = Opinion("staff/a", v1::REVIEW_VERDICT_UNSPECIFIED);
  v1::EligibilityCommand without_outcome = Opinion("staff/a", kOverride);
  v1::EligibilityCommand same_outcome =
      Opinion("staff/a", kOverride, v1::OUTCOME_NEEDS_INFORMATION);
  v1::EligibilityCommand with_outcome = Opinion("staff/a", kRefuse, v1::OUTCOME_MEETS);
  v1::EligibilityCommand without_reason = Opinion("staff/a", kRefuse);
  without_reason.mutable_review()->set_reason_code("because");
  v1::EligibilityCommand other_unit = Opinion("staff/a", kConfirm);
  other_unit.mutable_review()->add_person_ids("p2");
  v1::EligibilityCommand not_needed = Opinion("staff/a", kConfirm);
  not_needed.mutable_review()->set_pathway("bridge");
  v1::EligibilityCommand late = Opinion("staff/a", kConfirm);
  late.mutable_review()->set_seen_version(1);
  const std::string invalid = "error INVALID_ARGUMENT INVALID_REQUEST";
  const struct {
    v1::EligibilityCommand command;
    std::string error;
  } rows[] = {{without_verdict, invalid},
              {without_outcome, invalid},
              {same_outcome, invalid},
              {with_outcome, invalid},
              {without_reason, invalid},
              {other_unit, "error NOT_FOUND DETERMINATION_NOT_FOUND"},
              {not_needed, "error FAILED_PRECONDITION REVIEW_NOT_NEEDED"},
              {late, "error ABORTED ETAG_MISMATCH"}};
  for (const auto& row : rows) {
    Case of = WaitingCase();
    EXPECT_THAT(of.Do(row.command), ElementsAre(row.error)) << row.command.DebugString();
  }
  Case of;
  EXPECT_THAT(of.Do(Opinion("staff/a", kConfirm)), ElementsAre("error NOT_FOUND CASE_NOT_FOUND"));
  of = WaitingCase();
  of.Do(Withdrawn(2));
  EXPECT_THAT(of.Do(Opinion("staff/a", kConfirm)),
              ElementsAre("error FAILED_PRECONDITION CASE_WITHDRAWN"));
}

TEST(Review, DoesNotMeetIsRefusedOrOverriddenNeverConfirmed) {
  v1::EligibilityState state;
  Determinations evaluated;
  v1::Determination& determination = *evaluated.Add();
  determination.set_pathway("road");
  determination.add_person_ids("p1");
  determination.set_outcome(v1::OUTCOME_DOES_NOT_MEET);
  determination.set_review_required(true);
  const auto take = [&](v1::ReviewVerdict verdict) {
    return TakeOpinion(state, evaluated, Opinion("staff/a", verdict).review(), absl::UnixEpoch());
  };
  EXPECT_EQ(take(kConfirm).status().code(), absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(take(kRefuse).ok());
  EXPECT_FALSE(take(kRefuse)->settled()) << "no refusal by one";
}

}  // namespace
}  // namespace pathways::eligibility
