// Goal: events of a release that is newer than their follower keep nobody but, where they say what
// the follower cannot know, their own case; and that one goes on with the follower's next release.
// Method: eligibility's own domain over a real topic; intake's events with fields and a kind that
// no release has yet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "pathways/intake/v1/events.pb.h"
#include "services/eligibility/domain_adapter.h"
#include "services/follow/puller.h"
#include "tests/eligibility/builders.h"
#include "tests/kafka/kafka_suite.h"

namespace pathways::testing_support {
namespace {

using eligibility::EligibilityDomain;
using eligibility::Facts;
using intake::v1::IntakeEvent;
using testing::ElementsAre;
using testing::Pair;

constexpr int kNewField = 2000;
constexpr int kNewKind = 2001;
constexpr int64_t kNewKindNumber = 2;

// Appends what it is told, as it is.
class IntakeOfNextRelease : public NumberDomain {
 protected:
  absl::StatusOr<std::vector<engine::NewEvent>> Decide(absl::string_view command) const override {
    return std::vector<engine::NewEvent>{
        {"pathways.intake.v1.FromTheFuture", std::string(command), ""}};
  }
};

// Knows the new kind: it says what an update says.
class EligibilityOfNextRelease : public EligibilityDomain {
 public:
  using EligibilityDomain::EligibilityDomain;
  absl::StatusOr<engine::UpstreamCommand> FromUpstream(
      absl::string_view upstream, const engine::EventRow& event) const override {
    engine::EventRow known = event;
    IntakeEvent parsed;
    if (parsed.ParseFromString(event.data) && parsed.kind_case() == IntakeEvent::KIND_NOT_SET) {
      *parsed.mutable_case_updated()->mutable_facts() = Facts({"p1", "p2"});
      known.data = parsed.SerializeAsString();
    }
    return EligibilityDomain::FromUpstream(upstream, known);
  }
};

void AddUnknown(google::protobuf::Message& message, int field) {
  message.GetReflection()->MutableUnknownFields(&message)->AddLengthDelimited(field, "next");
}

IntakeEvent EventFor(const std::string& stream) {
  IntakeEvent event;
  event.set_case_id(CaseOf(stream));
  return event;
}

IntakeEvent Registered(const std::string& stream) {
  IntakeEvent event = EventFor(stream);
  *event.mutable_case_registered()->mutable_facts() = Facts({"p1"});
  return event;
}

// One database of eligibility, followed by a release.
struct Follower {
  explicit Follower(std::unique_ptr<EligibilityDomain> domain, sim::MemoryStore& store,
                    follow::StreamReader& upstream)
      : domain(std::move(domain)), store(store), upstream(upstream) {}
  follow::ConsumerParts Parts(follow::EventLogs& logs) {
    return {"intake", logs, *domain, store, engine, {}};
  }

  std::unique_ptr<EligibilityDomain> domain;
  sim::MemoryStore& store;
  follow::StreamReader& upstream;
  engine::Engine engine{*domain, store, engine::EngineOptions{}};
};

class ReleaseTest : public testing::Test {
 protected:
  void Append(const IntakeEvent& event) {
    ASSERT_TRUE(follow::SubmitAll(
                    upstream_engine_,
                    {{event.case_id(), event.SerializeAsString(), engine::RequestOrigin{}, {}}})
                    .ok());
  }
  std::unique_ptr<follow::KafkaSubscription> Subscribe(const std::string& topic) {
    follow::KafkaSubscriptionOptions options;
    options.kafka = SuiteKafka();
    options.topic = topic;
    options.group = topic + ".group";
    options.source = kSource;
    auto opened = follow::KafkaSubscription::Open(std::move(options), SuiteLog());
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *std::move(opened);
  }
  int64_t Applied(const std::string& stream) {
    return store_.ReadState(CaseOf(stream))->applied["intake"].number;
  }

  base::SystemClock clock_;
  IntakeOfNextRelease intake_;
  sim::MemoryStore upstream_{clock_, "intake"};
  engine::Engine upstream_engine_{intake_, upstream_, engine::EngineOptions{}};
  StoreStreams streams_{upstream_};
  sim::MemoryStore store_{clock_, "eligibility"};
};

TEST_F(ReleaseTest, WhatAFollowerCannotKnowKeepsItsOwnCaseUntilItsNextRelease) {
  IntakeEvent new_field = Registered("field");
  AddUnknown(new_field, kNewField);
  AddUnknown(*new_field.mutable_case_registered(), kNewField);
  AddUnknown(*new_field.mutable_case_registered()->mutable_facts(), kNewField);
  Append(new_field);
  Append(Registered("kind"));
  IntakeEvent new_kind = EventFor("kind");
  AddUnknown(new_kind, kNewKind);
  Append(new_kind);
  IntakeEvent later = EventFor("kind");
  *later.mutable_case_updated()->mutable_facts() = Facts({"p1"});
  Append(later);
  Append(Registered("behind-them"));
  const std::string topic = NewTopic(1);
  std::vector<follow::KafkaRecord> records;
  const auto events = upstream_.ReadAfter(0, 100);
  for (const engine::EventRow& event : *events) {
    records.push_back(follow::RecordOf(event, {kSource, "pathways.intake.v1.IntakeEvent"}));
  }
  ProduceRaw(topic, 0, records);

  const auto subscription = Subscribe(topic);
  {
    Follower now(
        std::make_unique<EligibilityDomain>(eligibility::RulesOf(eligibility::SmallPack())), store_,
        streams_);
    follow::Consumer consumer(now.Parts(*subscription));
    ASSERT_TRUE(subscription->Start().ok());
    ASSERT_TRUE(Eventually([&] { return Applied("behind-them") == 1; }));
  }
  EXPECT_EQ(Applied("field"), 1);
  EXPECT_EQ(store_.ReadState(CaseOf("field"))->parked_reason, "");
  EXPECT_EQ(store_.ReadState(CaseOf("field"))->version,
            store_.ReadState(CaseOf("behind-them"))->version);
  EXPECT_EQ(Applied("kind"), kNewKindNumber - 1);
  EXPECT_EQ(store_.ReadState(CaseOf("kind"))->parked_reason, "EVENT_UNREADABLE");
  EXPECT_THAT(store_.ReadState(CaseOf("kind"))->behind, ElementsAre(Pair("intake", 3)));
  EXPECT_EQ(store_.ReadPosition("intake/0")->position, 5);

  ASSERT_TRUE(store_.ClearParked(CaseOf("kind")).ok());  // As `pathways parked redrive`.
  Follower next(
      std::make_unique<EligibilityOfNextRelease>(eligibility::RulesOf(eligibility::SmallPack())),
      store_, streams_);
  follow::Puller puller({"intake", streams_, *next.domain, store_, next.engine, {}},
                        absl::Hours(1));
  ASSERT_TRUE(Eventually([&] { return Applied("kind") == 3; }));
  EXPECT_EQ(store_.ReadState(CaseOf("kind"))->parked_reason, "");
  EXPECT_TRUE(store_.ReadBehind(1)->empty());
}

}  // namespace
}  // namespace pathways::testing_support
