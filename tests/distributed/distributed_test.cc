// Goal: the three programs over real Kafka and PostgreSQL lose nothing, double nothing and give the
// known result of the sample day. Method: the built programs as child processes; clients repeat
// their calls under the same request ids while programs are killed, and the history checker reads
// the three databases. Where something is killed the sweep runs every second, since Kafka gives the
// partitions of a killed reader away only after its session has timed out; the sample day goes
// over Kafka alone.
#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pathways/pipeline/v1/feed.pb.h"
#include "services/base/signal.h"
#include "services/follow/bus/kafka_topics.h"
#include "tests/distributed/deployment.h"
#include "tests/kafka/kafka_suite.h"
#include "tests/support/kafka_broker.h"
#include "tests/support/kafka_tls.h"
#include "tests/support/sample_day.h"
#include "tests/support/temp_folder.h"

namespace pathways {
namespace {

using intake::v1::IntakeService;
using referral::v1::ReferralService;
using testing::ElementsAre;
using testing_support::Caller;
using testing_support::Deployment;
using testing_support::Eventually;
using testing_support::History;
using testing_support::kPatience;
using testing_support::ReadFile;
using testing_support::Verdict;

constexpr int kFeedPartitions = 12;
constexpr int kClients = 6;
constexpr int kKilledCases = 60;
constexpr int kTwiceCases = 20;
constexpr absl::Duration kTryAgain = absl::Milliseconds(20);

google::protobuf::Struct Parse(const std::string& json) {
  google::protobuf::Struct parsed;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &parsed).ok()) << json;
  return parsed;
}

// Registers case `index` of a test, the same request again until it is answered OK. The name of
// the case; empty when there was no such answer in time.
std::string Register(const Deployment& deployment, int replica, const std::string& test, int index,
                     History& history) {
  const auto request = testing_support::RegistrationOf(test, index, history);
  const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoSeconds(kPatience);
  base::Signal look;
  while (std::chrono::steady_clock::now() < deadline) {
    // A new connection: one to a killed program would wait before it tries again.
    const Caller desk = deployment.CallerTo("intake", replica);
    const auto registered =
        desk.Change("RegisterCase", &IntakeService::Stub::RegisterCase, request, history);
    if (registered.ok()) return registered->name();
    look.Wait(kTryAgain);
  }
  return "";
}

bool HasReferral(const Deployment& deployment, int replica, const std::string& case_name) {
  referral::v1::ListReferralsRequest request;
  request.set_parent(case_name);
  const auto page =
      deployment.CallerTo("referral", replica).Call(&ReferralService::Stub::ListReferrals, request);
  return page.ok() && page->referrals_size() > 0;
}

// Waits until every case has been screened and referred and until nothing is behind, and kills all
// programs; then the databases must say what the clients were told. Killed, because a reader whose
// group still waits for a dead one takes ten seconds to leave it.
void ExpectNothingLostOrDoubled(Deployment& deployment, int replica,
                                const std::vector<std::string>& cases, const History& history) {
  for (const std::string& name : cases) {
    ASSERT_TRUE(Eventually([&] { return HasReferral(deployment, replica, name); }))
        << name << deployment.Logs();
  }
  Eventually([&] { return deployment.Check(history).IsClean(); });
  deployment.KillAll();
  const Verdict verdict = deployment.Check(history);
  EXPECT_TRUE(verdict.IsClean()) << verdict << "\n" << deployment.Logs();
}

// What a dashboard sees of the day: each case once, under one name in all three services, and no
// name of a case.
void ExpectFeedOf(const Deployment& deployment, const google::protobuf::Struct& day) {
  std::map<std::string, int> registered;  // By pseudonym.
  std::set<std::string> others;
  std::set<std::string> ids;
  int answered = 0;
  const auto records =
      testing_support::ReadAll(follow::FeedTopic(deployment.prefix()), kFeedPartitions);
  for (const testing_support::Fetched& fetched : records) {
    pipeline::v1::PipelineRecord record;
    ASSERT_TRUE(record.ParseFromString(*fetched.record.value));
    EXPECT_TRUE(ids.insert(record.id()).second) << "sent twice though nothing failed";
    answered += record.stage() == pipeline::v1::STAGE_ANSWERED ? 1 : 0;
    if (record.stage() == pipeline::v1::STAGE_REGISTERED) {
      ++registered[record.pseudonym()];
    } else {
      others.insert(record.pseudonym());
    }
  }
  EXPECT_EQ(registered.size(), day.fields().at("registered_households").number_value());
  for (const auto& [pseudonym, count] : registered) EXPECT_EQ(count, 1) << pseudonym;
  EXPECT_GT(answered, 0);
  // The same case in another service has the same pseudonym.
  EXPECT_FALSE(others.empty());
  for (const std::string& pseudonym : others) EXPECT_TRUE(registered.contains(pseudonym));
}

