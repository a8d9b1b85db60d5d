// librdkafka's clients, owned, configured and made to speak in absl::Status.
//
// A KafkaConf collects settings and makes a client; KafkaClient owns one. What librdkafka has to
// say beside results - its log and errors of a whole client - goes to the JSON log with the code of
// what happened, never with the content of a record, through the KafkaOwner that every client
// belongs to. Only services/follow/bus/kafka*.cc includes librdkafka; this header names its types
// without it. Settings that carry the guarantee cannot be overridden from outside.
#ifndef PATHWAYS_SERVICES_FOLLOW_BUS_KAFKA_H_
#define PATHWAYS_SERVICES_FOLLOW_BUS_KAFKA_H_

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/base/log.h"
#include "services/follow/bus/kafka_record.h"

// NOLINTBEGIN(readability-identifier-naming): these are librdkafka's names.
struct rd_kafka_s;
struct rd_kafka_conf_s;
struct rd_kafka_message_s;
struct rd_kafka_topic_partition_list_s;
// NOLINTEND(readability-identifier-naming)

namespace pathways::follow {

// Where Kafka is and who we are to it.
struct KafkaSettings {
  std::string bootstrap;  // host:port, more after commas.
  std::string client_id;  // Shown in the broker's logs and quotas, for example "intake".
  // security.protocol, sasl.* and ssl.* as librdkafka names them; anything else is refused.
  std::map<std::string, std::string> security;
};

// What a caller has to know of an error.
struct KafkaFault {
  bool fatal = false;      // The client is of no use any more: make a new one.
  bool refused = false;    // The broker will never take this record (or the batch it was part of).
  bool forbidden = false;  // The client may not: until an operator grants it.
  // None of them: try again.
};

KafkaFault KafkaFaultOf(int code);
// Name of a code, for example MSG_SIZE_TOO_LARGE.
std::string KafkaCodeName(int code);
// UNAVAILABLE, or PERMISSION_DENIED when forbidden; `doing` says what failed.
absl::Status KafkaStatus(int code, absl::string_view doing);

// A message as it was read.
KafkaRecord RecordIn(const rd_kafka_message_s& message);

// Base of whatever owns a client and gets its callbacks. Must outlive the client.
class KafkaOwner {
 public:
  KafkaOwner(base::Logger& log, std::string name) : log_(log), name_(std::move(name)) {}
  virtual ~KafkaOwner() = default;
  // librdkafka says something. Called on its threads.
  void Log(int syslog_level, absl::string_view facility, absl::string_view what);
  // A client-wide error, which librdkafka itself tries to overcome. Called where the client is
  // polled.
  void Error(int code);

 protected:
  // As KafkaStatus, but with what TLS or login had to say: without it a certificate that is not
  // accepted is seen as a mere timeout.
  absl::Status Explain(int code, absl::string_view doing) const;
  // Whether TLS or login failed since Forget.
  bool is_rejected() const { return rejected_ != 0; }
  void Forget() { rejected_ = 0; }

  base::Logger& log_;

 private:
  std::atomic<int> rejected_ = 0;  // Code of the last failure of TLS or login.
  const std::string name_;
};

// Destroys a client without waiting for the network: a producer's queue is purged, a consumer that
// should leave its group has left before.
struct KafkaDeleter {
  void operator()(rd_kafka_s* client) const;
  void operator()(rd_kafka_topic_partition_list_s* list) const;
};
using KafkaClient = std::unique_ptr<rd_kafka_s, KafkaDeleter>;
using KafkaPartitions = std::unique_ptr<rd_kafka_topic_partition_list_s, KafkaDeleter>;

// Settings of one client. Not thread-safe; used once.
class KafkaConf {
 public:
  // Takes the settings, and sends log and errors to `owner`, which callbacks get as their opaque.
  KafkaConf(const KafkaSettings& settings, KafkaOwner& owner);
  ~KafkaConf();
  KafkaConf(const KafkaConf&) = delete;
  KafkaConf& operator=(const KafkaConf&) = delete;

  KafkaConf& Set(const char* name, const std::string& value);
  KafkaConf& SetMilliseconds(const char* name, absl::Duration value);
  rd_kafka_conf_s* raw() { return conf_; }

  // INVALID_ARGUMENT: names every setting that is wrong, without its value.
  absl::StatusOr<KafkaClient> NewProducer();
  absl::StatusOr<KafkaClient> NewConsumer();

 private:
  absl::StatusOr<KafkaClient> New(int type);

  rd_kafka_conf_s* conf_;
  std::string wrong_;
};

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_BUS_KAFKA_H_
