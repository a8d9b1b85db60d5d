#include "services/engine/store/postgres_leader.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace pathways::engine {
namespace {

// The server must notice within seconds when the leader's host is gone: as long as it does not,
// nobody else leads. With the lease it gives up a process that hangs, too.
std::string SessionSettings() {
  return absl::StrCat("SET idle_session_timeout = ", absl::ToInt64Milliseconds(kLeaseMax),
                      "; SET tcp_keepalives_idle = 1; SET tcp_keepalives_interval = 1; "
                      "SET tcp_keepalives_count = 3");
}

constexpr absl::Duration kSayAliveEvery = absl::Seconds(10);  // Several times in a lease.

// Takes the lock (22, 0) and raises the epoch, or returns no row. One statement: whoever has
// the lock has an epoch of its own.
constexpr char kLead[] =
    "INSERT INTO relay (id, watermark, epoch) SELECT 0, 0, 1 WHERE pg_try_advisory_lock(22, 0) "
    "ON CONFLICT (id) DO UPDATE SET epoch = relay.epoch + 1 RETURNING epoch";

// The row is locked before it is compared: a new leader raises the epoch before or after this
// transaction, not within it.
constexpr char kFence[] =
    "SELECT refuse_unless(coalesce((SELECT epoch FROM relay WHERE id = 0 FOR UPDATE), 0) = "
    "$1::bigint)";

absl::Status AnotherLeads() {
  return absl::FailedPreconditionError("another process publishes this log");
}

}  // namespace

absl::StatusOr<Lease> PostgresLeader::Lead(PostgresDeadline deadline) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (connection_ != nullptr && !connection_->IsOpen()) Close();
  if (epoch_ > 0) {
    RETURN_IF_ERROR(SayAlive(deadline));
    return Lease{epoch_};
  }
  if (connection_ == nullptr) {
    ASSIGN_OR_RETURN(auto connection, PostgresConnection::Open(options_, deadline));
    RETURN_IF_ERROR(connection->Execute(SessionSettings().c_str(), deadline));
    connection_ = std::move(connection);
    ++session_;
  }
  PostgresSteps steps = {Plain(kLead)};
  steps[0].take = [this](const PostgresResult& result) {
    if (result.rows() == 1) epoch_ = result.Int(0, 0);
  };
  const absl::Status status = RunSteps(*connection_, steps, deadline);
  if (!status.ok()) {
    Close();  // It may hold the lock.
    return status;
  }
  said_ = std::chrono::steady_clock::now();
  leads_ = epoch_ > 0;
  if (epoch_ == 0) return AnotherLeads();
  return Lease{epoch_};
}

absl::Status PostgresLeader::LeadForGood(PostgresDeadline deadline) {
  RETURN_IF_ERROR(Lead(deadline).status());
  std::lock_guard<std::mutex> lock(mutex_);
  return connection_->Execute("SET idle_session_timeout = 0", deadline);
}

absl::Status PostgresLeader::SayAlive(PostgresDeadline deadline) {
  const auto now = std::chrono::steady_clock::now();
  if (now - said_ < absl::ToChronoMilliseconds(kSayAliveEvery)) return absl::OkStatus();
  const absl::Status status = RunSteps(*connection_, {Plain("SELECT 1")}, deadline);
  if (!status.ok()) Close();
  said_ = now;
  return status;
}

absl::Status PostgresLeader::Write(const Lease& lease, const PostgresSteps& steps,
                                   PostgresDeadline deadline) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (epoch_ == 0) return absl::AbortedError("this process does not publish this log");
  // The present one stays what it is: it may be another thread's.
  if (lease.epoch != epoch_) return absl::AbortedError("the lease is of another time");
  PostgresSteps all = {Plain("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"),
                       // A crash of the server may take these writes back. Then the relay sends
                       // again what it had sent, as after a crash of its own.
                       Plain("SET LOCAL synchronous_commit = off"),
                       {{kFence, {PostgresInt(epoch_)}}, nullptr}};
  all.insert(all.end(), steps.begin(), steps.end());
  all.push_back(Plain("COMMIT"));
  absl::Status status = RunSteps(*connection_, all, deadline);
  said_ = std::chrono::steady_clock::now();
  if (status.ok()) return status;
  const bool lost = connection_->lost();
  Close();  // The transaction may still be open, and then so is the session's lock.
  if (lost) return absl::AbortedError("the connection that this process led by was lost");
  return status;
}

int64_t PostgresLeader::session() {
  std::lock_guard<std::mutex> lock(mutex_);
  return session_;
}

void PostgresLeader::Yield() {
  std::lock_guard<std::mutex> lock(mutex_);
  Close();
}

void PostgresLeader::Close() {
  connection_.reset();
  epoch_ = 0;
  leads_ = false;
}

}  // namespace pathways::engine
