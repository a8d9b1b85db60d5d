// The numbered migrations of the stores, compiled in from services/engine/store/migrations/*.sql
// (SQLite) and services/engine/store/migrations/postgres/*.sql.
//
// Expand, then contract: a migration never breaks the release before it. A migration that was
// released is never edited.
#ifndef PATHWAYS_SERVICES_ENGINE_STORE_MIGRATIONS_H_
#define PATHWAYS_SERVICES_ENGINE_STORE_MIGRATIONS_H_

#include <vector>

namespace pathways::engine {

// In order; the first is number 1. Each is one SQL script without BEGIN and COMMIT.
std::vector<const char*> SqliteMigrations();
std::vector<const char*> PostgresMigrations();

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_STORE_MIGRATIONS_H_
