// Measures the engine on the PostgreSQL store: commands a second by batch size and by number of
// replicas, each command one event on a stream of its own.
//
// Usage: postgres_store CONNECTION SECONDS BATCH REPLICAS. The database is migrated and keeps what
// is written: give it an empty one. With PATHWAYS_MUTANT=postgres.no_commit_order_lock in a build
// that has faults, the same without the commit-order lock: the difference is the lock's price.
#include "services/engine/store/postgres_store.h"

#include <atomic>
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/base/ids.h"
#include "services/engine/engine.h"

namespace pathways::engine {
namespace {

constexpr size_t kStateBytes = 400;
constexpr int64_t kWaitingMax = 1024;  // Commands of one replica that are not answered yet.

// Each command is one event; one list entry and one unique entry per stream.
class AppendedStream : public OpenStream {
 public:
  explicit AppendedStream(StoredState state) : state_(std::move(state)) {}
  absl::StatusOr<std::vector<NewEvent>> Decide(absl::string_view command,
                                               const type::DecideContext&) override {
    state_.open = std::string(command);
    return std::vector<NewEvent>{{"bench.Appended", state_.open, ""}};
  }
  absl::Status Evolve(const EventRow& event) override {
    state_.open = event.data;
    return absl::OkStatus();
  }
  type::Folded Fold(const std::string& stream) const override {
    return {{{"all", stream}}, {{"number", stream}}, {}};
  }
  StoredState State() const override { return state_; }

 private:
  StoredState state_;
};

class AppendOnlyDomain : public Domain {
 public:
  int EvolveVersion() const override { return 1; }
  absl::StatusOr<std::unique_ptr<OpenStream>> Open(const StoredState& state) const override {
    return std::make_unique<AppendedStream>(state);
  }
  absl::StatusOr<UpstreamCommand> FromUpstream(absl::string_view, const EventRow&) const override {
    return absl::InvalidArgumentError("there is no upstream");
  }
};

// Keeps one replica's queue filled until the deadline; how many commands were answered OK.
int64_t Measure(const std::string& connection, size_t batch,
                std::chrono::steady_clock::time_point deadline) {
  PostgresStoreOptions options;
  options.postgres.connection = connection;
  absl::StatusOr<std::unique_ptr<PostgresStore>> store = PostgresStore::Open(std::move(options));
  if (!store.ok()) {
    std::cerr << store.status() << '\n';
    return 0;
  }
  const AppendOnlyDomain domain;
  std::atomic<int64_t> waiting{0};
  std::atomic<int64_t> done{0};
  EngineOptions engine_options;
  engine_options.batch_max = batch;
  Engine engine(domain, **store, engine_options);
  while (std::chrono::steady_clock::now() < deadline) {
    for (int64_t now = waiting; now >= kWaitingMax; now = waiting) waiting.wait(now);
    ++waiting;
    const std::string id = base::NewUuid();
    engine.Submit({id, std::string(kStateBytes, 'x'), RequestOrigin{id, "print", "b/1", "Add"}, {}},
                  [&](const Answer& answer) {
                    if (answer.status.ok()) ++done;
                    --waiting;
                    waiting.notify_one();
                  });
  }
  const int64_t in_time = done;
  engine.Drain();
  return in_time;
}

int Main(const std::vector<std::string>& arguments) {
  int seconds = 0, batch = 0, replicas = 0;
  if (arguments.size() != 5 || !absl::SimpleAtoi(arguments[2], &seconds) ||
      !absl::SimpleAtoi(arguments[3], &batch) || !absl::SimpleAtoi(arguments[4], &replicas)) {
    std::cerr << "usage: postgres_store CONNECTION SECONDS BATCH REPLICAS\n";
    return 2;
  }
  if (const auto schema = MigratePostgres({arguments[1], absl::Seconds(30)}); !schema.ok()) {
    std::cerr << schema.status() << '\n';
    return 1;
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  std::atomic<int64_t> done{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < replicas; ++i) {
    threads.emplace_back(
        [&] { done += Measure(arguments[1], static_cast<size_t>(batch), deadline); });
  }
  for (std::thread& thread : threads) thread.join();
  std::cout << "batch " << batch << " replicas " << replicas << ": " << done / seconds
            << " commands/s\n";
  return 0;
}

}  // namespace
}  // namespace pathways::engine

int main(int argc, char** argv) { return pathways::engine::Main({argv, argv + argc}); }
