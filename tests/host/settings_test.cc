#include "services/host/settings.h"

#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace pathways::host {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> Problems(const Settings& settings) {
  const absl::Status status = settings.Check();
  if (status.ok()) return {};
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return absl::StrSplit(status.message(), '\n');
}

TEST(SettingsTest, FlagWinsOverEnvironmentOverDefault) {
  Settings settings({{"a", "", "default"}, {"b", "", "default"}, {"c-d", "", "default"}});
  const char* const environment[] = {"PATHWAYS_B=environment", "PATHWAYS_C_D=environment",
                                     "PATHWAYS_B=second", "OTHER=1", nullptr};
  settings.Set("c-d", "flag");
  settings.FromEnvironment(environment, {});
  EXPECT_EQ(settings.Text("a", Presence::kRequired), "default");
  EXPECT_EQ(settings.Text("b", Presence::kRequired), "environment");
  EXPECT_EQ(settings.Text("c-d", Presence::kRequired), "flag");
  EXPECT_TRUE(settings.Check().ok()) << settings.Check();
}

TEST(SettingsTest, EveryProblemIsToldWithItsSourceAndNoneWithItsValue) {
  Settings settings({{"data-dir", "", ""},
                     {"queue-max", "", "10"},
                     {"listen", "", "127.0.0.1:0"},
                     {"mode", "", "later"},
                     {"age-ms", "", "x"}});
  const char* const environment[] = {"PATHWAYS_QUEUE_MAX=hunter2", "PATHWAYS_QUEU_MAX=hunter2",
                                     "PATHWAYS_CRASH_AT=hunter2:1", nullptr};
  settings.FromEnvironment(environment, {"PATHWAYS_CRASH_AT"});
  settings.Set("listen", "hunter2");
  settings.Folder("data-dir", Presence::kRequired);
  settings.Integer("queue-max", 1, 100);
  settings.Integer("queue-max", 1, 100);  // Asked twice, told once.
  settings.HostPort("listen", Presence::kRequired);
  settings.Word("mode", {"soon", "now"});
  settings.Milliseconds("age-ms", absl::Seconds(1), absl::Hours(100));
  EXPECT_THAT(Problems(settings),
              ElementsAre(AllOf(HasSubstr("PATHWAYS_QUEU_MAX"), HasSubstr("no setting")),
                          AllOf(HasSubstr("--data-dir"), HasSubstr("PATHWAYS_DATA_DIR"),
                                HasSubstr("neither"), HasSubstr("a folder")),
                          AllOf(HasSubstr("--queue-max"), HasSubstr("PATHWAYS_QUEUE_MAX"),
                                HasSubstr("from 1 to 100")),
                          AllOf(HasSubstr("--listen (flag)"), HasSubstr("host:port")),
                          AllOf(HasSubstr("--mode (default)"), HasSubstr("one of soon, now")),
                          HasSubstr("milliseconds from 1000 to 360000000")));
  EXPECT_THAT(std::string(settings.Check().message()), Not(HasSubstr("hunter2")));
}

struct ValueCase {
  std::string name;
  std::string value;
  std::function<bool(Settings&)> got;  // Reads "x"; true when the value is the expected one.
  bool good;
};

class SettingsValueTest : public testing::TestWithParam<ValueCase> {};

TEST_P(SettingsValueTest, IsChecked) {
  Settings settings({{"x", "", ""}});
  settings.Set("x", GetParam().value);
  EXPECT_TRUE(GetParam().got(settings));
  EXPECT_EQ(settings.Check().ok(), GetParam().good) << settings.Check();
}

bool GetInteger(Settings& s, int64_t expected) { return s.Integer("x", -1, 9) == expected; }

bool GetSeconds(Settings& s, absl::Duration expected) {
  return s.Seconds("x", absl::Seconds(2), absl::Minutes(1)) == expected;
}

bool GetAddress(Settings& s, const std::string& host, int port) {
  const base::Address address = s.HostPort("x", Presence::kOptional);
  return address.host == host && address.port == port;
}

