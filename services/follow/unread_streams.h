// Streams that a puller could not read, and when it may try each of them again.
//
// This is kept in memory, so after a restart each stream is tried again from the beginning. The
// pauses grow with each failed try. A try counts only where the stream, and not the whole upstream,
// is at fault. Not thread-safe.
#ifndef PATHWAYS_SERVICES_FOLLOW_UNREAD_STREAMS_H_
#define PATHWAYS_SERVICES_FOLLOW_UNREAD_STREAMS_H_

#include <chrono>
#include <map>
#include <string>

#include "absl/status/status.h"

namespace pathways::follow {

class UnreadStreams {
 public:
  // `first` is the pause after one failed try. Each further one doubles it, up to 64 times `first`.
  explicit UnreadStreams(std::chrono::milliseconds first) : first_(first) {}

  // False during a pause. Also notes that somebody still wants the stream.
  bool MayTry(const std::string& stream);
  // Begins a pause. Returns the number of tries that counted so far. Where the whole upstream may
  // be at fault pauses stay short, at most 8 times `first`, because it may come back at any time.
  int Failed(const std::string& stream, const absl::Status& status, bool counts);
  bool Contains(const std::string& stream) const { return entries_.contains(stream); }
  // To be called when the stream was read or parked.
  void Forget(const std::string& stream) { entries_.erase(stream); }
  // Forgets the streams that nobody wanted since the last call.
  void ForgetUnwanted();
  // OK when there are none. Otherwise the message says how many there are and why the first cannot
  // be read. The code is UNAVAILABLE, or INTERNAL where one of the streams is itself at fault.
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

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_UNREAD_STREAMS_H_
