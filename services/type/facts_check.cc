// What makes a fact catalogue good: the part of facts.h that reads catalogues, not answers.
#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/type/dates.h"
#include "services/type/fact_fields.h"
#include "services/type/facts.h"
#include "services/type/languages.h"
#include "services/type/text.h"

namespace pathways::type {
namespace {

using v1::Fact;

constexpr size_t kNameBytesMax = 200;
constexpr size_t kTextBytesMax = 500;
constexpr int kFactsMax = 200;
constexpr int kOwnCodesMax = 100;
constexpr int kColumnsMax = 10;
constexpr int kAskIfMax = 10;
constexpr int kOrderMax = 10'000;
constexpr int kStaleDaysMax = 36'500;
constexpr int64_t kNumberMax = 1'000'000;

// What else a table, a message or a condition calls so.
constexpr absl::string_view kTaken[] = {
    "answers",          "as_of",     "consent",     "document_number",   "document_type",
    "household_number", "identity",  "nationality", "other_nationality", "person_id",
    "registered_on",    "site",      "given_names", "first_surname",     "second_surname",
    "date_of_birth",    "documents", "phone",       "language",          "registration_number"};

std::string At(absl::string_view field, int index) { return absl::StrCat(field, "[", index, "]"); }

// Conditions compare the codes of answers as words of eight bytes (eligibility/domain/program.cc).
constexpr size_t kAnswerCodeMax = 8;
constexpr size_t kFieldCodeMax = 32;

// Of a code that a fact lists by itself.
bool IsOwnCode(absl::string_view text, size_t bytes_max) {
  return !text.empty() && text.size() <= bytes_max &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isupper(c) || absl::ascii_isdigit(c) || c == '-' || c == '_';
         });
}

class FactChecker {
 public:
  FactChecker(std::string field, const Fact& fact, Violations& violations)
      : field_(std::move(field)), fact_(fact), violations_(violations) {}

  void Check() {
    CheckId();
    CheckEnums();
    CheckCodes();
    CheckNumbers();
    CheckDates();
    CheckAllWords(".words", fact_.words(), /*is_code=*/false);
  }

 private:
  void Add(absl::string_view part, absl::string_view description) {
    violations_.Add(absl::StrCat(field_, part), description);
  }

  void CheckId() {
    const bool is_taken =
        std::find(std::begin(kTaken), std::end(kTaken), fact_.id()) != std::end(kTaken);
    if (!IsFactId(fact_.id()) || is_taken) {
      Add(".id",
          "must be 1 to 48 lower-case letters, digits and underscores, beginning with a letter, "
          "and no name that has another meaning");
    }
    const bool is_field = IsFieldName(fact_.id());
    const v1::FactStorage storage = fact_.id() == kAgeBandName ? v1::FACT_STORAGE_DERIVED
                                    : is_field                 ? v1::FACT_STORAGE_FIELD
                                                               : fact_.storage();
    const bool is_code_alone =
        storage == v1::FACT_STORAGE_ANSWER || storage == v1::FACT_STORAGE_NEVER;
    if (is_field ? fact_.storage() != storage : !is_code_alone) {
      Add(".storage", is_field ? "must be FIELD, and DERIVED for age_band: code knows this fact"
                               : "must be ANSWER or NEVER: code knows no such fact");
    }
  }

  void CheckEnums() {
    const auto check = [&](const char* part, int number, bool is_valid) {
      if (number == 0 || !is_valid) Add(part, "must be filled in");
    };
    check(".kind", fact_.kind(), v1::FactKind_IsValid(fact_.kind()));
    check(".scope", fact_.scope(), v1::FactScope_IsValid(fact_.scope()));
    check(".setting", fact_.setting(), v1::FactSetting_IsValid(fact_.setting()));
    check(".privacy", fact_.privacy(), v1::PrivacyClass_IsValid(fact_.privacy()));
  }

  void CheckCodes() {
    const bool has_list = fact_.list() != v1::CODE_LIST_UNSPECIFIED;
    if (!v1::CodeList_IsValid(fact_.list()) || (has_list && !HasCodes(fact_.kind()))) {
      Add(".list", "must be a list, and only of a kind that has codes");
    }
    const bool is_place =
        fact_.list() == v1::CODE_LIST_ISO_3166_1 || fact_.list() == v1::CODE_LIST_ISO_3166_2_MX;
    if (fact_.kind() == v1::FACT_KIND_PLACE && !is_place) {
      Add(".list", "must be ISO_3166_1 or ISO_3166_2_MX for a place");
    }
    if (!HasCodes(fact_.kind()) || has_list) {
      if (!fact_.codes().empty()) Add(".codes", "must be left out where there is no use of them");
      return;
    }
    if (fact_.kind() == v1::FACT_KIND_PLACE) return;
    if (fact_.codes_size() < 2 || fact_.codes_size() > kOwnCodesMax) {
      Add(".codes", absl::StrCat("must be 2 to ", kOwnCodesMax, " where no list is named"));
    }
    std::set<std::string> seen;
    for (int i = 0; i < fact_.codes_size(); ++i) {
      const std::string part = At(".codes", i);
      const size_t bytes_max =
          fact_.storage() == v1::FACT_STORAGE_FIELD ? kFieldCodeMax : kAnswerCodeMax;
      if (!IsOwnCode(fact_.codes(i).code(), bytes_max) ||
          !seen.insert(fact_.codes(i).code()).second) {
        Add(part + ".code",
            absl::StrCat("must be 1 to ", bytes_max,
                         " upper-case letters, digits, hyphens and underscores, and stand once"));
      }
      CheckAllWords(part + ".words", fact_.codes(i).words(), /*is_code=*/true);
    }
  }

