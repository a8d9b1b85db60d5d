#include "services/intake/status_projection.h"

#include "pathways/intake/v1/status.pb.h"
#include "services/base/serialize.h"
#include "services/base/status_macros.h"
#include "services/intake/domain/status.h"

namespace pathways::intake {
namespace {

constexpr char kEligibility[] = "eligibility";
constexpr char kReferral[] = "referral";

absl::StatusOr<v1::CaseStatus> Parse(const std::string& value) {
  v1::CaseStatus status;
  if (!status.ParseFromString(value)) return absl::DataLossError("a status cannot be read");
  return status;
}

template <typename Event>
absl::StatusOr<Event> ParseEvent(const engine::EventRow& row) {
  Event event;
  if (!event.ParseFromString(row.data) || event.case_id() != row.stream) {
    return absl::InvalidArgumentError("an upstream event cannot be read");
  }
  return event;
}

}  // namespace

absl::StatusOr<int64_t> StatusProjection::Folded(const std::string& value,
                                                 absl::string_view upstream) const {
  ASSIGN_OR_RETURN(const v1::CaseStatus status, Parse(value));
  return upstream == kReferral ? status.referral_number() : status.eligibility_number();
}

absl::Status StatusProjection::Fold(std::string& value, absl::string_view upstream,
                                    const engine::EventRow& event) const {
  ASSIGN_OR_RETURN(v1::CaseStatus status, Parse(value));
  if (upstream == kEligibility) {
    ASSIGN_OR_RETURN(const auto screened, ParseEvent<eligibility::v1::EligibilityEvent>(event));
    RETURN_IF_ERROR(ProjectEligibility(status, screened, event.number));
  } else if (upstream == kReferral) {
    ASSIGN_OR_RETURN(const auto referred, ParseEvent<referral::v1::ReferralEvent>(event));
    RETURN_IF_ERROR(ProjectReferral(status, referred, event.number));
  } else {
    return absl::InternalError("the status follows no such service");
  }
  value = base::SerializeDeterministic(status);
  return absl::OkStatus();
}

}  // namespace pathways::intake
