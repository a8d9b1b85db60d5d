// What a step does to other pathways, before anybody takes it.
//
// A pack names the steps that a person could take next and what each opens, closes or endangers. To
// that this adds what follows from the conditions themselves: the facts after a step are screened,
// and each open pathway that would no longer be met gets a warning with the criterion that says so.
// A warning about an open pathway must be acknowledged. Nothing here advises anybody to take a
// step.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_INTERACTIONS_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_INTERACTIONS_H_

#include <vector>

#include "pathways/eligibility/v1/interaction.pb.h"
#include "pathways/type/v1/person.pb.h"
#include "services/eligibility/domain/rules.h"

namespace pathways::eligibility {

// The steps that the people of a case could take on the day, for each person in order and then in
// the order of the pack. A step of a family's pathway, or of none, is the principal applicant's and
// concerns all. A step whose condition is false is left out. Within one person, steps that warn of
// nothing come before steps that do, so that whoever follows the order closes nothing too early.
std::vector<v1::StepAdvice> StepsFor(const RulesOfDay& rules, const type::v1::CaseFacts& facts);

// Whether a pathway is open to people: it has not ended, and they do not fail to meet it.
bool IsOpen(v1::PathwayStatus status, v1::Outcome outcome);

// A person's facts after a step: what the step sets replaces what was known.
void TakeStep(const v1::Step& step, type::v1::PersonFacts& person);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_INTERACTIONS_H_
