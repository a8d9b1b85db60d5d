#include "services/engine/store/postgres.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "services/base/status_macros.h"
#include "services/engine/store/postgres_conninfo.h"

namespace pathways::engine {
namespace {

constexpr absl::Duration kBackoffMin = absl::Milliseconds(20);
constexpr absl::Duration kBackoffMax = absl::Milliseconds(500);
// One address that swallows packets must not use up the whole deadline.
constexpr absl::Duration kConnectMax = absl::Seconds(2);
constexpr size_t kArrayHeaderBytes = 20;

// synchronous_commit: a role or database may have it off, and an answered commit would be lost with
// the server. Plans: every statement reads by key, so index and nested loop are right for any size;
// left to itself the planner takes a sequential scan for a table that was empty when it looked, and
// keeps it while the table grows. jit: compiling takes longer than any of these statements.
// client_connection_check_interval: a backend whose client died would keep its locks.
constexpr char kSettings[] =
    "SET synchronous_commit = on; SET enable_seqscan = off; SET enable_hashjoin = off; "
    "SET enable_mergejoin = off; SET enable_bitmapscan = off; "
    "SET plan_cache_mode = force_generic_plan; SET jit = off; "
    "SET client_connection_check_interval = '1s'; SET timezone = 'UTC';";

uint64_t FromBigEndian(const char* bytes, int size) {
  uint64_t value = 0;
  for (int i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::string BigEndian(uint64_t value, int size) {
  std::string bytes(static_cast<size_t>(size), '\0');
  for (int i = size - 1; i >= 0; --i, value >>= 8) {
    bytes[static_cast<size_t>(i)] = static_cast<char>(value & 0xff);
  }
  return bytes;
}

int MillisecondsUntil(PostgresDeadline deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 3'600'000));
}

// Translates an SQLSTATE, once, for the whole store.
absl::Status ToStatus(absl::string_view state, absl::string_view constraint) {
  const std::string what =
      absl::StrCat("PostgreSQL: SQLSTATE ", state, constraint.empty() ? "" : " of ", constraint);
  const absl::string_view group = state.substr(0, 2);
  // Serialisation failure (also of refuse_unless), deadlock, unique violation.
  if (state == "40001" || state == "40P01" || state == "23505") return absl::AbortedError(what);
  if (state == "XX001" || state == "XX002") return absl::DataLossError(what);
  // Connection, resources, shutdown or cancel or timeout, read-only server, idle transaction,
  // I/O error, lock not available.
  if (group == "08" || group == "53" || group == "57" || state == "25006" || state == "25P03" ||
      state == "58030" || state == "55P03") {
    return absl::UnavailableError(absl::StrCat(what, "; try again"));
  }
  return absl::InternalError(what);
}

// Settings of the connection itself. Those of the connection string win.
std::vector<std::pair<std::string, std::string>> ConnectionSettings(
    const PostgresOptions& options) {
  const std::string milliseconds = absl::StrCat(absl::ToInt64Milliseconds(options.operation_max));
  return {{"application_name", "pathways"}, {"tcp_user_timeout", milliseconds},
          {"keepalives_idle", "10"},        {"keepalives_interval", "5"},
          {"keepalives_count", "3"},        {"dbname", options.connection},
          {"client_encoding", "UTF8"}};
}

}  // namespace

PostgresDeadline PostgresDeadlineIn(absl::Duration time) {
  return std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(time);
}

std::string PostgresInt(int64_t value) { return BigEndian(static_cast<uint64_t>(value), 8); }

// Dimensions, has nulls, element type, length, lower bound. The length is filled in by Take.
PostgresArray::PostgresArray(Element element)
    : bytes_(BigEndian(1, 4) + BigEndian(0, 4) + BigEndian(element, 4) + BigEndian(0, 4) +
             BigEndian(1, 4)) {}

void PostgresArray::Add(absl::string_view value) {
  bytes_ += BigEndian(value.size(), 4);
  bytes_.append(value.data(), value.size());
  ++size_;
}

std::string PostgresArray::Take() && {
  constexpr size_t kLengthAt = kArrayHeaderBytes - 8;
  bytes_.replace(kLengthAt, 4, BigEndian(static_cast<uint64_t>(size_), 4));
  return std::move(bytes_);
}

void PostgresResult::Clear::operator()(pg_result* result) const { PQclear(result); }

int PostgresResult::rows() const { return PQntuples(result_.get()); }

bool PostgresResult::IsNull(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) != 0;
}

