// Facts of a person by name, so that a set of them can be cut out.
//
// The names are those of the fields of pathways.type.v1.PersonFacts, without the person id, which
// always stays, and without age_precision, which belongs to age_band. Pure.
#ifndef PATHWAYS_SERVICES_TYPE_FACT_FIELDS_H_
#define PATHWAYS_SERVICES_TYPE_FACT_FIELDS_H_

#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pathways/type/v1/person.pb.h"

namespace pathways::type {

using FactNames = std::set<std::string>;

bool IsFactName(absl::string_view name);

// Every fact that can be recorded, in the order of the fields.
std::vector<std::string> AllFactNames();

// What a desk can correct of a person, by the names that an update of a case takes: the facts that
// are asked, and behind "identity." the fields of the identity, in the order of the fields.
std::vector<std::string> CorrectableFields();

// The person with these facts alone. Names of facts that are never recorded change nothing.
v1::PersonFacts KeepFacts(const v1::PersonFacts& person, const FactNames& names);

}  // namespace pathways::type

#endif  // PATHWAYS_SERVICES_TYPE_FACT_FIELDS_H_
