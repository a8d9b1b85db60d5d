#include "services/cli/fact_answers.h"

#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/cli/import_columns.h"
#include "services/cli/import_words.h"
#include "services/type/dates.h"

namespace pathways::cli {
namespace {

using type::v1::FactAnswer;

absl::Status Expected(absl::string_view what) { return absl::InvalidArgumentError(what); }

absl::Status ReadYes(const std::string& text, FactAnswer& answer) {
  const std::string word = EnglishOf("", WordOf(text));
  if (word != "yes" && word != "no") return Expected("must be one of: YES, NO, empty");
  answer.set_yes(word == "yes");
  return absl::OkStatus();
}

absl::Status ReadDate(const std::string& text, FactAnswer& answer) {
  const auto date = ParseDate(text);
  if (!date || !type::IsValid(*date)) {
    return Expected(
        "must be a date that exists, as YYYY-MM-DD, D/M/YYYY, YYYY-MM, MM/YYYY or YYYY, or empty");
  }
  *answer.mutable_date() = *date;
  return absl::OkStatus();
}

absl::Status ReadNumber(const std::string& text, FactAnswer& answer) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(text, &number)) return Expected("must be a whole number, or empty");
  answer.set_number(number);
  return absl::OkStatus();
}

std::string DateOf(const type::v1::PartialDate& date) {
  if (date.month() == 0) return absl::StrFormat("%04d", date.year());
  if (date.day() == 0) return absl::StrFormat("%04d-%02d", date.year(), date.month());
  return absl::StrFormat("%04d-%02d-%02d", date.year(), date.month(), date.day());
}

std::string ValueOf(const FactAnswer& answer) {
  switch (answer.value_case()) {
    case FactAnswer::kYes:
      return answer.yes() ? "yes" : "no";
    case FactAnswer::kCode:
      return answer.code();
    case FactAnswer::kCodes:
      return absl::StrJoin(answer.codes().of(), "|");
    case FactAnswer::kDate:
      return DateOf(answer.date());
    case FactAnswer::kNumber:
      return absl::StrCat(answer.number());
    case FactAnswer::VALUE_NOT_SET:
      break;
  }
  return "";
}

}  // namespace

absl::StatusOr<std::optional<FactAnswer>> ReadAnswer(const type::v1::Fact& fact,
                                                     const std::string& text, char separator) {
  if (text.empty()) return std::nullopt;
  FactAnswer answer;
  answer.set_fact(fact.id());
  absl::Status status;
  switch (fact.kind()) {
    case type::v1::FACT_KIND_YES_NO:
      status = ReadYes(text, answer);
      break;
    case type::v1::FACT_KIND_ONE_OF:
    case type::v1::FACT_KIND_PLACE:
      answer.set_code(text);
      break;
    case type::v1::FACT_KIND_SOME_OF:
      for (const absl::string_view code : absl::StrSplit(text, separator, absl::SkipWhitespace())) {
        answer.mutable_codes()->add_of(std::string(absl::StripAsciiWhitespace(code)));
      }
      break;
    case type::v1::FACT_KIND_NUMBER:
      status = ReadNumber(text, answer);
      break;
    default:
      status = ReadDate(text, answer);
  }
  if (!status.ok()) return status;
  return answer;
}

std::string ShowAnswer(const FactAnswer& answer) {
  return absl::StrCat(answer.fact(), "=", ValueOf(answer));
}

}  // namespace pathways::cli
