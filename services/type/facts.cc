#include "services/type/facts.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "services/type/codes.h"
#include "services/type/dates.h"
#include "services/type/text.h"

namespace pathways::type {
namespace {

using v1::Fact;
using v1::FactAnswer;

constexpr int kCodesMax = 20;

std::string At(absl::string_view field, int index) { return absl::StrCat(field, "[", index, "]"); }

// The kind of value that an answer to a fact has.
FactAnswer::ValueCase ValueOf(v1::FactKind kind) {
  switch (kind) {
    case v1::FACT_KIND_YES_NO:
      return FactAnswer::kYes;
    case v1::FACT_KIND_ONE_OF:
    case v1::FACT_KIND_PLACE:
      return FactAnswer::kCode;
    case v1::FACT_KIND_SOME_OF:
      return FactAnswer::kCodes;
    case v1::FACT_KIND_DATE:
    case v1::FACT_KIND_PARTIAL_DATE:
      return FactAnswer::kDate;
    case v1::FACT_KIND_NUMBER:
      return FactAnswer::kNumber;
    default:
      return FactAnswer::VALUE_NOT_SET;
  }
}

const char* ExpectedOf(v1::FactKind kind) {
  switch (kind) {
    case v1::FACT_KIND_YES_NO:
      return "must be answered by yes or no";
    case v1::FACT_KIND_ONE_OF:
    case v1::FACT_KIND_PLACE:
      return "must be answered by a code";
    case v1::FACT_KIND_SOME_OF:
      return "must be answered by codes";
    case v1::FACT_KIND_NUMBER:
      return "must be answered by a number";
    default:
      return "must be answered by a date";
  }
}

// The code in the form that is stored; nothing when the fact has none such.
std::optional<std::string> CodeOf(const Fact& fact, absl::string_view text) {
  const std::string clean = Clean(text).text;
  if (fact.list() != v1::CODE_LIST_UNSPECIFIED) return CodeIn(fact.list(), clean);
  const std::string code = absl::AsciiStrToUpper(clean);
  for (const v1::FactCode& known : fact.codes()) {
    if (known.code() == code) return code;
  }
  return std::nullopt;
}

// Checks the answers of one person.
class AnswerChecker {
 public:
  AnswerChecker(const Facts& facts, const FactAnswers& known, const AnswersPlace& place,
                Violations& violations)
      : facts_(facts), known_(known), place_(place), violations_(violations) {}

  void Check(int index, FactAnswer answer) {
    field_ = At(place_.path, index);
    const Fact* const fact = facts_.Find(answer.fact());
    if (!MayBeAnswered(fact, answer)) return;
    if (answer.value_case() != ValueOf(fact->kind())) return Add("", ExpectedOf(fact->kind()));
    CheckValue(*fact, answer);
    if (IsRetired(*fact) && !IsOnFile(answer)) {
      return Add(".fact", "is asked no more: no new answer is taken");
    }
    if (fact->stale_after_days() == 0) {
      answer.clear_answered_on();
    } else if (IsEmpty(answer.answered_on()) || !IsOnFile(answer)) {
      *answer.mutable_answered_on() = FromDay(place_.today);
    }
    if (!given_.insert(answer.fact()).second) return Add(".fact", "is answered already");
    answers_.push_back(std::move(answer));
  }

  FactAnswers Take() {
    std::sort(answers_.begin(), answers_.end(),
              [](const auto& a, const auto& b) { return a.fact() < b.fact(); });
    return {std::make_move_iterator(answers_.begin()), std::make_move_iterator(answers_.end())};
  }

 private:
  void Add(absl::string_view part, absl::string_view description) {
    violations_.Add(absl::StrCat(field_, part), description);
  }

  bool MayBeAnswered(const Fact* fact, const FactAnswer& answer) {
    if (fact == nullptr) {
      Add(".fact", "must be the id of a fact of the catalogue in force");
    } else if (fact->storage() == v1::FACT_STORAGE_NEVER) {
      Add(".fact", "is never recorded: a person asks and acts on the answer");
    } else if (fact->storage() != v1::FACT_STORAGE_ANSWER) {
      Add(".fact", "is no answer: it is a field of the person, or follows from one");
    } else if (fact->scope() == v1::FACT_SCOPE_CASE && !place_.is_principal) {
      Add(".fact", "is answered once for all people, by the principal applicant");
    } else {
      return true;
    }
    return false;
  }

