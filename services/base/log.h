// The log of a program: one JSON object a line, on standard error.
//
// A line holds `time` (RFC 3339, UTC, microseconds), `level`, `event` and the fields of the event.
// An event is a code that stands for one thing that happened ("case_parked"), so that a rule can
// count it; the only free text is `what`, the message of a status of our own code. Field values are
// ids, codes and numbers only: never a name, a date of birth or another personal value, never the
// message of a request, never a secret. A logger is passed by reference to who needs one; there is
// no global.
//
//   log.Warning("case_parked", {{"service", "intake"}, {"case", case_id}, {"number", number}});
#ifndef PATHWAYS_SERVICES_BASE_LOG_H_
#define PATHWAYS_SERVICES_BASE_LOG_H_

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "services/base/clock.h"

namespace pathways::base {

enum class LogLevel { kInfo, kWarning, kError };

// "info", "warning", "error", as a setting and a line have them.
absl::string_view LogLevelName(LogLevel level);
std::optional<LogLevel> LogLevelOf(absl::string_view name);

// Refers to the texts it is made of, and so lives no longer than the call that logs it. The key is
// not time, level or event.
class LogField {
 public:
  LogField(absl::string_view key, absl::string_view text) : key_(key), text_(text) {}
  LogField(absl::string_view key, const char* text) : key_(key), text_(text) {}
  LogField(absl::string_view key, const std::string& text) : key_(key), text_(text) {}
  template <std::integral Integer>
    requires(!std::same_as<Integer, bool>)
  LogField(absl::string_view key, Integer number)
      : key_(key), number_(static_cast<int64_t>(number)), is_number_(true) {}

  // Appends `,"key":value`.
  void AppendTo(std::string& line) const;

 private:
  absl::string_view key_;
  absl::string_view text_;
  int64_t number_ = 0;
  bool is_number_ = false;
};

using LogFields = std::initializer_list<LogField>;

// Longer texts are cut: a line has a bound, whatever is in its fields.
inline constexpr size_t kLogTextBytesMax = 512;

// Thread-safe. A call blocks while standard error does.
class Logger {
 public:
  // Gets a whole line with its line end; never called by two threads at once.
  using Writer = std::function<void(absl::string_view line)>;

  // One write(2) to standard error. A line that cannot be written is lost: nobody could be told.
  static void WriteToStandardError(absl::string_view line);

  // Lines below `threshold` are left out. `clock` must outlive the logger.
  Logger(LogLevel threshold, const Clock& clock, Writer writer = WriteToStandardError);

  void Info(absl::string_view event, LogFields fields = {});
  void Warning(absl::string_view event, LogFields fields = {});
  void Error(absl::string_view event, LogFields fields = {});

 private:
  void Write(LogLevel level, absl::string_view event, LogFields fields);

  const LogLevel threshold_;
  const Clock& clock_;
  const Writer writer_;
  std::mutex mutex_;  // Held while the writer runs.
};

}  // namespace pathways::base

#endif  // PATHWAYS_SERVICES_BASE_LOG_H_
