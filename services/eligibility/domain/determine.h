// What screening says of a case in full: results per criterion, what to ask, what would change it.
//
// The outcomes are those of RulesOfDay::Outcomes; this adds for people what the bits do not tell:
// which facts were used and which are missing, in the order worth asking, which other answers would
// change the outcome, and until when it holds if no fact changes.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_DETERMINE_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_DETERMINE_H_

#include "pathways/type/v1/person.pb.h"
#include "services/eligibility/domain/rules.h"

namespace pathways::eligibility {

Screening Determine(const RulesOfDay& rules, const type::v1::CaseFacts& facts);

// Whether anything is asked for a pathway of this status: one that ended, or is not in force, is no
// reason to question anybody.
bool AsksFor(v1::PathwayStatus status);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_DETERMINE_H_
