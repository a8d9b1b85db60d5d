// gRPC as a transport of the dispatcher.
//
// Makes of each Api a grpc::Service whose methods carry bytes: a call's metadata become Incoming,
// its bytes a message of the method's type, and what the dispatcher answers becomes the response or
// a status with google.rpc details (errors.h). Nothing here knows what a method does, so a new
// method of a service needs no line of gRPC. Handlers never run here longer than the dispatcher's
// functions, which do not block.
#ifndef PATHWAYS_SERVICES_HOST_GRPC_GRPC_SERVICES_H_
#define PATHWAYS_SERVICES_HOST_GRPC_GRPC_SERVICES_H_

#include <grpcpp/impl/service_type.h>

#include <memory>
#include <vector>

#include "services/host/dispatcher.h"

namespace pathways::host {

// A service for each Api of the dispatcher, which must outlive them and the server they are
// registered with.
std::vector<std::unique_ptr<grpc::Service>> MakeGrpcServices(const Dispatcher& dispatcher);

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_GRPC_GRPC_SERVICES_H_
