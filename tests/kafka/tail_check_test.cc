// Goal: a service notices that its database lost what its own topic has, and never says so of one
// that lost nothing - after restarts, repeats, foreign records and topics that are made anew.
// Method: a real broker; databases that lived the whole history, or only its first part.
#include "services/follow/tail_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/kafka/kafka_suite.h"

namespace pathways::testing_support {
namespace {

using follow::KafkaReader;
using follow::KafkaReaderOptions;
using follow::TailCheck;
using follow::TopicCheck;
using testing::HasSubstr;

constexpr int kPartitions = 3;

KafkaReaderOptions ReaderOf(const std::string& topic) {
  KafkaReaderOptions options;
  options.kafka = SuiteKafka();
  options.topic = topic;
  options.source = kSource;
  return options;
}

// What is in a topic, by the reader.
std::vector<engine::EventRow> ReadWhole(const std::string& topic) {
  auto reader = KafkaReader::Open(ReaderOf(topic), SuiteLog());
  EXPECT_TRUE(reader.ok()) << reader.status();
  const auto ranges = (*reader)->Ranges();
  EXPECT_TRUE(ranges.ok()) << ranges.status();
  std::vector<engine::EventRow> events;
  const absl::Status read = (*reader)->Read(*ranges, [&](int32_t, engine::EventRow event) {
    events.push_back(std::move(event));
    return absl::OkStatus();
  });
  EXPECT_TRUE(read.ok()) << read;
  return events;
}

class TailCheckTest : public testing::Test {
 protected:
  // Appends to the service's database `count` events for each of some streams.
  void Live(int count) {
    std::vector<engine::Command> commands;
    for (int i = 0; i < count; ++i) {
      for (const char* stream : {"a", "b", "c", "d"}) {
        commands.push_back({CaseOf(stream), "n", engine::RequestOrigin{}, {}});
      }
    }
    ASSERT_TRUE(follow::SubmitAll(service_.engine, std::move(commands)).ok());
  }
  // Publishes what lies after a position.
  void Publish(int64_t after) {
    auto publisher = follow::KafkaPublisher::Open(PublisherTo(topic_), SuiteLog());
    ASSERT_TRUE(publisher.ok());
    ASSERT_TRUE((*publisher)->Publish(*service_.store.ReadAfter(after, 100000)).ok());
  }
  absl::Status Check(engine::EventStore& store, TopicCheck what = TopicCheck::kWhole) {
    return TailCheck("intake", ReaderOf(topic_), store, SuiteLog()).Run(what);
  }
  // The database as it was at a position, with the places of then.
  std::unique_ptr<sim::MemoryStore> BackupAt(int64_t position) {
    auto backup = std::make_unique<sim::MemoryStore>(service_.clock, "backup");
    engine::BatchWrite write;
    std::map<std::string, engine::StreamWrite> writes;
    const auto events = service_.store.ReadAfter(0, static_cast<int>(position));
    for (const engine::EventRow& event : *events) {
      engine::StreamWrite& stream = writes[event.stream];
      stream.stream = event.stream;
      stream.row.version = event.number;
      stream.state_changed = true;
      stream.events.push_back(event);
    }
    for (auto& [stream, one] : writes) write.streams.push_back(std::move(one));
    for (int i = 0; i < kPartitions; ++i) {
      const std::string key = absl::StrCat("published/", i);
      const auto place = service_.store.ReadPosition(key);
      if (!place->incarnation.empty()) write.positions[key] = *place;
    }
    auto batch = backup->Begin();
    EXPECT_TRUE((*batch)->Commit(write).ok());
    return backup;
  }

