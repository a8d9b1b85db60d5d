#include "services/follow/unread_streams.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/base/drive.h"

namespace pathways::follow {
namespace {

constexpr int kDoublingsMax = 6;
constexpr int kDoublingsUncountedMax = 3;

}  // namespace

bool UnreadStreams::MayTry(const std::string& stream) {
  const auto found = entries_.find(stream);
  if (found == entries_.end()) return true;
  found->second.is_wanted = true;
  return base::SteadyNow() >= found->second.next;
}

int UnreadStreams::Failed(const std::string& stream, const absl::Status& status, bool counts) {
  Entry& entry = entries_[stream];
  const int doublings = std::min(entry.tries, counts ? kDoublingsMax : kDoublingsUncountedMax);
  entry.next = base::SteadyNow() + first_ * (1 << doublings);
  ++entry.tries;
  if (counts) ++entry.counted;
  entry.why = status;
  return entry.counted;
}

void UnreadStreams::ForgetUnwanted() {
  std::erase_if(entries_, [](const auto& entry) { return !entry.second.is_wanted; });
  for (auto& [stream, entry] : entries_) entry.is_wanted = false;
}

absl::Status UnreadStreams::status() const {
  if (entries_.empty()) return absl::OkStatus();
  const auto& [stream, entry] = *entries_.begin();
  const bool may_pass = std::all_of(entries_.begin(), entries_.end(), [](const auto& one) {
    return absl::IsUnavailable(one.second.why);
  });
  return {may_pass ? absl::StatusCode::kUnavailable : absl::StatusCode::kInternal,
          absl::StrCat(
              entries_.size(), " cases cannot be fetched from the upstream, the first of them ",
              stream, ": ", absl::StatusCodeToString(entry.why.code()), ": ", entry.why.message())};
}

}  // namespace pathways::follow
