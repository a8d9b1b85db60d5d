// People made up at random, for tests of what holds for everybody.
//
// Every answer, also an unknown or a partial one, comes up; the same seed makes the same people.
#ifndef PATHWAYS_TESTS_ELIGIBILITY_RANDOM_FACTS_H_
#define PATHWAYS_TESTS_ELIGIBILITY_RANDOM_FACTS_H_

#include <random>

#include "absl/strings/str_cat.h"
#include "pathways/type/v1/person.pb.h"
#include "tests/support/answers.h"

namespace pathways::eligibility {

using Random = std::mt19937;

inline int Below(Random& random, int end) {
  return std::uniform_int_distribution<int>(0, end - 1)(random);
}

inline type::v1::PersonFacts RandomPerson(Random& random) {
  static constexpr const char* kCodes[] = {"CUB", "HTI", "NIC", "VEN", "MEX",
                                           "GTM", "HND", "COL", "XXA", "ESP"};
  static constexpr const char* kStates[] = {"MX-CHP", "MX-TAB", "MX-CMX"};
  type::v1::PersonFacts person;
  for (int i = Below(random, 3); i > 0; --i) person.add_nationalities(kCodes[Below(random, 10)]);
  person.set_age_band(static_cast<type::v1::AgeBand>(Below(random, type::v1::AgeBand_ARRAYSIZE)));
  person.set_refugee_claim(
      static_cast<type::v1::RefugeeClaim>(Below(random, type::v1::RefugeeClaim_ARRAYSIZE)));
  for (const char* fact :
       {"crime_in_mexico", "in_mexico", "job_offer", "left_country_for_fear", "risk_on_return",
        "seeks_work", "us_employer_petition", "us_family_petition", "work_papers"}) {
    if (const int said = Below(random, 3); said > 0) SetAnswer(person, fact, said == 1);
  }
  if (Below(random, 3) == 0) {
    type::v1::FactAnswer& place = *person.add_answers();
    place.set_fact("job_place");
    place.set_code(kStates[Below(random, 3)]);
  }
  if (Below(random, 3) > 0) person.set_state(kStates[Below(random, 3)]);
  if (const int known = Below(random, 4); known > 0) {
    person.mutable_entry_date()->set_year(2023 + Below(random, 4));
    if (known > 1) person.mutable_entry_date()->set_month(1 + Below(random, 12));
    if (known > 2) person.mutable_entry_date()->set_day(1 + Below(random, 28));
  }
  return person;
}

inline type::v1::CaseFacts RandomCase(Random& random) {
  type::v1::CaseFacts facts;
  for (int i = 1 + Below(random, 4); i > 0; --i) {
    type::v1::PersonFacts& person = *facts.add_people();
    person = RandomPerson(random);
    person.set_person_id(absl::StrCat("p", facts.people_size()));
    person.set_relationship(facts.people_size() == 1 ? type::v1::RELATIONSHIP_PRINCIPAL
                                                     : type::v1::RELATIONSHIP_CHILD);
  }
  return facts;
}

}  // namespace pathways::eligibility

#endif  // PATHWAYS_TESTS_ELIGIBILITY_RANDOM_FACTS_H_