  void CheckNumbers() {
    if (fact_.order() < 1 || fact_.order() > kOrderMax) {
      Add(".order", absl::StrCat("must be 1 to ", kOrderMax));
    }
    const bool is_number = fact_.kind() == v1::FACT_KIND_NUMBER;
    const bool good = is_number ? fact_.least() >= 0 && fact_.greatest() <= kNumberMax &&
                                      fact_.least() < fact_.greatest()
                                : fact_.least() == 0 && fact_.greatest() == 0;
    if (!good) {
      Add(".greatest", is_number
                           ? absl::StrCat("must be more than `least`, both of 0 to ", kNumberMax)
                           : std::string("must be left out where it is no number"));
    }
    if (fact_.stale_after_days() < 0 || fact_.stale_after_days() > kStaleDaysMax) {
      Add(".stale_after_days", absl::StrCat("must be 0 to ", kStaleDaysMax));
    } else if (fact_.stale_after_days() > 0 && fact_.storage() != v1::FACT_STORAGE_ANSWER) {
      Add(".stale_after_days", "must be left out of what is not kept among the answers");
    }
    if (fact_.ask_only_if_size() > kAskIfMax) {
      Add(".ask_only_if", absl::StrCat("must be at most ", kAskIfMax));
    }
  }

  void CheckDates() {
    if (IsEmpty(fact_.retired_on())) return;
    if (!IsValid(fact_.retired_on()) || PrecisionOf(fact_.retired_on()) != v1::DATE_PRECISION_DAY) {
      Add(".retired_on", "must be a day that exists, with year, month and day, or be left out");
    }
    if (fact_.storage() != v1::FACT_STORAGE_ANSWER && fact_.storage() != v1::FACT_STORAGE_NEVER) {
      Add(".retired_on", "must be left out: code asks for this fact");
    }
  }

  void CheckText(const std::string& part, const std::string& text, size_t bytes_max) {
    const CleanText clean = Clean(text);
    if (clean.text.empty() || clean.text != text || text.size() > bytes_max) {
      Add(part, absl::StrCat("must be a text of 1 to ", bytes_max,
                             " bytes in UTF-8, without spaces around it"));
    }
  }

  template <typename AllWords>
  void CheckAllWords(const std::string& part, const AllWords& all, bool is_code) {
    std::set<std::string> languages;
    for (int i = 0; i < all.size(); ++i) {
      const std::string at = At(part, i);
      const auto& known = Languages();
      const bool is_language =
          std::find(known.begin(), known.end(), all[i].language()) != known.end();
      if (!is_language || !languages.insert(all[i].language()).second) {
        Add(at + ".language",
            absl::StrCat("must be one of ", absl::StrJoin(known, ", "), ", each once"));
      }
      CheckWords(at, all[i], is_code);
    }
    for (const std::string& language : Languages()) {
      if (!languages.contains(language)) Add(part, absl::StrCat("has no words in ", language));
    }
  }

  void CheckWords(const std::string& at, const v1::FactWords& words, bool is_code) {
    CheckText(at + ".name", words.name(), kNameBytesMax);
    if (is_code) return;
    CheckText(at + ".ask", words.ask(), kTextBytesMax);
    CheckText(at + ".why", words.why(), kTextBytesMax);
    if (words.columns_size() > kColumnsMax) {
      Add(at + ".columns", absl::StrCat("must be at most ", kColumnsMax));
    }
    for (int i = 0; i < words.columns_size(); ++i) {
      if (!IsFactId(words.columns(i))) {
        Add(At(at + ".columns", i), "must be lower-case letters, digits and underscores");
      }
    }
    const bool is_signed = !words.reviewed_by().empty();
    if (is_signed != !IsEmpty(words.reviewed_on()) || !IsValid(words.reviewed_on())) {
      Add(at + ".reviewed_on", "must be given exactly where reviewed_by is");
    }
  }

  const std::string field_;
  const Fact& fact_;
  Violations& violations_;
};

// Checks what shows only with all facts of a catalogue.
class CatalogueChecker {
 public:
  CatalogueChecker(const v1::FactCatalogue& catalogue, Violations& violations)
      : catalogue_(catalogue), violations_(violations) {}

