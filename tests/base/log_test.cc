#include "services/base/log.h"

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pathways::base {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class LogTest : public testing::Test {
 protected:
  Logger MakeLogger(LogLevel threshold) {
    return Logger(threshold, clock_, [this](absl::string_view line) { lines_.emplace_back(line); });
  }
  ManualClock clock_{absl::FromUnixMicros(1697500000000042)};
  std::vector<std::string> lines_;
};

TEST_F(LogTest, ALineIsOneJsonObject) {
  Logger log = MakeLogger(LogLevel::kInfo);
  const std::string id = "c-1";
  log.Warning("case_parked",
              {{"service", "intake"}, {"case", id}, {"number", 7}, {"max", INT64_MAX}});
  EXPECT_THAT(lines_, ElementsAre("{\"time\":\"2023-10-16T23:46:40.000042Z\",\"level\":\"warning\","
                                  "\"event\":\"case_parked\",\"service\":\"intake\","
                                  "\"case\":\"c-1\",\"number\":7,\"max\":9223372036854775807}\n"));
}

TEST_F(LogTest, LinesBelowTheThresholdAreLeftOut) {
  for (const auto& [name, count] :
       std::vector<std::pair<std::string, size_t>>{{"info", 3}, {"warning", 2}, {"error", 1}}) {
    lines_.clear();
    const std::optional<LogLevel> threshold = LogLevelOf(name);
    ASSERT_TRUE(threshold.has_value()) << name;
    Logger log = MakeLogger(*threshold);
    log.Info("a");
    log.Warning("b");
    log.Error("c");
    EXPECT_EQ(lines_.size(), count) << name;
  }
  EXPECT_FALSE(LogLevelOf("loud").has_value());
}

struct EscapeCase {
  std::string name;
  std::string text;
  std::string json;
};

class LogEscapeTest : public LogTest, public testing::WithParamInterface<EscapeCase> {};

TEST_P(LogEscapeTest, KeepsTheLineValid) {
  Logger log = MakeLogger(LogLevel::kInfo);
  log.Info("e", {{"x", GetParam().text}});
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_THAT(lines_[0], testing::EndsWith(",\"x\":\"" + GetParam().json + "\"}\n"));
}

constexpr char kBad[] = "\xEF\xBF\xBD";

INSTANTIATE_TEST_SUITE_P(
    All, LogEscapeTest,
    testing::Values(EscapeCase{"QuoteAndBackslash", "a\"b\\c", "a\\\"b\\\\c"},
                    EscapeCase{"LineEnd", "a\nb\r", "a\\nb\\u000d"},
                    EscapeCase{"Zero", std::string("a\0b", 3), "a\\u0000b"},
                    EscapeCase{"TwoBytes", "\xC3\xA9", "\xC3\xA9"},
                    EscapeCase{"FourBytes", "\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
                    EscapeCase{"LoneTail", "a\x80z", std::string("a") + kBad + "z"},
                    EscapeCase{"CutShort", "a\xC3", std::string("a") + kBad},
                    EscapeCase{"Overlong", "\xC0\xAF", std::string(kBad) + kBad},
                    EscapeCase{"Surrogate", "\xED\xA0\x80", std::string(kBad) + kBad + kBad},
                    EscapeCase{"AboveUnicode", "\xF4\x90\x80\x80",
                               std::string(kBad) + kBad + kBad + kBad},
                    EscapeCase{"TooLong", std::string(kLogTextBytesMax + 1, 'a'),
                               std::string(kLogTextBytesMax, 'a')}),
    [](const auto& info) { return info.param.name; });

TEST_F(LogTest, ThreadsDoNotMixTheirLines) {
  constexpr int kThreads = 4;
  constexpr int kLines = 200;
  Logger log = MakeLogger(LogLevel::kInfo);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&log, i] {
      for (int line = 0; line < kLines; ++line) log.Info("tick", {{"thread", i}, {"line", line}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lines_.size(), static_cast<size_t>(kThreads * kLines));
}

TEST_F(LogTest, TheDefaultIsStandardError) {
  testing::internal::CaptureStderr();
  Logger(LogLevel::kInfo, clock_).Error("broken");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("\"event\":\"broken\"}\n"));
}

}  // namespace
}  // namespace pathways::base
