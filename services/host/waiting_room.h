// Holds connections to an HTTP port until the head of their request has come.
//
// A thread that serves a connection is held by whoever sends half a request. So nobody is served
// before the whole head is there: until then one thread waits for all. A head that is not complete
// in time is given up; when there are too many, the one that has waited longest is, for a client
// that means it sends its head at once.
#ifndef PATHWAYS_SERVICES_HOST_WAITING_ROOM_H_
#define PATHWAYS_SERVICES_HOST_WAITING_ROOM_H_

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace pathways::host {

class WaitingRoom {
 public:
  // Both get a socket and own it from then on. They are called by the room's thread, or by that of
  // Add and of Stop.
  using Take = std::function<void(int socket)>;

  struct Limits {
    std::chrono::milliseconds wait;
    size_t sockets_max;
  };

  // `ready`: its head is there, and nothing of it was read. `given_up`: it is to be closed.
  WaitingRoom(Limits limits, Take ready, Take given_up);
  // Stops.
  ~WaitingRoom();
  WaitingRoom(const WaitingRoom&) = delete;
  WaitingRoom& operator=(const WaitingRoom&) = delete;

  void Add(int socket);
  // Gives up all that wait. Idempotent; nothing may be added any more.
  void Stop();

 private:
  struct Waiting {
    int socket;
    std::chrono::steady_clock::time_point until;
  };

  void Run();
  // How long until the next has waited too long, in milliseconds; -1: nobody waits.
  int NextWait();
  void GiveUpLate();
  void Look(int socket);
  // False: it is not there any more.
  bool Remove(int socket);

  const Limits limits_;
  const Take ready_;
  const Take given_up_;
  const int epoll_;
  const int wake_;               // eventfd.
  std::mutex mutex_;             // Guards what follows.
  std::deque<Waiting> waiting_;  // The oldest first.
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_WAITING_ROOM_H_
