// Rows of a service's database as the database has them, for tests that compare byte for byte.
#ifndef PATHWAYS_TESTS_DISTRIBUTED_DATABASE_ROWS_H_
#define PATHWAYS_TESTS_DISTRIBUTED_DATABASE_ROWS_H_

#include <string>
#include <vector>

namespace pathways::testing_support {

// The first column of every row of some queries; one row with what is wrong when a query fails.
std::vector<std::string> Rows(const std::string& database, const std::vector<std::string>& queries);

// Every row of every table but `positions`, which says how far topics were read.
std::vector<std::string> EveryRow(const std::string& database);

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_DISTRIBUTED_DATABASE_ROWS_H_
