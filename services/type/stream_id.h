// Ids of streams. What a stream is, is told by its id.
//
//   case     a UUID, the same in every service
//   agency   "agency/" and the agency's id: what a service keeps of one agency
//   link     "link/" and a UUID: what holds between several cases
//   service  "service/" and a name: a service's own, for example its policy ledger
//
// Every stream is published alike. Who follows a service makes commands of its cases and passes
// over the others. Rows and events carry the id as text.
#ifndef PATHWAYS_SERVICES_TYPE_STREAM_ID_H_
#define PATHWAYS_SERVICES_TYPE_STREAM_ID_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace pathways::type {

enum class StreamKind { kCase, kAgency, kLink, kService };

struct StreamId {
  StreamKind kind = StreamKind::kCase;
  std::string name;  // Without what says the kind.
  bool operator==(const StreamId&) const = default;

  std::string Text() const;
};

// The kind that the beginning of an id says; nothing else of it is looked at. For ids of the
// service's own store, which were checked when they came in.
StreamKind KindOf(absl::string_view stream);
inline bool IsServiceStream(absl::string_view stream) {
  return KindOf(stream) == StreamKind::kService;
}
inline bool IsCaseStream(absl::string_view stream) { return KindOf(stream) == StreamKind::kCase; }

// Nothing when `text` is no id: a case or a link that is no UUID, or a name that is not of 1 to 56
// lower-case letters, digits, hyphens, dots and underscores. For ids that come from outside.
std::optional<StreamId> ParseStreamId(absl::string_view text);

}  // namespace pathways::type

#endif  // PATHWAYS_SERVICES_TYPE_STREAM_ID_H_