int64_t PostgresResult::Int(int row, int column) const {
  const char* bytes = PQgetvalue(result_.get(), row, column);
  return static_cast<int64_t>(FromBigEndian(bytes, PQgetlength(result_.get(), row, column)));
}

std::string PostgresResult::Bytes(int row, int column) const {
  return std::string(PQgetvalue(result_.get(), row, column),
                     static_cast<size_t>(PQgetlength(result_.get(), row, column)));
}

int64_t PostgresResult::changed() const {
  int64_t rows = 0;
  return absl::SimpleAtoi(PQcmdTuples(result_.get()), &rows) ? rows : 0;
}

absl::StatusOr<std::unique_ptr<PostgresConnection>> PostgresConnection::Open(
    const PostgresOptions& options, PostgresDeadline deadline) {
  RETURN_IF_ERROR(CheckConnectionString(options.connection));
  const auto settings = ConnectionSettings(options);
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : settings) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  std::unique_ptr<PostgresConnection> connection(new PostgresConnection(
      PQconnectStartParams(names.data(), values.data(), /*expand_dbname=*/1)));
  if (connection->connection_ == nullptr) return absl::UnavailableError("libpq: out of memory");
  RETURN_IF_ERROR(connection->Connect(std::min(deadline, PostgresDeadlineIn(kConnectMax))));
  RETURN_IF_ERROR(connection->Execute(kSettings, deadline));
  // A server that gives up before we do says that nothing was written; a connection that we give
  // up leaves that open. Twice the time for a process that was stopped while it held locks.
  const int64_t milliseconds = absl::ToInt64Milliseconds(options.operation_max);
  const std::string limits = absl::StrCat(
      "SET statement_timeout = ", std::max<int64_t>(milliseconds * 4 / 5, 1),
      "; SET idle_in_transaction_session_timeout = ", std::max<int64_t>(milliseconds * 2, 1));
  RETURN_IF_ERROR(connection->Execute(limits.c_str(), deadline));
  return connection;
}

PostgresConnection::~PostgresConnection() { PQfinish(connection_); }

absl::Status PostgresConnection::Connect(PostgresDeadline deadline) {
  for (PostgresPollingStatusType next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK;) {
    if (next == PGRES_POLLING_FAILED || PQstatus(connection_) == CONNECTION_BAD) {
      return Lose(absl::StrCat("cannot connect: ", PQerrorMessage(connection_)));
    }
    RETURN_IF_ERROR(WaitSocket(next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline));
    next = PQconnectPoll(connection_);
  }
  if (PQsetnonblocking(connection_, 1) != 0) return Lose("cannot use the connection");
  // Notices go to standard error otherwise, and can quote values.
  PQsetNoticeReceiver(connection_, [](void*, const PGresult*) {}, nullptr);
  return absl::OkStatus();
}

absl::Status PostgresConnection::Lose(absl::string_view what) {
  lost_ = true;
  absl::string_view line = what;
  while (absl::EndsWith(line, "\n")) line.remove_suffix(1);
  return absl::UnavailableError(absl::StrCat("PostgreSQL: ", line));
}

absl::Status PostgresConnection::WaitSocket(short events, PostgresDeadline deadline) {
  pollfd one{PQsocket(connection_), events, 0};
  for (;;) {
    const int ready = poll(&one, 1, MillisecondsUntil(deadline));
    if (ready > 0) return absl::OkStatus();
    if (ready == 0) return Lose("no answer in time");
    if (errno != EINTR) return Lose(absl::StrCat("cannot wait: ", std::strerror(errno)));
  }
}

absl::Status PostgresConnection::WaitResult(PostgresDeadline deadline) {
  while (PQisBusy(connection_) != 0) {
    RETURN_IF_ERROR(WaitSocket(POLLIN, deadline));
    if (PQconsumeInput(connection_) == 0) return Lose("the connection was lost");
  }
  return absl::OkStatus();
}

absl::Status PostgresConnection::Flush(PostgresDeadline deadline) {
  for (;;) {
    const int left = PQflush(connection_);
    if (left == 0) return absl::OkStatus();
    if (left < 0) return Lose("the connection was lost");
    // Reads as well: a server that waits for us to take its answers takes no more statements.
    RETURN_IF_ERROR(WaitSocket(POLLIN | POLLOUT, deadline));
    if (PQconsumeInput(connection_) == 0) return Lose("the connection was lost");
  }
}

