// One ImportCases stream, driven by one thread that never blocks inside gRPC.
//
// The owner writes one registration at a time and waits for news: answers, room to write, or the
// end of the stream. gRPC's own threads only put what happened aside. So the owner can watch its
// deadlines and a Ctrl-C although the service neither reads nor answers. It knows nothing of files
// or retries.
#ifndef PATHWAYS_SERVICES_CLI_IMPORT_STREAM_H_
#define PATHWAYS_SERVICES_CLI_IMPORT_STREAM_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>
#include <grpcpp/support/status.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "services/cli/client.h"

namespace pathways::cli {

// All public functions are for the one thread that made it. `client` must outlive it.
class ImportStream : private grpc::ClientBidiReactor<intake::v1::ImportCasesRequest,
                                                     intake::v1::ImportCasesResponse> {
 public:
  explicit ImportStream(Client& client);
  // Cancels what is still open, and waits until gRPC has let go.
  ~ImportStream() override;
  ImportStream(const ImportStream&) = delete;
  ImportStream& operator=(const ImportStream&) = delete;

  // What happened since the last call.
  struct News {
    std::vector<intake::v1::ImportCasesResponse> answers;
    bool can_write = false;
    std::optional<grpc::Status> end;  // Set: the stream is over, and nothing more will come.
  };

  // Waits until there is an answer, the end, or room to write (when that is wanted), at most so
  // long.
  News Wait(absl::Duration at_most, bool wants_to_write);

  // Only when the last news said can_write, and not after WritesDone.
  void Write(const std::string& site, intake::v1::RegisterCaseRequest registration);
  // Nothing more will be written; the service ends the stream after its last answer. Only when the
  // last news said can_write.
  void WritesDone();
  void Cancel() { context_.TryCancel(); }

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  // Lets gRPC end the stream. Until then it must not, because Write comes from outside.
  void Release();

  grpc::ClientContext context_;
  intake::v1::ImportCasesRequest written_;  // Must stay until it is written.
  intake::v1::ImportCasesResponse read_;
  bool is_held_ = true;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<intake::v1::ImportCasesResponse> answers_;
  bool is_writing_ = false;
  bool is_broken_ = false;
  std::optional<grpc::Status> end_;
};

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_IMPORT_STREAM_H_
