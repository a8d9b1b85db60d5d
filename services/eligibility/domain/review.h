// What only people can settle, and what they said of it.
//
// The machine never refuses: a determination that its pathway wants looked at, or that lacks no
// fact and still cannot be said, waits for reviewers. One reviewer may confirm; to override or to
// refuse takes a second, different one who says the same. A settled review counts for as long as
// the machine gives the same determination in substance; when it gives another one, that waits
// anew. All reviews are events with the machine's own determination in them.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_REVIEW_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_REVIEW_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pathways/eligibility/v1/review.pb.h"
#include "pathways/eligibility/v1/state.pb.h"
#include "services/eligibility/domain/changes.h"

namespace pathways::eligibility {

// True for a determination that waits for reviewers.
bool WaitsForReview(const v1::Determination& determination);

// Puts the outcome of each settled review into the determination it was made of.
void ApplyReviews(const google::protobuf::RepeatedPtrField<v1::Review>& reviews,
                  Determinations& evaluated);

// The review of a determination after one more opinion. `evaluated` are the determinations as the
// machine gives them now. Errors: INVALID_ARGUMENT (reason INVALID_REQUEST, every field), NOT_FOUND
// (DETERMINATION_NOT_FOUND), FAILED_PRECONDITION (REVIEW_NOT_NEEDED; REVIEW_SETTLED;
// SECOND_REVIEWER_NEEDED: the same person twice).
absl::StatusOr<v1::Review> TakeOpinion(const v1::EligibilityState& state,
                                       const Determinations& evaluated,
                                       const v1::ReviewCommand& command, absl::Time now);

// Keeps a review in place of the one before it of the same pathway and people.
void RecordReview(v1::EligibilityState& state, const v1::Review& review);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_REVIEW_H_