  void Check() {
    CheckVersion();
    if (catalogue_.facts().empty() || catalogue_.facts_size() > kFactsMax) {
      violations_.Add("facts", absl::StrCat("must be 1 to ", kFactsMax));
      return;
    }
    for (int i = 0; i < catalogue_.facts_size(); ++i) CheckFact(i);
    for (const std::string& name : FieldNames()) {
      if (Find(name) == nullptr) {
        violations_.Add("facts", absl::StrCat("lacks ", name, ", which code knows"));
      }
    }
    for (int i = 0; i < catalogue_.facts_size(); ++i) CheckAskIf(i);
  }

 private:
  const Fact* Find(absl::string_view id) const {
    const auto found = std::find_if(catalogue_.facts().begin(), catalogue_.facts().end(),
                                    [&](const Fact& fact) { return fact.id() == id; });
    return found == catalogue_.facts().end() ? nullptr : &*found;
  }

  void CheckVersion() {
    constexpr size_t kVersionMax = 64;
    const std::string& version = catalogue_.version();
    const bool good =
        !version.empty() && version.size() <= kVersionMax &&
        std::all_of(version.begin(), version.end(), [](char c) {
          return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '.' || c == '-';
        });
    if (!good) {
      violations_.Add("version", "must be 1 to 64 lower-case letters, digits, dots and hyphens");
    }
    if (IsBlank(catalogue_.title()) || catalogue_.title().size() > kTextBytesMax) {
      violations_.Add("title", absl::StrCat("must be 1 to ", kTextBytesMax, " bytes"));
    }
  }

  void CheckFact(int index) {
    const Fact& fact = catalogue_.facts(index);
    const std::string field = At("facts", index);
    type::CheckFact(field, fact, violations_);
    if (!ids_.insert(fact.id()).second) {
      violations_.Add(field + ".id", "stands in the catalogue already");
    }
    std::set<std::string> own = {fact.id()};
    for (const v1::FactWords& words : fact.words()) {
      own.insert(words.columns().begin(), words.columns().end());
    }
    for (const std::string& column : own) {
      if (columns_.insert(column).second) continue;
      violations_.Add(field + ".words", "names a column that another fact is called by");
    }
  }

  void CheckAskIf(int index) {
    const Fact& fact = catalogue_.facts(index);
    for (int i = 0; i < fact.ask_only_if_size(); ++i) {
      const v1::AskIf& ask = fact.ask_only_if(i);
      const std::string field = absl::StrCat(At("facts", index), ".ask_only_if[", i, "]");
      const Fact* const other = Find(ask.fact());
      if (other == nullptr || other->storage() != v1::FACT_STORAGE_ANSWER) {
        violations_.Add(field + ".fact", "must be a fact that is kept among the answers");
        continue;
      }
      const bool is_yes = other->kind() == v1::FACT_KIND_YES_NO;
      const bool good = is_yes ? ask.yes() && ask.codes().empty()
                               : HasCodes(other->kind()) && !ask.yes() && !ask.codes().empty();
      if (!good) violations_.Add(field, "must name `yes` or codes, as the other fact is answered");
      std::set<std::string> path;
      if (Leads(*other, fact.id(), path)) violations_.Add(field, "closes a circle");
    }
  }

  // Whether asking `from` hangs on `to`.
  bool Leads(const Fact& from, const std::string& to, std::set<std::string>& path) const {
    if (from.id() == to) return true;
    if (!path.insert(from.id()).second) return false;
    for (const v1::AskIf& ask : from.ask_only_if()) {
      const Fact* const next = Find(ask.fact());
      if (next != nullptr && Leads(*next, to, path)) return true;
    }
    return false;
  }

  const v1::FactCatalogue& catalogue_;
  Violations& violations_;
  std::set<std::string> ids_;
  std::set<std::string> columns_;
};

}  // namespace

void CheckFact(const std::string& field, const Fact& fact, Violations& violations) {
  FactChecker(field, fact, violations).Check();
}

absl::StatusOr<std::shared_ptr<const Facts>> Facts::Compile(v1::FactCatalogue catalogue) {
  Violations violations;
  CatalogueChecker(catalogue, violations).Check();
  absl::Status status = violations.ToStatus(kInvalidCatalogue);
  if (!status.ok()) return status;
  return std::shared_ptr<const Facts>(new Facts(std::move(catalogue)));
}

absl::Status CheckSuccessor(const v1::FactCatalogue& before, const v1::FactCatalogue& next) {
  Violations violations;
  for (const Fact& fact : before.facts()) {
    const auto same_id = [&](const Fact& other) { return other.id() == fact.id(); };
    const auto found = std::find_if(next.facts().begin(), next.facts().end(), same_id);
    if (found == next.facts().end()) {
      violations.Add("facts",
                     absl::StrCat("lacks ", fact.id(), ", which is in force: retire it instead"));
    } else if (!IsSameFact(fact, *found)) {
      violations.Add(
          At("facts", static_cast<int>(found - next.facts().begin())),
          "must keep its kind, list, codes, scope and storage: answers were given to it");
    }
  }
  return violations.ToStatus(kInvalidCatalogue);
}

}  // namespace pathways::type
