// Fields of a person by name, for `case update --set entry_date=2023-06-01`.
//
// Names are those of pathways.intake.v1.Person, and of its identity behind "identity.", for example
// identity.phone. The documents, the person id and what the service works out cannot be set so. A
// value is a date as far as it is known, the name of
// an enum value with or without its prefix, a list with commas, or a text; nothing clears the
// field.
#ifndef PATHWAYS_SERVICES_CLI_PERSON_FIELDS_H_
#define PATHWAYS_SERVICES_CLI_PERSON_FIELDS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pathways/intake/v1/case.pb.h"
#include "services/type/facts.h"

namespace pathways::cli {

// Returns the path of the field within the person, for an update mask. INVALID_ARGUMENT when the
// assignment is not field=value, the field cannot be set, or the value cannot be read; the message
// says what is expected, never the value.
// Answers are read by `facts`, which may be null where no assignment is of one (IsOfAnswer).
absl::StatusOr<std::string> SetPersonField(absl::string_view assignment, const type::Facts* facts,
                                           intake::v1::Person& person);

// Whether an assignment is of an answer: answers.ID=value.
bool IsOfAnswer(absl::string_view assignment);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_PERSON_FIELDS_H_
