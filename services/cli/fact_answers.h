// An answer to a fact, as somebody writes it in a cell or behind a field=value.
//
// Which words mean yes, in the languages of the desks, is said by import_words.h. Whether a code is
// one of the fact is for intake's rules to say. Pure.
#ifndef PATHWAYS_SERVICES_CLI_FACT_ANSWERS_H_
#define PATHWAYS_SERVICES_CLI_FACT_ANSWERS_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pathways/type/v1/fact.pb.h"

namespace pathways::cli {

// Nothing for an empty text. Codes of a SOME_OF are separated by `separator`. INVALID_ARGUMENT says
// what is expected, never the text.
absl::StatusOr<std::optional<type::v1::FactAnswer>> ReadAnswer(const type::v1::Fact& fact,
                                                               const std::string& text,
                                                               char separator);

// The answer in short, for example job_offer=yes.
std::string ShowAnswer(const type::v1::FactAnswer& answer);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_FACT_ANSWERS_H_
