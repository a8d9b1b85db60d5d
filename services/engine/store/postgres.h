// A thin layer over libpq: connections that never wait past a deadline, and errors as absl::Status.
//
// A statement is a literal with binary parameters. Many of them go to the server in one pipeline,
// which is one round trip; each is prepared once per connection. A connection is for one thread at
// a time and is never repaired: once it is lost, its pool makes another. Errors: ABORTED (a lost
// race or deadlock, nothing was written), UNAVAILABLE (lost, too slow, shutting down, out of
// room), DATA_LOSS (damaged), INTERNAL (a bug of ours). No status holds text of the server, which
// can quote values. The only file that includes libpq-fe.h is the .cc beside this header.
#ifndef PATHWAYS_SERVICES_ENGINE_STORE_POSTGRES_H_
#define PATHWAYS_SERVICES_ENGINE_STORE_POSTGRES_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

struct pg_conn;
struct pg_result;

namespace pathways::engine {

// Monotonic: a clock that is set must not stretch a wait.
using PostgresDeadline = std::chrono::steady_clock::time_point;

PostgresDeadline PostgresDeadlineIn(absl::Duration time);

struct PostgresOptions {
  // A libpq connection string or URI. Must lead to the primary, directly or by a pooler in session
  // mode: statements are prepared and locks are held between round trips.
  std::string connection;
  // How long one call of the store may take, waiting for a connection included.
  absl::Duration operation_max = absl::Seconds(5);
};

// A parameter in binary form.
std::string PostgresInt(int64_t value);

// An array parameter in binary form: text[], bytea[] or int8[].
class PostgresArray {
 public:
  static PostgresArray OfText() { return PostgresArray(kText); }
  static PostgresArray OfBytes() { return PostgresArray(kBytes); }
  static PostgresArray OfInts() { return PostgresArray(kInts); }

  void Add(absl::string_view value);
  void Add(int64_t value) { Add(absl::string_view(PostgresInt(value))); }
  int64_t size() const { return size_; }
  std::string Take() &&;

 private:
  enum Element : uint32_t { kBytes = 17, kInts = 20, kText = 25 };  // Type ids of the server.
  explicit PostgresArray(Element element);

  std::string bytes_;
  int64_t size_ = 0;
};

// `sql` must be a literal: it is prepared under its address.
struct PostgresStatement {
  const char* sql;
  std::vector<std::string> parameters;
};

// Rows of one statement; columns from 0. BIGINT columns only through Int.
class PostgresResult {
 public:
  explicit PostgresResult(pg_result* result) : result_(result) {}

  int rows() const;
  bool IsNull(int row, int column) const;
  int64_t Int(int row, int column) const;
  std::string Bytes(int row, int column) const;
  // Rows that an INSERT, UPDATE or DELETE changed.
  int64_t changed() const;

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Clear> result_;
};

class PostgresConnection {
 public:
  // Connects and applies the session's settings. INVALID_ARGUMENT for a connection string that
  // must not be used (postgres_conninfo.h); else UNAVAILABLE with libpq's reason. A host name is
  // looked up by the system's resolver, which keeps its own time limit.
  static absl::StatusOr<std::unique_ptr<PostgresConnection>> Open(const PostgresOptions& options,
                                                                  PostgresDeadline deadline);
  ~PostgresConnection();
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  // Runs the statements in one round trip; one result each. They are one transaction, unless they
  // hold BEGIN or COMMIT or one is open. The first error skips the rest of them. `sent` is called
  // when everything has left and no answer has been looked at.
  absl::StatusOr<std::vector<PostgresResult>> Run(const std::vector<PostgresStatement>& statements,
                                                  PostgresDeadline deadline,
                                                  const std::function<void()>& sent = nullptr);
  // Runs a script of several statements without parameters.
  absl::Status Execute(const char* script, PostgresDeadline deadline);

