// Watches one agency's referrals, as the agency does, and notes when each is seen first.
//
// Prints "watching" once the stream has begun, then nothing; the file gets one line for each
// referral, at once: its name and the time (microseconds of the monotonic clock). A stream that
// ends is begun again after the last token. Ends when standard input does.
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_cat.h"
#include "pathways/referral/v1/agency_service.grpc.pb.h"

ABSL_FLAG(std::string, address, "", "HOST:PORT of referral");
ABSL_FLAG(std::string, token, "", "Token of the agency");
ABSL_FLAG(std::string, seen, "", "File that gets name and time of each referral");

namespace pathways::bench {
namespace {

// Its own thread: reads block.
class Watch {
 public:
  Watch() : file_(absl::GetFlag(FLAGS_seen)), thread_([this] { Run(); }) {}

  void Stop() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopped_ = true;
      if (context_) context_->TryCancel();
    }
    thread_.join();
  }

 private:
  void Run() {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    const auto stub = referral::v1::AgencyService::NewStub(grpc::CreateCustomChannel(
        absl::GetFlag(FLAGS_address), grpc::InsecureChannelCredentials(), arguments));
    while (Begin()) Read(*stub);
  }

  bool Begin() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopped_) return false;
    context_ = std::make_unique<grpc::ClientContext>();
    context_->AddMetadata("authorization", absl::StrCat("Bearer ", absl::GetFlag(FLAGS_token)));
    context_->set_wait_for_ready(true);
    return true;
  }

  void Read(referral::v1::AgencyService::Stub& stub) {
    referral::v1::WatchReferralsRequest request;
    request.set_resume_token(token_);
    const auto reader = stub.WatchReferrals(context_.get(), request);
    if (!told_) std::cout << "watching\n" << std::flush;
    told_ = true;
    referral::v1::WatchReferralsResponse response;
    while (reader->Read(&response)) {
      const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
          std::chrono::steady_clock::now().time_since_epoch());
      token_ = response.resume_token();
      if (!names_.insert(response.referral().name()).second) continue;
      file_ << response.referral().name() << ' ' << now.count() << '\n' << std::flush;
    }
    reader->Finish();
  }

  std::mutex mutex_;  // Guards stopped_ and context_.
  bool stopped_ = false;
  std::unique_ptr<grpc::ClientContext> context_;
  bool told_ = false;
  std::string token_;
  std::unordered_set<std::string> names_;
  std::ofstream file_;
  std::thread thread_;
};

int Main() {
  Watch watch;
  std::string line;
  while (std::getline(std::cin, line)) continue;
  watch.Stop();
  return 0;
}

}  // namespace
}  // namespace pathways::bench

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  return pathways::bench::Main();
}