  const std::string topic_ = NewTopic(kPartitions);
  Downstream service_;
};

TEST_F(TailCheckTest, ACancelledOneEndsAndForgetsNothing) {
  Live(5);
  Publish(0);
  TailCheck check("intake", ReaderOf(topic_), service_.store, SuiteLog());
  check.Cancel();
  const absl::Status ended = check.Run(TopicCheck::kWhole);
  EXPECT_TRUE(absl::IsUnavailable(ended)) << ended;
  for (int i = 0; i < kPartitions; ++i) {
    EXPECT_EQ(service_.store.ReadPosition(absl::StrCat("published/", i))->position, 0);
  }
  EXPECT_TRUE(Check(service_.store).ok());
}

TEST_F(TailCheckTest, TheReaderGivesEveryRecordOnceWithItsOffset) {
  Live(700);
  Publish(0);
  ProduceRaw(topic_, 1, {{"x", "no event", {}}});
  std::map<std::string, int64_t> last;
  size_t foreign = 0;
  const std::vector<engine::EventRow> events = ReadWhole(topic_);
  for (const engine::EventRow& event : events) {
    foreign += event.stream.empty();
    if (event.stream.empty()) continue;
    EXPECT_EQ(event.number, ++last[event.stream]);
  }
  EXPECT_EQ(events.size(), 2801u);
  EXPECT_EQ(foreign, 1u);
}

TEST_F(TailCheckTest, ATopicThatIsNotThereCannotBeCompared) {
  KafkaReaderOptions options = ReaderOf(NewPrefix() + "events");
  options.patience = absl::Seconds(2);
  EXPECT_EQ(TailCheck("intake", options, service_.store, SuiteLog()).Run(TopicCheck::kWhole).code(),
            absl::StatusCode::kUnavailable);
}

// Its partitions have no leader for a moment.
TEST_F(TailCheckTest, ATopicThatWasJustMadeIsWaitedFor) {
  for (int i = 0; i < 10; ++i) {
    const std::string topic = NewTopic(kPartitions);
    const absl::Status compared =
        TailCheck("intake", ReaderOf(topic), service_.store, SuiteLog()).Run(TopicCheck::kWhole);
    EXPECT_TRUE(compared.ok()) << compared;
  }
}

TEST_F(TailCheckTest, WhoLostNothingIsToldNothing) {
  EXPECT_TRUE(Check(service_.store).ok()) << "an empty topic";
  Live(300);
  Publish(0);
  EXPECT_TRUE(Check(service_.store).ok());
  Publish(0);  // A topic that is filled again.
  ProduceRaw(topic_, 1, {{"x", "no event", {}}});
  TailCheck check("intake", ReaderOf(topic_), service_.store, SuiteLog());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(check.Run(TopicCheck::kWhole).ok());
  Live(1);  // Not published.
  EXPECT_TRUE(check.Run(TopicCheck::kWhole).ok());
  EXPECT_TRUE(Check(service_.store).ok());
}

TEST_F(TailCheckTest, ADatabaseThatWasSetBackLostItsTail) {
  Live(300);
  Publish(0);
  ASSERT_TRUE(Check(service_.store).ok());
  const auto backup = BackupAt(*service_.store.LastPosition());
  EXPECT_TRUE(Check(*backup).ok());
  Live(1);
  Publish(*backup->LastPosition());
  ASSERT_TRUE(Check(service_.store).ok());
  for (int i = 0; i < 2; ++i) {
    const absl::Status lost = Check(*backup);
    EXPECT_EQ(lost.code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(lost.message()), HasSubstr("pathways restore --service intake"));
  }
}

// Over one session what this database published is passed over, and another's is found.
TEST_F(TailCheckTest, TheEndsAreEnoughToFindAnotherPublisher) {
  Live(300);
  Publish(0);
  ASSERT_TRUE(Check(service_.store, TopicCheck::kEnds).ok()) << "the first time all is compared";
  const auto backup = BackupAt(*service_.store.LastPosition());
  Live(2);
  Publish(*backup->LastPosition());
  ASSERT_TRUE(Check(service_.store, TopicCheck::kEnds).ok());
  EXPECT_EQ(Check(*backup, TopicCheck::kEnds).code(), absl::StatusCode::kDataLoss);
}

TEST_F(TailCheckTest, AnotherEventUnderAPublishedNumberIsALostTail) {
  Live(2);
  ProduceRaw(topic_, -1, {Record(CaseOf("a"), 2)});  // With an id of its own.
  EXPECT_EQ(Check(service_.store).code(), absl::StatusCode::kDataLoss);
}

// The database is whole, and so are the followers; other readers of the topic are not.
TEST_F(TailCheckTest, ATopicThatLostItsTailIsToldOfOnce) {
  std::vector<std::string> lines;
  base::Logger log(base::LogLevel::kInfo, service_.clock,
                   [&](absl::string_view line) { lines.emplace_back(line); });
  Live(10);
  Publish(0);
  TailCheck check("intake", ReaderOf(topic_), service_.store, log);
  ASSERT_TRUE(check.Run(TopicCheck::kWhole).ok());
  EXPECT_THAT(lines, testing::Not(testing::Contains(HasSubstr("own_topic_shortened"))));
  DeleteTopic(topic_);
  MakeTopic(topic_, kPartitions);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(check.Run(TopicCheck::kEnds).ok());
  std::erase_if(lines, [](const std::string& line) {
    return line.find("own_topic_shortened") == std::string::npos;
  });
  EXPECT_GE(lines.size(), 1u);
  EXPECT_LE(lines.size(), static_cast<size_t>(kPartitions));
  EXPECT_THAT(lines[0], HasSubstr("pathways topics rebuild"));
  Publish(0);
  EXPECT_TRUE(check.Run(TopicCheck::kWhole).ok());
}

// As many records as before: only the record at the place shows that it is another topic.
TEST_F(TailCheckTest, ATopicThatWasMadeAnewIsComparedFromItsStart) {
  Live(10);
  Publish(0);
  ASSERT_TRUE(Check(service_.store).ok());
  const auto backup = BackupAt(20);
  DeleteTopic(topic_);
  MakeTopic(topic_, kPartitions);
  Live(1);
  // Filled from the end to the start, so that what the backup lacks comes before its places.
  std::vector<follow::KafkaRecord> records;
  const auto events = service_.store.ReadAfter(0, 1000);
  for (const engine::EventRow& event : *events) {
    records.insert(records.begin(), follow::RecordOf(event, {kSource, "test.Counted"}));
  }
  ProduceRaw(topic_, -1, records);
  EXPECT_TRUE(Check(service_.store).ok());
  EXPECT_EQ(Check(*backup).code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace pathways::testing_support
