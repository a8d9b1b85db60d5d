#include "services/cli/spreadsheet_cells.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "services/type/text.h"

namespace pathways::cli {
namespace {

constexpr absl::string_view kErrorAdvice =
    "is an error value of the spreadsheet: mend the cell there";
constexpr absl::string_view kFormulaAdvice =
    "is a formula: write the value itself, in a column whose format is text";

bool IsAll(absl::string_view text, bool (*is)(unsigned char)) {
  return std::all_of(text.begin(), text.end(),
                     [=](char c) { return is(static_cast<unsigned char>(c)); });
}

}  // namespace

bool IsErrorValue(absl::string_view text) {
  if (absl::ConsumePrefix(&text, "Err:")) return !text.empty() && IsAll(text, absl::ascii_isdigit);
  if (!absl::ConsumePrefix(&text, "#")) return false;
  return text == "N/A" || text == "N/D" || absl::EndsWith(text, "!") || absl::EndsWith(text, "?") ||
         (!text.empty() && text.find_first_not_of('#') == absl::string_view::npos);
}

SpreadsheetCell ReadCell(absl::string_view raw) {
  const type::CleanText clean = type::Clean(raw);
  // A text with a fault is judged with the rules of its field.
  if (clean.fault != type::TextFault::kNone) {
    return {std::string(absl::StripAsciiWhitespace(raw)), ""};
  }
  absl::string_view text = clean.text;
  if (IsErrorValue(text)) return {"", kErrorAdvice};
  if (!absl::ConsumePrefix(&text, "=")) return {clean.text, ""};
  const bool is_quoted = absl::ConsumePrefix(&text, "\"") && absl::ConsumeSuffix(&text, "\"");
  const std::string value = absl::StrReplaceAll(text, {{"\"\"", ""}});
  if (!is_quoted || absl::StrContains(value, "\"")) return {"", kFormulaAdvice};
  return {type::Clean(absl::StrReplaceAll(text, {{"\"\"", "\""}})).text, ""};
}

bool IsShortenedNumber(absl::string_view text) {
  absl::ConsumePrefix(&text, "-");
  const size_t exponent = text.find_first_of("eE");
  if (exponent == absl::string_view::npos) return false;
  absl::string_view mantissa = text.substr(0, exponent);
  absl::string_view power = text.substr(exponent + 1);
  const bool is_signed = absl::ConsumePrefix(&power, "+") || absl::ConsumePrefix(&power, "-");
  const size_t point = mantissa.find_first_of(".,");
  const absl::string_view whole = mantissa.substr(0, point);
  const absl::string_view rest =
      point == absl::string_view::npos ? absl::string_view() : mantissa.substr(point + 1);
  // 12E4 is a document number like any other; 1.2E+11 and 1E+11 are not.
  return is_signed && whole.size() == 1 && power.size() >= 2 && IsAll(whole, absl::ascii_isdigit) &&
         IsAll(rest, absl::ascii_isdigit) && IsAll(power, absl::ascii_isdigit);
}

}  // namespace pathways::cli
