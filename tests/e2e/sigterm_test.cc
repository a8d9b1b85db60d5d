// Goal: SIGTERM under load loses nothing that was answered OK and ends the process in time; a
// second one ends it at once. Method: many clients register one by one and over a stream while the
// signal comes; every answer goes into the history, and after a restart the checker reads the
// stores. A stream that its client never closes holds the stop for the second signal.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/type/names.h"
#include "tests/support/caller.h"
#include "tests/support/history.h"
#include "tests/support/serve_process.h"

namespace pathways {
namespace {

using intake::v1::IntakeService;
using testing_support::Caller;
using testing_support::CheckHistory;
using testing_support::ExitedWith;
using testing_support::History;
using testing_support::kPatience;
using testing_support::ServeFolder;
using testing_support::ServeProcess;

constexpr int kClients = 8;
constexpr int kImported = 3000;
// Answers before the signal comes: then both roads are in full run.
constexpr int kAnswersBefore = 1500;
constexpr absl::Duration kDrain = absl::Seconds(10);
// What the program may take beyond the drain time.
constexpr absl::Duration kMargin = absl::Seconds(5);

// Counts answers; the test waits for enough of them.
class Answers {
 public:
  void Count() {
    std::lock_guard<std::mutex> lock(mutex_);
    ++count_;
    enough_.notify_all();
  }
  bool WaitFor(int count) {
    std::unique_lock<std::mutex> lock(mutex_);
    return enough_.wait_for(lock, absl::ToChronoSeconds(kPatience),
                            [&] { return count_ >= count; });
  }

