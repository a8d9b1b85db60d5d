// Whether a policy pack makes sense, before anybody is screened with it.
//
// A pack is written by hand, and a fault in it would be told to every family at once. So a program
// that loads one runs this check and does not start when it fails. Nothing here knows the law: that
// a pack says what its sources say is for people to read.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_POLICY_CHECK_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_POLICY_CHECK_H_

#include "absl/status/status.h"
#include "pathways/eligibility/v1/policy.pb.h"

namespace pathways::eligibility {

// Most that a pack may hold, so that a case of many people still makes an event of bounded size.
inline constexpr int kPathwaysMax = 50;
inline constexpr int kCriteriaMax = 20;
inline constexpr int kTextBytesMax = 500;

// OK, or INVALID_ARGUMENT with reason INVALID_POLICY_PACK and every fault at once, each with its
// place, for example pathways[0].criteria[1].predicate.all.of[2].nationality_in.of[0]. Checked are:
// ids (a-z, 0-9 and hyphens, 1 to 64, unique), units, confidence, the shape of every condition (a
// kind, 1 to 20 parts, depth at most kPredicateDepthMax, codes that exist), citations, dates of
// sources (YYYY-MM-DD) and texts.
absl::Status CheckPack(const v1::PolicyPack& pack);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_POLICY_CHECK_H_
