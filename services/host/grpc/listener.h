// The listening sockets of a gRPC server, and the loop that accepts.
//
// gRPC would listen by itself, but its accepting ends for good when descriptors run out once, it
// takes any number of connections, and nobody is told of either. So this accepts, and hands each
// connection over. While no descriptor is free it tries again until one is. Beyond a number of
// connections a new one is closed at once: its client hears so and comes back later. Answers()
// proves that the way from a connect to gRPC's first bytes is open; what it asks with is let in
// beyond the bound, for a listener that is full is not one that is broken.
#ifndef PATHWAYS_SERVICES_HOST_GRPC_LISTENER_H_
#define PATHWAYS_SERVICES_HOST_GRPC_LISTENER_H_

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace pathways::host {

class Listener {
 public:
  // Gets an open socket that does not block, and closes it some time.
  using Take = std::function<void(int connection)>;

  // Binds `address`, host:port, and listens. A name is bound on each address that it has; 0.0.0.0
  // is every address of both kinds. UNAVAILABLE: it cannot be bound. Blocks while a name is looked
  // up. Never more connections than half of the descriptors that the process may have.
  static absl::StatusOr<std::unique_ptr<Listener>> Open(const std::string& address,
                                                        size_t connections_max);
  // Stops.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int port() const { return port_; }
  // Accepts from now on. Once.
  void Start(Take take);
  // Refuses new connections; those that were handed over stay. Idempotent.
  void Stop();

  // True when a connection made now is accepted and the server says something within `limit`, which
  // is also how long it may block. `tls`: the server waits for a greeting first. For one thread.
  bool Answers(bool tls, absl::Duration limit);

 private:
  struct Held {
    int connection;
    uint64_t cookie;  // Of the socket: the number may be another's by now.
  };

  explicit Listener(size_t connections_max);

  absl::Status Bind(const std::string& host, const std::string& port);
  // The error number, or 0.
  int BindOne(int family, sockaddr_storage address, socklen_t size);
  void Run();
  // False: there is no descriptor for it.
  bool Accept(int listening);
  // True: there is room for one more.
  bool HasRoom();
  bool IsOwn(const sockaddr_storage& peer);

  const size_t connections_max_;
  int port_ = 0;
  int wake_ = -1;  // eventfd: ends the loop.
  std::vector<int> listening_;
  std::vector<Held> held_;  // Of the loop's thread. May hold some that were closed.
  Take take_;
  std::mutex mutex_;        // Guards own_.
  sockaddr_storage own_{};  // Where Answers() calls from.
  std::thread thread_;
};

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_GRPC_LISTENER_H_
