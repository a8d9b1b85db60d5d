// Who is who among the people of a case.
#ifndef PATHWAYS_SERVICES_TYPE_PEOPLE_H_
#define PATHWAYS_SERVICES_TYPE_PEOPLE_H_

#include "absl/strings/string_view.h"
#include "pathways/type/v1/person.pb.h"

namespace pathways::type {

// The principal applicant, whose facts count for the family. Null: there is none.
const v1::PersonFacts* PrincipalOf(const v1::CaseFacts& facts);

// Null: nobody has this id.
const v1::PersonFacts* FindPerson(const v1::CaseFacts& facts, absl::string_view person_id);

}  // namespace pathways::type

#endif  // PATHWAYS_SERVICES_TYPE_PEOPLE_H_
