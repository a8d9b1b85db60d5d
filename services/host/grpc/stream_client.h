// Reads another service's streams over gRPC: the StreamReader of a process that runs alone.
//
// Calls StreamService with the service token and a deadline. Answers are checked before they are
// believed: records must be of the stream asked for and follow each other without holes, so a
// faulty answer is INTERNAL here and never an event applied out of order.
#ifndef PATHWAYS_SERVICES_HOST_GRPC_STREAM_CLIENT_H_
#define PATHWAYS_SERVICES_HOST_GRPC_STREAM_CLIENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "pathways/stream/v1/stream_service.grpc.pb.h"
#include "services/follow/bus/bus.h"

namespace pathways::host {

struct StreamClientOptions {
  std::string service;  // Whose streams are read.
  std::string address;  // host:port.
  std::string token;    // Of a principal with the role service.
  std::string ca_file;  // Certificates that the server's must come from. Empty: plain text.
  std::string certificate_file;  // Shown to a server that asks for one; not used in plain text.
  std::string key_file;
  absl::Duration timeout = absl::Seconds(5);  // Of one call.
};

// Thread-safe.
class StreamClient : public follow::StreamReader {
 public:
  // Does not connect yet. Errors as ChannelCredentialsFor, for an address or files that the token
  // must not go by.
  static absl::StatusOr<std::unique_ptr<StreamClient>> Make(StreamClientOptions options);

  // Errors as in bus.h. UNAVAILABLE also when the token is refused: it may be replaced.
  absl::StatusOr<std::vector<engine::EventRow>> ReadStream(absl::string_view stream, int64_t from,
                                                           int limit) override;
  absl::StatusOr<std::vector<engine::StreamHead>> ReadHeads(absl::string_view after,
                                                            int limit) override;

 private:
  StreamClient(StreamClientOptions options, std::shared_ptr<grpc::ChannelInterface> channel);

  const StreamClientOptions options_;
  const std::unique_ptr<stream::v1::StreamService::Stub> stub_;
};

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_GRPC_STREAM_CLIENT_H_
