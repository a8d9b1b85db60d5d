// The questions that a person answers with yes or no, or was not asked.
//
// intake.v1.Person and type.v1.PersonFacts have the same ones under the same names; this is the one
// list of them.
#ifndef PATHWAYS_SERVICES_INTAKE_DOMAIN_ANSWERS_H_
#define PATHWAYS_SERVICES_INTAKE_DOMAIN_ANSWERS_H_

#include "pathways/intake/v1/case.pb.h"
#include "pathways/type/v1/person.pb.h"

namespace pathways::intake {

template <typename From, typename To>
void CopyAnswers(const From& from, To& to) {
  to.set_in_mexico(from.in_mexico());
  to.set_left_country_for_fear(from.left_country_for_fear());
  to.set_seeks_work(from.seeks_work());
  to.set_risk_on_return(from.risk_on_return());
  to.set_crime_in_mexico(from.crime_in_mexico());
  to.set_job_offer(from.job_offer());
  to.set_us_family_petition(from.us_family_petition());
  to.set_us_employer_petition(from.us_employer_petition());
  to.set_work_papers(from.work_papers());
}

// Calls `check` with the name of each field and its answer.
template <typename Check>
void ForEachAnswer(const v1::Person& person, const Check& check) {
  check("in_mexico", person.in_mexico());
  check("left_country_for_fear", person.left_country_for_fear());
  check("seeks_work", person.seeks_work());
  check("risk_on_return", person.risk_on_return());
  check("crime_in_mexico", person.crime_in_mexico());
  check("job_offer", person.job_offer());
  check("us_family_petition", person.us_family_petition());
  check("us_employer_petition", person.us_employer_petition());
  check("work_papers", person.work_papers());
}

}  // namespace pathways::intake

#endif  // PATHWAYS_SERVICES_INTAKE_DOMAIN_ANSWERS_H_
