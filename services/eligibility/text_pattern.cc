#include "services/eligibility/text_pattern.h"

#include <unicode/fmtable.h>
#include <unicode/locid.h>
#include <unicode/msgfmt.h>
#include <unicode/unistr.h>

#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace pathways::eligibility {
namespace {

void CheckPattern(const std::string& field, const std::string& pattern, const std::string& language,
                  type::Violations& violations) {
  if (!Fill(pattern, language, {}).ok()) {
    violations.Add(field,
                   "is no pattern of ICU MessageFormat: braces must match, and ' before { "
                   "makes it a plain character");
  }
}

}  // namespace

absl::StatusOr<std::string> Fill(const std::string& pattern, const std::string& language,
                                 const Arguments& arguments) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::MessageFormat format(icu::UnicodeString::fromUTF8(pattern),
                                  icu::Locale(language.c_str()), error);
  std::vector<icu::UnicodeString> names;
  std::vector<icu::Formattable> values;
  for (const auto& [name, value] : arguments) {
    names.push_back(icu::UnicodeString::fromUTF8(name));
    int64_t number = 0;
    if (absl::SimpleAtoi(value, &number)) {
      values.emplace_back(number);
    } else {
      values.emplace_back(icu::UnicodeString::fromUTF8(value));
    }
  }
  icu::UnicodeString filled;
  if (U_SUCCESS(error)) {
    format.format(names.data(), values.data(), static_cast<int32_t>(names.size()), filled, error);
  }
  if (U_FAILURE(error)) {
    return absl::InvalidArgumentError(absl::StrCat("no pattern: ", u_errorName(error)));
  }
  std::string text;
  filled.toUTF8String(text);
  return text;
}

void CheckPatterns(const v1::PolicyPack& pack, type::Violations& violations) {
  for (int i = 0; i < pack.catalogues_size(); ++i) {
    const v1::Catalogue& catalogue = pack.catalogues(i);
    for (int j = 0; j < catalogue.texts_size(); ++j) {
      const std::string field = absl::StrCat("catalogues[", i, "].texts[", j, "]");
      CheckPattern(absl::StrCat(field, ".plain"), catalogue.texts(j).plain(), catalogue.language(),
                   violations);
      CheckPattern(absl::StrCat(field, ".full"), catalogue.texts(j).full(), catalogue.language(),
                   violations);
    }
  }
}

}  // namespace pathways::eligibility
