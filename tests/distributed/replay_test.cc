// Goal: what a topic brings again, late, on another partition or in another order changes nothing.
// Method: two replicas of each program have handled some cases; then every record of the three
// topics is produced three times more while they run: in the order of each case, then so on other
// partitions, then wholly shuffled. Once everything was read, every row of the three databases must
// be as before, byte for byte, but for how far was read; and a new case goes its way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/follow/bus/kafka_topics.h"
#include "tests/distributed/database_rows.h"
#include "tests/distributed/deployment.h"
#include "tests/distributed/load.h"
#include "tests/distributed/settle.h"
#include "tests/kafka/kafka_suite.h"

namespace pathways {
namespace {

using follow::KafkaRecord;
using testing::IsEmpty;
using testing::SizeIs;
using testing_support::Deployment;
using testing_support::Eventually;
using testing_support::EveryRow;
using testing_support::Fetched;
using testing_support::History;
using testing_support::Load;
using testing_support::Rows;
using testing_support::ServiceNames;

constexpr int kReplicas = 2;
constexpr int kPartitions = 12;
constexpr int kCases = 30;
// Partitions that records are moved to: each costs a client.
constexpr std::array<int, 4> kOthers = {1, 4, 7, 10};

// Who reads a service's topic, and under which name.
const std::vector<std::tuple<std::string, std::string, std::string>>& Readers() {
  static const auto& readers = *new std::vector<std::tuple<std::string, std::string, std::string>>{
      {"intake", "eligibility", "intake"},
      {"intake", "referral", "intake"},
      {"eligibility", "referral", "eligibility"},
      {"eligibility", "intake", "status/eligibility"},
      {"referral", "intake", "status/referral"}};
  return readers;
}

class ReplayTest : public testing::Test {
 protected:
  std::string TopicOf(const std::string& service) const {
    return follow::EventsTopic(deployment_.prefix(), service);
  }
  std::vector<KafkaRecord> RecordsOf(const std::string& service) const {
    std::vector<KafkaRecord> records;
    for (Fetched& fetched : testing_support::ReadAll(TopicOf(service), kPartitions)) {
      records.push_back(std::move(fetched.record));
    }
    return records;
  }
  // Not std::shuffle: its order is another library's choice.
  void Shuffle(std::vector<KafkaRecord>& records) {
    for (size_t i = records.size(); i > 1; --i) std::swap(records[i - 1], records[random_() % i]);
  }
  // The cases in another order among each other; each one's records in their own.
  std::vector<KafkaRecord> Interleave(const std::vector<KafkaRecord>& records) {
    std::map<std::string, std::vector<KafkaRecord>> by_key;
    for (const KafkaRecord& record : records) by_key[record.key].push_back(record);
    std::vector<KafkaRecord> order = records;
    Shuffle(order);
    std::map<std::string, size_t> next;
    for (KafkaRecord& record : order) record = by_key[record.key][next[record.key]++];
    return order;
  }
  void Produce(const std::string& service, const std::map<int, std::vector<KafkaRecord>>& parts) {
    for (const auto& [partition, records] : parts) {
      testing_support::ProduceRaw(TopicOf(service), partition, records);
    }
  }
  void ProduceThrice(const std::string& service, const std::vector<KafkaRecord>& records) {
    Produce(service, {{-1, Interleave(records)}});
    std::map<std::string, int> moved;  // Another partition for each case.
    std::map<int, std::vector<KafkaRecord>> parts;
    for (KafkaRecord& record : Interleave(records)) {
      const int partition =
          moved.try_emplace(record.key, kOthers[random_() % kOthers.size()]).first->second;
      parts[partition].push_back(std::move(record));
    }
    Produce(service, parts);
    parts.clear();
    std::vector<KafkaRecord> shuffled = records;
    Shuffle(shuffled);
    for (KafkaRecord& record : shuffled) {
      parts[kOthers[random_() % kOthers.size()]].push_back(std::move(record));
    }
    Produce(service, parts);
  }
  // Whether every follower has read `records` of each topic.
  bool HaveRead(const std::map<std::string, size_t>& records) const {
    for (const auto& [service, reader, key] : Readers()) {
      const std::vector<std::string> read =
          Rows(deployment_.database(reader), {absl::StrCat("SELECT sum(position)::text FROM "
                                                           "positions WHERE upstream LIKE '",
                                                           key, "/%'")});
      if (read != std::vector<std::string>{absl::StrCat(records.at(service))}) return false;
    }
    return true;
  }
  // For who reads that it was not so: whether a reader stands still, and where, or the topic grew.
  std::string HowFar(const std::map<std::string, size_t>& records) const {
    std::string text;
    for (const auto& [service, reader, key] : Readers()) {
      absl::StrAppend(&text, "\n", reader, " was to read ", records.at(service), " of ", service,
                      ", which has ", RecordsOf(service).size(), " now; positions:");
      for (const std::string& row :
           Rows(deployment_.database(reader),
                {absl::StrCat("SELECT upstream || '=' || position::text FROM positions WHERE "
                              "upstream LIKE '",
                              key, "/%' ORDER BY 1")})) {
        absl::StrAppend(&text, " ", row);
      }
    }
    return text + "\n";
  }
  // Whether nothing will be published (again): a relay that was not told of its records' arrival
  // sends them once more, and a topic that is counted before is longer then.
  bool HavePublished() const {
    for (const std::string& service : ServiceNames()) {
      const std::vector<std::string> done =
          Rows(deployment_.database(service),
               {"SELECT (coalesce((SELECT max(position) FROM events), 0) = "
                "coalesce((SELECT max(watermark) FROM relay), 0))::text"});
      if (done != std::vector<std::string>{"true"}) return false;
    }
    return true;
  }
  void LiveOn(const std::string& name, int cases) {
    Load load(deployment_, kReplicas, {.pause = absl::Milliseconds(20), .name = name}, history_);
    ASSERT_TRUE(Eventually([&] { return load.cases() >= cases; })) << deployment_.Logs();
  }

