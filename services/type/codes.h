// Code tables: countries, Mexican states, specific needs, occupations, languages.
//
// Each function takes a code as a desk may write it, in any case, and returns it in the one form
// that is stored and published, or nothing when there is no such code. The tables are compiled in,
// so that the same registration gives the same facts everywhere; a new code is a new release.
#ifndef PATHWAYS_SERVICES_TYPE_CODES_H_
#define PATHWAYS_SERVICES_TYPE_CODES_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "pathways/type/v1/fact.pb.h"

namespace pathways::type {

// Stands for a nationality that is not known yet (ICAO Doc 9303). Facts hold no nationality then.
inline constexpr absl::string_view kNationalityUnknown = "XXX";

// Alpha-3 code of a nationality given as ISO 3166-1 alpha-2 or alpha-3, or XXA (stateless, ICAO
// Doc 9303).
std::optional<std::string> NationalityCode(absl::string_view text);

// One of the 32 codes of ISO 3166-2:MX, for example MX-CHP.
std::optional<std::string> StateCode(absl::string_view text);

// A specific-need code of UNHCR (IOM 030-FOM 030-2009 and the codes in use in proGres since): a
// category such as SC, or a category with its detail such as SC-UC.
std::optional<std::string> NeedCode(absl::string_view text);

// A group of ISCO-08 by its one to four digits, for example 921. Of the digits after the second
// only the form is checked.
std::optional<std::string> OccupationCode(absl::string_view text);

// A code of a list of facts. Nothing for a list that is not here.
std::optional<std::string> CodeIn(v1::CodeList list, absl::string_view text);

// Preferred language: es, ht, fr, en or pt.
std::optional<std::string> LanguageCode(absl::string_view text);

}  // namespace pathways::type

#endif  // PATHWAYS_SERVICES_TYPE_CODES_H_