INSTANTIATE_TEST_SUITE_P(
    All, SettingsValueTest,
    testing::Values(
        ValueCase{"IntegerMin", "-1", [](Settings& s) { return GetInteger(s, -1); }, true},
        ValueCase{"IntegerBelow", "-2", [](Settings& s) { return GetInteger(s, -1); }, false},
        ValueCase{"IntegerMax", "9", [](Settings& s) { return GetInteger(s, 9); }, true},
        ValueCase{"IntegerAbove", "10", [](Settings& s) { return GetInteger(s, -1); }, false},
        ValueCase{"IntegerTail", "5x", [](Settings& s) { return GetInteger(s, -1); }, false},
        ValueCase{"IntegerHuge", "99999999999999999999",
                  [](Settings& s) { return GetInteger(s, -1); }, false},
        ValueCase{"IntegerEmpty", "", [](Settings& s) { return GetInteger(s, -1); }, false},
        ValueCase{"SecondsMin", "2", [](Settings& s) { return GetSeconds(s, absl::Seconds(2)); },
                  true},
        ValueCase{"SecondsBelow", "1", [](Settings& s) { return GetSeconds(s, absl::Seconds(2)); },
                  false},
        ValueCase{"SecondsMax", "60", [](Settings& s) { return GetSeconds(s, absl::Minutes(1)); },
                  true},
        ValueCase{"SecondsAbove", "61", [](Settings& s) { return GetSeconds(s, absl::Seconds(2)); },
                  false},
        ValueCase{"Milliseconds", "1500",
                  [](Settings& s) {
                    return s.Milliseconds("x", absl::ZeroDuration(), absl::Seconds(2)) ==
                           absl::Milliseconds(1500);
                  },
                  true},
        ValueCase{"Address", "db-1.local:65535",
                  [](Settings& s) { return GetAddress(s, "db-1.local", 65535); }, true},
        ValueCase{"AddressSix", "[::1]:0", [](Settings& s) { return GetAddress(s, "::1", 0); },
                  true},
        ValueCase{"AddressNone", "", [](Settings& s) { return GetAddress(s, "", 0); }, true},
        ValueCase{"AddressOpenSix", "::1:80", [](Settings& s) { return GetAddress(s, "", 0); },
                  false},
        ValueCase{"AddressNoHost", ":80", [](Settings& s) { return GetAddress(s, "", 0); }, false},
        ValueCase{"AddressNoPort", "host:", [](Settings& s) { return GetAddress(s, "", 0); },
                  false},
        ValueCase{"AddressPortAbove", "host:65536",
                  [](Settings& s) { return GetAddress(s, "", 0); }, false},
        ValueCase{"AddressUrl", "http://host:80", [](Settings& s) { return GetAddress(s, "", 0); },
                  false},
        ValueCase{"Word", "now", [](Settings& s) { return s.Word("x", {"soon", "now"}) == "now"; },
                  true},
        ValueCase{"WordCase", "Now",
                  [](Settings& s) { return s.Word("x", {"soon", "now"}) == "soon"; }, false},
        ValueCase{"TextMissing", "",
                  [](Settings& s) { return s.Text("x", Presence::kRequired).empty(); }, false},
        ValueCase{"TextOptional", "",
                  [](Settings& s) { return s.Text("x", Presence::kOptional).empty(); }, true}),
    [](const auto& info) { return info.param.name; });

TEST(SettingsTest, FolderAndFileMustExistAndBeOfTheirKind) {
  const testing_support::TempFolder folder;
  const std::string file = folder.path() + "/file";
  std::ofstream(file) << "x";
  Settings settings({{"folder", "", folder.path()},
                     {"file", "", file},
                     {"not-folder", "", file},
                     {"not-file", "", folder.path()},
                     {"missing", "", file + "x"}});
  EXPECT_EQ(settings.Folder("folder", Presence::kRequired), folder.path());
  EXPECT_EQ(settings.File("file", Presence::kRequired), file);
  EXPECT_TRUE(settings.Check().ok()) << settings.Check();
  settings.Folder("not-folder", Presence::kOptional);
  settings.File("not-file", Presence::kOptional);
  settings.File("missing", Presence::kOptional);
  EXPECT_THAT(Problems(settings), ElementsAre(HasSubstr("--not-folder"), HasSubstr("--not-file"),
                                              HasSubstr("--missing")));
}

TEST(SettingsDeathTest, BugsOfTheProgramEndIt) {
  EXPECT_DEATH(Settings({{"a-b", "", ""}, {"a_b", "", ""}}), "a_b is declared twice");
  EXPECT_DEATH(Settings({}).Text("x", Presence::kOptional), "x is not declared");
}

}  // namespace
}  // namespace pathways::host
