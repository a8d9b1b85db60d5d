// Streams that a puller could not read, and when it may try each of them again.
//
// Kept in memory: after a restart each is tried anew. The pauses grow with each failed try. Tries
// are counted only where the stream, and not the whole upstream, is at fault. Not thread-safe.
#ifndef PATHWAYS_SERVICES_RUNTIME_UNREAD_STREAMS_H_
#define PATHWAYS_SERVICES_RUNTIME_UNREAD_STREAMS_H_

#include <chrono>
#include <map>
#include <string>

#include "absl/status/status.h"

namespace pathways::runtime {

class UnreadStreams {
 public:
  // `first`: the pause after one failed try. It is doubled with each, up to 64 times.
  explicit UnreadStreams(std::chrono::milliseconds first) : first_(first) {}

  // False during a pause. Notes that somebody still wants the stream.
  bool MayTry(const std::string& stream);
  // Begins a pause. The number of tries that counted so far. Where the whole upstream may be at
  // fault pauses stay short, up to 8 times the first, for it may come back at any time.
  int Failed(const std::string& stream, const absl::Status& status, bool counts);
  bool Contains(const std::string& stream) const { return entries_.contains(stream); }
  // It was read, or is parked.
  void Forget(const std::string& stream) { entries_.erase(stream); }
  // Forgets those that nobody wanted since the last call.
  void ForgetUnwanted();
  // OK: there are none. Else how many there are, and why the first cannot be read: UNAVAILABLE, or
  // INTERNAL where one of them is itself at fault.
  absl::Status status() const;

 private:
  struct Entry {
    int tries = 0;    // Failed, in all.
    int counted = 0;  // Of these.
    std::chrono::steady_clock::time_point next;
    absl::Status why;
    bool is_wanted = true;
  };

  const std::chrono::milliseconds first_;
  std::map<std::string, Entry> entries_;
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_UNREAD_STREAMS_H_
