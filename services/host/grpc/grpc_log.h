// What gRPC would write to standard error, as lines of the log.
//
// gRPC's own messages quote what a peer sent, as it came: a line end in a header would begin a line
// of the peer's making, and a header may hold a name or a token. So none of a message's text is
// kept. A line says where in gRPC's source it comes from, which, with the version, says what
// happened: `grpc_error` or `grpc_info`, with `source`, `line` and how many were left out before
// it.
#ifndef PATHWAYS_SERVICES_HOST_GRPC_GRPC_LOG_H_
#define PATHWAYS_SERVICES_HOST_GRPC_GRPC_LOG_H_

#include "services/base/log.h"

namespace pathways::host {

// How many lines a second gRPC may write: a peer can cause one with each call.
inline constexpr int kGrpcLinesPerSecond = 10;

// At most one at a time in a process, for gRPC has one log. Without one, after the first, nothing
// is written.
class GrpcLog {
 public:
  // `log` and `clock` must outlive it.
  GrpcLog(base::Logger& log, const base::Clock& clock);
  ~GrpcLog();
  GrpcLog(const GrpcLog&) = delete;
  GrpcLog& operator=(const GrpcLog&) = delete;
};

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_GRPC_GRPC_LOG_H_
