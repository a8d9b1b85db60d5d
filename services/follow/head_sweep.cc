#include "services/follow/head_sweep.h"

#include <map>
#include <utility>

#include "services/base/faults.h"
#include "services/base/status_macros.h"

namespace pathways::follow {
namespace {

constexpr int kHeadsPage = 1000;

using Versions = std::map<std::string, int64_t>;

// One page of `read` after `after`. Shortens `last`, the end of what all pages have in common, when
// there may be more behind it; empty: to the end.
absl::StatusOr<std::vector<engine::StreamHead>> ReadPage(const HeadSweep::ReadHeads& read,
                                                         const std::string& after,
                                                         std::string& last) {
  ASSIGN_OR_RETURN(std::vector<engine::StreamHead> heads, read(after, kHeadsPage));
  // Another service may give fewer than it was asked for, so only an empty page is the end.
  if (!heads.empty() && (last.empty() || heads.back().stream < last)) last = heads.back().stream;
  return heads;
}

// Those up to `last` that are followed.
void Keep(const HeadSweep& sweep, const std::vector<engine::StreamHead>& heads,
          const std::string& last, bool is_ours, Versions& versions) {
  for (const engine::StreamHead& head : heads) {
    if (!sweep.follows(head.stream) || (!last.empty() && head.stream > last)) continue;
    versions[head.stream] = is_ours ? 0 : head.version;
  }
}

std::vector<std::string> StreamsOf(const HeadSweep& sweep,
                                   const std::vector<engine::StreamHead>& heads) {
  std::vector<std::string> streams;
  for (const engine::StreamHead& head : heads) {
    if (sweep.follows(head.stream)) streams.push_back(head.stream);
  }
  return streams;
}

// Visits what lies after `after`, and moves it. True when there is nothing more.
absl::StatusOr<bool> VisitPage(const HeadSweep& sweep, std::string& after) {
  std::string last;
  std::vector<engine::StreamHead> early;
  if (PATHWAYS_MUTANT("sweep_heads_first")) {
    ASSIGN_OR_RETURN(early, ReadPage(sweep.theirs, after, last));
  }
  std::vector<engine::StreamHead> ours;
  if (sweep.ours) {
    ASSIGN_OR_RETURN(ours, ReadPage(sweep.ours, after, last));
    const std::vector<std::string> streams = StreamsOf(sweep, ours);
    if (!streams.empty()) RETURN_IF_ERROR(sweep.know(streams));
  }
  std::vector<engine::StreamHead> theirs = std::move(early);
  if (!PATHWAYS_MUTANT("sweep_heads_first")) {
    ASSIGN_OR_RETURN(theirs, ReadPage(sweep.theirs, after, last));
  }
  if (last.empty()) return true;
  Versions versions;
  Keep(sweep, ours, last, /*is_ours=*/true, versions);
  Versions heads;
  Keep(sweep, theirs, last, /*is_ours=*/false, heads);
  std::vector<std::string> others;
  for (const auto& [stream, version] : heads) {
    if (!versions.contains(stream)) others.push_back(stream);
    versions[stream] = version;
  }
  if (!others.empty()) RETURN_IF_ERROR(sweep.know(others));
  std::vector<engine::StreamHead> page;
  for (const auto& [stream, version] : versions) page.push_back({stream, version});
  const absl::Status visited = page.empty() ? absl::OkStatus() : sweep.visit(page);
  if (absl::IsAborted(visited)) return false;  // From the same place again.
  RETURN_IF_ERROR(visited);
  after = last;
  return false;
}

}  // namespace

absl::Status SweepHeads(const HeadSweep& sweep, base::Signal& signal) {
  std::string after;
  while (!signal.stopped()) {
    ASSIGN_OR_RETURN(const bool is_done, VisitPage(sweep, after));
    if (is_done) break;
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> IsLost(StreamReader& streams, const std::string& stream, int64_t number) {
  if (PATHWAYS_MUTANT("sweep_heads_first")) return true;
  const absl::StatusOr<std::vector<engine::EventRow>> events =
      streams.ReadStream(stream, number, 1);
  if (!events.ok()) return events.status();
  return events->empty();
}

HeadSweep::ReadHeads HeadsOf(engine::EventReader& store) {
  return [&store](const std::string& after, int limit) { return store.ReadHeads(after, limit); };
}

HeadSweep::ReadHeads HeadsOf(StreamReader& streams) {
  return
      [&streams](const std::string& after, int limit) { return streams.ReadHeads(after, limit); };
}

}  // namespace pathways::follow
