// Checks of what a caller sends with an action, before it becomes a command.
//
// Pure, and blind to the referral: whether the action is possible is Decide's to say. An action may
// carry only what belongs to it, so a reason given to ACCEPT is at fault like one missing at
// REJECT.
#ifndef PATHWAYS_SERVICES_REFERRAL_DOMAIN_VALIDATE_H_
#define PATHWAYS_SERVICES_REFERRAL_DOMAIN_VALIDATE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "pathways/referral/v1/state.pb.h"

namespace pathways::referral {

// Codes of changes that the system makes itself. Holds with some of them are taken off by the
// system, so no caller may set one.
inline constexpr char kCaseWithdrawn[] = "CASE_WITHDRAWN";
inline constexpr char kConsentWithdrawn[] = "CONSENT_WITHDRAWN";
inline constexpr char kScreeningChanged[] = "SCREENING_CHANGED";
// Holds nothing: only nothing new is sent.
inline constexpr char kInformationNeeded[] = "INFORMATION_NEEDED";
inline constexpr char kReviewPending[] = "REVIEW_PENDING";
// Begins the codes of holds for the status of a pathway, for example PATHWAY_SUSPENDED.
inline constexpr char kPathwayHold[] = "PATHWAY_";

// True for the reasons of holds that the system sets and takes off itself.
bool IsSystemHold(absl::string_view reason);

inline constexpr char kInvalidAction[] = "INVALID_REFERRAL_ACTION";

// Fields that one RETURN may name.
inline constexpr int kFieldsToCorrectMax = 20;

// OK, or INVALID_ARGUMENT with reason INVALID_REFERRAL_ACTION and every bad field: reason_code (a
// code where the action needs one), stage (a code), fields_to_correct (1 to 20 that the desk can
// correct). Field names are those of the requests.
absl::Status ValidateAction(const v1::ReferralActionCommand& command);

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_DOMAIN_VALIDATE_H_
