#include "services/host/case_pass.h"

#include <algorithm>
#include <string>
#include <vector>

#include "services/base/status_macros.h"
#include "services/engine/engine.h"
#include "services/host/pages.h"
#include "services/type/problem.h"
#include "services/type/stream_id.h"

namespace pathways::host {
namespace {

constexpr int kHeadsPage = 500;
constexpr int kSecondsUsual = 20;
constexpr int kSecondsMax = 60;
constexpr absl::Duration kToAnswer = absl::Milliseconds(200);

}  // namespace

absl::StatusOr<absl::Duration> CasePassTime(int seconds_max) {
  type::Violations violations;
  const int seconds =
      CheckPageSize(seconds_max, kSecondsUsual, kSecondsMax, "seconds_max", violations);
  RETURN_IF_ERROR(violations.ToStatus(kInvalidRequest));
  return absl::Seconds(seconds);
}

absl::StatusOr<bool> ForEachCase(const engine::Domain& domain, engine::EventReader& store,
                                 const Caller& caller, absl::Duration most,
                                 const CaseVisit& visit) {
  const absl::Time until = std::min(absl::Now() + most, caller.deadline - kToAnswer);
  std::string after;
  bool all = true;
  for (;;) {
    if (absl::Now() >= until || caller.is_cancelled()) return false;
    ASSIGN_OR_RETURN(const std::vector<engine::StreamHead> heads,
                     store.ReadHeads(after, kHeadsPage));
    if (heads.empty()) return all;
    std::vector<std::string> cases;
    for (const engine::StreamHead& head : heads) {
      if (type::IsCaseStream(head.stream)) cases.push_back(head.stream);
    }
    ASSIGN_OR_RETURN(const auto rows, engine::ReadFolded(domain, store, cases));
    for (const auto& [case_id, row] : rows) {
      all = row.ok() && visit(case_id, *row).ok() && all;
    }
    after = heads.back().stream;
  }
}

}  // namespace pathways::host
