// The languages in which the service speaks to people.
#ifndef PATHWAYS_SERVICES_TYPE_LANGUAGES_H_
#define PATHWAYS_SERVICES_TYPE_LANGUAGES_H_

#include <string>
#include <vector>

namespace pathways::type {

// Every language that a text must have, in this order: Spanish, Haitian Creole, English.
inline const std::vector<std::string>& Languages() {
  static const std::vector<std::string> kLanguages = {"es", "ht", "en"};
  return kLanguages;
}

}  // namespace pathways::type

#endif  // PATHWAYS_SERVICES_TYPE_LANGUAGES_H_
