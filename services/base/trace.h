// Which trace something belongs to: the W3C Trace Context, level 1, as its header `traceparent`.
//
// A trace begins with a call, or inside a service with a timer, and goes from hop to hop: into the
// events that a command makes, their records, and the events that other services make of those.
// Each hop is a child: the same trace id and flags, and an id of its own, which the next hop names
// as its parent. A Trace is carried and stored, and decides nothing. Whatever is no `traceparent`
// of version 00 is no trace at all, so that nothing but hexadecimal digits ever rides in one.
// https://www.w3.org/TR/trace-context-1/
#ifndef PATHWAYS_SERVICES_BASE_TRACE_H_
#define PATHWAYS_SERVICES_BASE_TRACE_H_

#include <array>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace pathways::base {

// Name of the header: of gRPC metadata and of Kafka records.
inline constexpr char kTraceparent[] = "traceparent";

// A value; none by default.
class Trace {
 public:
  Trace() = default;

  // Strict: 00-<32>-<16>-<2>, lower-case hexadecimal, neither id all zeros. Anything else: none. Of
  // the flags only `sampled` is kept, as level 1 asks of who passes a trace on.
  static Trace Parse(absl::string_view text);
  // A trace with random ids, not sampled: nobody has recorded anything of it yet. Thread-safe.
  static Trace New();

  // The next hop: the same trace under a new random id. Of none a new trace. Thread-safe.
  Trace Child() const;

  bool IsNone() const { return *this == Trace(); }
  // The header's text, 55 characters. Empty for none.
  std::string Format() const;

  bool operator==(const Trace&) const = default;

 private:
  std::array<uint8_t, 16> trace_id_ = {};
  std::array<uint8_t, 8> parent_id_ = {};  // Of the hop that sends it.
  uint8_t flags_ = 0;
};

}  // namespace pathways::base

#endif  // PATHWAYS_SERVICES_BASE_TRACE_H_
