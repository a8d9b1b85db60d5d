#include "services/follow/bus/kafka_record.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "services/type/stream_id.h"

namespace pathways::follow {
namespace {

constexpr size_t kIdBytesMax = 64;
constexpr size_t kTypeBytesMax = 256;
// Fingerprints of applied numbers are kept per stream: an invented number must not grow that.
constexpr int64_t kNumberMax = 1'000'000'000;
constexpr int kTimeYearMax = 9999;
constexpr char kTimeFormat[] = "%Y-%m-%dT%H:%M:%E6SZ";

// Ids are UUIDs and short codes: visible ASCII.
bool IsId(absl::string_view text) {
  if (text.empty() || text.size() > kIdBytesMax) return false;
  for (const char c : text) {
    if (c <= ' ' || c > '~') return false;
  }
  return true;
}

// Of anything else the service could not be asked, and who applies it would wait for what comes
// before it for ever.
bool IsStream(const std::string& text) { return type::ParseStreamId(text).has_value(); }

std::string CauseText(const type::v1::Cause& cause) {
  return absl::StrCat(cause.service(), "/", cause.number(), "/", cause.ce_id());
}

bool ParseCause(const std::string& text, type::v1::Cause& cause) {
  const std::vector<std::string> parts = absl::StrSplit(text, '/');
  int64_t number = 0;
  if (parts.size() != 3 || !IsId(parts[0]) || !IsId(parts[2])) return false;
  if (!absl::SimpleAtoi(parts[1], &number) || number < 0) return false;
  cause.set_service(parts[0]);
  cause.set_number(number);
  cause.set_ce_id(parts[2]);
  return true;
}

// The last one of a name counts; empty when there is none.
const std::string& HeaderOf(const KafkaRecord& record, absl::string_view name) {
  static const std::string kNone;
  const auto found = std::find_if(record.headers.rbegin(), record.headers.rend(),
                                  [&](const auto& header) { return header.first == name; });
  return found == record.headers.rend() ? kNone : found->second;
}

// As RFC 3339, of which absl::ParseTime takes more: infinite times and years of any length. A
// message cannot hold those, and list keys count microseconds from 1970.
bool ParseTime(const std::string& text, absl::Time& time) {
  static const absl::Time kEnd =
      absl::FromCivil(absl::CivilYear(kTimeYearMax + 1), absl::UTCTimeZone());
  std::string error;
  return absl::ParseTime(absl::RFC3339_full, text, &time, &error) && time >= absl::UnixEpoch() &&
         time < kEnd;
}

absl::Status Refuse(const char* code) { return absl::InvalidArgumentError(code); }

}  // namespace

std::string KafkaSourceOf(const std::string& service) {
  return absl::StrCat("/pathways/", service);
}

KafkaRecord RecordOf(const engine::EventRow& event, const KafkaEventSource& source) {
  KafkaRecord record{event.stream,
                     event.data,
                     {{"ce_specversion", "1.0"},
                      {"ce_id", event.ce_id},
                      {"ce_source", source.source},
                      {"ce_type", event.type},
                      {"ce_subject", event.stream},
                      {"ce_time", absl::FormatTime(kTimeFormat, event.time, absl::UTCTimeZone())},
                      {"ce_dataschema", absl::StrCat("urn:pathways:schema:", source.schema)},
                      {"content-type", "application/protobuf"},
                      {"pathways_number", absl::StrCat(event.number)},
                      {"pathways_cause", CauseText(event.cause)}}};
  if (!event.trace.IsNone()) record.headers.emplace_back(base::kTraceparent, event.trace.Format());
  return record;
}

absl::StatusOr<engine::EventRow> EventOf(const KafkaRecord& record, const std::string& source) {
  const auto header = [&](absl::string_view name) -> const std::string& {
    return HeaderOf(record, name);
  };
  if (header("ce_specversion") != "1.0") return Refuse("NO_CLOUD_EVENT");
  if (header("ce_source") != source) return Refuse("FOREIGN_SOURCE");
  if (header("content-type") != "application/protobuf") return Refuse("FOREIGN_CONTENT_TYPE");
  if (!IsStream(record.key) || header("ce_subject") != record.key) return Refuse("WRONG_KEY");
  if (!record.value) return Refuse("NULL_VALUE");
  engine::EventRow event;
  event.stream = record.key;
  event.ce_id = header("ce_id");
  event.type = header("ce_type");
  event.data = *record.value;
  if (!IsId(event.ce_id)) return Refuse("WRONG_ID");
  if (event.type.empty() || event.type.size() > kTypeBytesMax) return Refuse("WRONG_TYPE");
  if (!ParseTime(header("ce_time"), event.time)) return Refuse("WRONG_TIME");
  const bool numbered = absl::SimpleAtoi(header("pathways_number"), &event.number);
  if (!numbered || event.number < 1 || event.number > kNumberMax) return Refuse("WRONG_NUMBER");
  if (!ParseCause(header("pathways_cause"), event.cause)) return Refuse("WRONG_CAUSE");
  // Nothing is decided by it: whatever else stands there keeps no event.
  event.trace = base::Trace::Parse(header(base::kTraceparent));
  return event;
}

}  // namespace pathways::follow
