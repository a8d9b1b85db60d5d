// Goal: SIGKILL of one of two replicas at any crash point of any service, over real Kafka and
// PostgreSQL, loses nothing, doubles nothing and puts nothing out of order. Method: a row for each
// service and each point that it must reach. Desks repeat every call under its request id until it
// is answered OK; the service starts anew with a first replica that leads, follows, and dies at the
// n-th hit of its point, n by the seed of `./dev chaos`. Both checkers read what is left. A point
// that is not reached fails its row. Replicas have names, so that the one that is to die has
// partitions at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/base/faults.h"
#include "tests/distributed/alarms.h"
#include "tests/distributed/chaos_settings.h"
#include "tests/distributed/deployment.h"
#include "tests/distributed/load.h"
#include "tests/distributed/settle.h"
#include "tests/support/eventually.h"
#include "tests/support/stores.h"

namespace pathways {
namespace {

using testing_support::Deployment;
using testing_support::DeploymentOptions;
using testing_support::Eventually;
using testing_support::History;
using testing_support::Load;
using testing_support::ServiceNames;
using testing_support::Settle;
using testing_support::Stores;
using testing_support::UnexplainedAlarms;
using testing_support::Verdicts;

constexpr int kReplicas = 2;
constexpr uint64_t kHitsMax = 8;
constexpr int kHeadsMax = 100'000;
constexpr char kPull[] = "puller.before_submit";

struct Row {
  std::string service;
  std::string point;
  int hit = 1;
  bool IsOfRebalance() const { return absl::StartsWith(point, "subscription."); }
};

bool Reaches(const std::string& service, base::CrashPart part) {
  switch (part) {
    case base::CrashPart::kEvery:
    case base::CrashPart::kKafka:
      return true;
    case base::CrashPart::kFollower:
      return service != "intake";
    case base::CrashPart::kProjector:
      return service == "intake";
  }
  return true;
}

std::vector<Row> Rows() {
  std::vector<Row> rows;
  uint64_t number = testing_support::ChaosSeed();
  for (const std::string& service : ServiceNames()) {
    for (const base::CrashPoint& point : base::CrashPoints()) {
      if (!Reaches(service, point.part)) continue;
      Row row{service, point.name};
      // A group that is quiet gives its partitions once, and what is missing is pulled together.
      const bool is_rare = row.IsOfRebalance() || row.point == kPull;
      if (!is_rare) row.hit = static_cast<int>(1 + number++ % kHitsMax);
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

// Marks what a service that does not run lacks of intake, as an event out of turn would: it is
// pulled before Kafka brings it. False: it lacks nothing yet.
bool MarksMissing(const Deployment& deployment, const std::string& service) {
  Stores stores(deployment.databases());
  auto heads = stores.intake().store->ReadHeads("", kHeadsMax);
  if (!heads.ok()) return false;
  // Of what it follows: the proposals of the officers are nobody else's.
  const engine::Domain& domain = *stores.Of(service).domain;
  std::erase_if(*heads, [&](const engine::StreamHead& head) {
    return !domain.Follows("intake", head.stream);
  });
  std::vector<std::string> streams;
  for (const engine::StreamHead& head : *heads) streams.push_back(head.stream);
  engine::EventStore& store = *stores.Of(service).store;
  auto applied = store.ReadApplied("intake", streams);
  if (!applied.ok()) return false;
  std::vector<engine::BehindRow> behind;
  for (const engine::StreamHead& head : *heads) {
    if (head.version <= (*applied)[head.stream]) continue;
    behind.push_back({head.stream, "intake", head.version, 0, absl::InfinitePast()});
  }
  return !behind.empty() && store.MarkBehind(behind).ok();
}

class CrashPointTest : public testing::TestWithParam<Row> {};

TEST_P(CrashPointTest, LosesAndDoublesNothing) {
  const Row& row = GetParam();
  DeploymentOptions options;
  options.replicas = kReplicas;
  options.replicas_max = kReplicas + 1;
  options.named = true;
  options.flags = {"--sweep-seconds", "1", "--timers-seconds", "1", "--group-session-seconds", "6"};
  Deployment deployment(options);
  ASSERT_TRUE(deployment.Start()) << deployment.Logs();
  History history;
  Load load(deployment, kReplicas,
            {.pause = absl::Milliseconds(20), .officers_pause = absl::Milliseconds(50)}, history);
  for (int replica = 1; replica <= kReplicas; ++replica) {
    deployment.Kill(row.service, replica);
    ASSERT_TRUE(deployment.WaitUntilKilled(row.service, replica));
  }
  if (row.point == kPull) {
    ASSERT_TRUE(Eventually([&] { return MarksMissing(deployment, row.service); }));
  }
  // It may die before it serves.
  (void)deployment.Launch(row.service, 1,
                          {absl::StrCat("PATHWAYS_CRASH_AT=", row.point, ":", row.hit)});
  ASSERT_TRUE(deployment.Launch(row.service, 2));
  // One more member: all give their partitions back, and get others.
  if (row.IsOfRebalance()) {
    ASSERT_TRUE(deployment.Launch(row.service, 3));
  }
  ASSERT_TRUE(deployment.WaitUntilKilled(row.service, 1)) << "the crash point was never reached";
  ASSERT_TRUE(deployment.Launch(row.service, 1));
  load.Finish();
  const Verdicts found = Settle(deployment, history, testing_support::kStillWithRepair);
  EXPECT_TRUE(found.IsClean()) << found << "\n" << deployment.Logs();
  EXPECT_THAT(UnexplainedAlarms(deployment.Logs()), testing::IsEmpty());
  EXPECT_GT(load.cases(), 0);
  EXPECT_GT(load.versions(), 0);
  EXPECT_EQ(load.refused(), 0) << load.refusals();
  EXPECT_EQ(load.unanswered(), 0);
}

INSTANTIATE_TEST_SUITE_P(All, CrashPointTest, testing::ValuesIn(Rows()),
                         [](const testing::TestParamInfo<Row>& row) {
                           std::string name = absl::StrCat(row.param.service, "_", row.param.point);
                           for (char& c : name) c = c == '.' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace pathways
