// Goal: relay and follower, killed between any two of their steps, lose and double nothing. Method:
// a process of its own on SQLite dies by SIGKILL at each crash point, and again, and is started
// once more without one; the topic is real.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "services/engine/store/sqlite_store.h"
#include "tests/kafka/kafka_suite.h"
#include "tests/support/temp_folder.h"

namespace pathways::testing_support {
namespace {

constexpr int kStreams = 10;
constexpr int kNumbers = 60;

// Runs the program until it ends. Its wait status; killed after a minute.
int Run(const std::string& role, const std::string& topic, const std::string& file,
        const std::string& crash_at) {
  const std::string bootstrap = SuiteKafka().bootstrap;
  const std::string events = absl::StrCat(kStreams * kNumbers);
  const pid_t child = fork();
  if (child == 0) {
    if (!crash_at.empty()) setenv("PATHWAYS_CRASH_AT", crash_at.c_str(), 1);
    alarm(60);
    execl(PATHWAYS_KAFKA_PROGRAM, PATHWAYS_KAFKA_PROGRAM, role.c_str(), bootstrap.c_str(),
          topic.c_str(), file.c_str(), events.c_str(), nullptr);
    _exit(127);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

// Kills it twice at the point, then lets it finish.
void RunKilled(const std::string& role, const std::string& topic, const std::string& file,
               const std::string& point) {
  for (const int hit : {1, 2}) {
    const int status = Run(role, topic, file, absl::StrCat(point, ":", hit));
    const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    // The second time all may be done before the point is reached again.
    ASSERT_TRUE(killed || (hit == 2 && status == 0)) << status;
  }
  ASSERT_EQ(Run(role, topic, file, ""), 0);
}

std::string NameOf(const testing::TestParamInfo<const char*>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

class KafkaFollowerKilled : public testing::TestWithParam<const char*> {};

TEST_P(KafkaFollowerKilled, LosesAndDoublesNothing) {
  const std::string topic = NewTopic(3);
  std::vector<follow::KafkaRecord> records;
  for (int number = 1; number <= kNumbers; ++number) {
    for (int i = 0; i < kStreams; ++i)
      records.push_back(Record(CaseOf(absl::StrCat("case-", i)), number));
  }
  ProduceRaw(topic, -1, records);
  const TempFolder folder;
  const std::string file = folder.path() + "/store.db";
  RunKilled("follow", topic, file, GetParam());
  const base::SystemClock clock;
  const auto store = engine::SqliteStore::Open(file, clock);
  ASSERT_TRUE(store.ok());
  for (int i = 0; i < kStreams; ++i) {
    const auto row = (*store)->ReadState(CaseOf(absl::StrCat("case-", i)));
    EXPECT_EQ(row->state.open, StateOf(kNumbers));
    EXPECT_EQ(row->parked_reason, "");
  }
  EXPECT_TRUE((*store)->ReadBehind(1)->empty());
  EXPECT_EQ(*(*store)->LastPosition(), kStreams * kNumbers);
}

INSTANTIATE_TEST_SUITE_P(Points, KafkaFollowerKilled,
                         testing::Values("consumer.before_submit", "engine.after_decide",
                                         "store.before_commit", "store.after_commit",
                                         "consumer.after_commit"),
                         NameOf);

class KafkaRelayKilled : public testing::TestWithParam<const char*> {};

TEST_P(KafkaRelayKilled, LeavesNoHole) {
  const std::string topic = NewTopic(3);
  const TempFolder folder;
  const std::string file = folder.path() + "/store.db";
  const base::SystemClock clock;
  {
    const auto store = engine::SqliteStore::Open(file, clock);
    ASSERT_TRUE(store.ok());
    const NumberDomain domain;
    engine::Engine engine(domain, **store, engine::EngineOptions{});
    std::vector<engine::Command> commands;
    for (int i = 0; i < kStreams * kNumbers; ++i) {
      commands.push_back(
          {CaseOf(absl::StrCat("case-", i % kStreams)), "n", engine::RequestOrigin{}, {}});
    }
    ASSERT_TRUE(follow::SubmitAll(engine, std::move(commands)).ok());
  }
  RunKilled("relay", topic, file, GetParam());
  const auto numbers = NumbersIn(ReadAll(topic, 3));
  ASSERT_EQ(numbers.size(), static_cast<size_t>(kStreams));
  for (const auto& [stream, found] : numbers) EXPECT_EQ(found, UpTo(kNumbers)) << stream;
}

INSTANTIATE_TEST_SUITE_P(Points, KafkaRelayKilled,
                         testing::Values("relay.before_publish", "relay.after_publish"), NameOf);

}  // namespace
}  // namespace pathways::testing_support
