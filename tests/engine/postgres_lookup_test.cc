// Goal: what a batch has looked up on PostgreSQL is still so when it commits, although other
// replicas write meanwhile and nothing that was looked up is locked. Method: two stores on one
// database; the second commits between the first one's Read and its Commit. Then two engines under
// load, with a decision that only one of them may take.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/ids.h"
#include "services/engine/engine.h"
#include "services/engine/lookups.h"
#include "services/engine/store/postgres_store.h"
#include "tests/engine/store_rows.h"
#include "tests/support/bytes_domain.h"
#include "tests/support/postgres_cluster.h"

namespace pathways::engine {
namespace {

using testing_support::TheCluster;

StreamWrite Holding(const std::string& stream, const std::string& number) {
  StreamWrite write = Append(stream, 0);
  write.added.uniques = {{"number", number}};
  write.added.lists = {{"row", absl::StrCat(number, " ", stream)}};
  return write;
}

// What `held` adds is taken away again.
StreamWrite Leaving(const StreamWrite& held) {
  StreamWrite write = Append(held.stream, held.row.version);
  write.removed = held.added;
  return write;
}

class PostgresLookupTest : public testing::Test {
 protected:
  PostgresLookupTest() : database_(TheCluster().NewDatabase()) {
    EXPECT_TRUE(MigratePostgres({database_}).ok());
    first_ = Open();
    second_ = Open();
    EXPECT_TRUE(Commit(*second_, Batched({held_, Holding("b", "2"), Holding("c", "3")})).ok());
  }

  std::unique_ptr<PostgresStore> Open() {
    PostgresStoreOptions options;
    options.postgres.connection = database_;
    options.postgres.operation_max = absl::Seconds(30);
    return Value(PostgresStore::Open(std::move(options)));
  }

  // Reads, lets `other` commit, and commits `own` on what was read.
  absl::Status Between(const std::vector<StreamWrite>& other, const std::vector<StreamWrite>& own) {
    const std::unique_ptr<Batch> batch = Value(first_->Begin());
    BatchRead wanted;
    wanted.streams = {"x", "new"};
    wanted.uniques = {{"number", "1"}, {"number", "9"}};
    wanted.lists = {{"row", "", "", 2}};  // Up to "2 b".
    BatchData data = Value(batch->Read(wanted));
    EXPECT_TRUE(other.empty() || Commit(*second_, Batched(other)).ok());
    Lookups lookups(data.holders, data.lists);
    for (const StreamWrite& write : own) lookups.Change(write.stream, write.removed, write.added);
    BatchWrite write = Batched(own);
    write.looked_up = lookups.Now();
    write.looked_up.missing = {"new"};
    return batch->Commit(write);
  }

  const std::string database_;
  const StreamWrite held_ = Holding("a", "1");
  std::unique_ptr<PostgresStore> first_;
  std::unique_ptr<PostgresStore> second_;
};

TEST_F(PostgresLookupTest, WhatNobodyChangedIsCommitted) {
  EXPECT_TRUE(Between({}, {Append("x", 0)}).ok());
}

TEST_F(PostgresLookupTest, WhatOthersChangeElsewhereDoesNotMatter) {
  EXPECT_TRUE(Between({Holding("d", "4"), Append("e", 0)}, {Append("x", 0)}).ok());
}

TEST_F(PostgresLookupTest, ItsOwnChangesAreExpected) {
  StreamWrite own = Holding("x", "9");
  own.added.lists.push_back({"row", "0 x"});
  EXPECT_TRUE(Between({}, {own, Leaving(held_)}).ok());
}

TEST_F(PostgresLookupTest, WhatOthersChangeIsSeen) {
  const struct {
    std::string name;
    StreamWrite other;
  } rows[] = {{"an entry that was free is taken", Holding("d", "9")},
              {"an entry is free again", Leaving(held_)},
              {"a key comes into the range", Holding("e", "0")},
              {"a stream that did not exist is made", Append("new", 0)}};
  for (const auto& row : rows) {
    StreamWrite other = row.other;
    const absl::Status status = Between({other}, {Append("x", 0)});
    EXPECT_TRUE(absl::IsAborted(status)) << row.name << ": " << status;
    // As it was before.
    if (!other.added.lists.empty()) {
      ASSERT_TRUE(Commit(*second_, Batched({Leaving(other)})).ok());
    } else if (!other.removed.lists.empty()) {
      StreamWrite again = Append(other.stream, other.row.version);
      again.added = other.removed;
      ASSERT_TRUE(Commit(*second_, Batched({again})).ok());
    }
  }
  EXPECT_EQ(Value(first_->ReadState("x")).version, 0);
}

// A stream stands in the row when nobody does.
class FirstInTheRow : public testing_support::BytesDomain {
 protected:
  absl::StatusOr<std::vector<NewEvent>> DecideFor(const type::DecideContext& context,
                                                  absl::string_view) const override {
    const bool is_first = context.found.lists.begin()->second.empty();
    return std::vector<NewEvent>{{"test.Said", is_first ? "stands" : "goes", ""}};
  }
  absl::Status Evolve(StoredState& state, const EventRow& event) const override {
    state.open = event.data;
    return absl::OkStatus();
  }
  type::Folded Fold(const std::string& stream, const StoredState& state) const override {
    if (state.open != "stands") return {};
    return {{{"gate", stream}}, {}, {}};
  }
};

TEST_F(PostgresLookupTest, OneOfTwoReplicasTakesTheOnlyPlace) {
  constexpr int kRounds = 60;
  const FirstInTheRow domain;
  Engine first(domain, *first_, EngineOptions{});
  Engine second(domain, *second_, EngineOptions{});
  const auto come = [](Engine& engine, const std::string& stream) {
    auto came = std::make_shared<std::promise<absl::Status>>();
    Command command{stream, "come", RequestOrigin{base::NewUuid(), "", "staff/a", "Come"}, {}};
    command.lookup.lists = {{"gate", "", "", 1}};
    engine.Submit(std::move(command),
                  [came](const Answer& answer) { came->set_value(answer.status); });
    return came->get_future();
  };
  for (int round = 0; round < kRounds; ++round) {
    auto one = come(first, absl::StrCat("one-", round));
    auto other = come(second, absl::StrCat("other-", round));
    EXPECT_TRUE(one.get().ok());
    EXPECT_TRUE(other.get().ok());
    const std::vector<std::string> standing = Value(first_->ReadList("gate", "", "", kAll));
    ASSERT_EQ(standing.size(), 1u) << "two stand where there is one place";
    StreamWrite leaves = Append(standing[0], 1);
    leaves.row.evolve_version = domain.EvolveVersion();
    leaves.removed.lists = {{"gate", standing[0]}};
    ASSERT_TRUE(Commit(*first_, Batched({leaves})).ok());
  }
}

}  // namespace
}  // namespace pathways::engine
