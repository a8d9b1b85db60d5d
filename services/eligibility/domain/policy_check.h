// Whether a policy pack makes sense, before anybody is screened with it.
//
// A pack is written by hand, and a fault in it would be told to every family at once. So a program
// that loads one runs this check and refuses the pack whole when it fails. Nothing here knows the
// law: that a pack says what its sources say is for people to read.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_POLICY_CHECK_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_POLICY_CHECK_H_

#include "absl/status/status.h"
#include "pathways/eligibility/v1/policy.pb.h"

namespace pathways::eligibility {

// Most that a pack may hold, so that a case of many people still makes an event of bounded size.
inline constexpr int kPathwaysMax = 50;
inline constexpr int kCriteriaMax = 20;
inline constexpr int kTextBytesMax = 500;
// Bytes of a text that is shown.
inline constexpr int kShownBytesMax = 1000;

// OK, or INVALID_ARGUMENT with reason INVALID_POLICY_PACK and every fault at once, each with its
// place, for example pathways[0].criteria[1].predicate.all.of[2].nationality_in.of[0]. Checked are:
// ids and references between parts, the shape of every condition, whether each can be true and
// false (reach_check.h; only where nothing else is wrong), days and periods, statuses that overlap
// or leave a day without one as it was known on any day, what sources of S3 and K may do, that
// nothing is referred to a body that controls migration, and that every text is there in every
// language.
absl::Status CheckPack(const v1::PolicyPack& pack);

// All of that but the texts: what screening rests on. A pack that an earlier release took may lack
// a text that packs need since.
absl::Status CheckRules(const v1::PolicyPack& pack);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_POLICY_CHECK_H_