TEST(DistributedTest, TheSampleDayGivesTheKnownCounts) {
  Deployment deployment({});
  ASSERT_TRUE(deployment.Start()) << deployment.Logs();
  const testing_support::TempFolder folder;
  ASSERT_TRUE(testing_support::WriteSampleDay("today", folder.path()));
  const std::string printed = deployment.Run(
      {"play", "--intake", deployment.Address("intake"), "--eligibility",
       deployment.Address("eligibility"), "--referral", deployment.Address("referral"),
       "--tokens-file", deployment.tokens(), "--file", folder.path() + "/tapachula-day.csv",
       "--answers", std::string(PATHWAYS_SOURCE_DIR) + "/samples/agency-answers.csv", "--output",
       "json"});
  const google::protobuf::Struct day = Parse(printed);
  const google::protobuf::Struct expected = Parse(ReadFile(folder.path() + "/expected.json"));
  for (const char* name : {"households", "registered_households", "registered_people",
                           "refused_households", "screened", "referral_states"}) {
    ASSERT_TRUE(day.fields().contains(name)) << name;
    EXPECT_EQ(day.fields().at(name).DebugString(), expected.fields().at(name).DebugString())
        << name;
  }
  EXPECT_TRUE(deployment.Terminate());
  ExpectFeedOf(deployment, day);
}

TEST(DistributedTest, TheProgramsWorkOverTlsWithALogin) {
  const auto tls = testing_support::KafkaTls::Make();
  ASSERT_TRUE(tls.ok()) << tls.status();
  const auto broker = testing_support::KafkaBroker::Start(tls->get());
  ASSERT_TRUE(broker.ok()) << broker.status();
  const std::vector<std::string> security = {"--kafka-tls-ca",          (*tls)->ca(),
                                             "--kafka-login",           (*tls)->login(),
                                             "--kafka-login-mechanism", "PLAIN"};
  Deployment deployment({.kafka = (*broker)->login_bootstrap(), .kafka_flags = security});
  ASSERT_TRUE(deployment.Start()) << deployment.Logs();
  History history;
  const std::string name = Register(deployment, 1, "tls", 0, history);
  ASSERT_NE(name, "") << deployment.Logs();
  ExpectNothingLostOrDoubled(deployment, 1, {name}, history);
  EXPECT_FALSE(absl::StrContains(deployment.Logs(), testing_support::KafkaTls::kPassword));
  // Reads the topic by the same settings, and finds that nothing is missing.
  std::vector<std::string> restore = {"restore",
                                      "--service",
                                      "intake",
                                      "--database",
                                      deployment.database("intake"),
                                      "--kafka",
                                      (*broker)->login_bootstrap(),
                                      "--topic-prefix",
                                      deployment.prefix()};
  restore.insert(restore.end(), security.begin(), security.end());
  EXPECT_NE(deployment.Run(restore), "");
}

// The answers of all clients. The one that makes a count full kills the program of that count.
class KillsByAnswers {
 public:
  KillsByAnswers(Deployment& deployment, std::map<int, std::string> kills)
      : deployment_(deployment), kills_(std::move(kills)) {}

  void Count() {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto kill = kills_.find(++answers_);
    if (kill == kills_.end()) return;
    deployment_.Kill(kill->second);
    killed_ = kill->first;
    changed_.notify_all();
  }
  bool WaitForKillAfter(int answers) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, absl::ToChronoSeconds(kPatience),
                             [&] { return killed_ >= answers; });
  }

 private:
  Deployment& deployment_;
  const std::map<int, std::string> kills_;
  std::mutex mutex_;  // Guards the two counts.
  std::condition_variable changed_;
  int answers_ = 0;
  int killed_ = 0;
};

// How often the group of a service has given out partitions.
int RebalancesOf(const Deployment& deployment, const std::string& group) {
  const std::vector<std::string> lines = absl::StrSplit(deployment.Logs(), '\n');
  return static_cast<int>(std::count_if(lines.begin(), lines.end(), [&](const std::string& line) {
    return absl::StrContains(line, "\"partitions_given\"") &&
           absl::StrContains(line, absl::StrCat("\"", deployment.prefix(), group, "\""));
  }));
}

