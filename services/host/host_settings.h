// The settings that every host has, whatever it runs its services on.
//
// One table and one reader for both hosts (alone.h, together.h), so that a setting is declared,
// read and bounded once. A host adds its own rows, and each service those of its Service value.
#ifndef PATHWAYS_SERVICES_HOST_HOST_SETTINGS_H_
#define PATHWAYS_SERVICES_HOST_HOST_SETTINGS_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/base/address.h"
#include "services/base/log.h"
#include "services/engine/engine.h"
#include "services/host/grpc/server.h"
#include "services/host/settings.h"

namespace pathways::host {

std::vector<Setting> HostSettingsTable();

struct HostSettings {
  RpcOptions rpc;  // Without TLS.
  base::Address metrics;
  std::string tokens_file;      // Empty: not set.
  std::string master_key_file;  // Empty: not set.
  base::LogLevel log_level = base::LogLevel::kInfo;
  absl::Duration drain = absl::Seconds(10);
  engine::EngineOptions engine;
  int read_threads = 2;
  absl::Duration sweep_every = absl::Minutes(5);
  absl::Duration timers_every = absl::Seconds(10);
  absl::Duration stuck_after = absl::Hours(72);
};

// Reads them. Whether token and key file must be named is the host's to say.
HostSettings ReadHostSettings(Settings& settings, Presence key_files);

// "host:port", as a listener takes it. Empty where the address is not set.
std::string TextOf(const base::Address& address);

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_HOST_SETTINGS_H_
