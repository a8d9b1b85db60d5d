#include "services/follow/bus/kafka_record.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "services/type/names.h"
#include "tests/fuzz/targets.h"

namespace pathways::fuzz {
namespace {

constexpr char kSource[] = "/pathways/intake";
constexpr int64_t kYear10000 = 253402300800;  // Seconds since 1970.

// As it stands where it is no valid escape.
std::string Unescaped(absl::string_view text) {
  std::string unescaped;
  return absl::CUnescape(text, &unescaped) ? unescaped : std::string(text);
}

follow::KafkaRecord RecordIn(absl::string_view bytes) {
  const std::pair<absl::string_view, absl::string_view> halves =
      absl::StrSplit(bytes, absl::MaxSplits("\n\n", 1));
  follow::KafkaRecord record;
  if (halves.first.size() < bytes.size()) record.value = std::string(halves.second);
  for (const absl::string_view line : absl::StrSplit(halves.first, '\n')) {
    const std::pair<absl::string_view, absl::string_view> header =
        absl::StrSplit(line, absl::MaxSplits(": ", 1));
    if (header.first == "key") {
      record.key = Unescaped(header.second);
    } else {
      record.headers.emplace_back(header.first, Unescaped(header.second));
    }
  }
  return record;
}

}  // namespace

void KafkaRecord(absl::string_view bytes) {
  const follow::KafkaRecord record = RecordIn(bytes);
  const absl::StatusOr<engine::EventRow> event = follow::EventOf(record, kSource);
  if (!event.ok()) {
    Require(event.status().code() == absl::StatusCode::kInvalidArgument, "it is one code");
    Require(type::IsCode(event.status().message()), "a refusal tells a code and no value");
    return;
  }
  Require(event->number >= 1, "numbers count from 1");
  Require(event->time >= absl::UnixEpoch() && event->time < absl::FromUnixSeconds(kYear10000),
          "a message can hold the time, and a list key its microseconds");
  const auto again = follow::EventOf(follow::RecordOf(*event, {kSource, "schema"}), kSource);
  Require(again.ok(), "what is taken can be published");
  Require(again->stream == event->stream && again->number == event->number &&
              again->ce_id == event->ce_id && again->type == event->type &&
              again->data == event->data &&
              again->cause.SerializeAsString() == event->cause.SerializeAsString(),
          "what is published is what was taken");
}

}  // namespace pathways::fuzz
