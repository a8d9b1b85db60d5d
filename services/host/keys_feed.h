// The keys of the dashboards' feed: one for each month, in a private file of their own.
//
// A case appears in the feed under a pseudonym, a keyed hash of its id with the key of the month of
// the event. All services of a site have the same file, so that a dashboard can join what they tell
// within a month; nobody can join two months, nor find the case again once the month's key is
// destroyed. A key is random and comes from nothing else: it cannot be made again. Times are UTC.
// The file has a line `pathways-feed-key-v1 <year>-<month> <64 hex digits>` for each month.
#ifndef PATHWAYS_SERVICES_HOST_KEYS_FEED_H_
#define PATHWAYS_SERVICES_HOST_KEYS_FEED_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "services/host/keys_bytes.h"

namespace pathways::host {

// How long the key of a month is kept after its end, for events that are published late or again.
inline constexpr absl::Duration kFeedKeyGrace = absl::Hours(7 * 24);

struct FeedKeyChange {
  std::vector<std::string> made;       // Months, "2026-11".
  std::vector<std::string> destroyed;  // Dropped from the file.
};

// Makes what is missing of the keys of this month and the next, and drops those past their grace; a
// key that is there is never replaced, and a past month never gets one. Safe to repeat: a second
// call changes nothing. UNAVAILABLE: another one is at it, or the file cannot be written. Otherwise
// as FeedKeys::Load. Blocks for the disk.
absl::StatusOr<FeedKeyChange> RotateFeedKeys(const std::string& path, absl::Time now);

// Thread-safe: nothing changes after Load. Only Load blocks.
class FeedKeys {
 public:
  // No keys.
  FeedKeys() = default;
  // Reads the keys that are not past their grace. NOT_FOUND: no file. FAILED_PRECONDITION: the user
  // does not own it, or group or others have access. INVALID_ARGUMENT: not a file of such keys, or
  // a month is there twice. UNAVAILABLE: the disk fails.
  static absl::StatusOr<FeedKeys> Load(const std::string& path, absl::Time now);

  // The stream under the key of the month of `time`: 32 hex digits. None: there is no such key.
  std::optional<std::string> PseudonymOf(absl::string_view stream, absl::Time time) const;
  // Id of the record `index` of an event, a UUID: the same whenever it is asked for, and of no use
  // to find the event without the key. None: there is no key.
  std::optional<std::string> RecordIdOf(absl::string_view ce_id, size_t index,
                                        absl::Time time) const;

 private:
  const ScopedKey* Find(absl::Time time) const;

  std::map<absl::CivilMonth, ScopedKey> keys_;
};

// "2026-11": the month whose key an event of this time gets.
std::string FeedMonthOf(absl::Time time);

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_KEYS_FEED_H_
