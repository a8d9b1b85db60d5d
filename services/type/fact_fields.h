// The facts that are fields of a person, by name, and how a set of facts is cut out of a person.
//
// The names are those of the fields of pathways.type.v1.PersonFacts, without the person id, which
// always stays, without age_precision, which belongs to age_band, and without the answers, which
// are facts by their own ids (facts.h). Pure.
#ifndef PATHWAYS_SERVICES_TYPE_FACT_FIELDS_H_
#define PATHWAYS_SERVICES_TYPE_FACT_FIELDS_H_

#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pathways/type/v1/person.pb.h"

namespace pathways::type {

using FactNames = std::set<std::string>;

// Follows from the birth date, and is no field that anybody fills in.
inline constexpr char kAgeBandName[] = "age_band";

bool IsFieldName(absl::string_view name);

// In the order of the fields.
std::vector<std::string> FieldNames();

// Whether a desk can correct it of a person, by the names that an update of a case takes: a fact
// that is asked, answers.ID for one that is answered by its id, or a field of the identity behind
// "identity.". Which ids there are, the catalogue knows.
bool IsCorrectable(absl::string_view name);

// What IsCorrectable takes, for a message.
std::string CorrectableExpected();

// The person with these facts alone. Names of facts that are never recorded change nothing.
v1::PersonFacts KeepFacts(const v1::PersonFacts& person, const FactNames& names);

}  // namespace pathways::type

#endif  // PATHWAYS_SERVICES_TYPE_FACT_FIELDS_H_
