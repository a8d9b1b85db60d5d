// Reads of facts between services: ReadStream and ReadHeads over the stores of this process.
//
// Only published columns are read, so identity cannot leave through it. For services; agencies and
// staff have their own APIs.
#ifndef PATHWAYS_SERVICES_RUNTIME_RPC_STREAM_SERVICE_H_
#define PATHWAYS_SERVICES_RUNTIME_RPC_STREAM_SERVICE_H_

#include <map>
#include <string>

#include "pathways/stream/v1/stream_service.grpc.pb.h"
#include "services/runtime/rpc/edge.h"
#include "services/runtime/store/event_store.h"

namespace pathways::runtime {

// Bytes of events after which a page of ReadStream ends. It has at least one event, however large.
inline constexpr size_t kStreamPageBytesMax = 1 << 20;

class StreamRpc : public stream::v1::StreamService::CallbackService {
 public:
  // `stores` by service name. All must outlive the service.
  StreamRpc(const Edge& edge, std::map<std::string, EventStore*> stores)
      : edge_(edge), stores_(std::move(stores)) {}

  grpc::ServerUnaryReactor* ReadStream(grpc::CallbackServerContext* context,
                                       const stream::v1::ReadStreamRequest* request,
                                       stream::v1::ReadStreamResponse* response) override;
  grpc::ServerUnaryReactor* ReadHeads(grpc::CallbackServerContext* context,
                                      const stream::v1::ReadHeadsRequest* request,
                                      stream::v1::ReadHeadsResponse* response) override;

 private:
  const Edge& edge_;
  const std::map<std::string, EventStore*> stores_;
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_RPC_STREAM_SERVICE_H_
