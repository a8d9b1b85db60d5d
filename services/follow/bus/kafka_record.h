// An event as a Kafka record, and back: CloudEvents 1.0, binary mode, in the Kafka binding.
//
// The key is the stream id, the value is the event's bytes, and everything else is a header, so a
// consumer in any language can choose records without parsing protobuf. The trace, where there is
// one, is the header `traceparent` of W3C Trace Context. Whoever may write to a topic may write
// anything, so EventOf checks every header and bounds what it takes. Knows neither librdkafka nor a
// service.
#ifndef PATHWAYS_SERVICES_FOLLOW_BUS_KAFKA_RECORD_H_
#define PATHWAYS_SERVICES_FOLLOW_BUS_KAFKA_RECORD_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "services/engine/store/event_store.h"

namespace pathways::follow {

struct KafkaRecord {
  std::string key;
  std::optional<std::string> value;  // Empty: a null value.
  std::vector<std::pair<std::string, std::string>> headers;
};

// What the records of one topic have in common.
struct KafkaEventSource {
  std::string source;  // ce_source, for example /pathways/intake.
  std::string schema;  // Full name of the message in the value: ce_dataschema. Not checked.
};

// ce_source of a service.
std::string KafkaSourceOf(const std::string& service);

KafkaRecord RecordOf(const engine::EventRow& event, const KafkaEventSource& source);

// The event in a record, without position. INVALID_ARGUMENT: it is no event of this source; the
// message is an upper-case code.
absl::StatusOr<engine::EventRow> EventOf(const KafkaRecord& record, const std::string& source);

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_BUS_KAFKA_RECORD_H_
