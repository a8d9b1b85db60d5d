// The languages in which the service speaks to people.
#ifndef PATHWAYS_SERVICES_TYPE_LANGUAGES_H_
#define PATHWAYS_SERVICES_TYPE_LANGUAGES_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace pathways::type {

// Every language that a text must have, in this order: Spanish, Haitian Creole, English.
inline const std::vector<std::string>& Languages() {
  static const std::vector<std::string> kLanguages = {"es", "ht", "en"};
  return kLanguages;
}

// The language of a tag of BCP 47 in any case: that of es-MX is es. It is what people may be
// registered with: es, ht, fr, en or pt. Nothing for another.
std::optional<std::string> LanguageOfTag(absl::string_view tag);

// The one of Languages() in which the service speaks to somebody who prefers that language of
// LanguageOfTag: English to French speakers and Spanish to Portuguese speakers, for want of texts.
std::string LanguageToSpeak(absl::string_view language);

}  // namespace pathways::type

#endif  // PATHWAYS_SERVICES_TYPE_LANGUAGES_H_
