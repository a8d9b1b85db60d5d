#include "services/follow/bus/kafka.h"

#include <librdkafka/rdkafka.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace pathways::follow {
namespace {

constexpr size_t kErrorBytes = 512;
constexpr int kSyslogError = 3;
constexpr int kSyslogWarning = 4;

void OnLog(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  static_cast<KafkaOwner*>(rd_kafka_opaque(client))->Log(level, facility, text);
}

void OnError(rd_kafka_t* client, int code, const char* reason, void* opaque) {
  static_cast<KafkaOwner*>(opaque)->Error(code);
}

bool IsSecurity(const std::string& name) {
  return name == "security.protocol" || absl::StartsWith(name, "sasl.") ||
         absl::StartsWith(name, "ssl.");
}

}  // namespace

KafkaFault KafkaFaultOf(int code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE:
    case RD_KAFKA_RESP_ERR__INCONSISTENT:
      return {.fatal = true};
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return {.refused = true};
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
      return {.forbidden = true};
    default:
      return {};
  }
}

std::string KafkaCodeName(int code) {
  return rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(code));
}

KafkaRecord RecordIn(const rd_kafka_message_s& message) {
  KafkaRecord record;
  record.key.assign(static_cast<const char*>(message.key), message.key_len);
  if (message.payload != nullptr) {
    record.value.emplace(static_cast<const char*>(message.payload), message.len);
  }
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return record;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  record.headers.reserve(rd_kafka_header_cnt(headers));
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == 0; ++i) {
    record.headers.emplace_back(name, std::string(static_cast<const char*>(value), size));
  }
  return record;
}

absl::Status KafkaStatus(int code, absl::string_view doing) {
  const std::string message = absl::StrCat("kafka: ", doing, ": ", KafkaCodeName(code));
  if (KafkaFaultOf(code).forbidden) return absl::PermissionDeniedError(message);
  return absl::UnavailableError(message);
}

void KafkaOwner::Log(int syslog_level, absl::string_view facility, absl::string_view what) {
  if (syslog_level <= kSyslogError) {
    log_.Error("kafka_client",
               {{"client", name_}, {"facility", std::string(facility)}, {"what", what}});
  } else if (syslog_level <= kSyslogWarning) {
    log_.Warning("kafka_client",
                 {{"client", name_}, {"facility", std::string(facility)}, {"what", what}});
  }
}

void KafkaOwner::Error(int code) {
  if (code == RD_KAFKA_RESP_ERR__SSL || KafkaFaultOf(code).forbidden) rejected_ = code;
  log_.Warning("kafka_error", {{"client", name_}, {"code", KafkaCodeName(code)}});
}

absl::Status KafkaOwner::Explain(int code, absl::string_view doing) const {
  const int rejected = rejected_;
  if (rejected == 0 || rejected == code) return KafkaStatus(code, doing);
  return KafkaStatus(rejected, absl::StrCat(doing, ": ", KafkaCodeName(code), " after"));
}

void KafkaDeleter::operator()(rd_kafka_s* client) const {
  if (rd_kafka_type(client) == RD_KAFKA_PRODUCER) {
    rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  }
  rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void KafkaDeleter::operator()(rd_kafka_topic_partition_list_s* list) const {
  rd_kafka_topic_partition_list_destroy(list);
}

KafkaConf::KafkaConf(const KafkaSettings& settings, KafkaOwner& owner)
    : conf_(rd_kafka_conf_new()) {
  for (const auto& [name, value] : settings.security) {
    if (IsSecurity(name)) {
      Set(name.c_str(), value);
    } else {
      absl::StrAppend(&wrong_, " ", name);
    }
  }
  Set("bootstrap.servers", settings.bootstrap);
  Set("client.id", settings.client_id);
  // The default of 10 s lets a broker be back for ten seconds without anybody noticing.
  Set("reconnect.backoff.max.ms", "1000");
  // The default of 5 minutes lets a topic that was deleted and made again go unnoticed as long.
  Set("topic.metadata.refresh.interval.ms", "10000");
  rd_kafka_conf_set_opaque(conf_, &owner);
  rd_kafka_conf_set_log_cb(conf_, OnLog);
  rd_kafka_conf_set_error_cb(conf_, OnError);
}

KafkaConf::~KafkaConf() {
  if (conf_ != nullptr) rd_kafka_conf_destroy(conf_);
}

KafkaConf& KafkaConf::Set(const char* name, const std::string& value) {
  char error[kErrorBytes];
  if (rd_kafka_conf_set(conf_, name, value.c_str(), error, sizeof(error)) != RD_KAFKA_CONF_OK) {
    absl::StrAppend(&wrong_, " ", name);
  }
  return *this;
}

KafkaConf& KafkaConf::SetMilliseconds(const char* name, absl::Duration value) {
  return Set(name, absl::StrCat(absl::ToInt64Milliseconds(value)));
}

absl::StatusOr<KafkaClient> KafkaConf::NewProducer() { return New(RD_KAFKA_PRODUCER); }

absl::StatusOr<KafkaClient> KafkaConf::NewConsumer() { return New(RD_KAFKA_CONSUMER); }

absl::StatusOr<KafkaClient> KafkaConf::New(int type) {
  if (!wrong_.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("kafka: wrong settings:", wrong_));
  }
  char error[kErrorBytes];
  rd_kafka_t* client =
      rd_kafka_new(static_cast<rd_kafka_type_t>(type), conf_, error, sizeof(error));
  if (client == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("kafka: no client: ", error));
  }
  conf_ = nullptr;  // The client owns it.
  return KafkaClient(client);
}

}  // namespace pathways::follow
