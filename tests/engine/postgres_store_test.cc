// Goal: the PostgreSQL store keeps the contract, and what it promises beyond it: replicas that
// write at the same time lose nothing, readers follow commits, and no fault of server or connection
// makes it guess. Method: a real server of its own; the contract's suite; then two stores on one
// database, batches that are held at a known point by a lock or a trigger of the test, backends
// that are killed or stopped, and a server that crashes.
#include "services/engine/store/postgres_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <random>
#include <set>

#include "services/base/ids.h"
#include "services/engine/engine.h"
#include "services/follow/relay.h"
#include "services/follow/submit.h"
#include "services/type/problem.h"
#include "tests/engine/event_store_contract.h"
#include "tests/engine/fold_contract.h"
#include "tests/engine/lookup_contract.h"
#include "tests/engine/rule_domain.h"
#include "tests/support/bytes_domain.h"
#include "tests/support/postgres_cluster.h"

namespace pathways::engine {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing_support::TheCluster;

// The number of the store's commit-order lock.
constexpr char kHoldOrderLock[] = "SELECT pg_advisory_lock(20)";
constexpr char kReleaseOrderLock[] = "SELECT pg_advisory_unlock(20)";
// The number of the last migration.
constexpr int64_t kSchema = 2;

PostgresStoreOptions OptionsOf(const std::string& database) {
  PostgresStoreOptions options;
  options.postgres.connection = database;
  return options;
}

StoreKind Postgres() {
  return {"Postgres",
          [](const base::Clock& clock, const std::string& folder) -> std::unique_ptr<EventStore> {
            PostgresStoreOptions options = OptionsOf(TheCluster().NewDatabase());
            options.clock = &clock;
            EXPECT_EQ(Value(MigratePostgres(options.postgres)), kSchema);
            return Value(PostgresStore::Open(options));
          }};
}

INSTANTIATE_TEST_SUITE_P(Stores, EventStoreContract, testing::Values(Postgres()),
                         [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(Stores, FoldContract, testing::Values(Postgres()),
                         [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(Stores, LookupContract, testing::Values(Postgres()),
                         [](const auto& info) { return info.param.name; });

// Asks until it holds, at most 20 seconds.
bool Eventually(const std::function<bool()>& holds) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock<std::mutex> lock(mutex);
  for (int i = 0; i < 4000; ++i) {
    if (holds()) return true;
    never.wait_for(lock, std::chrono::milliseconds(5), [] { return false; });
  }
  return false;
}

// A test's own session in a database.
class Session {
 public:
  explicit Session(const std::string& database) {
    connection_ = Value(PostgresConnection::Open({database, absl::Seconds(30)}, Deadline()));
  }
  void Execute(const std::string& sql) {
    const absl::Status status = connection_->Execute(sql.c_str(), Deadline());
    EXPECT_TRUE(status.ok()) << sql << ": " << status;
  }
  // One BIGINT. `sql` is a literal.
  int64_t Ask(const char* sql, std::vector<std::string> parameters = {}) {
    const auto results = connection_->Run({{sql, std::move(parameters)}}, Deadline());
    EXPECT_TRUE(results.ok()) << sql << ": " << results.status();
    return results.ok() && (*results)[0].rows() == 1 ? (*results)[0].Int(0, 0) : -1;
  }
  bool IsRunning(int backend_pid) {
    return Ask("SELECT count(*) FROM pg_stat_activity WHERE pid = $1::bigint",
               {PostgresInt(backend_pid)}) == 1;
  }
  // Sessions of this database that wait for an advisory lock.
  int64_t Waiting() {
    return Ask(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
        "wait_event_type = 'Lock' AND wait_event = 'advisory'");
  }
  void Terminate(int backend_pid) {
    Ask("SELECT pg_terminate_backend($1::bigint::int)::int::bigint", {PostgresInt(backend_pid)});
    EXPECT_TRUE(Eventually([&] { return !IsRunning(backend_pid); }));
  }
  // Every other session of the database, until none is left.
  void TerminateOthers() {
    Ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = "
        "current_database() AND pid <> pg_backend_pid()");
    EXPECT_TRUE(Eventually([&] {
      return Ask("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()") == 1;
    }));
  }

 private:
  static PostgresDeadline Deadline() { return PostgresDeadlineIn(absl::Seconds(30)); }
  std::unique_ptr<PostgresConnection> connection_;
};

// Makes a connection behave as if the peer had closed it and nothing had arrived.
void Cut(int socket) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  close(pair[1]);
  dup2(pair[0], socket);
  close(pair[0]);
}

class PostgresStoreTest : public testing::Test {
 protected:
  PostgresStoreTest() : database_(TheCluster().NewDatabase()) {
    EXPECT_EQ(Value(MigratePostgres({database_})), kSchema);
  }

  std::unique_ptr<PostgresStore> Open(absl::Duration operation_max = absl::Seconds(5)) {
    PostgresStoreOptions options = OptionsOf(database_);
    options.postgres.operation_max = operation_max;
    options.commit_sent = [this](int backend_pid, int socket) {
      if (commit_sent_) commit_sent_(backend_pid, socket);
    };
    return Value(PostgresStore::Open(std::move(options)));
  }

  const std::string database_;
  std::function<void(int backend_pid, int socket)> commit_sent_;
};

// Migrations.

TEST(PostgresMigrationTest, TwoAtOnceMakeOneSchema) {
  const PostgresOptions options{TheCluster().NewDatabase(), absl::Seconds(20)};
  EXPECT_EQ(PostgresStore::Open({options}).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(PostgresStore::Open({options}).status().message(), HasSubstr("pathways migrate"));
  std::vector<std::future<absl::StatusOr<int64_t>>> migrations;
  for (int i = 0; i < 4; ++i) {
    migrations.push_back(std::async(std::launch::async, MigratePostgres, options));
  }
  for (auto& migration : migrations) EXPECT_EQ(Value(migration.get()), kSchema);
  const std::string incarnation = Value(PostgresStore::Open({options}))->Incarnation();
  EXPECT_EQ(Value(MigratePostgres(options)), kSchema);
  EXPECT_EQ(Value(PostgresStore::Open({options}))->Incarnation(), incarnation);
}

TEST(PostgresMigrationTest, EachDatabaseIsAnotherLog) {
  const PostgresOptions first{TheCluster().NewDatabase()};
  const PostgresOptions second{TheCluster().NewDatabase()};
  EXPECT_EQ(Value(MigratePostgres(first)), kSchema);
  EXPECT_EQ(Value(MigratePostgres(second)), kSchema);
  EXPECT_NE(Value(PostgresStore::Open({first}))->Incarnation(),
            Value(PostgresStore::Open({second}))->Incarnation());
}

TEST_F(PostgresStoreTest, ANewerSchemaIsRefused) {
  Session(database_).Execute("UPDATE store SET value = '999' WHERE name = 'schema'");
  const absl::Status opened = PostgresStore::Open(OptionsOf(database_)).status();
  EXPECT_EQ(opened.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(opened.message(), HasSubstr("pathways migrate"));
  EXPECT_EQ(MigratePostgres({database_}).status().code(), absl::StatusCode::kFailedPrecondition);
}

// Errors and time.

TEST_F(PostgresStoreTest, EachSqlstateHasOneMeaning) {
  const struct {
    const char* state;
    absl::StatusCode code;
  } rows[] = {
      {"40001", absl::StatusCode::kAborted},     {"40P01", absl::StatusCode::kAborted},
      {"23505", absl::StatusCode::kAborted},     {"23502", absl::StatusCode::kInternal},
      {"57P01", absl::StatusCode::kUnavailable}, {"57P02", absl::StatusCode::kUnavailable},
      {"57P03", absl::StatusCode::kUnavailable}, {"57014", absl::StatusCode::kUnavailable},
      {"08006", absl::StatusCode::kUnavailable}, {"53100", absl::StatusCode::kUnavailable},
      {"53300", absl::StatusCode::kUnavailable}, {"25006", absl::StatusCode::kUnavailable},
      {"25P03", absl::StatusCode::kUnavailable}, {"55P03", absl::StatusCode::kUnavailable},
      {"58030", absl::StatusCode::kUnavailable}, {"22021", absl::StatusCode::kInternal},
      {"42703", absl::StatusCode::kInternal},    {"25P02", absl::StatusCode::kInternal},
      {"XX001", absl::StatusCode::kDataLoss},    {"XX002", absl::StatusCode::kDataLoss},
      {"XX000", absl::StatusCode::kInternal},
  };
  const auto deadline = PostgresDeadlineIn(absl::Seconds(30));
  const auto connection = Value(PostgresConnection::Open({database_}, deadline));
  for (const auto& row : rows) {
    const std::string raise = absl::StrCat(
        "DO $$ BEGIN RAISE EXCEPTION 'a secret' USING ERRCODE = '", row.state, "'; END $$");
    const absl::Status status = connection->Execute(raise.c_str(), deadline);
    EXPECT_EQ(status.code(), row.code) << status;
    EXPECT_THAT(status.message(), HasSubstr(row.state));
    EXPECT_THAT(status.message(), Not(HasSubstr("secret")));
    EXPECT_FALSE(connection->lost());
  }
}

TEST_F(PostgresStoreTest, NowIsTheDatabasesClock) {
  const auto store = Open();
  Session session(database_);
  const auto now = [&] {
    return session.Ask("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint");
  };
  const int64_t before = now();
  const absl::Time read = Value(Value(store->Begin())->Read({})).now;
  EXPECT_LE(before, absl::ToUnixMicros(read));
  EXPECT_LE(absl::ToUnixMicros(read), now());
}

// A session setting of the role must not weaken an answered commit, nor the plans.
TEST_F(PostgresStoreTest, SettingsOfTheDatabaseDoNotWeakenTheStore) {
  Session session(database_);
  session.Execute(
      "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', "
      "current_database()); END $$");
  const auto connection =
      Value(PostgresConnection::Open({database_}, PostgresDeadlineIn(absl::Seconds(30))));
  const auto results = Value(
      connection->Run({{"SHOW synchronous_commit", {}}}, PostgresDeadlineIn(absl::Seconds(30))));
  EXPECT_EQ(results[0].Bytes(0, 0), "on");
}

TEST_F(PostgresStoreTest, OnlyWhatIsWrittenHasARow) {
  const auto store = Open();
  {
    std::unique_ptr<Batch> batch = Value(store->Begin());
    BatchRead wanted;
    wanted.streams = {"a", "b", "c"};
    EXPECT_THAT(Value(batch->Read(wanted)).streams, IsEmpty());
    BatchWrite write = Batched({Append("b", 0), Mark("c", 0, {}, {{"intake", 1}})});
    ASSERT_TRUE(batch->Commit(write).ok());
  }
  ASSERT_TRUE(store->MarkBehind({{"d", "intake", 3, 0, {}}}).ok());
  EXPECT_EQ(Session(database_).Ask("SELECT count(*) FROM streams"), 3) << "b; c and d for marks";
  EXPECT_THAT(Value(store->ReadHeads("", kAll)), testing::SizeIs(1));
}

// Read as nothing applied, everything would be applied again.
TEST_F(PostgresStoreTest, AppliedNumbersThatCannotBeReadAreDataLoss) {
  const auto store = Open();
  ASSERT_TRUE(Commit(*store, OneOfEverything()).ok());
  Session(database_).Execute("UPDATE streams SET applied = substr(applied, 1, 9) WHERE id = 'a'");
  EXPECT_EQ(store->ReadState("a").status().code(), absl::StatusCode::kDataLoss);
  const std::unique_ptr<Batch> batch = Value(store->Begin());
  EXPECT_EQ(batch->Read({.streams = {"a"}}).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(store->ReadState("b").ok());
}

// The view is what operators read.
TEST_F(PostgresStoreTest, TheViewOfAppliedNumbersReadsTheStreamsBytes) {
  const auto store = Open();
  StreamWrite marked =
      Mark("m", 0, {{"eligibility", {258, "abcdefgh"}}, {"intake", {1, "1111"}}}, {});
  ASSERT_TRUE(Commit(*store, Batched({marked})).ok());
  Session session(database_);
  EXPECT_EQ(session.Ask("SELECT count(*) FROM applied WHERE stream = 'm'"), 2);
  EXPECT_EQ(session.Ask("SELECT number FROM applied WHERE upstream = 'eligibility' AND "
                        "fingerprints = 'abcdefgh'"),
            258);
}

// Replicas.

// What does not exist cannot be locked: so whoever makes it second must have read it again.
TEST_F(PostgresStoreTest, ANewStreamIsMadeByOneOnly) {
  const auto first = Open();
  const auto second = Open();
  BatchRead wanted;
  wanted.streams = {"a"};
  for (const BatchWrite& late :
       {Batched({Append("a", 0)}), Batched({Mark("a", 0, {}, {{"intake", 3}})})}) {
    std::unique_ptr<Batch> batch = Value(first->Begin());
    EXPECT_THAT(Value(batch->Read(wanted)).streams, IsEmpty());
    ASSERT_TRUE(Commit(*second, Batched({Append("a", 0, 2)})).ok());
    BatchWrite write = late;
    EXPECT_EQ(batch->Commit(write).code(), absl::StatusCode::kAborted);
    batch.reset();
    EXPECT_EQ(Value(first->ReadState("a")).version, 2);
    EXPECT_THAT(Value(first->ReadState("a")).behind, IsEmpty());
    Session(database_).Execute("DELETE FROM streams; DELETE FROM events");
  }
}

TEST_F(PostgresStoreTest, AMarkOfANewStreamIsSeenByWhoMakesIt) {
  const auto first = Open();
  const auto second = Open();
  std::unique_ptr<Batch> batch = Value(first->Begin());
  BatchRead wanted;
  wanted.streams = {"a"};
  EXPECT_THAT(Value(batch->Read(wanted)).streams, IsEmpty());
  ASSERT_TRUE(second->MarkBehind({{"a", "intake", 1, 0, {}}}).ok());
  BatchWrite write = Batched({Append("a", 0)});
  EXPECT_EQ(batch->Commit(write).code(), absl::StatusCode::kAborted);
  batch.reset();
  batch = Value(first->Begin());
  EXPECT_THAT(Value(batch->Read(wanted)).streams["a"].behind, ElementsAre(Pair("intake", 1)));
  write = Batched({Append("a", 0)});  // With no mark any more.
  ASSERT_TRUE(batch->Commit(write).ok());
  EXPECT_THAT(Value(first->ReadState("a")).behind, IsEmpty());
  EXPECT_THAT(Value(first->ReadHeads("", kAll)), testing::SizeIs(1));
}

// The same request at two replicas: the second must not take what the first made for another's.
TEST_F(PostgresStoreTest, WhoSeesAnIndexEntryOfARequestSeesTheRequest) {
  const auto store = Open(absl::Seconds(30));
  Session first(database_);
  first.Execute("BEGIN; LOCK TABLE unique_index");
  const type::UniqueEntry entry{"by_number", "n1"};
  std::future<BatchData> read = std::async(std::launch::async, [&] {
    BatchRead wanted;
    wanted.requests = {"request-1"};
    wanted.uniques = {entry};
    return Value(Value(store->Begin())->Read(wanted));
  });
  Session session(database_);
  EXPECT_TRUE(Eventually([&] {
    return session.Ask(
               "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
               "AND wait_event_type = 'Lock'") == 1;
  }));
  first.Execute(
      "INSERT INTO requests VALUES ('request-1', 'a', 1, ''); "
      "INSERT INTO unique_index VALUES ('by_number', 'n1', 'a'); COMMIT");
  const BatchData data = read.get();
  EXPECT_EQ(data.holders.at(entry), "a");
  EXPECT_TRUE(data.requests.contains("request-1"));
}

// A batch that has read a stream replaces its marks as a whole, so a mark must not slip in between.
TEST_F(PostgresStoreTest, AMarkWaitsForTheStreamsBatch) {
  const auto first = Open();
  const auto second = Open();
  Session session(database_);
  ASSERT_TRUE(Commit(*first, Batched({Mark("a", 0, {}, {{"intake", 3}})})).ok());
  std::unique_ptr<Batch> batch = Value(first->Begin());
  BatchRead wanted;
  wanted.streams = {"a"};
  Value(batch->Read(wanted));
  std::future<absl::Status> marked = std::async(
      std::launch::async, [&] { return second->MarkBehind({{"a", "intake", 5, 0, {}}}); });
  EXPECT_TRUE(Eventually([&] {
    return marked.wait_for(std::chrono::seconds(0)) == std::future_status::ready ||
           session.Ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == 1;
  }));
  BatchWrite write = Batched({Mark("a", 0, {{"intake", {3, "111122223333"}}}, {})});
  ASSERT_TRUE(batch->Commit(write).ok());
  batch.reset();
  ASSERT_TRUE(marked.get().ok());
  EXPECT_THAT(Value(first->ReadState("a")).behind, ElementsAre(Pair("intake", 5)));
}

// The first store's batch has its position and is held by a trigger, before its commit. If the
// second store could commit meanwhile, a reader would go past the first one's position.
TEST_F(PostgresStoreTest, AReaderFollowsCommitsOfAllReplicas) {
  const auto first = Open(absl::Seconds(30));
  const auto second = Open(absl::Seconds(30));
  Session session(database_);
  session.Execute(
      "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
      "pg_advisory_xact_lock(77); RETURN NULL; END $$; CREATE TRIGGER hold AFTER INSERT ON events "
      "FOR EACH ROW WHEN (NEW.stream = 'slow') EXECUTE FUNCTION hold(); "
      "SELECT pg_advisory_lock(77)");
  const auto commit = [](PostgresStore& store, const std::string& stream) {
    return Commit(store, Batched({Append(stream, 0)}));
  };
  auto slow = std::async(std::launch::async, commit, std::ref(*first), "slow");
  Session other(database_);
  ASSERT_TRUE(Eventually([&] { return other.Waiting() == 1; }));
  auto quick = std::async(std::launch::async, commit, std::ref(*second), "quick");
  ASSERT_TRUE(Eventually([&] { return other.Waiting() == 2 || Value(first->LastPosition()) > 0; }));
  std::vector<EventRow> seen = Value(first->ReadAfter(0, kAll));
  session.Execute("SELECT pg_advisory_unlock(77)");
  EXPECT_TRUE(slow.get().ok());
  EXPECT_TRUE(quick.get().ok());
  const int64_t position = seen.empty() ? 0 : seen.back().position;
  for (EventRow& event : Value(first->ReadAfter(position, kAll))) seen.push_back(event);
  EXPECT_THAT(Numbers(seen), ElementsAre("slow 1", "quick 1"));
}

// As above, with one line of the audit trail each: also where a batch has no event, as a read of an
// identity. Ids that are not in the order of the commits could not be chained.
TEST_F(PostgresStoreTest, TheAuditTrailIsInTheOrderOfCommits) {
  const auto first = Open(absl::Seconds(30));
  const auto second = Open(absl::Seconds(30));
  Session session(database_);
  session.Execute(
      "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
      "pg_advisory_xact_lock(77); RETURN NULL; END $$; CREATE TRIGGER hold AFTER INSERT ON audit "
      "FOR EACH ROW WHEN (NEW.stream = 'slow') EXECUTE FUNCTION hold(); "
      "SELECT pg_advisory_lock(77)");
  const auto commit = [](PostgresStore& store, const std::string& stream, bool appends) {
    BatchWrite write;
    if (appends) write = Batched({Append(stream, 0)});
    write.audit.push_back({"staff/a", "Get", stream, 1});
    return Commit(store, write);
  };
  Session other(database_);
  // How many lines are committed.
  const auto committed = [&] { return other.Ask("SELECT count(*) FROM audit"); };
  const struct {
    bool slow_appends;
    bool quick_appends;
  } rows[] = {{false, false}, {false, true}, {true, false}};
  int64_t before = 0;
  for (const auto& row : rows) {
    SCOPED_TRACE(before);
    auto slow = std::async(std::launch::async, commit, std::ref(*first), "slow", row.slow_appends);
    ASSERT_TRUE(Eventually([&] { return other.Waiting() == 1; }));
    auto quick = std::async(std::launch::async, commit, std::ref(*second),
                            absl::StrCat("quick", before), row.quick_appends);
    ASSERT_TRUE(Eventually([&] { return other.Waiting() == 2 || committed() > before; }));
    EXPECT_EQ(committed(), before) << "the second line came before the first";
    session.Execute("SELECT pg_advisory_unlock(77)");
    EXPECT_TRUE(slow.get().ok());
    EXPECT_TRUE(quick.get().ok());
    before += 2;
    session.Execute("SELECT pg_advisory_lock(77)");
  }
  EXPECT_EQ(committed(), before);
}

// What several writers and a reader of one log have to agree on.
struct Load {
  std::atomic<int64_t> committed{0};  // Events.
  std::atomic<int> writing{0};
  std::mutex mutex;
  std::vector<std::string> errors;  // Guarded by mutex.
};

// Appends to some of ten streams, again and again, each time to what it has read.
void WriteUnderLoad(PostgresStore& store, unsigned seed, int batches, Load& load) {
  std::mt19937 random(seed);
  for (int done = 0; done < batches;) {
    std::unique_ptr<Batch> batch = Value(store.Begin());
    if (batch == nullptr) break;
    BatchRead wanted;
    for (int i = 0; i < 10; ++i) {
      if (random() % 3 == 0) wanted.streams.push_back(absl::StrCat("s", i));
    }
    const absl::StatusOr<BatchData> data = batch->Read(wanted);
    if (!data.ok()) {
      std::lock_guard<std::mutex> lock(load.mutex);
      load.errors.emplace_back(data.status().message());
      continue;
    }
    BatchWrite write;
    const bool trades = random() % 2 == 0;
    for (const std::string& stream : wanted.streams) {
      const auto row = data->streams.find(stream);
      const int64_t version = row == data->streams.end() ? 0 : row->second.version;
      write.streams.push_back(Append(stream, version, 1 + static_cast<int>(random() % 2)));
      if (!trades) continue;
      // Streams take entries from each other: of those it wants, it gets the ones that are free.
      const auto token = [&] { return type::UniqueEntry{"token", absl::StrCat(random() % 20)}; };
      write.streams.back().added.uniques = {token()};
      write.streams.back().removed.uniques = {token(), token(), token(), token()};
    }
    std::shuffle(write.streams.begin(), write.streams.end(), random);
    const absl::Status status = batch->Commit(write);
    ++done;
    if (status.ok()) {
      for (const StreamWrite& stream : write.streams) {
        load.committed += static_cast<int64_t>(stream.events.size());
      }
    } else {
      std::lock_guard<std::mutex> lock(load.mutex);
      load.errors.emplace_back(status.message());
    }
  }
  --load.writing;
}

TEST_F(PostgresStoreTest, ReplicasUnderLoadLoseNothing) {
  constexpr int kReplicas = 3;
  constexpr int kBatchesEach = 150;
  Load load;
  std::vector<std::unique_ptr<PostgresStore>> replicas;
  for (int i = 0; i < kReplicas; ++i) replicas.push_back(Open(absl::Seconds(30)));
  load.writing = kReplicas;
  std::vector<std::thread> writers;
  for (int i = 0; i < kReplicas; ++i) {
    writers.emplace_back(
        [&, i] { WriteUnderLoad(*replicas[static_cast<size_t>(i)], 17 + i, kBatchesEach, load); });
  }
  const auto reader = Open();
  std::vector<EventRow> seen;
  for (bool last = false; !last;) {
    last = load.writing == 0;
    const int64_t position = seen.empty() ? 0 : seen.back().position;
    for (EventRow& event : Value(reader->ReadAfter(position, 7))) {
      seen.push_back(std::move(event));
      last = false;
    }
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_GT(load.committed, kReplicas * kBatchesEach) << "the load was mostly refused";
  EXPECT_EQ(static_cast<int64_t>(seen.size()), load.committed);
  EXPECT_EQ(Session(database_).Ask("SELECT count(*) FROM events"), load.committed);
  std::map<std::string, int64_t> numbers;
  for (const EventRow& event : seen) EXPECT_EQ(event.number, ++numbers[event.stream]);
  for (const auto& [stream, number] : numbers) {
    EXPECT_EQ(Value(reader->ReadState(stream)).version, number);
  }
  // Only lost races, and no deadlock among them.
  for (const std::string& error : load.errors) {
    EXPECT_TRUE(error.find("40001") != std::string::npos ||
                error.find("23505 of streams_pkey") != std::string::npos ||
                error.find("a unique entry") != std::string::npos)
        << error;
  }
}

// A stream is the number of its events.
class CountDomain : public testing_support::BytesDomain {
 public:
  absl::StatusOr<UpstreamCommand> FromUpstream(absl::string_view,
                                               const EventRow& event) const override {
    return UpstreamCommand{event.data, {}};
  }

 protected:
  absl::Status Evolve(StoredState& state, const EventRow& event) const override {
    state.open += "1";
    return absl::OkStatus();
  }
};

struct Replica {
  explicit Replica(std::unique_ptr<PostgresStore> opened)
      : store(std::move(opened)), engine(domain, *store, EngineOptions{}) {}
  CountDomain domain;
  std::unique_ptr<PostgresStore> store;
  Engine engine;
};

// As after a client's retry to another replica, which mints another stream for it.
TEST_F(PostgresStoreTest, OneRequestSentToTwoReplicasIsAcceptedOnce) {
  constexpr int kRequests = 100;
  Replica first(Open(absl::Seconds(30)));
  Replica second(Open(absl::Seconds(30)));
  std::mutex mutex;
  std::map<std::string, std::vector<std::string>> streams;  // Of each request.
  for (int i = 0; i < kRequests; ++i) {
    for (Replica* replica : {&first, &second}) {
      const std::string stream = absl::StrCat(replica == &first ? "x" : "y", i);
      const std::string key = absl::StrCat("key-", i);
      replica->engine.Submit({stream, "c", RequestOrigin{key, "print", "staff/a", "Say"}, {}},
                             [&, key](const Answer& answer) {
                               EXPECT_TRUE(answer.status.ok()) << answer.status;
                               std::lock_guard<std::mutex> lock(mutex);
                               streams[key].push_back(answer.stream);
                             });
    }
  }
  first.engine.Drain();
  second.engine.Drain();
  for (const auto& [key, both] : streams) {
    ASSERT_EQ(both.size(), 2u) << key;
    EXPECT_EQ(both[0], both[1]) << key;
  }
  EXPECT_EQ(Session(database_).Ask("SELECT count(*) FROM events"), kRequests);
}

TEST_F(PostgresStoreTest, OneEventGivenToTwoReplicasIsAppliedOnce) {
  constexpr int kEvents = 100;
  Replica first(Open(absl::Seconds(30)));
  Replica second(Open(absl::Seconds(30)));
  for (int64_t number = 1; number <= kEvents; ++number) {
    for (Replica* replica : {&first, &second}) {
      EventRow event = Event("s", number);
      replica->engine.Submit(
          follow::CommandOf(replica->domain, "up", event),
          [](const Answer& answer) { EXPECT_TRUE(answer.status.ok()) << answer.status; });
    }
  }
  first.engine.Drain();
  second.engine.Drain();
  const StreamRow row = Value(first.store->ReadState("s"));
  EXPECT_EQ(row.version, kEvents);
  EXPECT_EQ(row.state.open.size(), static_cast<size_t>(kEvents));
  EXPECT_EQ(row.applied.at("up").number, kEvents);
  EXPECT_THAT(row.behind, IsEmpty());
  EXPECT_EQ(row.parked_reason, "");
}

// Two replicas under one rules stream.

struct ReplicaWithRules {
  explicit ReplicaWithRules(std::unique_ptr<PostgresStore> opened)
      : store(std::move(opened)), engine(domain, *store, EngineOptions{}) {}
  std::future<absl::Status> Say(const std::string& stream, const std::string& what) {
    auto said = std::make_shared<std::promise<absl::Status>>();
    engine.Submit({stream, what, RequestOrigin{base::NewUuid(), what, "staff/a", "Say"}, {}},
                  [said](const Answer& answer) { said->set_value(answer.status); });
    return said->get_future();
  }
  RuleDomain domain;
  std::unique_ptr<PostgresStore> store;
  Engine engine;
};

// Goes through the log in order of commit: each word was decided under the rule before it.
void ExpectRulesHeld(PostgresStore& store) {
  std::string rule = "none";
  for (const EventRow& event : Value(store.ReadAfter(0, kAll))) {
    if (event.stream == kRules) {
      rule = event.data;
    } else if (event.data.substr(event.data.find('@') + 1) != rule) {
      ADD_FAILURE() << event.data << " was decided under a rule that was replaced, by " << rule;
    }
  }
}

// A batch that has decided and is about to commit keeps a new rule waiting, and a rule that is
// about to be committed keeps batches waiting.
TEST_F(PostgresStoreTest, NoBatchDecidesUnderARuleThatWasReplaced) {
  ReplicaWithRules first(Open(absl::Seconds(30)));
  ReplicaWithRules second(Open(absl::Seconds(30)));
  ASSERT_TRUE(first.Say(kRules, "r1").get().ok());
  Session session(database_);
  Session other(database_);
  session.Execute(kHoldOrderLock);
  auto word = first.Say("s", "a");
  ASSERT_TRUE(Eventually([&] { return other.Waiting() == 1; }));
  auto rule = second.Say(kRules, "r2");
  ASSERT_TRUE(Eventually([&] { return other.Waiting() == 2; }));
  session.Execute(kReleaseOrderLock);
  EXPECT_TRUE(word.get().ok());
  EXPECT_TRUE(rule.get().ok());
  session.Execute(kHoldOrderLock);
  rule = second.Say(kRules, "r3");
  ASSERT_TRUE(Eventually([&] { return other.Waiting() == 1; }));
  word = first.Say("t", "b");
  ASSERT_TRUE(Eventually([&] { return other.Waiting() == 2; }));
  session.Execute(kReleaseOrderLock);
  EXPECT_TRUE(word.get().ok());
  EXPECT_TRUE(rule.get().ok());
  ExpectRulesHeld(*first.store);
  EXPECT_EQ(Value(first.store->ReadState("s")).state.open, "a@r1.");
  EXPECT_EQ(Value(first.store->ReadState("t")).state.open, "b@r3.");
}

TEST_F(PostgresStoreTest, ReplicasUnderChangingRulesDecideUnderTheRuleInForce) {
  constexpr int kRulesChanged = 20;
  constexpr int kWordsEach = 40;
  ReplicaWithRules first(Open(absl::Seconds(30)));
  ReplicaWithRules second(Open(absl::Seconds(30)));
  for (int rule = 0; rule < kRulesChanged; ++rule) {
    for (ReplicaWithRules* replica : {&first, &second}) {
      for (int word = 0; word < kWordsEach; ++word) {
        replica->Say(absl::StrCat("s", word % 7), absl::StrCat("w", word));
      }
    }
    ASSERT_TRUE((rule % 2 == 0 ? first : second).Say(kRules, absl::StrCat("r", rule)).get().ok());
  }
  first.engine.Drain();
  second.engine.Drain();
  EXPECT_EQ(Value(first.store->LastPosition()), kRulesChanged * (2 * kWordsEach + 1));
  ExpectRulesHeld(*first.store);
}

// The relay's leadership.

// The backend that holds the leader's lock. -1: there is none.
int LeaderOf(Session& session) {
  return static_cast<int>(session.Ask(
      "SELECT pid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 22 "
      "AND objid = 0 AND objsubid = 2 AND database = (SELECT oid FROM pg_database WHERE datname = "
      "current_database())"));
}

TEST_F(PostgresStoreTest, OneStoreLeadsAndOnlyItsWritesTakeEffect) {
  const auto first = Open();
  const auto second = Open();
  Session session(database_);
  const Lease lease = Value(first->LeadRelay());
  ASSERT_TRUE(first->AdvanceWatermark(lease, 5).ok());
  ASSERT_TRUE(first->Withhold(lease, {{"w", 3, "TOO_LARGE", {}}}).ok());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(second->LeadRelay().status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_FALSE(second->IsRelayLeader());
    EXPECT_EQ(second->AdvanceWatermark(lease, 9).code(), absl::StatusCode::kAborted);
  }
  EXPECT_EQ(Value(first->LeadRelay()), lease) << "asking must not take leadership from the leader";
  EXPECT_TRUE(first->IsRelayLeader());

  session.Terminate(LeaderOf(session));
  const Lease next = Value(second->LeadRelay());
  // The first one has not noticed, and tries each of the leader's writes with its old epoch.
  EXPECT_EQ(session.Ask("SELECT epoch FROM relay"), 2);
  EXPECT_EQ(first->AdvanceWatermark(lease, 9).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(first->Withhold(lease, {{"x", 1, "TOO_LARGE", {}}}).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(first->Release(lease, "w").code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Value(second->ReadWatermark()), 5);
  EXPECT_THAT(Value(second->ReadWithheld(kAll)), testing::SizeIs(1));
  EXPECT_EQ(first->LeadRelay().status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(second->AdvanceWatermark(next, 7).ok());
}

// Each of them as the first write after the other store took over.
TEST_F(PostgresStoreTest, EachOfTheLeadersWritesIsFenced) {
  const auto first = Open();
  Lease lease = Value(first->LeadRelay());
  ASSERT_TRUE(first->Withhold(lease, {{"w", 3, "TOO_LARGE", {}}}).ok());
  Session session(database_);
  const std::function<absl::Status()> writes[] = {
      [&] { return first->AdvanceWatermark(lease, 9); },
      [&] { return first->Withhold(lease, {{"x", 1, "TOO_LARGE", {}}}); },
      [&] { return first->Release(lease, "w"); },
  };
  for (const auto& write : writes) {
    ASSERT_TRUE(Eventually([&] {
      const absl::StatusOr<Lease> led = first->LeadRelay();
      if (led.ok()) lease = *led;
      return led.ok();
    }));
    session.Terminate(LeaderOf(session));
    {
      const auto second = Open();
      ASSERT_TRUE(second->LeadRelay().ok());
      EXPECT_EQ(write().code(), absl::StatusCode::kAborted);
      EXPECT_EQ(first->LeadRelay().status().code(), absl::StatusCode::kFailedPrecondition);
    }
  }
  EXPECT_EQ(Value(first->ReadWatermark()), 0);
  const std::vector<WithheldRow> withheld = Value(first->ReadWithheld(kAll));
  ASSERT_THAT(withheld, testing::SizeIs(1));
  EXPECT_EQ(withheld[0].stream, "w");
}

TEST_F(PostgresStoreTest, ALeaderThatIsCutOffLeadsAgainWithAnotherEpoch) {
  const auto store = Open();
  Session session(database_);
  const Lease lease = Value(store->LeadRelay());
  session.Terminate(LeaderOf(session));
  ASSERT_TRUE(Eventually(
      [&] { return store->LeadRelay().ok() && session.Ask("SELECT epoch FROM relay") == 2; }));
  const Lease next = Value(store->LeadRelay());
  EXPECT_NE(next, lease);
  EXPECT_EQ(store->AdvanceWatermark(lease, 1).code(), absl::StatusCode::kAborted);
  EXPECT_TRUE(store->AdvanceWatermark(next, 1).ok());
}

// A batch that was read before the watermark was set back, by a process that has lost the lead and
// taken it again since: written, it would leave out what the rebuilt topic lacks.
TEST_F(PostgresStoreTest, WhatWasReadUnderAnotherLeaseCannotBeWritten) {
  const auto store = Open();
  ASSERT_TRUE(Commit(*store, Batched({Append("a", 0), Append("b", 0), Append("c", 0)})).ok());
  Session session(database_);
  const Lease lease = Value(store->LeadRelay());
  ASSERT_TRUE(store->AdvanceWatermark(lease, 2).ok());
  EXPECT_EQ(Value(store->ReadWatermark()), 2);
  session.Terminate(LeaderOf(session));
  ASSERT_TRUE(Open()->SetBackWatermark(0).ok());
  std::thread other([&] { EXPECT_TRUE(Eventually([&] { return store->LeadRelay().ok(); })); });
  other.join();
  EXPECT_EQ(store->AdvanceWatermark(lease, 3).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(store->Withhold(lease, {{"a", 1, "TOO_LARGE", {}}}).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(store->Release(lease, "a").code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Value(store->ReadWatermark()), 0);
  EXPECT_THAT(Value(store->ReadWithheld(kAll)), IsEmpty());
  EXPECT_TRUE(store->AdvanceWatermark(Value(store->LeadRelay()), 3).ok());
}

// The leader holds a batch that would move the watermark on: it must lose its place.
TEST_F(PostgresStoreTest, AWatermarkThatIsSetBackTakesTheLeadersPlace) {
  const auto leader = Open();
  ASSERT_TRUE(Commit(*leader, Batched({Append("a", 0), Append("b", 0), Append("c", 0)})).ok());
  const Lease lease = Value(leader->LeadRelay());
  ASSERT_TRUE(leader->AdvanceWatermark(lease, 3).ok());
  ASSERT_TRUE(leader->Withhold(lease, {{"a", 1, "TOO_LARGE", {}}, {"c", 1, "TOO_LARGE", {}}}).ok());
  const auto operators = Open();
  EXPECT_EQ(operators->SetBackWatermark(4).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Value(leader->ReadWatermark()), 3);
  ASSERT_TRUE(operators->SetBackWatermark(2).ok());
  EXPECT_EQ(Value(leader->ReadWatermark()), 2);
  EXPECT_EQ(leader->AdvanceWatermark(lease, 3).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Value(leader->ReadWatermark()), 2);
  const int64_t session = leader->RelaySession();
  EXPECT_TRUE(Eventually([&] { return leader->LeadRelay().ok(); }));
  EXPECT_NE(leader->RelaySession(), session);
  // What comes by the usual way again is not withheld.
  const std::vector<WithheldRow> withheld = Value(leader->ReadWithheld(kAll));
  ASSERT_THAT(withheld, testing::SizeIs(1));
  EXPECT_EQ(withheld[0].stream, "a");
}

TEST_F(PostgresStoreTest, WhoHoldsAStoreAloneIsTheOnlyOneWhoAppends) {
  const auto service = Open();
  ASSERT_TRUE(service->LeadRelay().ok());
  const std::string incarnation = service->Incarnation();
  {
    const auto refused = Open();
    EXPECT_EQ(refused->HoldAlone().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(Open()->Incarnation(), incarnation);
  }
  Session session(database_);
  session.Terminate(LeaderOf(session));
  auto alone = Open();
  ASSERT_TRUE(alone->HoldAlone().ok());
  EXPECT_EQ(alone->Incarnation(), incarnation);
  ASSERT_TRUE(alone->BecomeAnother().ok());
  EXPECT_NE(alone->Incarnation(), incarnation);
  EXPECT_EQ(Open()->Incarnation(), alone->Incarnation());
  EXPECT_EQ(service->LeadRelay().status().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(Commit(*alone, Batched({Append("a", 0)})).ok());
  ASSERT_TRUE(Commit(*alone, Batched({Append("a", 1)})).ok());
  std::thread other([&] { EXPECT_TRUE(Commit(*service, Batched({Append("b", 0)})).ok()); });
  // The other one waits for the lock of those who append.
  EXPECT_TRUE(Eventually([&] {
    return session.Ask(
               "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
               "AND objid = 20") == 1;
  }));
  EXPECT_EQ(Value(alone->LastPosition()), 2);
  alone.reset();
  other.join();
  EXPECT_EQ(Value(service->LastPosition()), 3);
}

// Keeps the positions that it is given; can be held while it has a batch, as a frozen process is.
class HeldPublisher : public follow::Publisher {
 public:
  absl::StatusOr<std::vector<follow::RefusedEvent>> Publish(
      const std::vector<EventRow>& events) override {
    std::unique_lock<std::mutex> lock(mutex_);
    is_publishing_ = true;
    changed_.wait_for(lock, std::chrono::seconds(60), [this] { return !is_held_; });
    is_publishing_ = false;
    for (const EventRow& event : events) positions_.push_back(event.position);
    return std::vector<follow::RefusedEvent>();
  }
  void Hold(bool held) {
    std::lock_guard<std::mutex> lock(mutex_);
    is_held_ = held;
    changed_.notify_all();
  }
  bool is_publishing() {
    std::lock_guard<std::mutex> lock(mutex_);
    return is_publishing_;
  }
  std::vector<int64_t> positions() {
    std::lock_guard<std::mutex> lock(mutex_);
    return positions_;
  }

 private:
  std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  bool is_held_ = false;
  bool is_publishing_ = false;
  std::vector<int64_t> positions_;
};

// One replica's relay with all that it needs, and what it reported.
struct RelayReplica {
  explicit RelayReplica(std::unique_ptr<PostgresStore> opened)
      : store(std::move(opened)), relay(*store, publisher, [this](const absl::Status& status) {
          if (!status.ok()) ++errors;
        }) {}
  ~RelayReplica() {
    publisher.Hold(false);
    relay.Stop();
  }
  std::atomic<int> errors{0};
  std::unique_ptr<PostgresStore> store;
  HeldPublisher publisher;
  follow::Relay relay;
};

class PostgresRelayTest : public PostgresStoreTest {
 protected:
  // Commits one event in each of a few batches.
  void AppendSome() {
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(Commit(*writer_, Batched({Append("s", version_)})).ok());
      ++version_;
    }
  }
  std::vector<int64_t> Committed(int64_t after = 0) {
    std::vector<int64_t> positions;
    for (const EventRow& event : Value(writer_->ReadAfter(after, kAll))) {
      positions.push_back(event.position);
    }
    return positions;
  }
  bool IsPublished() { return Value(writer_->ReadWatermark()) == Committed().back(); }

  const std::unique_ptr<PostgresStore> writer_ = Open();
  int64_t version_ = 0;
};

TEST_F(PostgresRelayTest, OneOfTwoRelaysPublishesAndTheNextGoesOnWhereItEnded) {
  AppendSome();
  auto first = std::make_unique<RelayReplica>(Open());
  ASSERT_TRUE(Eventually([&] { return IsPublished(); }));
  RelayReplica second(Open());
  AppendSome();
  second.relay.Notify();
  first->relay.Notify();
  ASSERT_TRUE(Eventually([&] { return IsPublished(); }));
  EXPECT_EQ(first->publisher.positions(), Committed());
  EXPECT_THAT(second.publisher.positions(), IsEmpty());
  const int64_t ended = Committed().back();
  EXPECT_EQ(first->errors, 0);
  first.reset();
  AppendSome();
  ASSERT_TRUE(Eventually([&] { return IsPublished(); }));
  EXPECT_EQ(second.publisher.positions(), Committed(ended));
  EXPECT_EQ(second.errors, 0);
}

// The first relay stands still with a batch in its hands while its connection is cut.
TEST_F(PostgresRelayTest, AFrozenLeaderIsReplacedAndItsWatermarkIsRefused) {
  Session session(database_);
  RelayReplica first(Open());
  ASSERT_TRUE(Eventually([&] { return LeaderOf(session) > 0; }));
  first.publisher.Hold(true);
  AppendSome();
  const std::vector<int64_t> held = Committed();
  ASSERT_TRUE(Eventually([&] { return first.publisher.is_publishing(); }));
  RelayReplica second(Open());
  EXPECT_THAT(second.publisher.positions(), IsEmpty());
  session.Terminate(LeaderOf(session));
  ASSERT_TRUE(Eventually([&] { return IsPublished(); }));
  EXPECT_EQ(second.publisher.positions(), Committed());
  // Set back, so that a write of the old epoch could be seen.
  session.Execute("UPDATE relay SET watermark = 0");
  second.publisher.Hold(true);
  ASSERT_TRUE(Eventually([&] { return second.publisher.is_publishing(); }));
  first.publisher.Hold(false);
  ASSERT_TRUE(Eventually([&] { return !first.publisher.positions().empty(); }));
  AppendSome();
  // The first one has been refused once it stands by: then it has asked in a new session.
  ASSERT_TRUE(Eventually([&] {
    return session.Ask(
               "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
               "pid <> pg_backend_pid() AND query LIKE '%pg_try_advisory_lock(22%' AND pid NOT IN "
               "(SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = 22)") == 1;
  }));
  EXPECT_EQ(Value(writer_->ReadWatermark()), 0);
  second.publisher.Hold(false);
  ASSERT_TRUE(Eventually([&] { return IsPublished(); }));
  // It sent a part of what it held again, and no more.
  const std::vector<int64_t> sent = first.publisher.positions();
  ASSERT_LE(sent.size(), held.size());
  EXPECT_TRUE(std::equal(sent.begin(), sent.end(), held.begin()));
  std::vector<int64_t> expected = held;
  for (const int64_t position : Committed()) expected.push_back(position);
  EXPECT_EQ(second.publisher.positions(), expected);
  EXPECT_EQ(first.errors, 0);
  EXPECT_EQ(second.errors, 0);
}

// Outcomes of a COMMIT whose answer is lost.

TEST_F(PostgresStoreTest, ABackendKilledBeforeItsCommitWroteNothing) {
  const auto store = Open();
  ASSERT_TRUE(Commit(*store, Batched({Append("v", 0)})).ok());
  const std::vector<std::string> truth = TruthOf(*store);
  Session session(database_);
  session.Execute(kHoldOrderLock);
  commit_sent_ = [&](int backend_pid, int) {
    EXPECT_TRUE(Eventually([&] { return session.Waiting() == 1; }));
    session.Terminate(backend_pid);
  };
  const absl::Status status = Commit(*store, OneOfEverything());
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_THAT(status.message(), HasSubstr("nothing was written"));
  commit_sent_ = nullptr;
  session.Execute(kReleaseOrderLock);
  EXPECT_EQ(TruthOf(*store), truth);
  EXPECT_TRUE(Commit(*store, OneOfEverything()).ok());
}

TEST_F(PostgresStoreTest, ACommitWhoseAnswerIsLostIsFound) {
  const auto store = Open();
  int wakes = 0;
  store->OnCommit([&, committer = std::this_thread::get_id()] {
    if (std::this_thread::get_id() == committer) ++wakes;
  });
  Session session(database_);
  commit_sent_ = [&](int backend_pid, int socket) {
    EXPECT_TRUE(Eventually([&] { return session.Ask("SELECT count(*) FROM events") == 3; }));
    session.Terminate(backend_pid);
    Cut(socket);
  };
  BatchWrite write = OneOfEverything();
  const absl::Status status = Commit(*store, write);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(wakes, 1);
  commit_sent_ = nullptr;
  const std::vector<EventRow> log = Value(store->ReadAfter(0, kAll));
  ASSERT_EQ(log.size(), 3u);
  EXPECT_EQ(write.streams[0].events[0].position, log[0].position);
  EXPECT_EQ(write.streams[0].events[1].position, log[1].position);
  EXPECT_EQ(write.streams[1].events[0].position, log[2].position);
  EXPECT_TRUE(absl::IsAborted(Commit(*store, OneOfEverything())));
}

// Nothing of such a batch carries an id of its own, so the transaction's id decides.
TEST_F(PostgresStoreTest, ABatchWithoutEventsIsDecidedByItsTransaction) {
  const auto store = Open();
  Session session(database_);
  commit_sent_ = [&](int backend_pid, int socket) {
    EXPECT_TRUE(Eventually([&] { return session.Ask("SELECT count(*) FROM positions") == 1; }));
    Cut(socket);
  };
  EXPECT_TRUE(Commit(*store, Moving("intake", "log-1", 5)).ok());
  // A lock on the row keeps the next one from its commit.
  session.Execute("BEGIN; SELECT 1 FROM positions FOR UPDATE");
  Session other(database_);
  commit_sent_ = [&](int backend_pid, int) { other.Terminate(backend_pid); };
  const absl::Status status = Commit(*store, Moving("intake", "log-1", 6));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_THAT(status.message(), HasSubstr("nothing was written"));
  session.Execute("ROLLBACK");
  EXPECT_EQ(Value(store->ReadPosition("intake")).position, 5);
}

TEST_F(PostgresStoreTest, ACommitThatStillRunsIsUnknownNotGuessed) {
  const auto store = Open(absl::Seconds(2));
  Session session(database_);
  session.Execute(kHoldOrderLock);
  int stopped = 0;
  commit_sent_ = [&](int backend_pid, int socket) {
    EXPECT_TRUE(Eventually([&] { return session.Waiting() == 1; }));
    stopped = backend_pid;
    kill(stopped, SIGSTOP);
    Cut(socket);
  };
  const auto start = std::chrono::steady_clock::now();
  const absl::Status status = Commit(*store, OneOfEverything());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_THAT(status.message(), HasSubstr("COMMIT_UNKNOWN"));
  commit_sent_ = nullptr;
  session.Execute(kReleaseOrderLock);
  kill(stopped, SIGCONT);
  EXPECT_TRUE(Eventually([&] { return !session.IsRunning(stopped); }));
  // Whatever became of it, it is there as a whole or not at all, and the next try finds out.
  const bool written = Value(store->ReadRequest("request-1")).has_value();
  EXPECT_EQ(Value(store->ReadAfter(0, kAll)).size(), written ? 3u : 0u);
  const absl::Status again = Commit(*store, OneOfEverything());
  EXPECT_EQ(again.code(), written ? absl::StatusCode::kAborted : absl::StatusCode::kOk) << again;
}

// A server that crashes, stands still or loses its clients.

TEST_F(PostgresStoreTest, ACrashedServerIsUnavailableAndThenWorksAgain) {
  const auto store = Open(absl::Seconds(2));
  const Lease lease = Value(store->LeadRelay());
  ASSERT_TRUE(Commit(*store, OneOfEverything()).ok());
  const std::vector<std::string> truth = TruthOf(*store);
  TheCluster().Crash();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(store->ReadState("a").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(store->Begin().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(store->AdvanceWatermark(lease, 9).code(), absl::StatusCode::kAborted);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3 * 2 + 3));
  TheCluster().Start();
  EXPECT_EQ(TruthOf(*store), truth);
  EXPECT_TRUE(Commit(*store, Batched({Append("a", 2)})).ok());
}

TEST_F(PostgresStoreTest, WhatWasAnsweredSurvivesACrashUnderLoad) {
  const auto store = Open(absl::Seconds(30));
  std::atomic<int64_t> answered{0};
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    while (!stop) {
      BatchRead wanted;
      wanted.streams = {"s"};
      auto batch = store->Begin();
      if (!batch.ok()) continue;
      absl::StatusOr<BatchData> data = (*batch)->Read(wanted);
      if (!data.ok()) continue;
      const int64_t version = data->streams["s"].version;
      EXPECT_GE(version, answered) << "an answered event is gone";
      BatchWrite write = Batched({Append("s", version)});
      if ((*batch)->Commit(write).ok()) answered = version + 1;
    }
  });
  for (int crash = 0; crash < 3; ++crash) {
    const int64_t before = answered;
    EXPECT_TRUE(Eventually([&] { return answered >= before + 20; }));
    TheCluster().Crash();
    TheCluster().Start();
  }
  const int64_t before = answered;
  EXPECT_TRUE(Eventually([&] { return answered > before; }));
  stop = true;
  writer.join();
  const std::vector<EventRow> events = Value(store->ReadStream("s", 1, kAll, false));
  ASSERT_GE(static_cast<int64_t>(events.size()), answered);
  for (size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].number, static_cast<int64_t>(i) + 1);
  }
}

TEST_F(PostgresStoreTest, KilledConnectionsAreReplaced) {
  const auto store = Open();
  ASSERT_TRUE(Commit(*store, OneOfEverything()).ok());
  const std::vector<std::string> truth = TruthOf(*store);
  Session session(database_);
  for (int i = 0; i < 3; ++i) {
    session.TerminateOthers();
    EXPECT_EQ(TruthOf(*store), truth);
    EXPECT_TRUE(Commit(*store, Moving("status", "log-1", i + 1)).ok());
  }
}

TEST_F(PostgresStoreTest, CommitsOfOtherReplicasWakeToo) {
  const auto first = Open();
  const auto second = Open();
  std::atomic<int> own = 0;
  std::atomic<int> other = 0;
  first->OnCommit([&] { ++own; });
  second->OnCommit([&] { ++other; });
  // Each new connection wakes once, for what was told before.
  ASSERT_TRUE(Eventually([&] { return own == 1 && other == 1; }));
  Session session(database_);
  for (int round = 0; round < 3; ++round) {
    const int before = other;
    ASSERT_TRUE(Commit(*first, Batched({Append(absl::StrCat("s", round), 0)})).ok());
    EXPECT_TRUE(Eventually([&] { return other > before; }));
    EXPECT_EQ(own, 1 + round + 1) << "of its own commit once, and of the other's none";
  }
  // Also over a new connection, when the one before was cut.
  session.Ask(
      "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = "
      "current_database() AND pid <> pg_backend_pid()");
  const int before = other;
  ASSERT_TRUE(Eventually([&] { return other > before; }));
  ASSERT_TRUE(Commit(*first, Batched({Append("s3", 0)})).ok());
  EXPECT_TRUE(Eventually([&] { return other > before + 1; }));
}

TEST_F(PostgresStoreTest, ManyCommitsAreToldInFewNotices) {
  const auto first = Open();
  const auto second = Open();
  std::atomic<int> heard = 0;
  first->OnCommit([] {});
  second->OnCommit([&] { ++heard; });
  ASSERT_TRUE(Eventually([&] { return heard == 1; }));
  const auto start = std::chrono::steady_clock::now();
  constexpr int kCommits = 200;
  for (int i = 0; i < kCommits; ++i) {
    ASSERT_TRUE(Commit(*first, Batched({Append(absl::StrCat("s", i), 0)})).ok());
  }
  ASSERT_TRUE(Eventually([&] { return heard > 1; }));
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_LE(heard, 3 + took / std::chrono::milliseconds(20));
}

// A standby that took over without the last commits looks like this to a process that goes on.
TEST_F(PostgresStoreTest, AServerThatLacksWhatWasCommittedIsNotWrittenTo) {
  const auto store = Open();
  ASSERT_TRUE(Commit(*store, OneOfEverything()).ok());
  Session session(database_);
  session.TerminateOthers();
  // A connection may be found dead only when it is used: then this one is UNAVAILABLE.
  ASSERT_TRUE(Eventually([&] { return Commit(*store, Moving("status", "log-1", 1)).ok(); }))
      << "nothing is missing";
  session.Ask(
      "WITH other AS (UPDATE events SET ce_id = ce_id || '-other' WHERE position = (SELECT "
      "max(position) FROM events) RETURNING 1) SELECT count(*) FROM other");
  session.TerminateOthers();
  absl::Status refused;
  // A connection may be found dead only when it is used.
  EXPECT_TRUE(Eventually([&] {
    refused = store->Begin().status();
    return type::ProblemOf(refused).reason() == "TAIL_LOST";
  }));
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(store->ProbeWrite().ok());
  EXPECT_TRUE(store->LastPosition().ok()) << "what is there can be read";
  session.Ask(
      "WITH back AS (UPDATE events SET ce_id = substr(ce_id, 1, length(ce_id) - 6) WHERE position "
      "= (SELECT max(position) FROM events) RETURNING 1) SELECT count(*) FROM back");
  EXPECT_TRUE(Commit(*store, Moving("status", "log-1", 2)).ok()) << "the right one is back";
}

TEST_F(PostgresStoreTest, AFrozenServerHoldsTheDeadline) {
  const auto store = Open(absl::Seconds(1));
  const Lease lease = Value(store->LeadRelay());
  ASSERT_TRUE(Commit(*store, OneOfEverything()).ok());
  // The watermark that is written below may be, for the server has it when it wakes.
  ASSERT_TRUE(store->AdvanceWatermark(lease, 3).ok());
  const std::vector<std::string> truth = TruthOf(*store);
  TheCluster().Freeze();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(store->ReadState("a").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Commit(*store, Batched({Append("a", 2)})).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(store->AdvanceWatermark(lease, 3).code(), absl::StatusCode::kAborted);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3 + 2));
  TheCluster().Thaw();
  EXPECT_TRUE(Eventually([&] { return store->LastPosition().ok(); }));
  EXPECT_EQ(TruthOf(*store), truth);
  EXPECT_TRUE(Commit(*store, Batched({Append("a", 2)})).ok());
}

}  // namespace
}  // namespace pathways::engine
