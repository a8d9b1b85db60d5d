// The one outcome that says that an upstream lost events which were read or applied.
//
// DATA_LOSS alone does not say it: a row that cannot be read has the same code, here and upstream.
// Whoever ends for good, or rings the alarm, asks IsLostTail. Only what has asked the upstream
// itself may say LostTail.
#ifndef PATHWAYS_SERVICES_FOLLOW_LOST_TAIL_H_
#define PATHWAYS_SERVICES_FOLLOW_LOST_TAIL_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "services/type/problem.h"

namespace pathways::follow {

inline constexpr char kUpstreamTailLost[] = "UPSTREAM_TAIL_LOST";

// DATA_LOSS with that reason.
inline absl::Status LostTail(absl::string_view message) {
  return type::Refuse(absl::StatusCode::kDataLoss, kUpstreamTailLost, message);
}

inline bool IsLostTail(const absl::Status& status) {
  return absl::IsDataLoss(status) && type::ProblemOf(status).reason() == kUpstreamTailLost;
}

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_LOST_TAIL_H_
