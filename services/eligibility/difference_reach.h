// What each difference between two packs is of, how many cases it reaches, and what they will read.
//
// Puts together what differs (pack_differences.h) and what was counted (domain/policy_reach.h). A
// change of a calendar or of a fact is told by the criteria that look at it. Counts are told as
// domain/told_count.h says.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DIFFERENCE_REACH_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DIFFERENCE_REACH_H_

#include <vector>

#include "pathways/eligibility/v1/ledger.pb.h"
#include "services/eligibility/domain/policy_reach.h"
#include "services/eligibility/domain/rules.h"
#include "services/eligibility/domain/told_count.h"
#include "services/eligibility/pack_differences.h"

namespace pathways::eligibility {

// One entry for each difference between the packs of the two rules.
std::vector<ReachTargets> TargetsOf(const std::vector<PackDifference>& differences,
                                    const Rules& before, const Rules& after);

// A difference as the API tells it. `cases`: all that were counted. `after`: the second pack, in
// whose words people will read.
v1::PolicyDifference InWords(const PackDifference& difference, const ReachTargets& targets,
                             const Reach& reach, const ToldCount& cases, const Rules& after);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DIFFERENCE_REACH_H_
