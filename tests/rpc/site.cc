#include "tests/rpc/site.h"

#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "services/base/ids.h"
#include "services/embedded/services.h"
#include "services/host/keys.h"
#include "services/host/principal.h"
#include "tests/support/answers.h"
#include "tests/support/eventually.h"

namespace pathways::testing_support {
namespace {

constexpr char kSource[] = PATHWAYS_SOURCE_DIR;

void Must(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << "the site cannot start: " << status << "\n";
  std::abort();
}

std::chrono::system_clock::time_point CallDeadline() {
  return std::chrono::system_clock::now() + std::chrono::seconds(30);
}

grpc::ByteBuffer BufferOf(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

// Waits for the one operation that is under way. False: it did not succeed.
bool Next(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  return queue.Next(&tag, &ok) && ok;
}

}  // namespace

RawAnswer CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                  const std::string& token, const std::string& request) {
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  context.set_deadline(CallDeadline());
  if (!token.empty()) context.AddMetadata("authorization", absl::StrCat("Bearer ", token));
  RawAnswer answer;
  const auto call = stub.PrepareCall(&context, method, &queue);
  call->StartCall(nullptr);
  Next(queue);
  call->WriteLast(BufferOf(request), grpc::WriteOptions(), nullptr);
  Next(queue);
  for (;;) {
    grpc::ByteBuffer response;
    call->Read(&response, nullptr);
    if (!Next(queue)) break;
    answer.responses.push_back(BytesOf(response));
  }
  call->Finish(&answer.status, nullptr);
  Next(queue);
  queue.Shutdown();
  while (Next(queue)) {
  }
  return answer;
}

intake::v1::RegisterCaseRequest Registration() {
  intake::v1::RegisterCaseRequest request;
  request.set_request_id(NewRequestId());
  intake::v1::Case& content = *request.mutable_case_();
  content.set_consent(true);
  intake::v1::Person& person = *content.add_people();
  person.mutable_identity()->set_given_names(kPlanted);
  person.mutable_identity()->mutable_date_of_birth()->set_year(1990);
  person.mutable_identity()->mutable_date_of_birth()->set_month(4);
  person.mutable_identity()->mutable_date_of_birth()->set_day(17);
  person.set_relationship(type::v1::RELATIONSHIP_PRINCIPAL);
  person.set_sex(type::v1::SEX_FEMALE);
  person.add_nationalities("HTI");
  person.mutable_entry_date()->set_year(2023);
  person.mutable_entry_date()->set_month(6);
  person.mutable_entry_date()->set_day(1);
  SetAnswer(person, "in_mexico", true);
  return request;
}

std::string NewRequestId() { return base::NewUuid(); }

std::string Describe(const absl::Status& status) {
  if (status.ok()) return "OK";
  const std::string reason = cli::FailureOf(status).reason;
  return absl::StrCat(absl::StatusCodeToString(status.code()), reason.empty() ? "" : " ", reason);
}

std::string Site::PolicyFolder() { return std::string(kSource) + "/policies/2023-07-28"; }

host::TogetherPlan Site::PlanIn(const std::string& data_folder) const {
  std::vector<host::Service> services = embedded::AllServices();
  host::Settings settings(host::TogetherSettingsTable(services));
  settings.Set("data", data_folder);
  settings.Set("policies", PolicyFolder());
  settings.Set("facts", std::string(kSource) + "/policies/facts");
  settings.Set("agencies", std::string(kSource) + "/samples/agencies.textproto");
  settings.Set("master-key", MasterKey());
  settings.Set("tokens", Tokens());
  settings.Set("listen", "127.0.0.1:0");
  auto plan = host::ReadPlan(std::move(services), settings);
  Must(plan.status());
  if (change_) change_(plan->host);
  return *std::move(plan);
}

Site::Site(Change change)
    : change_(std::move(change)),
      log_(base::LogLevel::kInfo, clock_, [this](absl::string_view line) {
        const std::lock_guard lock(mutex_);
        absl::StrAppend(&logged_, line);
      }) {
  Must(host::CreateMasterKey(MasterKey()));
  const host::Principal principals[] = {
      {"staff", "desk", {"registrar"}},         {"staff", "viewer", {"viewer"}},
      {"agency", "unhcr-mx", {"agency"}},       {"agency", "comar", {"agency"}},
      {"service", "referral", {"service"}},     {"operator", "ops", {"operator"}},
      {"staff", "officer", {"policy-officer"}}, {"staff", "officer-2", {"policy-officer"}},
      {"staff", "reviewer-1", {"reviewer"}},    {"staff", "reviewer-2", {"reviewer"}}};
  for (const host::Principal& principal : principals) {
    auto token = host::AddToken(Tokens(), principal);
    Must(token.status());
    tokens_[principal.Name()] = *std::move(token);
  }
  Start();
}

Site::~Site() { Stop(); }

void Site::Start() {
  metrics_ = std::make_unique<host::Metrics>();  // Of this start: it samples the last one.
  auto services = host::Together::Start(PlanIn(folder_.path()), clock_, log_, *metrics_);
  Must(services.status());
  services_ = *std::move(services);
  const std::string address = absl::StrCat("127.0.0.1:", services_->port());
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  channel_ = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  for (const auto& [principal, token] : tokens_) {
    auto client = cli::Client::Make({address, token, absl::Seconds(30)});
    Must(client.status());
    clients_[principal] = *std::move(client);
  }
}

void Site::Prepare(grpc::ClientContext& context, const std::string& principal) {
  context.set_deadline(CallDeadline());
  context.AddMetadata("authorization", absl::StrCat("Bearer ", token(principal)));
}

void Site::Restart() {
  Stop();
  Start();
}

void Site::Stop() {
  if (services_) services_->Stop(absl::Seconds(20));
  services_.reset();
}

bool Site::Settle() {
  return Eventually([this] { return services_->IsSettled(); });
}

std::string Site::RegisterAndSettle(const intake::v1::RegisterCaseRequest& request) {
  const auto registered = As(kDesk).Call(&intake::v1::IntakeService::Stub::RegisterCase, request);
  EXPECT_TRUE(registered.ok()) << registered.status();
  EXPECT_TRUE(Settle());
  return registered.ok() ? registered->name() : "";
}

std::string Site::logged() {
  const std::lock_guard lock(mutex_);
  return logged_;
}

std::vector<std::string> Site::Sql(const std::string& service, const std::string& sql) {
  sqlite3* db = nullptr;
  const std::string path = absl::StrCat(folder_.path(), "/", service, ".db");
  std::vector<std::string> rows;
  EXPECT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  sqlite3_busy_timeout(db, 5000);
  sqlite3_stmt* statement = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr), SQLITE_OK)
      << sqlite3_errmsg(db);
  while (sqlite3_step(statement) == SQLITE_ROW) {
    std::string row;
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, i));
      const auto length = static_cast<size_t>(sqlite3_column_bytes(statement, i));
      absl::StrAppend(&row, i == 0 ? "" : "|", absl::string_view(bytes ? bytes : "", length));
    }
    rows.push_back(row);
  }
  EXPECT_EQ(sqlite3_finalize(statement), SQLITE_OK);
  sqlite3_close(db);
  return rows;
}

}  // namespace pathways::testing_support
