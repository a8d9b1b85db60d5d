// The host of one service alone, on PostgreSQL and Kafka: the program of that service.
//
// A service's main.cc hands its value to RunAlone. Here is what that value stands on: settings by
// flag and environment, the database that is waited for, the topics that are followed and published
// to, the APIs of the other services for what a topic leaves out, health on a port of its own,
// metrics, and an orderly stop. The host of several services in one process is together.h.
#ifndef PATHWAYS_SERVICES_HOST_ALONE_H_
#define PATHWAYS_SERVICES_HOST_ALONE_H_

#include "services/host/service.h"

namespace pathways::host {

// Runs until SIGTERM. The exit code: 0 after an orderly stop, 1 when it could not go on, 2 when
// settings or files are at fault.
int RunAlone(int argc, const char* const* argv, const Service& service);

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_ALONE_H_
