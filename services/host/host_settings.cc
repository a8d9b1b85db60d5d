#include "services/host/host_settings.h"

#include "absl/strings/str_cat.h"

namespace pathways::host {

std::vector<Setting> HostSettingsTable() {
  return {
      {"listen", "Address of the gRPC API; other than loopback it needs TLS", ""},
      {"metrics-listen", "Address of /metrics, /healthz and /readyz", ""},
      {"tokens", "Token file of those who call", ""},
      {"master-key", "Master key file", ""},
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
      {"stuck-hours", "Hours without progress after which a case counts as stuck", "72"},
  };
}

std::string TextOf(const base::Address& address) {
  if (address.host.empty()) return "";
  const bool is_v6 = address.host.find(':') != std::string::npos;
  return is_v6 ? absl::StrCat("[", address.host, "]:", address.port)
               : absl::StrCat(address.host, ":", address.port);
}

HostSettings ReadHostSettings(Settings& settings, Presence key_files) {
  HostSettings read;
  read.rpc.listen = TextOf(settings.HostPort("listen", Presence::kRequired));
  read.metrics = settings.HostPort("metrics-listen", Presence::kRequired);
  read.tokens_file = settings.File("tokens", key_files);
  read.master_key_file = settings.File("master-key", key_files);
  read.rpc.reflection = settings.Word("reflection", {"on", "off"}) == "on";
  read.log_level = base::LogLevelOf(settings.Word("log-level", {"info", "warning", "error"}))
                       .value_or(base::LogLevel::kInfo);
  read.drain = settings.Seconds("drain-seconds", absl::Seconds(1), absl::Minutes(10));
  read.engine.batch_max = static_cast<size_t>(settings.Integer("batch-max", 1, 10'000));
  read.engine.queue_max = static_cast<size_t>(settings.Integer("queue-max", 1, 1'000'000));
  read.engine.queue_bytes_max =
      static_cast<size_t>(settings.Integer("queue-bytes-max", 1 << 20, int64_t{4} << 30));
  read.rpc.connections_max = static_cast<int>(settings.Integer("connections-max", 8, 10'000));
  read.rpc.message_bytes_max =
      static_cast<int>(settings.Integer("message-bytes-max", 1024, 64 << 20));
  read.read_threads = static_cast<int>(settings.Integer("read-threads", 1, 64));
  read.sweep_every = settings.Seconds("sweep-seconds", absl::Seconds(1), absl::Hours(24));
  read.timers_every = settings.Seconds("timers-seconds", absl::Seconds(1), absl::Hours(1));
  read.stuck_after = absl::Hours(settings.Integer("stuck-hours", 1, 8760));
  return read;
}

}  // namespace pathways::host
