// How a service keeps a ledger (services/type/ledger.h) in its own messages, and what it does with
// it before it serves.
//
// In every service the message of a stored state has a field `ledger`, of type LedgerState, and the
// message of a command has one of type LedgerCommand.
#ifndef PATHWAYS_SERVICES_HOST_LEDGER_START_H_
#define PATHWAYS_SERVICES_HOST_LEDGER_START_H_

#include <functional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "pathways/type/v1/ledger.pb.h"
#include "services/base/log.h"
#include "services/base/serialize.h"
#include "services/engine/domain.h"
#include "services/engine/engine.h"
#include "services/engine/store/event_store.h"
#include "services/host/service_core.h"

namespace pathways::host {

// The ledger in a stored state. DATA_LOSS when it cannot be read.
template <typename State>
absl::StatusOr<type::v1::LedgerState> LedgerIn(const engine::StreamRow& row) {
  State state;
  if (!state.ParseFromString(row.state.open)) {
    return absl::DataLossError("a stored ledger cannot be read");
  }
  return std::move(*state.mutable_ledger());
}

// The ledger of a stream as it is stored; empty where the stream is. Errors of the store; DATA_LOSS
// when it cannot be read.
template <typename State>
absl::StatusOr<type::v1::LedgerState> ReadLedger(const engine::Domain& domain,
                                                 engine::EventReader& store,
                                                 const std::string& stream) {
  const absl::StatusOr<engine::StreamRow> row = engine::ReadFolded(domain, store, stream);
  if (!row.ok()) return row.status();
  return LedgerIn<State>(*row);
}

// A service's command, serialised.
template <typename Command>
std::string LedgerCommandOf(const type::v1::LedgerCommand& asked) {
  Command command;
  *command.mutable_ledger() = asked;
  return base::SerializeDeterministic(command);
}

// What an empty ledger begins with, and how its service speaks of it.
struct LedgerStart {
  std::string stream;       // The ledger's.
  std::string setting;      // The setting that names the content; the log speaks of the ledger so.
  std::string version;      // Of the content.
  std::string content;      // Serialised.
  std::string reason_code;  // Why it is applied, for example FIRST_POLICY.
  // The service's command, serialised.
  std::function<std::string(const type::v1::LedgerCommand&)> command;
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
