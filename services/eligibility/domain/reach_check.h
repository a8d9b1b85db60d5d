// Whether a condition can be true and can be false.
//
// A condition that never is, or always is, says nothing and is nearly always a slip: two sets that
// exclude each other, a window that no day lies in, a branch that another one covers. Every
// condition is tried with every combination of the answers that its parts tell apart, for people of
// one nationality. Part of CheckPack.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_REACH_CHECK_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_REACH_CHECK_H_

#include "pathways/eligibility/v1/policy.pb.h"
#include "services/type/problem.h"

namespace pathways::eligibility {

// Adds each fault with its place. The pack has no other fault.
void CheckReach(const v1::PolicyPack& pack, type::Violations& violations);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_REACH_CHECK_H_
