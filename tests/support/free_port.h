// A port of the loopback interface that nobody listens on, for a program that must be told one.
//
// It is free when it is asked for; another process may take it before the program does, which then
// fails to start. 0 when there is none.
#ifndef PATHWAYS_TESTS_SUPPORT_FREE_PORT_H_
#define PATHWAYS_TESTS_SUPPORT_FREE_PORT_H_

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pathways::testing_support {

inline int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool bound = bind(fd, generic, length) == 0 && getsockname(fd, generic, &length) == 0;
  close(fd);
  return bound ? ntohs(address.sin_port) : 0;
}

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_SUPPORT_FREE_PORT_H_
