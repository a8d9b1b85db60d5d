// All three services in one process, on SQLite and the in-process bus.
//
// Wires what services/<service> and services/runtime give: for each service a store, a domain, an
// engine and a relay; between them consumers and pullers; at intake the timers and the status; in
// front of all one gRPC server. Starts in this order and stops in the reverse. What the wiring of a
// service alone on Kafka and PostgreSQL differs in is which stores and topics stand here.
#ifndef PATHWAYS_SERVICES_PATHWAYS_EMBEDDED_H_
#define PATHWAYS_SERVICES_PATHWAYS_EMBEDDED_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/runtime/clock.h"
#include "services/runtime/log.h"
#include "services/runtime/metrics.h"

namespace pathways::cli {

struct EmbeddedOptions {
  std::string data_folder;      // intake.db, eligibility.db and referral.db. Locked by the caller.
  std::string policy_folder;    // The pack that an empty policy ledger begins with.
  std::string agencies_file;    // Which agency takes which pathway.
  std::string master_key_file;  // Made by `pathways keys init`.
  std::string tokens_file;      // Likewise.
  std::string listen = "127.0.0.1:0";
  bool reflection = false;
  int message_bytes_max = 1 << 20;
  int connections_max = 256;
  std::function<void()> on_unreachable;  // As in RpcOptions.
  size_t batch_max = 256;
  size_t queue_max = 4096;
  size_t queue_bytes_max = size_t{64} << 20;
  int read_threads = 2;
  absl::Duration sweep_every = absl::Minutes(5);
  absl::Duration timers_every = absl::Seconds(10);
  int64_t rescreen_per_second = 0;               // When policies change. 0: no bound.
  absl::Duration stuck_after = absl::Hours(72);  // For the metric.
};

class Embedded {
 public:
  // Starts everything; serves when it returns. `clock`, `log` and `metrics` must outlive it.
  // INVALID_ARGUMENT and others with one line for each fault of the files that are read, or
  // UNAVAILABLE (a store or the port).
  static absl::StatusOr<std::unique_ptr<Embedded>> Start(const EmbeddedOptions& options,
                                                         const runtime::Clock& clock,
                                                         runtime::Logger& log,
                                                         runtime::Metrics& metrics);
  ~Embedded();

  int port() const;
  // True while every service can write.
  bool IsReady() const;
  // False: nobody can reach the port any more.
  bool IsAlive() const;

  // True when everything committed was followed by the other services and shown in the status.
  bool IsSettled() const;

  // Refuses new calls, lets running ones end within `drain`, then stops the rest. Idempotent. Each
  // call that was answered OK is durable.
  void Stop(absl::Duration drain);

 private:
  struct Parts;

  explicit Embedded(std::unique_ptr<Parts> parts);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_PATHWAYS_EMBEDDED_H_
