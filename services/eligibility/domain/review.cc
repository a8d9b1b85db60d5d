#include "services/eligibility/domain/review.h"

#include <algorithm>

#include "services/type/dates.h"
#include "services/type/names.h"
#include "services/type/problem.h"

namespace pathways::eligibility {
namespace {

using Reviews = google::protobuf::RepeatedPtrField<v1::Review>;

// The last review of a determination that the machine gave like this.
const v1::Review* ReviewOf(const Reviews& reviews, const v1::Determination& evaluated) {
  for (const v1::Review& review : reviews) {
    if (SameSubstance(review.evaluated(), evaluated)) return &review;
  }
  return nullptr;
}

void CheckCommand(const v1::ReviewCommand& command, type::Violations& violations) {
  const bool overrides = command.verdict() == v1::REVIEW_VERDICT_OVERRIDE;
  if (command.verdict() < v1::REVIEW_VERDICT_CONFIRM ||
      command.verdict() > v1::REVIEW_VERDICT_REFUSE) {
    violations.Add("verdict", "must be CONFIRM, OVERRIDE or REFUSE");
  }
  const bool has_outcome = command.outcome() != v1::OUTCOME_UNSPECIFIED;
  if (overrides != has_outcome || !v1::Outcome_IsValid(command.outcome())) {
    violations.Add("outcome", "must be an outcome with OVERRIDE, else left out");
  }
  if (!type::IsCode(command.reason_code())) {
    violations.Add("reason_code", "must be an upper-case code of at most 64 characters");
  }
}

void CheckVerdict(const v1::ReviewCommand& command, const v1::Determination& evaluated,
                  type::Violations& violations) {
  if (command.verdict() == v1::REVIEW_VERDICT_CONFIRM &&
      evaluated.outcome() == v1::OUTCOME_DOES_NOT_MEET) {
    violations.Add("verdict", "must be REFUSE or OVERRIDE where the conditions are not met");
  }
  if (command.verdict() == v1::REVIEW_VERDICT_OVERRIDE &&
      command.outcome() == evaluated.outcome()) {
    violations.Add("outcome", "must be another one than the machine gave");
  }
}

v1::Outcome OutcomeOf(const v1::ReviewCommand& command, const v1::Determination& evaluated) {
  if (command.verdict() == v1::REVIEW_VERDICT_CONFIRM) return evaluated.outcome();
  if (command.verdict() == v1::REVIEW_VERDICT_REFUSE) return v1::OUTCOME_DOES_NOT_MEET;
  return command.outcome();
}

absl::Status NotNeeded(const v1::Review* review) {
  if (review == nullptr) {
    return type::Refuse(absl::StatusCode::kFailedPrecondition, "REVIEW_NOT_NEEDED",
                        "the determination does not wait for a reviewer");
  }
  return type::Refuse(absl::StatusCode::kFailedPrecondition, "REVIEW_SETTLED",
                      "the determination was reviewed");
}

absl::StatusOr<v1::Determination> Find(const Determinations& evaluated,
                                       const v1::ReviewCommand& command) {
  v1::Determination wanted;
  wanted.set_pathway(command.pathway());
  *wanted.mutable_person_ids() = command.person_ids();
  for (const v1::Determination& determination : evaluated) {
    if (IsSameUnit(determination, wanted)) return determination;
  }
  return type::Refuse(absl::StatusCode::kNotFound, "DETERMINATION_NOT_FOUND",
                      "the case has no determination of this pathway and people");
}

}  // namespace

bool WaitsForReview(const v1::Determination& determination) {
  if (determination.reviewed()) return false;
  const bool lacks_nothing = determination.outcome() == v1::OUTCOME_NEEDS_INFORMATION &&
                             determination.missing_facts().empty();
  return determination.review_required() || lacks_nothing;
}

void ApplyReviews(const Reviews& reviews, Determinations& evaluated) {
  if (reviews.empty()) return;
  for (v1::Determination& determination : evaluated) {
    const v1::Review* const review = ReviewOf(reviews, determination);
    if (review == nullptr || !review->settled()) continue;
    determination.set_outcome(review->outcome());
    determination.set_review_required(false);
    determination.set_reviewed(true);
    const bool meets = review->outcome() == v1::OUTCOME_MEETS;
    determination.set_can_submit(meets && determination.status() == v1::PATHWAY_STATUS_ACTIVE);
  }
}

absl::StatusOr<v1::Review> TakeOpinion(const v1::EligibilityState& state,
                                       const Determinations& evaluated,
                                       const v1::ReviewCommand& command, absl::Time now) {
  type::Violations violations;
  CheckCommand(command, violations);
  absl::Status status = violations.ToStatus("INVALID_REQUEST");
  if (!status.ok()) return status;
  absl::StatusOr<v1::Determination> determination = Find(evaluated, command);
  if (!determination.ok()) return determination.status();
  const v1::Review* const before = ReviewOf(state.reviews(), *determination);
  const bool is_settled = before != nullptr && before->settled();
  if (is_settled || !WaitsForReview(*determination)) return NotNeeded(before);
  CheckVerdict(command, *determination, violations);
  status = violations.ToStatus("INVALID_REQUEST");
  if (!status.ok()) return status;
  v1::Review review;
  *review.mutable_evaluated() = *std::move(determination);
  review.set_based_on(std::max(state.facts_from(), state.based_on()));
  review.set_verdict(command.verdict());
  review.set_outcome(OutcomeOf(command, review.evaluated()));
  const bool says_the_same = before != nullptr && before->verdict() == review.verdict() &&
                             before->outcome() == review.outcome();
  if (says_the_same) {
    if (before->opinions(0).reviewer() == command.reviewer()) {
      return type::Refuse(absl::StatusCode::kFailedPrecondition, "SECOND_REVIEWER_NEEDED",
                          "another reviewer must say the same");
    }
    *review.mutable_opinions() = before->opinions();
  }
  v1::ReviewOpinion& opinion = *review.add_opinions();
  opinion.set_reviewer(command.reviewer());
  opinion.set_reason_code(command.reason_code());
  *opinion.mutable_time() = type::TimestampOf(now);
  review.set_settled(command.verdict() == v1::REVIEW_VERDICT_CONFIRM || says_the_same);
  return review;
}

void RecordReview(v1::EligibilityState& state, const v1::Review& review) {
  for (v1::Review& known : *state.mutable_reviews()) {
    if (!IsSameUnit(known.evaluated(), review.evaluated())) continue;
    known = review;
    return;
  }
  *state.add_reviews() = review;
}

}  // namespace pathways::eligibility
