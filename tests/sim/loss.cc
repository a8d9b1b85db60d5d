#include "tests/sim/loss.h"

#include <algorithm>
#include <map>
#include <utility>

#include "services/base/status_macros.h"
#include "services/follow/restore.h"
#include "services/intake/status_projection.h"
#include "services/type/stream_id.h"

namespace pathways::sim {
namespace {

constexpr int kAll = 1000000;
constexpr size_t kPage = 1000;

using Records = std::vector<engine::EventRow>;

// Gives records to `take`, some at a time.
template <typename Take>
absl::Status InPages(const std::vector<engine::EventRow>& records, const Take& take) {
  for (size_t begin = 0; begin < records.size(); begin += kPage) {
    const size_t end = std::min(records.size(), begin + kPage);
    RETURN_IF_ERROR(take(Records{records.begin() + static_cast<ptrdiff_t>(begin),
                                 records.begin() + static_cast<ptrdiff_t>(end)}));
  }
  return absl::OkStatus();
}

int64_t AppliedIn(Service& follower, const std::string& upstream, const std::string& stream) {
  auto applied = follower.store->ReadApplied(upstream, {stream});
  return (*applied)[stream];
}

int64_t ShownIn(Service& follower, const std::string& upstream, const std::string& stream) {
  const intake::StatusProjection status;
  auto values = follower.store->ReadProjections(status.Name(), {stream});
  const absl::StatusOr<int64_t> folded = status.Folded((*values)[stream], upstream);
  return folded.ok() ? *folded : 0;
}

}  // namespace

bool HasLostPublished(const Service& service) {
  const std::vector<engine::EventRow> records = service.topic->Records();
  std::vector<engine::EventKey> keys;
  for (const engine::EventRow& record : records) keys.push_back({record.stream, record.number});
  const auto stored = service.store->ReadEvents(keys);
  std::map<std::pair<std::string, int64_t>, std::string> ids;
  for (const engine::EventRow& event : *stored) ids[{event.stream, event.number}] = event.ce_id;
  return std::any_of(records.begin(), records.end(), [&](const engine::EventRow& record) {
    return ids[{record.stream, record.number}] != record.ce_id;
  });
}

std::vector<Ahead> FindAhead(std::array<Service, 3>& services, const Service& victim) {
  std::vector<Ahead> ahead;
  const auto add = [&](Service& follower, const std::string& stream, int64_t known,
                       bool is_applied) {
    if (known > victim.store->ReadState(stream)->version) {
      ahead.push_back({&follower, stream, is_applied});
    }
  };
  for (Service& follower : services) {
    const auto heads = follower.store->ReadHeads("", kAll);
    for (const engine::StreamHead& head : *heads) {
      if (!type::IsCaseStream(head.stream)) continue;
      for (const Followed& upstream : follower.follows) {
        if (upstream.owner != &victim) continue;
        add(follower, head.stream, AppliedIn(follower, victim.name, head.stream), true);
      }
      for (const Followed& upstream : follower.projects) {
        if (upstream.owner != &victim) continue;
        add(follower, head.stream, ShownIn(follower, victim.name, head.stream), false);
      }
    }
  }
  return ahead;
}

absl::Status RestoreFromTopic(std::array<Service, 3>& services, Service& victim) {
  follow::Restore restore(victim.domain(), *victim.store);
  RETURN_IF_ERROR(InPages(victim.topic->Records(),
                          [&](const Records& page) -> absl::Status { return restore.Take(page); }));
  RETURN_IF_ERROR(restore.Check());
  const std::vector<std::string> asked = restore.UpstreamsToAsk();
  for (const Service& upstream : services) {
    if (std::find(asked.begin(), asked.end(), upstream.name) == asked.end()) continue;
    RETURN_IF_ERROR(InPages(upstream.topic->Records(), [&](const Records& page) {
      restore.TakeUpstream(upstream.name, page);
      return absl::OkStatus();
    }));
  }
  return restore.Apply().status();
}

}  // namespace pathways::sim
