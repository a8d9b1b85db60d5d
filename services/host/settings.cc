#include "services/host/settings.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace pathways::host {
namespace {

constexpr char kPrefix[] = "PATHWAYS_";

[[noreturn]] void EndForBug(absl::string_view name, const char* what) {
  std::fprintf(stderr, "bug: setting %s %s\n", std::string(name).c_str(), what);
  std::abort();
}

bool Exists(const std::string& path, bool folder) {
  struct stat found;
  if (stat(path.c_str(), &found) != 0) return false;
  if (folder) return S_ISDIR(found.st_mode) && access(path.c_str(), R_OK | X_OK) == 0;
  return S_ISREG(found.st_mode) && access(path.c_str(), R_OK) == 0;
}

}  // namespace

std::string EnvironmentName(absl::string_view setting) {
  return absl::StrCat(kPrefix, absl::AsciiStrToUpper(absl::StrReplaceAll(setting, {{"-", "_"}})));
}

Settings::Settings(std::vector<Setting> declared) : declared_(std::move(declared)) {
  std::set<std::string> environment_names;
  for (const Setting& setting : declared_) {
    if (!environment_names.insert(EnvironmentName(setting.name)).second) {
      EndForBug(setting.name, "is declared twice");
    }
    values_[setting.name].text = setting.default_value;
  }
}

const Settings::Value& Settings::ValueOf(absl::string_view name) const {
  const auto found = values_.find(std::string(name));
  if (found == values_.end()) EndForBug(name, "is not declared");
  return found->second;
}

void Settings::Set(absl::string_view name, std::string value) {
  (void)ValueOf(name);
  values_[std::string(name)] = {std::move(value), Source::kFlag};
}

void Settings::FromEnvironment(const char* const* environment,
                               const std::vector<std::string>& allowed) {
  std::map<std::string, std::string> names;
  for (const Setting& setting : declared_) names[EnvironmentName(setting.name)] = setting.name;
  for (; *environment != nullptr; ++environment) {
    const absl::string_view entry = *environment;
    const size_t equals = entry.find('=');
    if (equals == absl::string_view::npos || !absl::StartsWith(entry, kPrefix)) continue;
    const std::string variable(entry.substr(0, equals));
    if (const auto found = names.find(variable); found != names.end()) {
      Value& value = values_[found->second];
      // Of a variable that is there twice, getenv would take the first.
      if (value.source == Source::kDefault) {
        value = {std::string(entry.substr(equals + 1)), Source::kEnvironment};
      }
    } else if (std::find(allowed.begin(), allowed.end(), variable) == allowed.end()) {
      AddProblem(absl::StrCat(variable,
                              " (environment): is no setting of this program; remove it "
                              "or correct its name"));
    }
  }
}

void Settings::AddProblem(std::string problem) {
  if (std::find(problems_.begin(), problems_.end(), problem) != problems_.end()) return;
  problems_.push_back(std::move(problem));
}

void Settings::Expect(absl::string_view name, absl::string_view expected) {
  const Value& value = ValueOf(name);
  const std::string variable = EnvironmentName(name);
  std::string where;
  switch (value.source) {
    case Source::kFlag:
      where = absl::StrCat("--", name, " (flag)");
      break;
    case Source::kEnvironment:
      where = absl::StrCat("--", name, " (environment ", variable, ")");
      break;
    case Source::kDefault:
      where = value.text.empty()
                  ? absl::StrCat("--", name, " (set neither by flag nor by ", variable, ")")
                  : absl::StrCat("--", name, " (default)");
      break;
  }
  AddProblem(absl::StrCat(where, ": expected ", expected));
}

bool Settings::Present(absl::string_view name, Presence presence, absl::string_view expected) {
  if (!ValueOf(name).text.empty()) return true;
  if (presence == Presence::kRequired) Expect(name, expected);
  return false;
}

std::string Settings::Text(absl::string_view name, Presence presence) {
  return Present(name, presence, "a text that is not empty") ? ValueOf(name).text : "";
}

int64_t Settings::Integer(absl::string_view name, int64_t min, int64_t max) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(ValueOf(name).text, &number) || number < min || number > max) {
    Expect(name, absl::StrCat("a whole number from ", min, " to ", max));
    return min;
  }
  return number;
}

absl::Duration Settings::Whole(absl::string_view name, absl::Duration unit,
                               absl::string_view unit_name, absl::Duration min,
                               absl::Duration max) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(ValueOf(name).text, &number) || number * unit < min ||
      number * unit > max) {
    const auto count = [unit](absl::Duration limit) {
      return absl::ToInt64Nanoseconds(limit) / absl::ToInt64Nanoseconds(unit);
    };
    Expect(name,
           absl::StrCat("a whole number of ", unit_name, " from ", count(min), " to ", count(max)));
    return min;
  }
  return number * unit;
}

absl::Duration Settings::Seconds(absl::string_view name, absl::Duration min, absl::Duration max) {
  return Whole(name, absl::Seconds(1), "seconds", min, max);
}

absl::Duration Settings::Milliseconds(absl::string_view name, absl::Duration min,
                                      absl::Duration max) {
  return Whole(name, absl::Milliseconds(1), "milliseconds", min, max);
}

base::Address Settings::HostPort(absl::string_view name, Presence presence) {
  constexpr char kExpected[] = "host:port or [IPv6]:port, with a port from 0 to 65535";
  if (!Present(name, presence, kExpected)) return {};
  std::optional<base::Address> address = base::ParseAddress(ValueOf(name).text);
  if (!address) Expect(name, kExpected);
  return address.value_or(base::Address{});
}

std::string Settings::Word(absl::string_view name, const std::vector<std::string>& words) {
  const std::string& text = ValueOf(name).text;
  if (std::find(words.begin(), words.end(), text) != words.end()) return text;
  Expect(name, absl::StrCat("one of ", absl::StrJoin(words, ", ")));
  return words.empty() ? "" : words.front();
}

std::string Settings::Path(absl::string_view name, Presence presence, bool folder) {
  const char* expected =
      folder ? "a folder that exists and can be read" : "a file that exists and can be read";
  if (!Present(name, presence, expected)) return "";
  const std::string& path = ValueOf(name).text;
  if (Exists(path, folder)) return path;
  Expect(name, expected);
  return "";
}

std::string Settings::Folder(absl::string_view name, Presence presence) {
  return Path(name, presence, /*folder=*/true);
}

std::string Settings::File(absl::string_view name, Presence presence) {
  return Path(name, presence, /*folder=*/false);
}

absl::Status Settings::Check() const {
  if (problems_.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(problems_, "\n"));
}

}  // namespace pathways::host
