#include "services/host/grpc/errors.h"

#include <cstdint>
#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "services/type/problem.h"

namespace pathways::host {
namespace {

// Domain of every reason code (google.rpc.ErrorInfo).
constexpr char kDomain[] = "pathways";

// How long a client should wait before it tries again: a full queue is worked off within this.
constexpr int kRetryMilliseconds = 200;

bool IsWorthRetrying(absl::StatusCode code) {
  return code == absl::StatusCode::kUnavailable || code == absl::StatusCode::kResourceExhausted;
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const type::v1::Problem problem = type::ProblemOf(status);
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(std::string(status.message()));
  google::rpc::ErrorInfo info;
  info.set_reason(problem.reason().empty() ? absl::StatusCodeToString(status.code())
                                           : problem.reason());
  info.set_domain(kDomain);
  details.add_details()->PackFrom(info);
  if (!problem.violations().empty()) {
    google::rpc::BadRequest bad;
    for (const type::v1::FieldViolation& violation : problem.violations()) {
      auto& entry = *bad.add_field_violations();
      entry.set_field(violation.field());
      entry.set_description(violation.description());
    }
    details.add_details()->PackFrom(bad);
  }
  if (!problem.resource().empty()) {
    google::rpc::ResourceInfo resource;
    resource.set_resource_name(problem.resource());
    details.add_details()->PackFrom(resource);
  }
  if (IsWorthRetrying(status.code())) {
    google::rpc::RetryInfo retry;
    const int64_t wait_ms = problem.retry_ms() > 0 ? problem.retry_ms() : kRetryMilliseconds;
    retry.mutable_retry_delay()->set_seconds(wait_ms / 1000);
    retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(wait_ms % 1000 * 1'000'000));
    details.add_details()->PackFrom(retry);
  }
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()),
                      details.SerializeAsString());
}

}  // namespace pathways::host