  void CheckValue(const Fact& fact, FactAnswer& answer) {
    switch (answer.value_case()) {
      case FactAnswer::kCode:
        return CheckCode(fact, answer);
      case FactAnswer::kCodes:
        return CheckCodes(fact, *answer.mutable_codes());
      case FactAnswer::kDate:
        return CheckDate(fact, answer.date());
      case FactAnswer::kNumber:
        if (answer.number() >= fact.least() && answer.number() <= fact.greatest()) return;
        return Add(".number", absl::StrCat("must be ", fact.least(), " to ", fact.greatest()));
      default:
        return;
    }
  }

  void CheckCode(const Fact& fact, FactAnswer& answer) {
    const auto code = CodeOf(fact, answer.code());
    if (!code) return Add(".code", "must be a code of the fact");
    answer.set_code(*code);
  }

  void CheckCodes(const Fact& fact, v1::FactCodes& codes) {
    if (codes.of().empty() || codes.of_size() > kCodesMax) {
      return Add(".codes.of", absl::StrCat("must be 1 to ", kCodesMax));
    }
    std::set<std::string> sorted;
    for (int i = 0; i < codes.of_size(); ++i) {
      const auto code = CodeOf(fact, codes.of(i));
      if (!code) {
        Add(At(".codes.of", i), "must be a code of the fact");
      } else {
        sorted.insert(*code);
      }
    }
    codes.mutable_of()->Assign(sorted.begin(), sorted.end());
  }

  void CheckDate(const Fact& fact, const v1::PartialDate& date) {
    const bool is_whole =
        fact.kind() != v1::FACT_KIND_DATE || PrecisionOf(date) == v1::DATE_PRECISION_DAY;
    if (IsValid(date) && !IsEmpty(date) && is_whole) return;
    Add(".date", fact.kind() == v1::FACT_KIND_DATE
                     ? "must be a day that exists, with year, month and day"
                     : "must be a date that exists: a year, year and month, or a whole day");
  }

  bool IsRetired(const Fact& fact) const {
    const auto days = RangeOf(fact.retired_on());
    return days && days->first <= place_.today;
  }

  bool IsOnFile(const FactAnswer& answer) const {
    const FactAnswer* const known = FindAnswer(known_, answer.fact());
    return known != nullptr && SaySame(*known, answer);
  }

  const Facts& facts_;
  const FactAnswers& known_;
  const AnswersPlace& place_;
  Violations& violations_;
  std::string field_;
  std::set<std::string> given_;
  std::vector<FactAnswer> answers_;
};

}  // namespace

bool HasCodes(v1::FactKind kind) {
  return kind == v1::FACT_KIND_ONE_OF || kind == v1::FACT_KIND_SOME_OF ||
         kind == v1::FACT_KIND_PLACE;
}

bool IsFactId(absl::string_view text) {
  constexpr size_t kIdMax = 48;
  return !text.empty() && text.size() <= kIdMax && absl::ascii_islower(text[0]) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_';
         });
}

bool IsSameFact(const Fact& expected, const Fact& found) {
  const auto has_code = [&](const v1::FactCode& code) {
    return std::any_of(found.codes().begin(), found.codes().end(),
                       [&](const v1::FactCode& other) { return other.code() == code.code(); });
  };
  return expected.kind() == found.kind() && expected.list() == found.list() &&
         expected.scope() == found.scope() && expected.storage() == found.storage() &&
         std::all_of(expected.codes().begin(), expected.codes().end(), has_code);
}

Facts::Facts(v1::FactCatalogue catalogue) : catalogue_(std::move(catalogue)) {
  for (const Fact& fact : catalogue_.facts()) by_id_[fact.id()] = &fact;
}

const Fact* Facts::Find(absl::string_view id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

const FactAnswer* FindAnswer(const FactAnswers& answers, absl::string_view fact) {
  for (const FactAnswer& answer : answers) {
    if (answer.fact() == fact) return &answer;
  }
  return nullptr;
}

bool SaySame(const FactAnswer& one, const FactAnswer& other) {
  FactAnswer a = one;
  FactAnswer b = other;
  a.clear_answered_on();
  b.clear_answered_on();
  return a.SerializeAsString() == b.SerializeAsString();
}

FactAnswers CheckAnswers(const Facts& facts, const FactAnswers& input, const FactAnswers& known,
                         const AnswersPlace& place, Violations& violations) {
  if (input.size() > kAnswersMax) {
    violations.Add(place.path, absl::StrCat("must be at most ", kAnswersMax));
    return {};
  }
  AnswerChecker checker(facts, known, place, violations);
  for (int i = 0; i < input.size(); ++i) checker.Check(i, input[i]);
  return checker.Take();
}

}  // namespace pathways::type
