#include "services/type/languages.h"

#include "absl/strings/ascii.h"

namespace pathways::type {

std::optional<std::string> LanguageOfTag(absl::string_view tag) {
  const size_t end = tag.find('-');
  if (end != absl::string_view::npos && end + 1 == tag.size()) return std::nullopt;
  const std::string language = absl::AsciiStrToLower(tag.substr(0, end));
  for (const char* known : {"es", "ht", "fr", "en", "pt"}) {
    if (language == known) return language;
  }
  return std::nullopt;
}

std::string LanguageToSpeak(absl::string_view language) {
  if (language == "fr") return "en";
  if (language == "pt") return "es";
  return std::string(language);
}

}  // namespace pathways::type