absl::Status PostgresConnection::ErrorOf(const pg_result* result) {
  const ExecStatusType kind = PQresultStatus(result);
  if (kind != PGRES_FATAL_ERROR && kind != PGRES_BAD_RESPONSE) return absl::OkStatus();
  const auto field = [&](int code) {
    const char* text = PQresultErrorField(result, code);
    return absl::string_view(text == nullptr ? "" : text);
  };
  const absl::string_view state = field(PG_DIAG_SQLSTATE);
  if (state.empty()) return Lose("the connection was lost");  // libpq's own error.
  // FATAL and PANIC end the session. What it was doing may have been done.
  if (field(PG_DIAG_SEVERITY_NONLOCALIZED) != "ERROR") lost_ = true;
  return ToStatus(state, field(PG_DIAG_CONSTRAINT_NAME));
}

absl::Status PostgresConnection::Queue(const std::vector<PostgresStatement>& statements,
                                       std::vector<Sent>& queue) {
  if (PQenterPipelineMode(connection_) == 0) return Lose("cannot pipeline");
  for (const PostgresStatement& statement : statements) {
    const std::string name =
        absl::StrCat("p", absl::Hex(reinterpret_cast<uintptr_t>(statement.sql)));
    const bool known = prepared_.contains(statement.sql) ||
                       std::any_of(queue.begin(), queue.end(), [&](const Sent& sent) {
                         return sent.sql == statement.sql && sent.prepares;
                       });
    if (!known) {
      if (PQsendPrepare(connection_, name.c_str(), statement.sql, 0, nullptr) == 0) {
        return Lose("the connection was lost");
      }
      queue.push_back({statement.sql, /*prepares=*/true});
    }
    std::vector<const char*> values;
    std::vector<int> lengths;
    for (const std::string& parameter : statement.parameters) {
      values.push_back(parameter.data());
      lengths.push_back(static_cast<int>(parameter.size()));
    }
    const std::vector<int> formats(values.size(), 1);
    if (PQsendQueryPrepared(connection_, name.c_str(), static_cast<int>(values.size()),
                            values.data(), lengths.data(), formats.data(),
                            /*resultFormat=*/1) == 0) {
      return Lose("the connection was lost");
    }
    queue.push_back({statement.sql, /*prepares=*/false});
  }
  if (PQpipelineSync(connection_) == 0) return Lose("the connection was lost");
  return absl::OkStatus();
}

absl::Status PostgresConnection::ReceiveOne(const Sent& sent, std::vector<PostgresResult>& results,
                                            absl::Status& error, PostgresDeadline deadline) {
  for (;;) {
    RETURN_IF_ERROR(WaitResult(deadline));
    pg_result* result = PQgetResult(connection_);
    if (result == nullptr) return absl::OkStatus();
    PostgresResult owned(result);
    const absl::Status status = ErrorOf(result);
    error.Update(status);
    if (lost_) return status;
    if (!status.ok() || PQresultStatus(result) == PGRES_PIPELINE_ABORTED) continue;
    if (sent.prepares) {
      prepared_.insert(sent.sql);
    } else {
      results.push_back(std::move(owned));
    }
  }
}

absl::Status PostgresConnection::ReceiveSync(PostgresDeadline deadline) {
  RETURN_IF_ERROR(WaitResult(deadline));
  const PostgresResult owned(PQgetResult(connection_));
  (void)owned;
  if (PQstatus(connection_) == CONNECTION_BAD) return Lose("the connection was lost");
  return absl::OkStatus();
}

absl::StatusOr<std::vector<PostgresResult>> PostgresConnection::Receive(
    const std::vector<Sent>& queue, PostgresDeadline deadline) {
  std::vector<PostgresResult> results;
  absl::Status error;
  for (const Sent& sent : queue) RETURN_IF_ERROR(ReceiveOne(sent, results, error, deadline));
  RETURN_IF_ERROR(ReceiveSync(deadline));
  RETURN_IF_ERROR(error);
  return results;
}

absl::StatusOr<std::vector<PostgresResult>> PostgresConnection::Run(
    const std::vector<PostgresStatement>& statements, PostgresDeadline deadline,
    const std::function<void()>& sent) {
  if (lost_) return Lose("the connection was lost");
  std::vector<Sent> queue;
  RETURN_IF_ERROR(Queue(statements, queue));
  RETURN_IF_ERROR(Flush(deadline));
  if (sent) sent();
  return Receive(queue, deadline);
}

