#include "services/base/log.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace pathways::base {
namespace {

constexpr std::array kLevels = {LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError};
constexpr char kReplacement[] = "\xEF\xBF\xBD";  // U+FFFD.

bool InRange(unsigned char byte, unsigned char least, unsigned char most) {
  return byte >= least && byte <= most;
}

// Bytes of the well-formed UTF-8 sequence that `text` begins with (Unicode, table 3-7); 0 when
// there is none.
size_t SequenceLength(absl::string_view text) {
  const auto byte = [text](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : static_cast<unsigned char>(0);
  };
  const auto tail = [&byte](size_t i) { return InRange(byte(i), 0x80, 0xBF); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  if (InRange(lead, 0xC2, 0xDF)) return tail(1) ? 2 : 0;
  if (InRange(lead, 0xE0, 0xEF)) {
    const unsigned char least = lead == 0xE0 ? 0xA0 : 0x80;  // Not the longer form of a shorter.
    const unsigned char most = lead == 0xED ? 0x9F : 0xBF;   // No surrogates.
    return InRange(byte(1), least, most) && tail(2) ? 3 : 0;
  }
  if (InRange(lead, 0xF0, 0xF4)) {
    const unsigned char least = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned char most = lead == 0xF4 ? 0x8F : 0xBF;  // Nothing above U+10FFFF.
    return InRange(byte(1), least, most) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

// A JSON string (RFC 8259, section 7). A byte that is not UTF-8 becomes U+FFFD.
void AppendString(absl::string_view text, std::string& line) {
  line += '"';
  text = text.substr(0, kLogTextBytesMax);
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    const char c = text[0];
    if (length == 0) {
      line += kReplacement;
    } else if (length > 1) {
      absl::StrAppend(&line, text.substr(0, length));
    } else if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (c == '\n') {
      line += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      absl::StrAppendFormat(&line, "\\u%04x", c);
    } else {
      line += c;
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  line += '"';
}

}  // namespace

absl::string_view LogLevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "";
}

std::optional<LogLevel> LogLevelOf(absl::string_view name) {
  for (const LogLevel level : kLevels) {
    if (LogLevelName(level) == name) return level;
  }
  return std::nullopt;
}

void LogField::AppendTo(std::string& line) const {
  line += ',';
  AppendString(key_, line);
  line += ':';
  if (is_number_) {
    absl::StrAppend(&line, number_);
  } else {
    AppendString(text_, line);
  }
}

void Logger::WriteToStandardError(absl::string_view line) {
  ssize_t written = 0;
  do {
    written = write(STDERR_FILENO, line.data(), line.size());
  } while (written < 0 && errno == EINTR);
}

Logger::Logger(LogLevel threshold, const Clock& clock, Writer writer)
    : threshold_(threshold), clock_(clock), writer_(std::move(writer)) {}

void Logger::Info(absl::string_view event, LogFields fields) {
  Write(LogLevel::kInfo, event, fields);
}

void Logger::Warning(absl::string_view event, LogFields fields) {
  Write(LogLevel::kWarning, event, fields);
}

void Logger::Error(absl::string_view event, LogFields fields) {
  Write(LogLevel::kError, event, fields);
}

void Logger::Write(LogLevel level, absl::string_view event, LogFields fields) {
  if (level < threshold_) return;
  std::string line = absl::StrCat(
      "{\"time\":\"", absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", clock_.Now(), absl::UTCTimeZone()),
      "\",\"level\":\"", LogLevelName(level), "\",\"event\":");
  AppendString(event, line);
  for (const LogField& field : fields) field.AppendTo(line);
  line += "}\n";
  std::lock_guard<std::mutex> lock(mutex_);
  writer_(line);
}

}  // namespace pathways::base
