// Goal: docs/operations.md names every setting, metric and exit code of the program, and
// docs/distributed.md every setting of the three programs.
// Method: the tables of the code against the text of the document. What is added to the code and
// not to the document makes a test fail; what the document says about it is for readers to check.

#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "services/cli/exit_codes.h"
#include "services/embedded/serving.h"
#include "services/host/lifecycle.h"
#include "services/host/metrics.h"
#include "services/host/settings.h"
#include "tests/support/run_in_shell.h"

namespace pathways::cli {
namespace {

std::string ReadSource(const std::string& path) {
  std::ifstream file(absl::StrCat(PATHWAYS_SOURCE_DIR, "/", path));
  EXPECT_TRUE(file.is_open()) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string Operations() { return ReadSource("docs/operations.md"); }

// Whether a line of the document begins so. Not a matcher: it would print the whole document.
void ExpectLine(const std::string& text, const std::string& beginning) {
  EXPECT_TRUE(absl::StrContains(text, "\n" + beginning))
      << "docs/operations.md has no line that begins with: " << beginning;
}

TEST(OperationsDocTest, HasEverySettingWithVariableAndDefault) {
  const std::string text = Operations();
  for (const host::Setting& setting : embedded::ServeSettingsTable()) {
    const std::string fallback =
        setting.default_value.empty() ? "none" : absl::StrCat("`", setting.default_value, "`");
    ExpectLine(text, absl::StrCat("| `", setting.name, "` | `", host::EnvironmentName(setting.name),
                                  "` | ", fallback, " |"));
  }
}

std::string ProgramOf(const std::string& service) {
  return absl::StrCat(PATHWAYS_SERVICES_DIR, "/", service, "/", service);
}

// Names of the settings of a service's program, from its help.
std::set<std::string> SettingsOf(const std::string& service) {
  const std::string help = testing_support::RunInShell(ProgramOf(service) + " --help").first;
  const std::regex flag("--([a-z-]+) TEXT");
  std::set<std::string> names;
  for (std::sregex_iterator found(help.begin(), help.end(), flag), end; found != end; ++found) {
    names.insert((*found)[1]);
  }
  EXPECT_TRUE(names.contains("database")) << "the help is not written as expected: " << help;
  return names;
}

TEST(DistributedDocTest, HasEverySettingOfTheThreePrograms) {
  const std::string text = ReadSource("docs/distributed.md");
  const size_t begin = text.find("\n## Settings");
  ASSERT_NE(begin, std::string::npos);
  const std::string section = text.substr(begin, text.find("\n## ", begin + 1) - begin);
  // What ./dev lint knows of them: it refuses a variable of a manifest that is no setting.
  const std::string manifests = ReadSource("cmake/lint/manifests.py");
  for (const char* service : {"intake", "eligibility", "referral"}) {
    for (const std::string& name : SettingsOf(service)) {
      EXPECT_TRUE(absl::StrContains(section, "`" + name + "`"))
          << "docs/distributed.md, Settings: " << name << " of " << service;
      const std::regex variable("[ \"]" + host::EnvironmentName(name).substr(9) + "[ \"]");
      EXPECT_TRUE(std::regex_search(manifests, variable))
          << "cmake/lint/manifests.py: " << name << " of " << service;
    }
  }
}

// All mistakes at once, and exit code 2, as the document says.
TEST(DistributedDocTest, AProgramNamesAllMistakesAtOnce) {
  for (const char* service : {"intake", "eligibility", "referral"}) {
    const auto [printed, code] = testing_support::RunInShell(
        absl::StrCat("env -i ", ProgramOf(service), " --kafka-login ", PATHWAYS_SOURCE_DIR,
                     "/README.md", " --kafka-login-mechanism PLANTED --kafka-tls-key /not/there",
                     " --feed-keys /not/there 2>&1"));
    EXPECT_EQ(code, 2) << printed;
    for (const char* line :
         {"--listen (set neither", "--kafka (set neither", "--feed-keys (flag): expected a file",
          "--kafka-tls-key (flag): expected a file",
          "--kafka-tls-ca (set neither by flag nor by PATHWAYS_KAFKA_TLS_CA): expected a file, for "
          "kafka-login is set",
          "--kafka-tls-certificate (set neither", "--kafka-login-mechanism (flag): expected one"}) {
      EXPECT_TRUE(absl::StrContains(printed, line)) << line << "\nis not in\n" << printed;
    }
    EXPECT_FALSE(absl::StrContains(printed, "PLANTED")) << printed;
  }
}

// Every function of Metrics once, so that every metric is in the text.
void TouchAll(host::Metrics& metrics) {
  metrics.CountCommand("intake", host::CommandOrigin::kRequest, absl::StatusCode::kOk);
  metrics.ObserveCommit("intake", 1, absl::Milliseconds(1));
  metrics.CountEvents("intake", 1);
  metrics.SetQueueLength("intake", 1);
  metrics.CountCall("GetCase", absl::StatusCode::kOk, absl::Milliseconds(1));
  metrics.SetRelayLag("intake", 1);
  metrics.SetConsumerLag("referral", "intake", 1);
  metrics.SetParked("intake", 1);
  metrics.SetBehind("intake", 1);
  metrics.SetStuck("intake", 1);
  metrics.SetOtherFolds("intake", 1);
  metrics.SetUnfoldable("intake", 1);
  metrics.CountStalePosition("referral", "intake");
  metrics.CountSweptMissing("referral", "intake", 1);
  metrics.CountDroppedTimers("intake", 1);
  metrics.SetUpstreamTailLost("referral", "intake", true);
  metrics.SetOwnTailLost("referral", true);
  metrics.SetVersionStopped("referral", true);
}

TEST(OperationsDocTest, HasEveryMetric) {
  host::Metrics metrics;
  TouchAll(metrics);
  std::set<std::string> names;
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(metrics.Text(), '\n'))) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    if (absl::StartsWith(line, "# TYPE ")) names.insert(words[2]);
  }
  const std::string text = Operations();
  for (const std::string& name : names) ExpectLine(text, "| `" + name + "`");
  // A metric that TouchAll forgets would not be in Text(), but its name is in the source.
  const std::string source = ReadSource("services/host/metrics.cc");
  const std::regex quoted("\"(pathways_[a-z_]+)\"");
  std::set<std::string> declared;
  for (std::sregex_iterator found(source.begin(), source.end(), quoted), end; found != end;
       ++found) {
    declared.insert((*found)[1]);
  }
  EXPECT_EQ(names, declared);
}

TEST(OperationsDocTest, HasEveryExitCode) {
  const std::string text = Operations();
  const std::string source = ReadSource("services/cli/exit_codes.h");
  const std::regex declared("kExit\\w+ = (\\d+),");
  std::set<int> codes = {host::kStopOverdueExitCode};
  for (std::sregex_iterator found(source.begin(), source.end(), declared), end; found != end;
       ++found) {
    codes.insert(std::stoi((*found)[1]));
  }
  EXPECT_TRUE(codes.contains(kExitUnreachable)) << "the enum is not written as expected";
  for (const int code : codes) ExpectLine(text, absl::StrCat("| ", code, " |"));
}

}  // namespace
}  // namespace pathways::cli
