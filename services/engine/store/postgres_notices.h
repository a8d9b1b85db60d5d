// Tells the other processes that share a store of commits, and hears of theirs.
//
// One connection and one thread. A commit is told by a transaction of its own after it, and at most
// every 20 ms however many there are: NOTIFY within the committing transaction would make all
// commits of the server wait for each other (docs/adr/0032). What is told says only that there is
// more to read. A notice can be lost with a connection, so whoever listens looks by itself now and
// then; after each new connection `heard` is called, for what was told meanwhile.
// Tell may be called from any thread and never blocks.
#ifndef PATHWAYS_SERVICES_ENGINE_STORE_POSTGRES_NOTICES_H_
#define PATHWAYS_SERVICES_ENGINE_STORE_POSTGRES_NOTICES_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "absl/status/status.h"
#include "services/engine/store/postgres.h"

namespace pathways::engine {

class PostgresNotices {
 public:
  // `heard` is called on the notices' thread, and must not block.
  PostgresNotices(PostgresOptions options, std::function<void()> heard);
  ~PostgresNotices();
  PostgresNotices(const PostgresNotices&) = delete;
  PostgresNotices& operator=(const PostgresNotices&) = delete;

  // This process has committed.
  void Tell();

 private:
  void Run();
  // Tells and hears over one connection, until it is lost or the end.
  absl::Status Exchange(PostgresConnection& connection);
  // Ends the wait of the thread.
  void Wake() const;

  const PostgresOptions options_;
  const std::function<void()> heard_;
  const int wake_;  // An eventfd, so that one wait is for it and for the server.
  std::atomic<bool> untold_ = false;
  std::atomic<bool> stopping_ = false;
  std::chrono::steady_clock::time_point next_tell_;  // Used by the thread alone.
  std::thread thread_;
};

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_STORE_POSTGRES_NOTICES_H_
