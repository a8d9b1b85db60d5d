#include "services/engine/store/postgres_notices.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "services/base/status_macros.h"

namespace pathways::engine {
namespace {

constexpr std::chrono::milliseconds kTellEvery{20};
constexpr int kRetryMs = 1000;
constexpr std::chrono::hours kWaitMax{1};

// Nothing is said for as long as nothing is committed. What a notice tells of is durable already.
constexpr char kSession[] =
    "SET idle_session_timeout = 0; SET synchronous_commit = off; LISTEN pathways_commit";

}  // namespace

PostgresNotices::PostgresNotices(PostgresOptions options, std::function<void()> heard)
    : options_(std::move(options)),
      heard_(std::move(heard)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { Run(); }) {}

PostgresNotices::~PostgresNotices() {
  stopping_ = true;
  Wake();
  thread_.join();
  close(wake_);
}

void PostgresNotices::Tell() {
  if (!untold_.exchange(true)) Wake();
}

void PostgresNotices::Wake() const {
  const uint64_t one = 1;
  (void)!write(wake_, &one, sizeof(one));  // Full: it will wake anyway.
}

void PostgresNotices::Run() {
  while (!stopping_) {
    const PostgresDeadline deadline = PostgresDeadlineIn(options_.operation_max);
    auto connection = PostgresConnection::Open(options_, deadline);
    absl::Status status = connection.status();
    if (status.ok()) status = (*connection)->Execute(kSession, deadline);
    if (status.ok()) heard_();
    while (status.ok() && !stopping_) status = Exchange(**connection);
    if (stopping_) return;
    pollfd wait{wake_, POLLIN, 0};
    poll(&wait, 1, kRetryMs);
  }
}

absl::Status PostgresNotices::Exchange(PostgresConnection& connection) {
  const auto now = std::chrono::steady_clock::now();
  PostgresDeadline until = now + kWaitMax;
  if (untold_ && now < next_tell_) {
    until = next_tell_;
  } else if (untold_.exchange(false)) {
    next_tell_ = now + kTellEvery;
    RETURN_IF_ERROR(
        connection.Execute("NOTIFY pathways_commit", PostgresDeadlineIn(options_.operation_max)));
  }
  ASSIGN_OR_RETURN(const bool is_told, connection.AwaitNotice(wake_, until));
  uint64_t count = 0;
  (void)!read(wake_, &count, sizeof(count));
  if (is_told) heard_();
  return absl::OkStatus();
}

}  // namespace pathways::engine
