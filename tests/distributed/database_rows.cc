#include "tests/distributed/database_rows.h"

#include "absl/strings/str_cat.h"
#include "services/engine/store/postgres.h"
#include "tests/support/serve_process.h"

namespace pathways::testing_support {

std::vector<std::string> Rows(const std::string& database,
                              const std::vector<std::string>& queries) {
  const auto deadline = engine::PostgresDeadlineIn(kPatience);
  auto connection = engine::PostgresConnection::Open({database, kPatience}, deadline);
  std::vector<std::string> rows;
  if (!connection.ok()) return {std::string(connection.status().message())};
  for (const std::string& query : queries) {
    const auto results = (*connection)->Run({{query.c_str(), {}}}, deadline);
    if (!results.ok()) return {std::string(results.status().message())};
    for (int i = 0; i < results->front().rows(); ++i) {
      rows.push_back(results->front().Bytes(i, 0));
    }
  }
  return rows;
}

std::vector<std::string> EveryRow(const std::string& database) {
  std::vector<std::string> queries;
  for (const std::string& table :
       Rows(database, {"SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename "
                       "<> 'positions' ORDER BY tablename"})) {
    queries.push_back(
        absl::StrCat("SELECT '", table, " ' || whole::text FROM ", table, " AS whole ORDER BY 1"));
  }
  return Rows(database, queries);
}

}  // namespace pathways::testing_support
