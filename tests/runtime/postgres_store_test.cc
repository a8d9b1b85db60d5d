#include "services/runtime/store/postgres_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runtime/event_store_contract.h"
#include "tests/support/postgres_cluster.h"

namespace pathways::runtime {
namespace {

using testing_support::TheCluster;

std::unique_ptr<PostgresStore> Open(PostgresStoreOptions options) {
  return Value(PostgresStore::Open(std::move(options)));
}

StoreKind Postgres() {
  return {"Postgres",
          [](const Clock& clock, const std::string& folder) -> std::unique_ptr<EventStore> {
            PostgresStoreOptions options;
            options.postgres.connection = TheCluster().NewDatabase();
            options.clock = &clock;
            EXPECT_EQ(Value(MigratePostgres(options.postgres)), 1);
            return Open(options);
          }};
}

INSTANTIATE_TEST_SUITE_P(Stores, EventStoreContract, testing::Values(Postgres()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace pathways::runtime
