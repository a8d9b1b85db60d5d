// The rules for one person of a case. Used by validate.cc only, which knows the rules between
// people.
#ifndef PATHWAYS_SERVICES_INTAKE_DOMAIN_VALIDATE_PERSON_H_
#define PATHWAYS_SERVICES_INTAKE_DOMAIN_VALIDATE_PERSON_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "pathways/intake/v1/case.pb.h"
#include "pathways/type/v1/date.pb.h"
#include "pathways/type/v1/person.pb.h"
#include "services/intake/domain/validate.h"
#include "services/type/problem.h"

namespace pathways::intake {

// Where a person stands in the request, and on which day it is judged.
struct Place {
  std::string path;  // For example case.people[2].
  absl::CivilDay today;
  const type::Facts& facts;        // In force.
  const type::FactAnswers& known;  // On file.
};

// Whoever lived through an earlier day is dead.
inline absl::CivilDay OldestBirth(absl::CivilDay today) {
  return absl::CivilDay(today.year() - kAgeYearsMax, today.month(), today.day());
}

// Checks the identity at `place` and returns it normalised.
v1::Identity CheckIdentity(const v1::Identity& input, const Place& place,
                           type::Violations& violations);

// Checks everything about a person but the identity. Returns the facts without person id and age.
// `birth` is the birth date where it is known and valid, else empty: it bounds the date of entry.
type::v1::PersonFacts CheckFacts(const v1::Person& input, const type::v1::PartialDate& birth,
                                 const Place& place, type::Violations& violations);

}  // namespace pathways::intake

#endif  // PATHWAYS_SERVICES_INTAKE_DOMAIN_VALIDATE_PERSON_H_