// A replica that stops and comes back under its name is given its partitions, and the other one is
// given nothing. Referral is in two groups, by one name.
TEST(DistributedTest, ARollingRestartOfNamedReplicasMovesNoPartition) {
  Deployment deployment({.replicas = 2, .named = true});
  ASSERT_TRUE(deployment.Start()) << deployment.Logs();
  History history;
  std::vector<std::string> cases = {Register(deployment, 1, "named", 0, history)};
  ASSERT_TRUE(Eventually([&] { return HasReferral(deployment, 2, cases[0]); }));
  const std::vector<std::string> groups = {"pathways.referral.intake",
                                           "pathways.referral.eligibility"};
  std::map<std::string, int> given;
  for (const std::string& group : groups) {
    // The second one's coming gives the first one its share anew.
    ASSERT_TRUE(Eventually([&] { return RebalancesOf(deployment, group) >= 3; })) << group;
    given[group] = RebalancesOf(deployment, group);
    EXPECT_THAT(testing_support::NamesIn(deployment.prefix() + group),
                ElementsAre("referral-1", "referral-2"));
  }
  for (int replica = 1; replica <= 2; ++replica) {
    ASSERT_TRUE(deployment.Terminate("referral", replica));
    ASSERT_TRUE(deployment.Launch("referral", replica));
    cases.push_back(Register(deployment, 1, "named", replica, history));
    ASSERT_TRUE(Eventually([&] { return HasReferral(deployment, 2, cases.back()); }));
    for (auto& [group, count] : given) {
      ++count;  // The one that came back.
      ASSERT_TRUE(Eventually([&] { return RebalancesOf(deployment, group) >= count; })) << group;
      EXPECT_EQ(RebalancesOf(deployment, group), count) << deployment.Logs();
    }
  }
  ExpectNothingLostOrDoubled(deployment, 2, cases, history);
}

TEST(DistributedTest, AKillOfEachProgramLosesAndDoublesNothing) {
  Deployment deployment({.flags = {"--sweep-seconds", "1"}});
  ASSERT_TRUE(deployment.Start()) << deployment.Logs();
  History history;
  const std::map<int, std::string> kills = {{10, "intake"}, {25, "eligibility"}, {40, "referral"}};
  KillsByAnswers answers(deployment, kills);
  std::vector<std::string> cases(kKilledCases);
  std::atomic<int> next = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&] {
      for (int index = next++; index < kKilledCases; index = next++) {
        cases[index] = Register(deployment, 1, "killed", index, history);
        answers.Count();
      }
    });
  }
  for (const auto& [after, service] : kills) {
    EXPECT_TRUE(answers.WaitForKillAfter(after)) << service;
    EXPECT_TRUE(deployment.Restart(service)) << service;
  }
  for (std::thread& client : clients) client.join();
  ASSERT_EQ(std::count(cases.begin(), cases.end(), ""), 0) << deployment.Logs();
  ExpectNothingLostOrDoubled(deployment, 1, cases, history);
}

TEST(DistributedTest, TwoReplicasAnswerOneRequestOnceAndOneOfEachIsEnough) {
  Deployment deployment({.replicas = 2, .flags = {"--sweep-seconds", "1"}});
  ASSERT_TRUE(deployment.Start()) << deployment.Logs();
  History history;
  std::vector<std::string> cases;
  for (int index = 0; index < kTwiceCases; ++index) {
    std::string first;
    std::thread other([&] { first = Register(deployment, 1, "twice", index, history); });
    cases.push_back(Register(deployment, 2, "twice", index, history));
    other.join();
    ASSERT_NE(cases.back(), "");
    EXPECT_EQ(first, cases.back());
  }
  // Replica 1 was started first, so it leads the relay.
  for (const char* service : {"intake", "eligibility", "referral"}) {
    deployment.Kill(service);
    ASSERT_TRUE(deployment.WaitUntilKilled(service));
  }
  for (int index = 0; index < kTwiceCases; ++index) {
    cases.push_back(Register(deployment, 2, "after", index, history));
    ASSERT_NE(cases.back(), "");
  }
  ExpectNothingLostOrDoubled(deployment, 2, cases, history);
}

}  // namespace
}  // namespace pathways