absl::Status PostgresConnection::Execute(const char* script, PostgresDeadline deadline) {
  if (lost_) return Lose("the connection was lost");
  if (PQexitPipelineMode(connection_) == 0 || PQsendQuery(connection_, script) == 0) {
    return Lose("the connection was lost");
  }
  RETURN_IF_ERROR(Flush(deadline));
  absl::Status error;
  for (;;) {
    RETURN_IF_ERROR(WaitResult(deadline));
    pg_result* result = PQgetResult(connection_);
    if (result == nullptr) return error;
    const PostgresResult owned(result);
    const absl::Status status = ErrorOf(result);
    error.Update(status);
    if (lost_) return status;
  }
}

absl::StatusOr<bool> PostgresConnection::AwaitNotice(int other, PostgresDeadline deadline) {
  if (lost_) return Lose("the connection was lost");
  pollfd both[] = {{PQsocket(connection_), POLLIN, 0}, {other, POLLIN, 0}};
  if (poll(both, 2, MillisecondsUntil(deadline)) < 0 && errno != EINTR) {
    return Lose(absl::StrCat("cannot wait: ", std::strerror(errno)));
  }
  if (PQconsumeInput(connection_) == 0) return Lose("the connection was lost");
  bool is_told = false;
  while (PGnotify* notice = PQnotifies(connection_)) {
    is_told |= notice->be_pid != PQbackendPID(connection_);
    PQfreemem(notice);
  }
  return is_told;
}

bool PostgresConnection::IsOpen() {
  if (lost_) return false;
  pollfd one{PQsocket(connection_), POLLIN, 0};
  if (poll(&one, 1, 0) > 0 && PQconsumeInput(connection_) == 0) lost_ = true;
  // A server that shuts down says so before it closes; the text alone does not end the session.
  if ((one.revents & (POLLHUP | POLLERR)) != 0) lost_ = true;
  return !lost_ && PQstatus(connection_) == CONNECTION_OK;
}

bool PostgresConnection::IsReusable() const {
  return !lost_ && PQtransactionStatus(connection_) == PQTRANS_IDLE;
}

int PostgresConnection::backend_pid() const { return PQbackendPID(connection_); }

int PostgresConnection::socket() const { return PQsocket(connection_); }

absl::Status PostgresLease::Reconnect(PostgresDeadline deadline) {
  connection_.reset();
  ASSIGN_OR_RETURN(connection_, pool_->Connect(deadline));
  return absl::OkStatus();
}

void PostgresLease::Release() {
  if (pool_ != nullptr) std::exchange(pool_, nullptr)->Return(std::move(connection_));
}

absl::StatusOr<PostgresLease> PostgresPool::Acquire(PostgresDeadline deadline) {
  std::unique_ptr<PostgresConnection> connection;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!returned_.wait_until(lock, deadline, [this] { return free_ > 0; })) {
      return absl::UnavailableError("the store is busy");
    }
    --free_;
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  PostgresLease lease(*this, std::move(connection));
  if (lease.operator->() == nullptr || !lease->IsOpen()) {
    RETURN_IF_ERROR(lease.Reconnect(deadline));
  }
  return lease;
}

bool PostgresPool::Pause(absl::Duration time, PostgresDeadline deadline) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock<std::mutex> lock(mutex);
  never.wait_until(lock, std::min(deadline, PostgresDeadlineIn(time)), [] { return false; });
  return std::chrono::steady_clock::now() < deadline;
}

absl::StatusOr<std::unique_ptr<PostgresConnection>> PostgresPool::Make(
    PostgresDeadline deadline) const {
  ASSIGN_OR_RETURN(auto made, PostgresConnection::Open(options_, deadline));
  if (examine_) RETURN_IF_ERROR(examine_(*made, deadline));
  return made;
}

absl::StatusOr<std::unique_ptr<PostgresConnection>> PostgresPool::Connect(
    PostgresDeadline deadline) {
  for (absl::Duration wait = kBackoffMin;; wait = std::min(2 * wait, kBackoffMax)) {
    absl::StatusOr<std::unique_ptr<PostgresConnection>> made = Make(deadline);
    if (!absl::IsUnavailable(made.status()) || !Pause(wait, deadline)) return made;
  }
}

void PostgresPool::Return(std::unique_ptr<PostgresConnection> connection) {
  std::lock_guard<std::mutex> lock(mutex_);
  ++free_;
  if (connection != nullptr && connection->IsReusable()) idle_.push_back(std::move(connection));
  returned_.notify_one();
}

}  // namespace pathways::engine
