// The words of a registration table in the languages of the desks: Spanish, English and Kreyòl.
//
// A column has one name here and many in the field; so have the words of its cells. Case, accents
// and what stands between words do not count: "Fecha de Nacimiento" is fecha_de_nacimiento. Pure.
#ifndef PATHWAYS_SERVICES_CLI_IMPORT_WORDS_H_
#define PATHWAYS_SERVICES_CLI_IMPORT_WORDS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace pathways::cli {

// A word in the form in which words are compared: lower case, without accents, an underscore for
// each run of white space and of the punctuation of ASCII and Latin-1. Empty when nothing is left.
std::string WordOf(absl::string_view text);

// The column that a header names, in the form of WordOf; the word itself where it names none.
std::string ColumnOfWord(std::string word);

// The word of a column's cells, in the form of WordOf, as its English word: si is yes, madre is
// parent. The word itself where it is none of the column's.
std::string EnglishOf(absl::string_view column, std::string word);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_IMPORT_WORDS_H_
