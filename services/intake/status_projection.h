// The status of cases across all pathways, as a projection for the runtime's projector.
//
// Adapter only: parses values and events, calls services/intake/domain/status.h and serialises. The
// stored value has no notice; it is filled when the status is shown.
#ifndef PATHWAYS_SERVICES_INTAKE_STATUS_PROJECTION_H_
#define PATHWAYS_SERVICES_INTAKE_STATUS_PROJECTION_H_

#include <string>

#include "services/follow/projector.h"

namespace pathways::intake {

inline constexpr char kStatusProjection[] = "status";

class StatusProjection : public follow::Projection {
 public:
  std::string Name() const override { return kStatusProjection; }
  absl::StatusOr<int64_t> Folded(const std::string& value,
                                 absl::string_view upstream) const override;
  absl::Status Fold(std::string& value, absl::string_view upstream,
                    const engine::EventRow& event) const override;
};

}  // namespace pathways::intake

#endif  // PATHWAYS_SERVICES_INTAKE_STATUS_PROJECTION_H_
