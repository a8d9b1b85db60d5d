#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "services/intake/domain/validate.h"
#include "services/intake/domain/validate_person.h"
#include "services/type/codes.h"
#include "services/type/dates.h"
#include "services/type/text.h"

namespace pathways::intake {
namespace {

constexpr char kDefaultLanguage[] = "es";

// E.164: the digits after the + are at most 15, and no country code begins with 0.
constexpr size_t kPhoneDigitsMin = 8;
constexpr size_t kPhoneDigitsMax = 15;

// Returns the text normalised; empty with a violation when it cannot be taken.
std::string CheckText(absl::string_view raw, int characters_max, const std::string& path,
                      type::Violations& violations) {
  type::CleanText clean = type::Clean(raw);
  if (clean.fault != type::TextFault::kNone) {
    violations.Add(path, type::ExpectedOf(clean.fault));
  } else if (clean.characters > characters_max) {
    violations.Add(path, absl::StrCat("must have at most ", characters_max, " characters"));
  }
  return clean.text;
}

std::string CheckGivenNames(absl::string_view raw, const std::string& path,
                            type::Violations& violations) {
  const std::string text = CheckText(raw, kNameCharactersMax, path, violations);
  if (type::IsBlank(raw)) {
    violations.Add(path, absl::StrCat("is required: 1 to ", kNameCharactersMax, " characters"));
  }
  return text;
}

// True when the birth date is known and can be right.
bool CheckBirth(const type::v1::PartialDate& birth, const Place& place, const std::string& path,
                type::Violations& violations) {
  if (!type::IsValid(birth)) {
    violations.Add(path, "must be a date that exists: a year, year and month, or a whole day");
    return false;
  }
  const auto range = type::RangeOf(birth);
  if (!range) return false;
  if (range->first > place.today) {
    violations.Add(path, "must not be in the future");
    return false;
  }
  if (range->last < OldestBirth(place.today)) {
    violations.Add(path, absl::StrCat("must not be more than ", kAgeYearsMax, " years ago"));
    return false;
  }
  return true;
}

v1::Document CheckDocument(const v1::Document& input, const std::string& path,
                           type::Violations& violations) {
  v1::Document document;
  const size_t before = violations.found().size();
  document.set_number(
      CheckText(input.number(), kNumberCharactersMax, path + ".number", violations));
  const bool number_is_bad = violations.found().size() > before;
  if (document.number().empty() && !number_is_bad) {
    violations.Add(path + ".number", absl::StrCat("is required beside the type: 1 to ",
                                                  kNumberCharactersMax, " characters"));
  }
  if (input.type() == type::v1::DOCUMENT_TYPE_UNSPECIFIED) {
    violations.Add(path + ".type", "is required beside the number");
  } else if (!type::v1::DocumentType_IsValid(input.type())) {
    violations.Add(path + ".type", "must be a known type of document");
  }
  document.set_type(input.type());
  return document;
}

std::string CheckPhone(absl::string_view raw, const std::string& path,
                       type::Violations& violations) {
  std::string phone = type::Clean(raw).text;
  const absl::string_view digits = absl::string_view(phone).substr(phone.empty() ? 0 : 1);
  const bool is_phone =
      digits.size() >= kPhoneDigitsMin && digits.size() <= kPhoneDigitsMax && phone[0] == '+' &&
      digits[0] != '0' &&
      std::all_of(digits.begin(), digits.end(), [](char c) { return absl::ascii_isdigit(c); });
  if (!is_phone && !type::IsBlank(raw)) {
    violations.Add(path, "must be a + and 8 to 15 digits that begin with the country code (E.164)");
  }
  return phone;
}

std::string CheckLanguage(absl::string_view raw, const std::string& path,
                          type::Violations& violations) {
  if (type::IsBlank(raw)) return kDefaultLanguage;
  const auto code = type::LanguageCode(type::Clean(raw).text);
  if (!code) violations.Add(path, "must be es, ht, fr, en or pt");
  return code.value_or("");
}

}  // namespace

v1::Identity CheckIdentity(const v1::Identity& input, const Place& place,
                           type::Violations& violations) {
  const std::string path = place.path + ".identity";
  v1::Identity identity;
  identity.set_given_names(CheckGivenNames(input.given_names(), path + ".given_names", violations));
  identity.set_first_surname(
      CheckText(input.first_surname(), kNameCharactersMax, path + ".first_surname", violations));
  identity.set_second_surname(
      CheckText(input.second_surname(), kNameCharactersMax, path + ".second_surname", violations));
  if (CheckBirth(input.date_of_birth(), place, path + ".date_of_birth", violations)) {
    *identity.mutable_date_of_birth() = input.date_of_birth();
  }
  if (input.documents_size() > kDocumentsMax) {
    violations.Add(path + ".documents", absl::StrCat("must be at most ", kDocumentsMax));
  }
  for (int i = 0; i < std::min(input.documents_size(), kDocumentsMax); ++i) {
    *identity.add_documents() =
        CheckDocument(input.documents(i), absl::StrCat(path, ".documents[", i, "]"), violations);
  }
  identity.set_phone(CheckPhone(input.phone(), path + ".phone", violations));
  identity.set_language(CheckLanguage(input.language(), path + ".language", violations));
  identity.set_registration_number(CheckText(input.registration_number(), kNumberCharactersMax,
                                             path + ".registration_number", violations));
  return identity;
}

}  // namespace pathways::intake
