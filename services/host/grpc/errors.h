// Statuses at the gRPC edge: absl::Status becomes grpc::Status once, here.
//
// A refusal carries a pathways.type.v1.Problem; callers get google.rpc.ErrorInfo with its reason
// and google.rpc.BadRequest with every bad field, and RetryInfo where trying again helps. The
// message is the domain's own text and holds no value of a field.
#ifndef PATHWAYS_SERVICES_HOST_GRPC_ERRORS_H_
#define PATHWAYS_SERVICES_HOST_GRPC_ERRORS_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace pathways::host {

// Same code, same message, details as above. A status without a problem gets its code's name as
// reason.
grpc::Status ToGrpc(const absl::Status& status);

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_GRPC_ERRORS_H_
