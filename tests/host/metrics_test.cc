#include "services/host/metrics.h"

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pathways::host {
namespace {

using testing::Contains;

std::vector<std::string> Lines(Metrics& metrics) { return absl::StrSplit(metrics.Text(), '\n'); }

struct SeriesCase {
  std::string name;
  std::function<void(Metrics&)> record;
  std::vector<std::string> lines;
};

class MetricsSeriesTest : public testing::TestWithParam<SeriesCase> {};

TEST_P(MetricsSeriesTest, IsRenderedWithHelp) {
  Metrics metrics;
  GetParam().record(metrics);
  const std::vector<std::string> lines = Lines(metrics);
  for (const std::string& line : GetParam().lines) EXPECT_THAT(lines, Contains(line));
  for (const std::string& line : lines) {
    if (!absl::StartsWith(line, "# TYPE ")) continue;
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    EXPECT_THAT(lines, Contains(testing::MatchesRegex("# HELP " + words[2] + " .+[.]")));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, MetricsSeriesTest,
    testing::Values(
        SeriesCase{
            "Commands",
            [](Metrics& m) {
              m.CountCommand("intake", CommandOrigin::kRequest, absl::StatusCode::kOk);
              m.CountCommand("intake", CommandOrigin::kRequest, absl::StatusCode::kOk);
              m.CountCommand("referral", CommandOrigin::kEvent, absl::StatusCode::kInternal);
              m.CountCommand("referral", CommandOrigin::kTimer, absl::StatusCode::kAborted);
            },
            {R"(pathways_commands_total{code="OK",origin="request",service="intake"} 2)",
             R"(pathways_commands_total{code="INTERNAL",origin="event",service="referral"} 1)",
             R"(pathways_commands_total{code="ABORTED",origin="timer",service="referral"} 1)"}},
        SeriesCase{"Commit",
                   [](Metrics& m) { m.ObserveCommit("intake", 3, absl::Milliseconds(250)); },
                   {R"(pathways_commit_commands_bucket{service="intake",le="2"} 0)",
                    R"(pathways_commit_commands_bucket{service="intake",le="4"} 1)",
                    R"(pathways_commit_seconds_sum{service="intake"} 0.25)"}},
        SeriesCase{"Events",
                   [](Metrics& m) { m.CountEvents("intake", 5); },
                   {R"(pathways_events_total{service="intake"} 5)"}},
        SeriesCase{"Timers",
                   [](Metrics& m) {
                     m.CountDroppedTimers("intake", 0);
                     m.CountDroppedTimers("eligibility");
                   },
                   {R"(pathways_timers_dropped_total{service="intake"} 0)",
                    R"(pathways_timers_dropped_total{service="eligibility"} 1)"}},
        SeriesCase{"Queue",
                   [](Metrics& m) { m.SetQueueLength("intake", 7); },
                   {R"(pathways_queue_commands{service="intake"} 7)"}},
        SeriesCase{"Calls",
                   [](Metrics& m) {
                     m.CountCall("Intake/Get", absl::StatusCode::kNotFound, absl::Seconds(2));
                   },
                   {R"(pathways_rpc_calls_total{code="NOT_FOUND",method="Intake/Get"} 1)",
                    R"(pathways_rpc_seconds_sum{method="Intake/Get"} 2)"}},
        SeriesCase{"Streams",
                   [](Metrics& m) {
                     m.SetParked("referral", 1);
                     m.SetBehind("referral", 2);
                     m.SetStuck("referral", 3);
                     m.SetStuck("referral", 0);
                     m.SetOtherFolds("referral", 4);
                     m.SetUnfoldable("referral", 5);
                   },
                   {R"(pathways_parked_streams{service="referral"} 1)",
                    R"(pathways_behind_streams{service="referral"} 2)",
                    R"(pathways_stuck_streams{service="referral"} 0)",
                    R"(pathways_states_of_another_fold{service="referral"} 4)",
                    R"(pathways_states_that_cannot_be_folded{service="referral"} 5)"}},
        SeriesCase{
            "Lag",
            [](Metrics& m) {
              m.SetRelayLag("intake", 4);
              m.SetConsumerLag("eligibility", "intake", 6);
              m.CountStalePosition("referral", "eligibility", 0);
              m.CountStalePosition("referral", "intake");
              m.CountSweptMissing("eligibility", "intake", 0);
              m.CountSweptMissing("referral", "intake", 2);
              m.CountSweptMissing("referral", "intake", 1);
              m.SetUpstreamTailLost("eligibility", "intake", true);
              m.SetUpstreamTailLost("referral", "eligibility", false);
              m.SetOwnTailLost("intake", true);
              m.SetOwnTailLost("referral", false);
            },
            {R"(pathways_relay_lag_events{service="intake"} 4)",
             R"(pathways_consumer_lag_events{service="eligibility",upstream="intake"} 6)",
             R"(pathways_stale_positions_total{service="referral",upstream="eligibility"} 0)",
             R"(pathways_stale_positions_total{service="referral",upstream="intake"} 1)",
             R"(pathways_swept_missing_total{service="eligibility",upstream="intake"} 0)",
             R"(pathways_swept_missing_total{service="referral",upstream="intake"} 3)",
             R"(pathways_upstream_tail_lost{service="eligibility",upstream="intake"} 1)",
             R"(pathways_upstream_tail_lost{service="referral",upstream="eligibility"} 0)",
             R"(pathways_own_tail_lost{service="intake"} 1)",
             R"(pathways_own_tail_lost{service="referral"} 0)"}}),
    [](const auto& info) { return info.param.name; });

TEST(MetricsTest, SamplersRunForEachText) {
  Metrics metrics;
  int64_t calls = 0;
  metrics.AddSampler([&] { metrics.SetParked("intake", ++calls); });
  metrics.Text();
  EXPECT_THAT(Lines(metrics), Contains(R"(pathways_parked_streams{service="intake"} 2)"));
}

TEST(MetricsTest, TheNumberOfSeriesIsBounded) {
  Metrics metrics;
  for (size_t i = 0; i < kMetricSeriesMax + 10; ++i) metrics.CountEvents(absl::StrCat("s", i), 1);
  metrics.CountEvents("s0", 1);  // What is known stays itself.
  const std::vector<std::string> lines = Lines(metrics);
  size_t series = 0;
  for (const std::string& line : lines) series += absl::StartsWith(line, "pathways_events_total{");
  EXPECT_EQ(series, kMetricSeriesMax);
  EXPECT_THAT(lines, Contains(R"(pathways_events_total{service="other"} 11)"));
  EXPECT_THAT(lines, Contains(R"(pathways_events_total{service="s0"} 2)"));
}

TEST(MetricsTest, ThreadsLoseNoCount) {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&metrics] {
      for (int n = 0; n < 500; ++n) metrics.CountEvents("intake", 1);
    });
  }
  metrics.Text();
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(Lines(metrics), Contains(R"(pathways_events_total{service="intake"} 2000)"));
}

}  // namespace
}  // namespace pathways::host
