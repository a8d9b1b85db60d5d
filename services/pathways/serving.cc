#include "services/pathways/serving.h"

#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/runtime/lifecycle.h"
#include "services/runtime/status_macros.h"

namespace pathways::cli {
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

std::vector<runtime::Setting> ServeSettingsTable() {
  return {
      {"data", "Folder of the databases and keys; made by `pathways keys init`", ""},
      {"policies", "Folder of the policy pack that an empty policy ledger begins with", ""},
      {"agencies", "File that says which agency takes which pathway", ""},
      {"listen", "Address of the gRPC API; loopback only, port 0 for any free one", ""},
      {"metrics-listen", "Address of /metrics, /healthz and /readyz", "127.0.0.1:0"},
      {"master-key", "Master key file; empty: keys/master.key in the data folder", ""},
      {"tokens", "Token file; empty: keys/tokens in the data folder", ""},
      {"reflection", "gRPC reflection, on or off", "off"},
      {"log-level", "info, warning or error", "info"},
      {"drain-seconds", "How long running calls may take after SIGTERM", "10"},
      {"batch-max", "Commands in one transaction; 1 for a transaction per call", "256"},
      {"queue-max", "Requests that may wait in each service", "4096"},
      {"queue-bytes-max", "Bytes of requests that are not answered yet, in each service",
       "67108864"},
      {"message-bytes-max", "Largest request in bytes", "1048576"},
      {"connections-max", "Connections to the gRPC API; more are closed as they come", "256"},
      {"read-threads", "Threads for reads", "2"},
      {"sweep-seconds", "How often what was applied is compared with the other service", "300"},
      {"timers-seconds", "How often due timers are looked for", "10"},
      {"rescreen-per-second", "Cases screened again in a second when policies change; 0: no bound",
       "0"},
      {"stuck-hours", "Hours without progress after which a case counts as stuck", "72"},
  };
}

std::string MasterKeyFile(const std::string& data_folder) {
  return absl::StrCat(data_folder, "/keys/master.key");
}

std::string TokensFile(const std::string& data_folder) {
  return absl::StrCat(data_folder, "/keys/tokens");
}

absl::StatusOr<ServeSettings> ReadServeSettings(runtime::Settings& settings) {
  settings.FromEnvironment(environ, OtherVariables());
  ServeSettings read;
  EmbeddedOptions& embedded = read.embedded;
  embedded.data_folder = settings.Text("data", runtime::Presence::kRequired);
  embedded.policy_folder = settings.Folder("policies", runtime::Presence::kRequired);
  embedded.agencies_file = settings.File("agencies", runtime::Presence::kRequired);
  embedded.master_key_file = settings.File("master-key", runtime::Presence::kOptional);
  embedded.tokens_file = settings.File("tokens", runtime::Presence::kOptional);
  const runtime::Address listen = settings.HostPort("listen", runtime::Presence::kRequired);
  embedded.listen = listen.host.find(':') == std::string::npos
                        ? absl::StrCat(listen.host, ":", listen.port)
                        : absl::StrCat("[", listen.host, "]:", listen.port);
  read.metrics = settings.HostPort("metrics-listen", runtime::Presence::kRequired);
  embedded.reflection = settings.Word("reflection", {"on", "off"}) == "on";
  read.log_level = runtime::LogLevelOf(settings.Word("log-level", {"info", "warning", "error"}))
                       .value_or(runtime::LogLevel::kInfo);
  read.drain = settings.Seconds("drain-seconds", absl::Seconds(1), absl::Minutes(10));
  embedded.batch_max = static_cast<size_t>(settings.Integer("batch-max", 1, 10'000));
  embedded.queue_max = static_cast<size_t>(settings.Integer("queue-max", 1, 1'000'000));
  embedded.queue_bytes_max =
      static_cast<size_t>(settings.Integer("queue-bytes-max", 1 << 20, int64_t{4} << 30));
  embedded.message_bytes_max =
      static_cast<int>(settings.Integer("message-bytes-max", 1024, 64 << 20));
  embedded.connections_max = static_cast<int>(settings.Integer("connections-max", 8, 10'000));
  embedded.read_threads = static_cast<int>(settings.Integer("read-threads", 1, 64));
  embedded.sweep_every = settings.Seconds("sweep-seconds", absl::Seconds(1), absl::Hours(24));
  embedded.timers_every = settings.Seconds("timers-seconds", absl::Seconds(1), absl::Hours(1));
  embedded.rescreen_per_second = settings.Integer("rescreen-per-second", 0, 1'000'000);
  embedded.stuck_after = absl::Hours(settings.Integer("stuck-hours", 1, 8760));
  RETURN_IF_ERROR(settings.Check());
  if (embedded.master_key_file.empty()) {
    embedded.master_key_file = MasterKeyFile(embedded.data_folder);
  }
  if (embedded.tokens_file.empty()) embedded.tokens_file = TokensFile(embedded.data_folder);
  return read;
}

absl::StatusOr<std::unique_ptr<Serving>> Serving::Start(const ServeSettings& settings) {
  std::unique_ptr<Serving> serving(new Serving(settings));
  ASSIGN_OR_RETURN(runtime::DataLock lock, runtime::DataLock::Take(settings.embedded.data_folder));
  serving->lock_.emplace(std::move(lock));
  ASSIGN_OR_RETURN(serving->embedded_, Embedded::Start(settings.embedded, serving->clock_,
                                                       serving->log_, serving->metrics_));
  ASSIGN_OR_RETURN(
      serving->http_,
      runtime::MetricsHttp::Start(
          {settings.metrics, [serving = serving.get()] { return serving->metrics_.Text(); },
           [serving = serving.get()] { return serving->embedded_->IsReady(); },
           [serving = serving.get()] { return serving->embedded_->IsAlive(); }}));
  serving->log_.Info(
      "serving", {{"port", serving->embedded_->port()}, {"metrics_port", serving->http_->port()}});
  return serving;
}

Serving::~Serving() = default;

void Serving::Stop(const std::string& reason) {
  if (!IsAlive()) log_.Error("unreachable");
  log_.Info("stopping", {{"reason", reason}});
  runtime::Watchdog watchdog(log_);
  watchdog.Arm(settings_.drain + kStopMargin);
  // Before what its functions look at.
  http_->Stop();
  embedded_->Stop(settings_.drain);
  watchdog.Disarm();
  log_.Info("stopped");
}

}  // namespace pathways::cli
