// Goal: a room that is stopped ends, whatever it is doing at that moment. Method: the stop comes
// while the room's thread serves, with another wake-up for it behind.
#include "services/host/waiting_room.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>

namespace pathways::host {
namespace {

// The end for the room of a connection that has asked; the other end is closed.
int Asked() {
  const std::string head = "GET / HTTP/1.1\r\n\r\n";
  std::array<int, 2> ends{};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  EXPECT_EQ(write(ends[1], head.data(), head.size()), static_cast<ssize_t>(head.size()));
  close(ends[1]);
  return ends[0];
}

// The thread took in all wake-ups behind what it served, and with them that of a stop which it had
// not looked for since. It waited without an end then, and with it whoever stopped: the timeout of
// this test.
TEST(WaitingRoom, AStopIsHeardBehindAnotherWakeUp) {
  constexpr int kRounds = 200;
  constexpr int kYields = 2000;  // Long enough for the stop to be said.
  for (int i = 0; i < kRounds; ++i) {
    std::atomic<bool> serves = false;
    WaitingRoom room(
        {.wait = std::chrono::hours(1), .sockets_max = 4},
        [&](int socket) {
          close(socket);
          serves = true;
          for (int yield = 0; yield < kYields; ++yield) std::this_thread::yield();
        },
        [](int socket) { close(socket); });
    // Before its thread looks for the first time: it finds the connection, and behind it the
    // wake-up for it.
    room.Add(Asked());
    while (!serves) std::this_thread::yield();
    room.Stop();
  }
}

}  // namespace
}  // namespace pathways::host
