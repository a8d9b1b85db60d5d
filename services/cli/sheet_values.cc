#include "services/cli/sheet_values.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "services/cli/spreadsheet_cells.h"

namespace pathways::cli {
namespace {

constexpr int64_t kSecondsPerDay = 86'400;
constexpr double kLastDay = 2'958'465;  // 9999-12-31, of 1900's.
// Spreadsheets keep 15 digits, so what a whole number of more digits was is not known.
constexpr double kWholeMax = 1e15;
constexpr int kDigitsMax = 15;

constexpr absl::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool IsWhole(double value) { return std::abs(value) < kWholeMax && value == std::trunc(value); }

std::string TextOfPlainNumber(double value) {
  if (IsWhole(value)) return absl::StrCat(static_cast<int64_t>(value));
  if (value == std::trunc(value)) return absl::StrFormat("%.5E", value);
  return absl::StrFormat("%.15g", value);
}

std::string TextOfDay(absl::CivilSecond time, const NumberFormat& format) {
  // Without a year it is what the program made of something like 1-2; it would show the same.
  if (!format.year) {
    return absl::StrFormat("%02d-%s", time.day(), kMonths[time.month() - 1]);
  }
  std::string text = absl::StrFormat("%04d", time.year());
  if (format.month || format.day) absl::StrAppend(&text, absl::StrFormat("-%02d", time.month()));
  if (format.day) absl::StrAppend(&text, absl::StrFormat("-%02d", time.day()));
  const bool is_midnight = time == absl::CivilSecond(absl::CivilDay(time));
  if (format.day && format.time && !is_midnight) {
    absl::StrAppend(&text,
                    absl::StrFormat(" %02d:%02d:%02d", time.hour(), time.minute(), time.second()));
  }
  return text;
}

std::string TextOfSerial(double value, const NumberFormat& format, DateSystem system) {
  if (!(value >= 0 && value < kLastDay + 1)) return "#####";  // As spreadsheets show it.
  const auto seconds = static_cast<int64_t>(std::llround(value * kSecondsPerDay));
  int64_t day = seconds / kSecondsPerDay;
  absl::CivilDay first(1904, 1, 1);
  if (system == DateSystem::k1900) {
    if (day == 0) return "1900-01-00";  // Neither is a day, and the import says so.
    if (day == 60) return "1900-02-29";
    first = day < 60 ? absl::CivilDay(1899, 12, 31) : absl::CivilDay(1899, 12, 30);
  }
  return TextOfDay(absl::CivilSecond(first + day) + seconds % kSecondsPerDay, format);
}

// Reads a format code character by character.
class FormatReader {
 public:
  explicit FormatReader(absl::string_view code) : rest_(code) {}

  NumberFormat Read() {
    while (!rest_.empty() && rest_.front() != ';') Take();
    // m is the minute beside hours or seconds, and the month elsewhere.
    if (has_m_) (has_clock_ && !format_.day && !format_.year ? format_.time : format_.month) = true;
    format_.time |= has_clock_;
    if (!is_simple_ || format_.IsDate() || format_.time) format_.digits_min = 0;
    if (format_.digits_min == 0) format_.prefix.clear();
    if (format_.digits_min == 0) format_.suffix.clear();
    return std::move(format_);
  }

 private:
  void AddText(absl::string_view text) {
    absl::StrAppend(format_.digits_min == 0 ? &format_.prefix : &format_.suffix, text);
  }
  void Skip(size_t bytes) { rest_.remove_prefix(std::min(bytes, rest_.size())); }

  void TakeQuoted() {
    const size_t end = rest_.find('"');
    AddText(rest_.substr(0, end));
    Skip(end == absl::string_view::npos ? end : end + 1);
  }

  // A colour, a condition, a language, or a time that runs beyond a day: [h].
  void TakeBracket() {
    const size_t end = rest_.find(']');
    const absl::string_view inside = rest_.substr(0, end);
    has_clock_ |= !inside.empty() && inside.find_first_not_of("hHmMsS") == absl::string_view::npos;
    Skip(end == absl::string_view::npos ? end : end + 1);
  }

  void TakeLetter(char letter) {
    switch (letter) {
      case 'y':
      case 'e':  // The year of an era; as an exponent it follows a digit.
        format_.year |= letter == 'y' || !has_digit_;
        is_simple_ = false;
        break;
      case 'm':
        has_m_ = true;
        break;
      case 'd':
        format_.day = true;
        break;
      case 'h':
      case 's':
        has_clock_ = true;
        break;
      default:
        is_simple_ = false;
    }
  }

  void Take() {
    if (absl::StartsWithIgnoreCase(rest_, "general")) {
      is_simple_ = false;
      return Skip(7);
    }
    const char c = rest_.front();
    Skip(1);
    if (c == '"') return TakeQuoted();
    if (c == '[') return TakeBracket();
    if (c == '_' || c == '*') return Skip(1);  // White space as wide as, or filled with, the next.
    if (c == '\\') {
      AddText(rest_.substr(0, 1));
      return Skip(1);
    }
    if (absl::ascii_isalpha(static_cast<unsigned char>(c)))
      return TakeLetter(absl::ascii_tolower(c));
    has_digit_ |= c == '0' || c == '#' || c == '?';
    if (c == '0') {
      is_simple_ = is_simple_ && format_.suffix.empty() && format_.digits_min < kDigitsMax;
      ++format_.digits_min;
    } else if (absl::StrContains("#?.,%@", absl::string_view(&c, 1))) {
      is_simple_ = false;
    } else {
      AddText(absl::string_view(&c, 1));
    }
  }

