// Goal: the server takes no more than it should - addresses, bytes, waiting reads, late calls - and
// its health says what is so. Method: a site where a whole one is needed; otherwise one service
// whose read waits until the test lets it go.
#include "services/host/grpc/server.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <future>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "pathways/operations/v1/operations_service.grpc.pb.h"
#include "services/base/clock.h"
#include "services/host/authenticator.h"
#include "services/host/dispatcher.h"
#include "services/host/grpc/grpc_services.h"
#include "services/host/operations_methods.h"
#include "services/host/principal.h"
#include "services/intake/domain_adapter.h"
#include "tests/rpc/site.h"
#include "tests/sim/memory_store.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_folder.h"

namespace pathways {
namespace {

using operations::v1::OperationsService;
using testing_support::CallRaw;
using testing_support::Describe;
using testing_support::Eventually;
using testing_support::kDesk;
using testing_support::Site;

// SERVING, NOT_SERVING or the code of the answer.
std::string Health(Site& site, const std::string& service) {
  std::string request;  // Field 1 of grpc.health.v1.HealthCheckRequest.
  if (!service.empty()) {
    request = absl::StrCat("\x0A", std::string(1, static_cast<char>(service.size())), service);
  }
  const auto answer = CallRaw(site.channel(), "/grpc.health.v1.Health/Check", "", request);
  if (!answer.status.ok()) return absl::StrCat(answer.status.error_code());
  if (answer.responses[0] == "\x08\x01") return "SERVING";
  return answer.responses[0] == "\x08\x02" ? "NOT_SERVING" : "?";
}

TEST(Server, HealthIsByName) {
  Site site;
  for (const char* name :
       {"", "pathways.intake.v1.IntakeService", "pathways.eligibility.v1.EligibilityService",
        "pathways.referral.v1.ReferralService", "pathways.referral.v1.AgencyService",
        "pathways.operations.v1.OperationsService", "pathways.stream.v1.StreamService"}) {
    EXPECT_EQ(Health(site, name), "SERVING") << name;
  }
  EXPECT_EQ(Health(site, "pathways.none"), absl::StrCat(grpc::StatusCode::NOT_FOUND));
}

TEST(Server, HealthSaysNoWhereNothingCanBeWritten) {
  Site site;
  ASSERT_TRUE(site.Settle());
  // Another process holds the writer's place.
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open((site.data_folder() + "/intake.db").c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  grpc::ClientContext context;
  site.Prepare(context, kDesk);
  intake::v1::Case response;
  const auto stub = intake::v1::IntakeService::NewStub(site.channel());
  EXPECT_EQ(stub->RegisterCase(&context, testing_support::Registration(), &response).error_code(),
            grpc::StatusCode::UNAVAILABLE);
  EXPECT_FALSE(site.services().IsReady());
  const auto is = [&](const char* service, const char* health) {
    return Eventually([&] { return Health(site, service) == health; });
  };
  EXPECT_TRUE(is("pathways.intake.v1.IntakeService", "NOT_SERVING"));
  EXPECT_TRUE(is("", "NOT_SERVING"));
  EXPECT_EQ(Health(site, "pathways.referral.v1.ReferralService"), "SERVING");
  ASSERT_EQ(sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  EXPECT_TRUE(is("pathways.intake.v1.IntakeService", "SERVING"));
  EXPECT_TRUE(is("", "SERVING"));
}

TEST(Server, ASecondOneOnThePortFails) {
  OperationsService::CallbackService service;
  const auto first = host::RpcServer::Start({"127.0.0.1:0"}, {&service});
  ASSERT_TRUE(first.ok()) << first.status();
  OperationsService::CallbackService other;
  const auto second =
      host::RpcServer::Start({absl::StrCat("127.0.0.1:", (*first)->port())}, {&other});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
}

TEST(Server, ASiteWhosePortIsTakenDoesNotStart) {
  Site site;
  const testing_support::TempFolder folder;
  host::TogetherPlan plan = site.PlanIn(folder.path());
  plan.host.rpc.listen = absl::StrCat("127.0.0.1:", site.services().port());
  base::Logger log(base::LogLevel::kError, site.clock(), [](absl::string_view) {});
  host::Metrics metrics;
  EXPECT_EQ(host::Together::Start(std::move(plan), site.clock(), log, metrics).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST(Server, OnlyLoopbackIsListenedOn) {
  for (const char* listen : {"0.0.0.0:0", "[::]:0", "192.168.0.1:0", "example.org:0", ":0", "",
                             "127.0.0.1.example.org:0", "unix:/tmp/x", "localhost.:0"}) {
    OperationsService::CallbackService service;
    EXPECT_EQ(host::RpcServer::Start({listen}, {&service}).status().code(),
              absl::StatusCode::kInvalidArgument)
        << listen;
  }
  for (const char* listen : {"127.0.0.1:0", "localhost:0"}) {
    OperationsService::CallbackService service;
    const auto server = host::RpcServer::Start({listen}, {&service});
    ASSERT_TRUE(server.ok()) << listen << server.status();
    EXPECT_GT((*server)->port(), 0);
  }
}

TEST(Server, AMessageThatIsTooLargeIsRefused) {
  Site site([](host::HostSettings& host) { host.rpc.message_bytes_max = 4096; });
  auto request = testing_support::Registration();
  intake::v1::Identity& identity = *request.mutable_case_()->mutable_people(0)->mutable_identity();
  identity.set_phone(std::string(5000, '1'));
  grpc::ClientContext context;
  site.Prepare(context, kDesk);
  intake::v1::Case response;
  const auto stub = intake::v1::IntakeService::NewStub(site.channel());
  EXPECT_EQ(stub->RegisterCase(&context, request, &response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(site.Sql("intake", "SELECT count(*) FROM events WHERE type LIKE '%Case%'").at(0), "0");
}

TEST(Server, AFullQueueSaysWhenToComeBack) {
  Site site([](host::HostSettings& host) { host.engine.queue_max = 0; });
  grpc::ClientContext context;
  site.Prepare(context, kDesk);
  intake::v1::Case response;
  const auto stub = intake::v1::IntakeService::NewStub(site.channel());
  const absl::Status refused =
      cli::ToStatus(stub->RegisterCase(&context, testing_support::Registration(), &response));
  EXPECT_EQ(Describe(refused), "RESOURCE_EXHAUSTED QUEUE_FULL");
  EXPECT_GT(cli::FailureOf(refused).retry_after, absl::ZeroDuration());
}

// A server whose one method waits.
class SlowReads : public testing::Test {
 protected:
  SlowReads() {
    const std::string file = folder_.path() + "/tokens";
    token_ = *host::AddToken(file, {"operator", "ops", {"operator"}});
    tokens_ = std::make_unique<host::TokenFile>(*host::TokenFile::Load(file));
    authenticator_ = std::make_unique<host::TokenAuthenticator>(*tokens_);
    host::OperatedService service{"slow", &domain_, &store_, {}, {}};
    service.without_progress = [this](const engine::Domain&, engine::EventReader&, absl::Time,
                                      int) {
      ++begun_;
      let_go_.wait();
      return std::vector<operations::v1::StuckCase>();
    };
    dispatcher_ = std::make_unique<host::Dispatcher>(
        host::DispatcherParts{*authenticator_, clock_, pool_, pool_,
                              [this](const std::string&, absl::StatusCode code, absl::Duration) {
                                std::lock_guard<std::mutex> lock(mutex_);
                                observed_.push_back(code);
                              }},
        std::vector<host::Api>{host::OperationsApi({service}, clock_)});
    services_ = host::MakeGrpcServices(*dispatcher_);
    server_ = *host::RpcServer::Start({"127.0.0.1:0"}, {services_.front().get()});
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    channel_ = grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", server_->port()),
                                         grpc::InsecureChannelCredentials(), arguments);
  }
  ~SlowReads() override {
    server_->Shutdown(absl::Seconds(20));
    pool_.Stop();
  }

  absl::Status Call(std::chrono::milliseconds limit = std::chrono::seconds(30)) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + limit);
    context.AddMetadata("authorization", "Bearer " + token_);
    operations::v1::ListStuckCasesResponse response;
    return cli::ToStatus(
        OperationsService::NewStub(channel_)->ListStuckCases(&context, {}, &response));
  }
  std::vector<absl::StatusCode> observed() {
    std::lock_guard<std::mutex> lock(mutex_);
    return observed_;
  }

  const testing_support::TempFolder folder_;
  const intake::IntakeDomain domain_;
  const base::ManualClock clock_{absl::FromUnixSeconds(1697500000)};
  sim::MemoryStore store_{clock_, "log"};
  std::string token_;
  std::mutex mutex_;  // Guards observed_.
  std::vector<absl::StatusCode> observed_;
  std::atomic<int> begun_ = 0;
  std::promise<void> released_;
  const std::shared_future<void> let_go_ = released_.get_future().share();
  std::unique_ptr<host::TokenFile> tokens_;
  host::ReadPool pool_{1, 1};
  std::unique_ptr<host::TokenAuthenticator> authenticator_;
  std::unique_ptr<host::Dispatcher> dispatcher_;
  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::unique_ptr<host::RpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(SlowReads, WhenTooManyWaitTheNextIsToldToComeBack) {
  std::thread running([&] { EXPECT_TRUE(Call().ok()); });
  ASSERT_TRUE(Eventually([&] { return begun_ == 1; }));
  // One of two waits in the pool and the other is refused at once.
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      const absl::Status status = Call(std::chrono::milliseconds(500));
      if (Describe(status) != "RESOURCE_EXHAUSTED READS_FULL") return;
      EXPECT_GT(cli::FailureOf(status).retry_after, absl::ZeroDuration());
      ++refused;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(refused, 1);
  released_.set_value();
  running.join();
}

TEST_F(SlowReads, AReadWhoseDeadlinePassedIsNotBegun) {
  std::thread running([&] { EXPECT_TRUE(Call().ok()); });
  ASSERT_TRUE(Eventually([&] { return begun_ == 1; }));
  EXPECT_EQ(Call(std::chrono::milliseconds(50)).code(), absl::StatusCode::kDeadlineExceeded);
  // Whatever comes after it on this connection finds it cancelled.
  EXPECT_EQ(CallRaw(channel_, "/none/None", "", "").status.error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
  released_.set_value();
  running.join();
  ASSERT_TRUE(Eventually([&] { return observed().size() == 2; }));
  EXPECT_THAT(observed(),
              testing::ElementsAre(absl::StatusCode::kOk, absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(begun_, 1);
}

TEST_F(SlowReads, ADeadlineThatHasPassedReachesNobody) {
  EXPECT_EQ(Call(std::chrono::milliseconds(-1)).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(begun_, 0);
  released_.set_value();
}

TEST_F(SlowReads, AShutdownIsBoundedWhileAReadHangs) {
  std::thread running([&] { EXPECT_FALSE(Call().ok()); });
  ASSERT_TRUE(Eventually([&] { return begun_ == 1; }));
  std::thread shutdown([&] { server_->Shutdown(absl::Milliseconds(10)); });
  running.join();  // The caller is told while the read still hangs.
  released_.set_value();
  shutdown.join();
}

}  // namespace
}  // namespace pathways
