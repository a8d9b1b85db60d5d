#include "tests/distributed/topic_check.h"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/follow/bus/kafka_record.h"
#include "services/follow/bus/kafka_topics.h"
#include "tests/kafka/kafka_suite.h"

namespace pathways::testing_support {
namespace {

constexpr int kEventsMax = 1'000'000;

int PartitionsOf(const std::string& topic_prefix, const std::string& topic) {
  for (const follow::KafkaTopic& declared : follow::DeclaredTopics(topic_prefix, 1)) {
    if (declared.name == topic) return declared.partitions;
  }
  return 0;
}

// What an event says, whatever record brought it.
std::string ContentOf(const engine::EventRow& event) {
  return absl::StrCat(event.stream, " ", event.number, " ", event.type, " ", event.data);
}

// One topic against its service's events.
class TopicCheck {
 public:
  TopicCheck(const std::string& service, const std::vector<engine::EventRow>& stored,
             std::vector<Finding>& findings)
      : service_(service), findings_(findings) {
    for (const engine::EventRow& event : stored) missing_[event.ce_id] = ContentOf(event);
  }

  void Take(const engine::EventRow& event) {
    const std::string content = ContentOf(event);
    if (const auto seen = seen_.find(event.ce_id); seen != seen_.end()) {
      if (seen->second != content) Add(Fault::kUnexpected, event, "two records differ");
      return;
    }
    seen_[event.ce_id] = content;
    const auto stored = missing_.find(event.ce_id);
    if (stored == missing_.end()) {
      return Add(Fault::kUnexpected, event, "published, and not in the database");
    }
    if (stored->second != content) Add(Fault::kUnexpected, event, "not as in the database");
    missing_.erase(stored);
    int64_t& number = numbers_[event.stream];
    if (event.number != number + 1) Add(Fault::kOutOfOrder, event, "not the next of its case");
    number = event.number;
  }

  void Finish() {
    for (const auto& [ce_id, content] : missing_) {
      findings_.push_back(
          {Fault::kLost,
           absl::StrCat("topic of ", service_, ": no record of ",
                        content.substr(0, content.find(' ', content.find(' ') + 1)))});
    }
  }

 private:
  void Add(Fault fault, const engine::EventRow& event, const char* what) {
    findings_.push_back({fault, absl::StrCat("topic of ", service_, ": ", event.stream, " ",
                                             event.number, ": ", what)});
  }

  const std::string service_;
  std::vector<Finding>& findings_;
  std::map<std::string, std::string> missing_;  // Contents by ce_id.
  std::map<std::string, std::string> seen_;
  std::map<std::string, int64_t> numbers_;  // Last number by stream.
};

}  // namespace

Verdict CheckTopics(const std::string& topic_prefix, const Databases& databases) {
  Verdict verdict;
  Stores stores(databases);
  for (StoreView& view : stores.views()) {
    const auto stored = view.store->ReadAfter(0, kEventsMax);
    if (!stored.ok()) {
      verdict.findings.push_back({Fault::kLost, view.name + ": the store cannot be read"});
      continue;
    }
    TopicCheck check(view.name, *stored, verdict.findings);
    const std::string topic = follow::EventsTopic(topic_prefix, view.name);
    for (const Fetched& fetched : ReadAll(topic, PartitionsOf(topic_prefix, topic))) {
      const auto event = follow::EventOf(fetched.record, follow::KafkaSourceOf(view.name));
      if (event.ok()) {
        check.Take(*event);
      } else {
        verdict.findings.push_back(
            {Fault::kUnexpected, absl::StrCat("topic of ", view.name, ": no event")});
      }
    }
    check.Finish();
  }
  return verdict;
}

Verdict CheckForTexts(const std::string& topic_prefix, const std::set<std::string>& texts) {
  Verdict verdict;
  for (const follow::KafkaTopic& topic : follow::DeclaredTopics(topic_prefix, 1)) {
    for (const Fetched& fetched : ReadAll(topic.name, topic.partitions)) {
      std::string all = absl::StrCat(fetched.record.key, "\n", fetched.record.value.value_or(""));
      for (const auto& [name, value] : fetched.record.headers) absl::StrAppend(&all, "\n", value);
      for (const std::string& text : texts) {
        if (!absl::StrContains(all, text)) continue;
        verdict.findings.push_back(
            {Fault::kUnexpected, absl::StrCat(text, " in plain in ", topic.name, ", partition ",
                                              fetched.partition, ", offset ", fetched.offset)});
      }
    }
  }
  return verdict;
}

}  // namespace pathways::testing_support
