// The settings of a program: one table of what can be set, and where each value came from.
//
// A program declares its settings, hands in the environment and the flags that its command line
// found, reads each value once with the getter of its type, and then asks Check. A flag wins over
// the environment, the environment over the default. A getter never fails: it notes what is wrong
// and returns a harmless value, so that one start shows every mistake; nothing that a getter
// returned may be used before Check says OK. A variable that is set to the empty text counts as
// set. No value is ever part of a message: any of them may be a secret or hold one.
//
// Not thread-safe. Asking for a setting that is not declared, or declaring one twice, is a bug of
// the program and ends it.
#ifndef PATHWAYS_SERVICES_HOST_SETTINGS_H_
#define PATHWAYS_SERVICES_HOST_SETTINGS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/base/address.h"

namespace pathways::host {

struct Setting {
  std::string name;           // As in a flag, units last: "drain-seconds".
  std::string help;           // One line.
  std::string default_value;  // Empty: none.
};

// "drain-seconds" is PATHWAYS_DRAIN_SECONDS in the environment.
std::string EnvironmentName(absl::string_view setting);

enum class Presence { kRequired, kOptional };

class Settings {
 public:
  explicit Settings(std::vector<Setting> declared);

  // In the order of declaration: the command line makes a flag of each.
  const std::vector<Setting>& declared() const { return declared_; }

  // Takes the value of a flag.
  void Set(absl::string_view name, std::string value);
  // Takes the variables PATHWAYS_* of an environment in the form of `environ`. One that belongs to
  // no setting is a problem, as it is most often a typing mistake, unless `allowed` holds its name.
  void FromEnvironment(const char* const* environment, const std::vector<std::string>& allowed);

  std::string Text(absl::string_view name, Presence presence);
  // From `min` to `max`, both included; so with all ranges here.
  int64_t Integer(absl::string_view name, int64_t min, int64_t max);
  // A whole number of the unit that the setting's name ends in.
  absl::Duration Seconds(absl::string_view name, absl::Duration min, absl::Duration max);
  absl::Duration Milliseconds(absl::string_view name, absl::Duration min, absl::Duration max);
  // "host:port" or "[IPv6]:port". The name is not looked up.
  base::Address HostPort(absl::string_view name, Presence presence);
  // One of `words`, exactly as written.
  std::string Word(absl::string_view name, const std::vector<std::string>& words);
  // A folder or a regular file that exists and can be read.
  std::string Folder(absl::string_view name, Presence presence);
  std::string File(absl::string_view name, Presence presence);

  // Notes that the value of a setting is not what is expected of it, for rules of several settings.
  void Expect(absl::string_view name, absl::string_view expected);

  // INVALID_ARGUMENT when anything was wrong up to now, with a line for each problem.
  absl::Status Check() const;

 private:
  enum class Source { kDefault, kEnvironment, kFlag };
  struct Value {
    std::string text;
    Source source = Source::kDefault;
  };

  const Value& ValueOf(absl::string_view name) const;
  void AddProblem(std::string problem);
  // True when the value must be looked at; otherwise it is empty, which was noted if it is wrong.
  bool Present(absl::string_view name, Presence presence, absl::string_view expected);
  absl::Duration Whole(absl::string_view name, absl::Duration unit, absl::string_view unit_name,
                       absl::Duration min, absl::Duration max);
  std::string Path(absl::string_view name, Presence presence, bool folder);

  const std::vector<Setting> declared_;
  std::map<std::string, Value> values_;  // By name; one of each declared setting.
  std::vector<std::string> problems_;
};

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_SETTINGS_H_
