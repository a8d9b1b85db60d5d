#include "services/host/grpc/grpc_log.h"

#include <grpc/support/log.h>

#include <cstdint>
#include <mutex>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace pathways::host {
namespace {

// Where gRPC's lines go. It takes a function without data, so there is one for the process.
struct Destination {
  std::mutex mutex;  // Guards what follows.
  base::Logger* log = nullptr;
  const base::Clock* clock = nullptr;
  absl::Time second = absl::InfinitePast();  // Begin of the one that `lines` counts.
  int lines = 0;
  int64_t left_out = 0;
};

// Never destroyed: gRPC's threads may log while the process ends.
Destination& TheDestination() {
  static auto* const kDestination = new Destination;
  return *kDestination;
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

GrpcLog::GrpcLog(base::Logger& log, const base::Clock& clock) {
  Destination& to = TheDestination();
  {
    std::lock_guard<std::mutex> lock(to.mutex);
    to.log = &log;
    to.clock = &clock;
  }
  // Else gRPC drops what it has to say until it is used for the first time.
  gpr_log_verbosity_init();
  gpr_set_log_function(Write);
}

GrpcLog::~GrpcLog() {
  Destination& to = TheDestination();
  std::lock_guard<std::mutex> lock(to.mutex);
  to.log = nullptr;
}

}  // namespace pathways::host
