#include "services/embedded/serving.h"

#include <unistd.h>

#include <utility>

#include "services/base/status_macros.h"
#include "services/embedded/services.h"
#include "services/host/lifecycle.h"

namespace pathways::embedded {
namespace {

// Variables of the environment that are not settings of a serving process.
std::vector<std::string> OtherVariables() {
  return {
      "PATHWAYS_ADDRESS",  "PATHWAYS_TLS_CA", "PATHWAYS_TOKEN",
#ifdef PATHWAYS_FAULTS
      "PATHWAYS_CRASH_AT", "PATHWAYS_MUTANT", "PATHWAYS_REPAIR",
#endif
  };
}

// What the stop may take beyond the drain time, before the watchdog ends the process.
constexpr absl::Duration kStopMargin = absl::Seconds(5);

}  // namespace

std::vector<host::Setting> ServeSettingsTable() {
  return host::TogetherSettingsTable(AllServices());
}

absl::StatusOr<host::TogetherPlan> ReadServeSettings(host::Settings& settings) {
  settings.FromEnvironment(environ, OtherVariables());
  return host::ReadPlan(AllServices(), settings);
}

absl::StatusOr<std::unique_ptr<Serving>> Serving::Start(host::TogetherPlan plan) {
  std::unique_ptr<Serving> serving(new Serving(plan.host));
  ASSIGN_OR_RETURN(host::DataLock lock, host::DataLock::Take(plan.data_folder));
  serving->lock_.emplace(std::move(lock));
  ASSIGN_OR_RETURN(serving->services_, host::Together::Start(std::move(plan), serving->clock_,
                                                             serving->log_, serving->metrics_));
  ASSIGN_OR_RETURN(
      serving->http_,
      host::MetricsHttp::Start(
          {serving->host_.metrics, [serving = serving.get()] { return serving->metrics_.Text(); },
           [serving = serving.get()] { return serving->services_->IsReady(); },
           [serving = serving.get()] { return serving->services_->IsAlive(); }}));
  serving->log_.Info(
      "serving", {{"port", serving->services_->port()}, {"metrics_port", serving->http_->port()}});
  return serving;
}

Serving::~Serving() = default;

void Serving::Stop(const std::string& reason) {
  if (!IsAlive()) log_.Error("unreachable");
  log_.Info("stopping", {{"reason", reason}});
  host::Watchdog watchdog(log_);
  watchdog.Arm(host_.drain + kStopMargin);
  // Before what its functions look at.
  http_->Stop();
  services_->Stop(host_.drain);
  watchdog.Disarm();
  log_.Info("stopped");
}

}  // namespace pathways::embedded
