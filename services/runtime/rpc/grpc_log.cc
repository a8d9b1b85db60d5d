#include "services/runtime/rpc/grpc_log.h"

#include <grpc/support/log.h>

#include <cstdint>
#include <mutex>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace pathways::runtime {
namespace {

// Where gRPC's lines go. It takes a function without data, so there is one for the process.
struct Destination {
  std::mutex mutex;  // Guards what follows.
  Logger* log = nullptr;
  const Clock* clock = nullptr;
  absl::Time second = absl::InfinitePast();  // Begin of the one that `lines` counts.
  int lines = 0;
  int64_t left_out = 0;
};

// Never destroyed: gRPC's threads may log while the process ends.
Destination& TheDestination() {
  static auto* const destination = new Destination;
  return *destination;
}

absl::string_view FileName(absl::string_view path) { return path.substr(path.rfind('/') + 1); }

void Write(gpr_log_func_args* args) {
  Destination& to = TheDestination();
  std::lock_guard<std::mutex> lock(to.mutex);
  if (to.log == nullptr || args->severity == GPR_LOG_SEVERITY_DEBUG) return;
  const absl::Time now = to.clock->Now();
  // Also where the clock was set back.
  if (now < to.second || now - to.second >= absl::Seconds(1)) {
    to.second = now;
    to.lines = 0;
  }
  if (++to.lines > kGrpcLinesPerSecond) {
    ++to.left_out;
    return;
  }
  const absl::string_view file = FileName(args->file);
  if (args->severity == GPR_LOG_SEVERITY_ERROR) {
    to.log->Error("grpc_error",
                  {{"source", file}, {"line", args->line}, {"left_out", to.left_out}});
  } else {
    to.log->Info("grpc_info", {{"source", file}, {"line", args->line}, {"left_out", to.left_out}});
  }
  to.left_out = 0;
}

}  // namespace

GrpcLog::GrpcLog(Logger& log, const Clock& clock) {
  Destination& to = TheDestination();
  {
    std::lock_guard<std::mutex> lock(to.mutex);
    to.log = &log;
    to.clock = &clock;
  }
  gpr_set_log_function(Write);
}

GrpcLog::~GrpcLog() {
  Destination& to = TheDestination();
  std::lock_guard<std::mutex> lock(to.mutex);
  to.log = nullptr;
}

}  // namespace pathways::runtime
