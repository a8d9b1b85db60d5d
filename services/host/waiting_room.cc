#include "services/host/waiting_room.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace pathways::host {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr size_t kHeadBytesMax = 8192;
constexpr int kEventsMax = 64;

void Watch(int epoll, int socket, uint32_t events) {
  epoll_event wanted{};
  wanted.events = events;
  wanted.data.fd = socket;
  (void)epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &wanted);
}

}  // namespace

WaitingRoom::WaitingRoom(Limits limits, Take ready, Take given_up)
    : limits_(limits),
      ready_(std::move(ready)),
      given_up_(std::move(given_up)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  Watch(epoll_, wake_, EPOLLIN);
  thread_ = std::thread([this] { Run(); });
}

WaitingRoom::~WaitingRoom() {
  Stop();
  close(epoll_);
  close(wake_);
}

void WaitingRoom::Add(int socket) {
  std::optional<int> oldest;
  bool was_empty = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    was_empty = waiting_.empty();
    if (waiting_.size() >= limits_.sockets_max) {
      oldest = waiting_.front().socket;
      waiting_.pop_front();
    }
    waiting_.push_back({socket, SteadyClock::now() + limits_.wait});
    // Once for what is there already, and then for each part that comes.
    Watch(epoll_, socket, EPOLLIN | EPOLLRDHUP | EPOLLET);
  }
  if (oldest) given_up_(*oldest);
  if (was_empty) (void)eventfd_write(wake_, 1);  // The thread waits without an end.
}

void WaitingRoom::Stop() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  (void)eventfd_write(wake_, 1);
  thread_.join();
  for (const Waiting& waiting : waiting_) given_up_(waiting.socket);
  waiting_.clear();
}

void WaitingRoom::Run() {
  std::array<epoll_event, kEventsMax> events{};
  for (;;) {
    const int count = epoll_wait(epoll_, events.data(), kEventsMax, NextWait());
    // Before it is looked whether to stop: one read takes all wake-ups in, also that of a stop.
    eventfd_t ignored = 0;
    (void)eventfd_read(wake_, &ignored);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (stopping_) return;
    }
    for (int i = 0; i < count; ++i) {
      const int socket = events[static_cast<size_t>(i)].data.fd;
      if (socket != wake_) Look(socket);
    }
    GiveUpLate();
  }
}

int WaitingRoom::NextWait() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (waiting_.empty()) return -1;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(waiting_.front().until - SteadyClock::now());
  return static_cast<int>(std::max<int64_t>(left.count(), 0));
}

void WaitingRoom::GiveUpLate() {
  std::vector<int> late;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    while (!waiting_.empty() && waiting_.front().until <= SteadyClock::now()) {
      late.push_back(waiting_.front().socket);
      waiting_.pop_front();
    }
  }
  for (const int socket : late) given_up_(socket);
}

void WaitingRoom::Look(int socket) {
  std::array<char, kHeadBytesMax> head{};
  const ssize_t count = recv(socket, head.data(), head.size(), MSG_PEEK | MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  const absl::string_view text(head.data(), static_cast<size_t>(std::max<ssize_t>(count, 0)));
  const bool is_whole = absl::StrContains(text, "\r\n\r\n");
  // More than a head may have, or nothing more to come.
  const bool is_over = count <= 0 || text.size() == head.size();
  if (!is_whole && !is_over) return;
  // It may have been given up since the event came.
  if (!Remove(socket)) return;
  (is_whole ? ready_ : given_up_)(socket);
}

bool WaitingRoom::Remove(int socket) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                  [socket](const Waiting& one) { return one.socket == socket; });
  if (found == waiting_.end()) return false;
  waiting_.erase(found);
  (void)epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr);
  return true;
}

}  // namespace pathways::host
