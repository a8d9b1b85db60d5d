// What a PostgreSQL connection string may be, judged before anything is sent.
//
// A command line is seen by every user of the machine, so no secret may stand in the string: the
// password comes from a private file (PGPASSFILE). What goes over the network goes to the right
// server alone: another host than loopback needs sslmode=verify-full, for with less any machine in
// between can answer in the server's place. The variables of libpq (PGHOST, PGSSLMODE) count as
// they do for the connection.
#ifndef PATHWAYS_SERVICES_ENGINE_STORE_POSTGRES_CONNINFO_H_
#define PATHWAYS_SERVICES_ENGINE_STORE_POSTGRES_CONNINFO_H_

#include <string>

#include "absl/status/status.h"

namespace pathways::engine {

// INVALID_ARGUMENT with a line for each fault; no line quotes the string. Does not connect, and
// looks no name up.
absl::Status CheckConnectionString(const std::string& connection);

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_STORE_POSTGRES_CONNINFO_H_