  Deployment deployment_{{.replicas = kReplicas, .flags = {"--sweep-seconds", "1"}}};
  History history_;
  std::mt19937_64 random_{24};
};

TEST_F(ReplayTest, RecordsThatComeAgainInAnyOrderChangeNoByte) {
  ASSERT_TRUE(deployment_.Start()) << deployment_.Logs();
  ASSERT_NO_FATAL_FAILURE(LiveOn("before", kCases));
  const auto found = Settle(deployment_, history_, testing_support::kStillWithRepair);
  ASSERT_TRUE(found.IsClean()) << found << deployment_.Logs();
  ASSERT_TRUE(Eventually([&] { return HavePublished(); })) << deployment_.Logs();
  std::map<std::string, std::vector<KafkaRecord>> records;
  std::map<std::string, size_t> counts;
  for (const std::string& service : ServiceNames()) {
    records[service] = RecordsOf(service);
    counts[service] = records[service].size();
  }
  ASSERT_TRUE(Eventually([&] { return HaveRead(counts); })) << HowFar(counts) << deployment_.Logs();
  std::map<std::string, std::vector<std::string>> before;
  for (const std::string& service : ServiceNames()) {
    const std::string& database = deployment_.database(service);
    before[service] = EveryRow(database);
    ASSERT_GT(before[service].size(), counts[service]);
    ASSERT_THAT(Rows(database, {"SELECT 'x' FROM parked", "SELECT 'x' FROM behind"}), IsEmpty());
  }
  for (const auto& [service, all] : records) {
    ASSERT_NO_FATAL_FAILURE(ProduceThrice(service, all));
    counts[service] *= 4;
    ASSERT_THAT(RecordsOf(service), SizeIs(counts[service]));
  }
  EXPECT_TRUE(Eventually([&] { return HaveRead(counts); })) << HowFar(counts) << deployment_.Logs();
  for (const std::string& service : ServiceNames()) {
    EXPECT_TRUE(EveryRow(deployment_.database(service)) == before[service]) << service;
  }
  ASSERT_NO_FATAL_FAILURE(LiveOn("after", 1));
  EXPECT_TRUE(Eventually([&] { return deployment_.Check(history_).IsClean(); }))
      << deployment_.Check(history_) << deployment_.Logs();
}

}  // namespace
}  // namespace pathways
