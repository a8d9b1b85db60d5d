// Goal: a connection string with a secret, or that leads over a network without the server's
// identity, is refused before anything is sent, and what is refused is never quoted. Method: a
// table; no server.
#include "services/engine/store/postgres_conninfo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "services/engine/store/postgres.h"

namespace pathways::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class PostgresConninfoTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"PGHOST", "PGHOSTADDR", "PGSSLMODE", "PGSERVICE", "PGPASSWORD"}) {
      unsetenv(name);
    }
  }
  void TearDown() override { SetUp(); }
};

TEST_F(PostgresConninfoTest, TakesWhatStaysHereAndWhatProvesItself) {
  for (const char* connection :
       {"", "intake", "dbname=intake", "host=/run/postgresql user=pathways dbname=intake",
        "host=@socket", "host=127.0.0.1 port=5432", "host=localhost", "host=::1",
        "host=/run/a,127.0.0.2", "hostaddr=127.0.0.1 host=db.example.org", "postgresql:///intake",
        "postgresql://u@localhost/intake", "postgres://u@[::1]:5432/intake", "password=''",
        "host=db.example.org sslmode=verify-full sslrootcert=/ca.crt",
        "postgresql://u@db.example.org/intake?sslmode=verify-full",
        "host=192.0.2.1,192.0.2.2 sslmode=verify-full"}) {
    EXPECT_TRUE(CheckConnectionString(connection).ok())
        << connection << CheckConnectionString(connection);
  }
}

TEST_F(PostgresConninfoTest, RefusesSecretsAndOpenNetworks) {
  const struct {
    const char* connection;
    const char* reason;
  } rows[] = {
      {"host=/run/postgresql password=HUNTER2", "has a password"},
      {"postgresql://u:HUNTER2@localhost/intake", "has a password"},
      {"dbname=intake sslpassword=HUNTER2", "has a sslpassword"},
      {"service=HUNTER2", "names a service"},
      {"host=db.example.org", "sslmode=verify-full"},
      {"host=192.0.2.1 sslmode=require", "sslmode=verify-full"},
      {"host=192.0.2.1 sslmode=verify-ca sslrootcert=/ca.crt", "sslmode=verify-full"},
      {"hostaddr=192.0.2.1 host=localhost", "sslmode=verify-full"},
      {"host=localhost,db.example.org", "sslmode=verify-full"},
      {"host=/run/postgresql,192.0.2.1 hostaddr=,192.0.2.1", "sslmode=verify-full"},
      {"host=0.0.0.0", "sslmode=verify-full"},
      {"host=127.0.0.1.example.org", "sslmode=verify-full"},
      {"postgresql://u@db.example.org/intake", "sslmode=verify-full"},
      {"host='HUNTER2", "is none"},
      {"HUNTER2=1", "is none"},
  };
  for (const auto& row : rows) {
    // The way of every program that opens a database. It ends before it connects.
    const absl::Status status = PostgresConnection::Open({.connection = row.connection},
                                                         PostgresDeadlineIn(absl::Seconds(1)))
                                    .status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << row.connection << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(row.reason)) << row.connection;
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("HUNTER2")));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("example.org")));
  }
}

TEST_F(PostgresConninfoTest, NamesAllFaultsAtOnce) {
  const absl::Status status = CheckConnectionString("host=db.example.org password=HUNTER2");
  EXPECT_THAT(std::string(status.message()), HasSubstr("has a password"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("sslmode=verify-full"));
}

TEST_F(PostgresConninfoTest, TheVariablesOfLibpqCount) {
  setenv("PGHOST", "db.example.org", 1);
  EXPECT_FALSE(CheckConnectionString("dbname=intake").ok());
  EXPECT_FALSE(CheckConnectionString("intake").ok());
  EXPECT_TRUE(CheckConnectionString("host=/run/postgresql").ok());
  setenv("PGSSLMODE", "verify-full", 1);
  EXPECT_TRUE(CheckConnectionString("dbname=intake").ok());
  EXPECT_FALSE(CheckConnectionString("dbname=intake sslmode=prefer").ok());
  // Of the environment, which other users cannot read.
  setenv("PGPASSWORD", "x", 1);
  EXPECT_TRUE(CheckConnectionString("dbname=intake").ok());
}

}  // namespace
}  // namespace pathways::engine