  absl::string_view rest_;
  NumberFormat format_;
  bool has_m_ = false;
  bool has_clock_ = false;
  bool has_digit_ = false;  // A place for one.
  bool is_simple_ = true;
};

std::optional<int> Digits(absl::string_view text) {
  int value = 0;
  const bool digits = std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
  if (!digits || !absl::SimpleAtoi(text, &value)) return std::nullopt;
  return value;
}

// The date and time of ISO 8601; nothing where the text is another.
std::optional<absl::CivilSecond> ReadIso(absl::string_view text) {
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = Digits(text.substr(0, 4));
  const auto month = Digits(text.substr(5, 2));
  const auto day = Digits(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const absl::CivilDay date(*year, *month, *day);
  if (date.month() != *month || date.day() != *day) return std::nullopt;
  absl::string_view time = text.substr(10);
  if (time.empty()) return absl::CivilSecond(date);
  if (time.size() < 9 || (time[0] != 'T' && time[0] != ' ')) return std::nullopt;
  const auto hour = Digits(time.substr(1, 2));
  const auto minute = Digits(time.substr(4, 2));
  const auto second = Digits(time.substr(7, 2));
  if (!hour || !minute || !second) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return absl::CivilSecond(*year, *month, *day, *hour, *minute, *second);
}

}  // namespace

NumberFormat ReadNumberFormat(absl::string_view code) { return FormatReader(code).Read(); }

absl::string_view BuiltInFormat(int64_t id) {
  if (id == 16) return "d-mmm";
  if (id == 17) return "mmm-yy";
  if (id == 22) return "yyyy-mm-dd h:mm";
  if ((id >= 18 && id <= 21) || (id >= 32 && id <= 35) || (id >= 45 && id <= 47)) return "h:mm:ss";
  // From 27 on they are those of East Asia; a Thai 71 to 81 is written out by Excel itself.
  if (id == 14 || id == 15 || (id >= 27 && id <= 36) || (id >= 50 && id <= 58)) return "yyyy-mm-dd";
  return "";
}

std::string TextOfNumber(double value, const NumberFormat& format, DateSystem system) {
  if (format.IsDate()) return TextOfSerial(value, format, system);
  if (format.digits_min > 0 && value >= 0 && IsWhole(value)) {
    return absl::StrCat(format.prefix,
                        absl::StrFormat("%0*d", format.digits_min, static_cast<int64_t>(value)),
                        format.suffix);
  }
  return TextOfPlainNumber(value);
}

std::string TextOfIsoDate(absl::string_view text, const NumberFormat& format) {
  const auto time = ReadIso(text);
  return time ? TextOfDay(*time, format) : std::string(text);
}

std::string TextOfShownNumber(double value, absl::string_view shown) {
  const std::string plain = TextOfPlainNumber(value);
  if (value < 0 || !IsWhole(value)) return plain;
  const size_t first = shown.find_first_of("0123456789");
  if (first == absl::string_view::npos) return plain;
  absl::string_view digits = shown.substr(first);
  const size_t end = digits.find_first_not_of("0123456789");
  const bool is_one_run = end == absl::string_view::npos ||
                          digits.substr(end).find_first_of("0123456789") == absl::string_view::npos;
  digits = digits.substr(0, end);
  while (digits.size() > plain.size() && absl::ConsumePrefix(&digits, "0")) {
  }
  return is_one_run && digits == plain ? std::string(shown) : plain;
}

std::string TextOfError(absl::string_view shown) {
  return IsErrorValue(shown) ? std::string(shown) : kErrorCell;
}

bool IsHexadecimal(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); });
}

std::string WithoutEscapes(absl::string_view text) {
  std::string result;
  for (;;) {
    const size_t start = text.find("_x");
    if (start == absl::string_view::npos) break;
    result.append(text.data(), start);
    text.remove_prefix(start);
    uint32_t code = 0;
    const bool is_escape = text.size() >= 7 && text[6] == '_' && IsHexadecimal(text.substr(2, 4)) &&
                           absl::SimpleHexAtoi(text.substr(2, 4), &code) && code < 0x80;
    result.append(is_escape ? std::string(1, static_cast<char>(code)) : "_x");
    text.remove_prefix(is_escape ? 7 : 2);
  }
  result.append(text.data(), text.size());
  return result;
}

std::optional<int> ColumnOfReference(absl::string_view reference) {
  int column = 0;
  int letters = 0;
  while (!reference.empty() && absl::ascii_isupper(static_cast<unsigned char>(reference.front()))) {
    if (++letters > 3) return std::nullopt;
    column = column * 26 + (reference.front() - 'A' + 1);
    reference.remove_prefix(1);
  }
  if (letters == 0) return std::nullopt;
  return column - 1;
}

std::string ColumnLetters(int column) {
  std::string letters;
  for (int rest = column + 1; rest > 0; rest = (rest - 1) / 26) {
    letters.insert(letters.begin(), static_cast<char>('A' + (rest - 1) % 26));
  }
  return letters;
}

}  // namespace pathways::cli