  // Waits until another session notified the channel that this one listens to, which is true, or
  // until there is something to read in `other` or the deadline has passed.
  absl::StatusOr<bool> AwaitNotice(int other, PostgresDeadline deadline);

  // The connection is of no more use; what the server did with the last Run is not known.
  bool lost() const { return lost_; }
  // Looks, without waiting, whether the server closed an idle connection.
  bool IsOpen();
  // In use no more and in no transaction.
  bool IsReusable() const;
  int backend_pid() const;
  int socket() const;

 private:
  explicit PostgresConnection(pg_conn* connection) : connection_(connection) {}

  // A message that was sent and waits for its result.
  struct Sent {
    const char* sql;
    bool prepares;
  };

  absl::Status Lose(absl::string_view what);
  absl::Status Connect(PostgresDeadline deadline);
  absl::Status Queue(const std::vector<PostgresStatement>& statements, std::vector<Sent>& queue);
  absl::Status Flush(PostgresDeadline deadline);
  absl::Status WaitSocket(short events, PostgresDeadline deadline);
  absl::Status WaitResult(PostgresDeadline deadline);
  absl::StatusOr<std::vector<PostgresResult>> Receive(const std::vector<Sent>& queue,
                                                      PostgresDeadline deadline);
  absl::Status ReceiveOne(const Sent& sent, std::vector<PostgresResult>& results,
                          absl::Status& error, PostgresDeadline deadline);
  absl::Status ReceiveSync(PostgresDeadline deadline);
  // The error of a result, OK when it has none.
  absl::Status ErrorOf(const pg_result* result);

  pg_conn* const connection_;
  std::unordered_set<const char*> prepared_;
  bool lost_ = false;
};

class PostgresPool;

// One connection of a pool, given back when released or destroyed.
class PostgresLease {
 public:
  PostgresLease(PostgresPool& pool, std::unique_ptr<PostgresConnection> connection)
      : pool_(&pool), connection_(std::move(connection)) {}
  PostgresLease(PostgresLease&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)), connection_(std::move(other.connection_)) {}
  ~PostgresLease() { Release(); }

  PostgresConnection* operator->() { return connection_.get(); }
  PostgresConnection& operator*() { return *connection_; }
  // Replaces the connection by a new one, trying again with backoff until the deadline.
  absl::Status Reconnect(PostgresDeadline deadline);
  // Idempotent. The connection may not be used afterwards.
  void Release();

 private:
  PostgresPool* pool_;
  std::unique_ptr<PostgresConnection> connection_;
};

// A bounded number of connections, made when wanted. Thread-safe. Must outlive its leases.
class PostgresPool {
 public:
  // Asks of a new connection whether it leads to the right place; no other error than UNAVAILABLE
  // is tried again.
  using Examine = std::function<absl::Status(PostgresConnection&, PostgresDeadline)>;

  PostgresPool(PostgresOptions options, int connections_max, Examine examine = nullptr)
      : options_(std::move(options)), examine_(std::move(examine)), free_(connections_max) {}

  // Waits for a free place, then for a connection that works. UNAVAILABLE after the deadline; else
  // what `examine` says.
  absl::StatusOr<PostgresLease> Acquire(PostgresDeadline deadline);
  // Waits a while, at most until the deadline; false when it has passed.
  bool Pause(absl::Duration time, PostgresDeadline deadline);
  const PostgresOptions& options() const { return options_; }

 private:
  friend class PostgresLease;

  absl::StatusOr<std::unique_ptr<PostgresConnection>> Connect(PostgresDeadline deadline);
  void Return(std::unique_ptr<PostgresConnection> connection);

  absl::StatusOr<std::unique_ptr<PostgresConnection>> Make(PostgresDeadline deadline) const;

  const PostgresOptions options_;
  const Examine examine_;
  std::mutex mutex_;  // Guards free_ and idle_.
  std::condition_variable returned_;
  int free_;  // Places that no lease holds.
  std::vector<std::unique_ptr<PostgresConnection>> idle_;
};

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_STORE_POSTGRES_H_