 private:
  std::mutex mutex_;  // Guards count_.
  std::condition_variable enough_;
  int count_ = 0;
};

// Registers one case after the other until the service takes no more.
void RegisterUntilRefused(const Caller& desk, int client, History& history, Answers& answers) {
  for (int i = 0;; ++i) {
    const auto request = RegistrationOf(absl::StrCat("client", client), i, history);
    if (!desk.Change("RegisterCase", &IntakeService::Stub::RegisterCase, request, history).ok()) {
      return;
    }
    answers.Count();
  }
}

// Sends kImported registrations over one stream and records every answer; what is not answered is
// recorded as unknown.
void Import(const Caller& desk, History& history, Answers& answers) {
  std::vector<intake::v1::ImportCasesRequest> requests(kImported);
  for (int i = 0; i < kImported; ++i) {
    auto& registration = *requests[static_cast<size_t>(i)].mutable_registration();
    registration = RegistrationOf("import", i, history);
    // With one the household would be remembered by it, and not by the request id of the history.
    registration.mutable_case_()
        ->mutable_people(0)
        ->mutable_identity()
        ->clear_registration_number();
    history.Add({desk.principal(), "RegisterCase", registration.request_id(), "",
                 absl::StatusCode::kUnknown});
  }
  grpc::ClientContext context;
  desk.Prepare(context);
  const auto stub = IntakeService::NewStub(desk.channel());
  const auto stream = stub->ImportCases(&context);
  std::thread writer([&] {
    for (const auto& request : requests) {
      if (!stream->Write(request)) break;
    }
    stream->WritesDone();
  });
  intake::v1::ImportCasesResponse response;
  while (stream->Read(&response)) {
    history.Add({desk.principal(), "RegisterCase", response.request_id(), response.case_name(),
                 static_cast<absl::StatusCode>(response.code())});
    answers.Count();
  }
  writer.join();
  (void)stream->Finish();
}

int AnsweredOk(const History& history) {
  int count = 0;
  for (const auto& call : history.calls()) count += call.code == absl::StatusCode::kOk;
  return count;
}

TEST(SigtermTest, UnderLoadLosesNothingThatWasAnswered) {
  const ServeFolder folder;
  History history;
  {
    ServeProcess process(folder);
    ASSERT_TRUE(process.WaitUntilServing()) << process.Log();
    Answers answers;
    std::vector<std::unique_ptr<Caller>> desks;
    for (int i = 0; i <= kClients; ++i) {
      desks.push_back(std::make_unique<Caller>(folder, process, "staff/desk"));
    }
    std::vector<std::thread> threads;
    threads.emplace_back([&] { Import(*desks[kClients], history, answers); });
    for (int i = 0; i < kClients; ++i) {
      threads.emplace_back(
          [&, i] { RegisterUntilRefused(*desks[static_cast<size_t>(i)], i, history, answers); });
    }
    EXPECT_TRUE(answers.WaitFor(kAnswersBefore));
    process.Signal(SIGTERM);
    const auto end = process.WaitForEnd(kDrain + kMargin);
    EXPECT_TRUE(ExitedWith(end, 0)) << end.value_or(-1) << "\n" << process.Log();
    process.Signal(SIGKILL);  // Or the clients of a process that hangs would go on.
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_GE(AnsweredOk(history), kAnswersBefore);
  ServeProcess process(folder);
  ASSERT_TRUE(process.WaitUntilServing()) << process.Log();
  ASSERT_TRUE(WaitUntilSettled(folder, process));
  ASSERT_TRUE(process.Terminate());
  const auto verdict = CheckHistory(folder.data(), folder.log(), history);
  EXPECT_TRUE(verdict.IsClean()) << verdict;
}

// A stream on which the client has said something and will say no more.
class HeldStream {
 public:
  explicit HeldStream(const Caller& desk, History& history)
      : stub_(IntakeService::NewStub(desk.channel())) {
    desk.Prepare(context_, absl::Minutes(5));
    stream_ = stub_->ImportCases(&context_);
    intake::v1::ImportCasesRequest request;
    *request.mutable_registration() = RegistrationOf("held", 0, history);
    intake::v1::ImportCasesResponse response;
    is_open_ = stream_->Write(request) && stream_->Read(&response);
  }
  ~HeldStream() {
    context_.TryCancel();
    (void)stream_->Finish();
  }
  bool is_open() const { return is_open_; }

 private:
  const std::unique_ptr<IntakeService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<
      grpc::ClientReaderWriter<intake::v1::ImportCasesRequest, intake::v1::ImportCasesResponse>>
      stream_;
  bool is_open_ = false;
};

TEST(SigtermTest, AStreamThatIsNeverClosedIsCutOffAfterTheDrainTime) {
  const ServeFolder folder;
  History history;
  ServeProcess process(folder, {.flags = {"--drain-seconds", "1"}});
  ASSERT_TRUE(process.WaitUntilServing()) << process.Log();
  const Caller desk(folder, process, "staff/desk");
  const HeldStream held(desk, history);
  ASSERT_TRUE(held.is_open());
  process.Signal(SIGTERM);
  const auto end = process.WaitForEnd(absl::Seconds(1) + kMargin);
  EXPECT_TRUE(ExitedWith(end, 0)) << end.value_or(-1) << "\n" << process.Log();
}

TEST(SigtermTest, ASecondOneEndsTheProcessAtOnce) {
  const ServeFolder folder;
  History history;
  ServeProcess process(folder, {.flags = {"--drain-seconds", "60"}});
  ASSERT_TRUE(process.WaitUntilServing()) << process.Log();
  const Caller desk(folder, process, "staff/desk");
  const HeldStream held(desk, history);
  ASSERT_TRUE(held.is_open());
  process.Signal(SIGTERM);
  ASSERT_TRUE(process.WaitForLog("\"stopping\"")) << process.Log();
  ASSERT_FALSE(process.WaitForEnd(absl::Milliseconds(200))) << "nothing held the stop";
  process.Signal(SIGTERM);
  const auto end = process.WaitForEnd(absl::Seconds(10));
  EXPECT_TRUE(ExitedWith(end, 128 + SIGTERM)) << end.value_or(-1);
}

}  // namespace
}  // namespace pathways
