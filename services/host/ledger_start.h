// What a service does with a ledger of its own (services/type/ledger.h) before it serves.
#ifndef PATHWAYS_SERVICES_HOST_LEDGER_START_H_
#define PATHWAYS_SERVICES_HOST_LEDGER_START_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "pathways/type/v1/ledger.pb.h"
#include "services/base/log.h"
#include "services/host/service_core.h"

namespace pathways::host {

// What an empty ledger begins with, and how its service speaks of it.
struct LedgerStart {
  std::string stream;       // The ledger's.
  std::string setting;      // The setting that names the content; the log speaks of the ledger so.
  std::string version;      // Of the content.
  std::string content;      // Serialised.
  std::string reason_code;  // Why it is applied, for example FIRST_POLICY.
  // The service's command, serialised, that applies a version.
  std::function<std::string(const type::v1::ApplyVersionCommand&)> command;
  // The ledger as it is stored.
  std::function<absl::StatusOr<type::v1::LedgerState>()> read;
};

// Begins the ledger where it is empty and the process can write, and logs which version is in
// force, with a warning where the setting names another. Returns the ledger as it stands then.
// Blocks until it is stored. Errors of the store and of the command.
absl::StatusOr<type::v1::LedgerState> BeginLedger(ServiceCore& core, const LedgerStart& start,
                                                  base::Logger& log);

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_LEDGER_START_H_
