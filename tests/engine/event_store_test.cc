// Goal: the stores keep their contract, and what each promises beyond it. Method: the contract's
// suite over every store; then faults and the audit trail in memory, and files that are opened
// again, damaged or foreign on SQLite.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "services/base/clock.h"
#include "services/engine/store/sqlite.h"
#include "services/engine/store/sqlite_store.h"
#include "tests/engine/event_store_contract.h"
#include "tests/engine/fold_contract.h"
#include "tests/engine/lookup_contract.h"
#include "tests/sim/memory_store.h"

namespace pathways::engine {
namespace {

std::string FileIn(const TempFolder& folder) { return folder.path() + "/store.db"; }

StoreKind Memory() {
  return {"Memory", [](const base::Clock& clock, const std::string& folder) {
            return std::make_unique<sim::MemoryStore>(clock, "log-of-memory");
          }};
}

StoreKind Sqlite() {
  return {"Sqlite",
          [](const base::Clock& clock, const std::string& folder) -> std::unique_ptr<EventStore> {
            return Value(SqliteStore::Open(folder + "/store.db", clock));
          }};
}

INSTANTIATE_TEST_SUITE_P(Stores, EventStoreContract, testing::Values(Memory(), Sqlite()),
                         [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(Stores, FoldContract, testing::Values(Memory(), Sqlite()),
                         [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(Stores, LookupContract, testing::Values(Memory(), Sqlite()),
                         [](const auto& info) { return info.param.name; });

class MemoryStoreTest : public testing::Test {
 protected:
  base::ManualClock clock_{kStart};
  sim::MemoryStore store_{clock_, "log-1"};
};

TEST_F(MemoryStoreTest, PositionsGrowByOne) {
  ASSERT_TRUE(Commit(store_, Batched({Append("a", 0, 2)})).ok());
  ASSERT_TRUE(absl::IsAborted(Commit(store_, Batched({Append("a", 0, 2)}))));
  ASSERT_TRUE(Commit(store_, Batched({Append("b", 0), Append("a", 2)})).ok());
  std::vector<int64_t> positions;
  for (const EventRow& event : Value(store_.ReadAfter(0, kAll))) {
    positions.push_back(event.position);
  }
  EXPECT_THAT(positions, ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(store_.Incarnation(), "log-1");
}

TEST_F(MemoryStoreTest, CommitsFailAsTold) {
  store_.FailNextCommits(2, absl::UnavailableError("no disk"));
  const std::vector<std::string> truth = TruthOf(store_);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(absl::IsUnavailable(Commit(store_, OneOfEverything())));
    EXPECT_EQ(TruthOf(store_), truth);
    EXPECT_THAT(FoldedOf(store_), IsEmpty());
  }
  EXPECT_TRUE(Commit(store_, OneOfEverything()).ok());
}

TEST_F(MemoryStoreTest, AuditIsAppended) {
  ASSERT_TRUE(Commit(store_, OneOfEverything()).ok());
  BatchWrite refused = Batched({Append("a", 0)});
  refused.audit = {{"staff/1", "RegisterCase", "a", 1}};
  ASSERT_TRUE(absl::IsAborted(Commit(store_, refused)));
  BatchWrite next = Batched({Append("a", 2)});
  next.audit = {{"staff/2", "UpdateCase", "a", 3}, {"staff/2", "GetCase", "a", 3}};
  ASSERT_TRUE(Commit(store_, next).ok());
  std::vector<std::string> lines;
  for (const AuditRow& row : store_.Audit()) {
    lines.push_back(absl::StrCat(row.principal, " ", row.method, " ", row.stream, " ", row.number));
  }
  EXPECT_THAT(lines, ElementsAre("staff/1 RegisterCase a 2", "staff/2 UpdateCase a 3",
                                 "staff/2 GetCase a 3"));
}

TEST_F(MemoryStoreTest, MisuseIsInternal) {
  BatchWrite twice = Batched({Append("a", 0), Append("a", 1)});
  EXPECT_TRUE(absl::IsInternal(Commit(store_, twice)));
  BatchWrite stateless = Batched({Append("a", 0)});
  stateless.streams[0].state_changed = false;
  EXPECT_TRUE(absl::IsInternal(Commit(store_, stateless)));
  BatchWrite misnumbered = Batched({Append("a", 0)});
  misnumbered.streams[0].row.version = 2;
  EXPECT_TRUE(absl::IsInternal(Commit(store_, misnumbered)));
  BatchWrite foreign = Batched({Append("a", 0)});
  foreign.streams[0].events[0].stream = "b";
  EXPECT_TRUE(absl::IsInternal(Commit(store_, foreign)));
  EXPECT_EQ(Value(store_.LastPosition()), 0);

  std::unique_ptr<Batch> batch = Value(store_.Begin());
  BatchWrite write = Batched({Append("a", 0)});
  EXPECT_TRUE(batch->Commit(write).ok());
  BatchWrite next = Batched({Append("a", 1)});
  EXPECT_TRUE(absl::IsInternal(batch->Commit(next)));
  EXPECT_TRUE(absl::IsInternal(batch->Read({}).status()));
  EXPECT_EQ(Value(store_.LastPosition()), 1);
}

class SqliteStoreTest : public testing::Test {
 protected:
  std::unique_ptr<SqliteStore> Open() { return Value(SqliteStore::Open(FileIn(folder_), clock_)); }

  const TempFolder folder_;
  base::ManualClock clock_{kStart};
};

TEST_F(SqliteStoreTest, EverythingIsThereWhenOpenedAgain) {
  const type::UniqueEntry entry{"number", "N-1"};
  std::unique_ptr<SqliteStore> store = Open();
  ASSERT_NE(store, nullptr);
  ASSERT_TRUE(Commit(*store, OneOfEverything()).ok());
  ASSERT_TRUE(store->AdvanceWatermark(kOnlyLease, 2).ok());
  ASSERT_TRUE(store->MarkBehind({{"b", "intake", 9, 0, {}}}).ok());
  const std::vector<std::string> truth = TruthOf(*store);
  const std::vector<std::string> folded = FoldedOf(*store);
  for (int i = 0; i < 2; ++i) {
    store.reset();
    clock_.Advance(absl::Hours(1));
    store = Open();
    ASSERT_NE(store, nullptr);
    EXPECT_EQ(TruthOf(*store), truth);
    EXPECT_EQ(FoldedOf(*store), folded);
  }
  EXPECT_TRUE(IsHeld(*store, entry));
  const int64_t last = Value(store->LastPosition());
  BatchWrite next = Batched({Append("a", 2)});
  ASSERT_TRUE(Commit(*store, next).ok());
  EXPECT_GT(next.streams[0].events[0].position, last);
}

TEST_F(SqliteStoreTest, AnUnfinishedBatchIsGoneWhenOpenedAgain) {
  std::unique_ptr<SqliteStore> store = Open();
  ASSERT_NE(store, nullptr);
  const std::vector<std::string> truth = TruthOf(*store);
  {
    std::unique_ptr<Batch> batch = Value(store->Begin());
    ASSERT_NE(batch, nullptr);
    BatchWrite write = OneOfEverything();
    write.streams.push_back(Append("z", 1));
    EXPECT_TRUE(absl::IsAborted(batch->Commit(write)));
  }
  store.reset();
  store = Open();
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(TruthOf(*store), truth);
  EXPECT_THAT(FoldedOf(*store), IsEmpty());
}

TEST_F(SqliteStoreTest, AuditIsAppended) {
  {
    std::unique_ptr<SqliteStore> store = Open();
    ASSERT_NE(store, nullptr);
    ASSERT_TRUE(Commit(*store, OneOfEverything()).ok());
    BatchWrite refused = Batched({Append("a", 0)});
    refused.audit = {{"staff/1", "RegisterCase", "a", 1}};
    ASSERT_TRUE(absl::IsAborted(Commit(*store, refused)));
    clock_.Advance(absl::Seconds(1));
    BatchWrite next;
    next.audit = {{"staff/2", "GetCase", "a", 2}};
    ASSERT_TRUE(Commit(*store, next).ok());
  }
  std::unique_ptr<SqliteConnection> db = Value(SqliteConnection::Open(FileIn(folder_), false));
  ASSERT_NE(db, nullptr);
  SqliteStatement row =
      db->Prepare("SELECT principal, method, stream, number, time FROM audit ORDER BY id");
  std::vector<std::string> lines;
  while (row.Step()) {
    lines.push_back(absl::StrCat(row.ColumnBytes(0), " ", row.ColumnBytes(1), " ",
                                 row.ColumnBytes(2), " ", row.ColumnInt(3), " ",
                                 row.ColumnInt(4) - absl::ToUnixMicros(kStart)));
  }
  EXPECT_THAT(lines, ElementsAre("staff/1 RegisterCase a 2 0", "staff/2 GetCase a 2 1000000"));
}

TEST_F(SqliteStoreTest, EachFileIsAnotherLog) {
  const TempFolder other;
  std::unique_ptr<SqliteStore> first = Open();
  std::unique_ptr<SqliteStore> second = Value(SqliteStore::Open(FileIn(other), clock_));
  ASSERT_NE(first, nullptr);
  ASSERT_NE(second, nullptr);
  EXPECT_NE(first->Incarnation(), second->Incarnation());
}

TEST_F(SqliteStoreTest, OpenRefusesWhatItCannotServe) {
  ASSERT_NE(Open(), nullptr);
  {
    std::unique_ptr<SqliteConnection> db = Value(SqliteConnection::Open(FileIn(folder_), false));
    ASSERT_NE(db, nullptr);
    ASSERT_TRUE(db->Execute("PRAGMA user_version = 9999").ok());
  }
  EXPECT_EQ(SqliteStore::Open(FileIn(folder_), clock_).status().code(),
            absl::StatusCode::kFailedPrecondition);
  const std::string text = folder_.path() + "/text";
  std::ofstream(text) << std::string(8192, 'x');
  ASSERT_EQ(chmod(text.c_str(), 0600), 0);
  EXPECT_EQ(SqliteStore::Open(text, clock_).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(SqliteStore::Open(folder_.path() + "/missing/store.db", clock_).status().code(),
            absl::StatusCode::kUnavailable);
}

// The codes in it are in the clear, and whoever may write can change what was decided.
TEST_F(SqliteStoreTest, ServesNoFileThatOthersHaveAccessTo) {
  std::unique_ptr<SqliteStore> store = Open();
  ASSERT_NE(store, nullptr);
  ASSERT_TRUE(Commit(*store, OneOfEverything()).ok());
  // The first stays open, so that the files beside it are there.
  for (const std::string suffix : {"", "-wal", "-shm"}) {
    const std::string path = FileIn(folder_) + suffix;
    for (const mode_t mode : {0666U, 0644U, 0640U, 0606U}) {
      ASSERT_EQ(chmod(path.c_str(), mode), 0) << path;
      const absl::Status status = SqliteStore::Open(FileIn(folder_), clock_).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << path << status;
      EXPECT_THAT(std::string(status.message()), testing::EndsWith("chmod 600 it"));
      EXPECT_THAT(std::string(status.message()), testing::HasSubstr(suffix));
    }
    ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  }
  store.reset();
  EXPECT_NE(Open(), nullptr);
}

TEST_F(SqliteStoreTest, MakesItsFilesPrivateWhateverTheUmask) {
  const mode_t before = umask(0);
  std::unique_ptr<SqliteStore> store = Open();
  if (store) EXPECT_TRUE(Commit(*store, OneOfEverything()).ok());
  umask(before);
  ASSERT_NE(store, nullptr);
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat about = {};
    ASSERT_EQ(stat((FileIn(folder_) + suffix).c_str(), &about), 0) << suffix;
    EXPECT_EQ(about.st_mode & 0777, 0600U) << suffix;
  }
}

}  // namespace
}  // namespace pathways::engine
