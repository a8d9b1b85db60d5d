// What is different between two screenings of a case.
//
// A screening is told again only when something of substance changed: an outcome, a criterion or a
// question, not words, citations or versions. What changed in outcome is told with it: from what to
// what, by which criteria, and who has to hear of it.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_CHANGES_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_CHANGES_H_

#include <string>
#include <vector>

#include "pathways/eligibility/v1/ledger.pb.h"
#include "pathways/eligibility/v1/screening.pb.h"

namespace pathways::eligibility {

using Determinations = google::protobuf::RepeatedPtrField<v1::Determination>;

// The same pathway and people.
bool IsSameUnit(const v1::Determination& a, const v1::Determination& b);

// The determination of the same unit; null when there is none.
const v1::Determination* FindUnit(const Determinations& in, const v1::Determination& wanted);

// What a criterion came to; unspecified where it was not in force.
v1::Outcome OutcomeOf(const v1::Determination& determination, const std::string& criterion);

// The same determination in substance: see below.
bool SameSubstance(const v1::Determination& a, const v1::Determination& b);

// True where neither order, outcome, status, criteria nor what is to be asked differ. The days
// by which was counted, and until which it holds, are no substance.
bool SameSubstance(const Determinations& before, const Determinations& now);

// One entry per determination that changed in outcome or in status of its pathway, came or went:
// those of `now` in order, then those only in `before`. A determination is the same one by pathway
// and persons.
std::vector<v1::DeterminationChange> ChangesOf(const Determinations& before,
                                               const Determinations& now);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_CHANGES_H_
