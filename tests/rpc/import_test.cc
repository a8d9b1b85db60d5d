// Goal: an import registers what it can, answers each row once, holds a fast client back, and ends
// whatever the client does. Method: intake's service alone over a memory store whose writer's place
// the test can take, so that no registration is answered until it is given back.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "pathways/intake/v1/intake_service.grpc.pb.h"
#include "services/base/clock.h"
#include "services/host/authenticator.h"
#include "services/host/dispatcher.h"
#include "services/host/grpc/grpc_services.h"
#include "services/host/grpc/server.h"
#include "services/host/keys.h"
#include "services/host/principal.h"
#include "services/intake/domain_adapter.h"
#include "services/intake/import_cases.h"
#include "services/intake/methods.h"
#include "tests/rpc/site.h"
#include "tests/sim/memory_store.h"
#include "tests/support/eventually.h"
#include "tests/support/facts.h"
#include "tests/support/temp_folder.h"

namespace pathways {
namespace {

using intake::v1::ImportCasesRequest;
using intake::v1::ImportCasesResponse;
using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::Eventually;
using testing_support::kPlanted;
using testing_support::Registration;

using Stream = grpc::ClientReaderWriter<ImportCasesRequest, ImportCasesResponse>;

class ImportTest : public testing::Test {
 protected:
  ImportTest() {
    const std::string key = folder_.path() + "/master.key";
    const std::string tokens = folder_.path() + "/tokens";
    EXPECT_TRUE(host::CreateMasterKey(key).ok());
    token_ = *host::AddToken(tokens, {"staff", "desk", {"registrar"}});
    other_token_ = *host::AddToken(tokens, {"staff", "desk2", {"registrar"}});
    keyring_ = *host::Keyring::Load(key);
    tokens_ = std::make_unique<host::TokenFile>(*host::TokenFile::Load(tokens));
    authenticator_ = std::make_unique<host::TokenAuthenticator>(*tokens_);
    engine_ =
        std::make_unique<engine::Engine>(domain_, store_, engine::EngineOptions{.batch_max = 1});
    dispatcher_ = std::make_unique<host::Dispatcher>(
        host::DispatcherParts{*authenticator_, clock_, pool_, pool_, nullptr},
        std::vector<host::Api>{
            intake::IntakeApi({*engine_, domain_, store_, *keyring_, facts_, clock_})});
    services_ = host::MakeGrpcServices(*dispatcher_);
    server_ = *host::RpcServer::Start({"127.0.0.1:0"}, {services_.front().get()});
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    stub_ = intake::v1::IntakeService::NewStub(
        grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", server_->port()),
                                  grpc::InsecureChannelCredentials(), arguments));
  }
  ~ImportTest() override {
    server_->Shutdown(absl::Seconds(20));
    pool_.Stop();
    engine_->Drain();
  }

  std::unique_ptr<Stream> Open(grpc::ClientContext& context) { return Open(context, token_); }
  std::unique_ptr<Stream> Open(grpc::ClientContext& context, const std::string& token) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    context.AddMetadata("authorization", absl::StrCat("Bearer ", token));
    return stub_->ImportCases(&context);
  }
  static ImportCasesRequest Row(const intake::v1::RegisterCaseRequest& registration) {
    ImportCasesRequest request;
    *request.mutable_registration() = registration;
    return request;
  }
  static std::vector<ImportCasesResponse> ReadAll(Stream& stream) {
    std::vector<ImportCasesResponse> responses;
    ImportCasesResponse response;
    while (stream.Read(&response)) responses.push_back(response);
    return responses;
  }
  // The answer to one row that is imported alone.
  ImportCasesResponse Import(const intake::v1::RegisterCaseRequest& registration,
                             const std::string& site, const std::string& token) {
    grpc::ClientContext context;
    const auto stream = Open(context, token);
    ImportCasesRequest row = Row(registration);
    row.mutable_registration()->set_site(site);
    EXPECT_TRUE(stream->Write(row));
    EXPECT_TRUE(stream->WritesDone());
    const std::vector<ImportCasesResponse> responses = ReadAll(*stream);
    EXPECT_TRUE(stream->Finish().ok());
    EXPECT_EQ(responses.size(), 1U);
    return responses.empty() ? ImportCasesResponse() : responses[0];
  }
  size_t Cases() { return store_.ReadHeads("", 10'000)->size(); }

  const testing_support::TempFolder folder_;
  const base::ManualClock clock_{absl::FromUnixSeconds(1697500000)};
  std::string token_;
  std::string other_token_;  // Of another clerk.
  std::unique_ptr<host::Keyring> keyring_;
  std::unique_ptr<host::TokenFile> tokens_;
  host::ReadPool pool_{1, 8};
  std::unique_ptr<host::TokenAuthenticator> authenticator_;
  sim::MemoryStore store_{clock_, "log"};
  const intake::IntakeDomain domain_;
  const intake::FactsInForce facts_{SampleFacts()};
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<host::Dispatcher> dispatcher_;
  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::unique_ptr<host::RpcServer> server_;
  std::unique_ptr<intake::v1::IntakeService::Stub> stub_;
};

TEST_F(ImportTest, AnswersEachRowOnce) {
  grpc::ClientContext context;
  const auto stream = Open(context);
  std::set<std::string> sent;
  for (int i = 0; i < 10; ++i) {
    const auto registration = Registration();
    sent.insert(registration.request_id());
    ASSERT_TRUE(stream->Write(Row(registration)));
  }
  ASSERT_TRUE(stream->WritesDone());
  std::set<std::string> answered;
  std::set<std::string> names;
  for (const ImportCasesResponse& response : ReadAll(*stream)) {
    EXPECT_EQ(response.code(), 0);
    EXPECT_TRUE(answered.insert(response.request_id()).second);
    names.insert(response.case_name());
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(answered, sent);
  EXPECT_EQ(names.size(), sent.size());
  EXPECT_EQ(Cases(), sent.size());
}

TEST_F(ImportTest, AnEmptyStreamEndsWell) {
  grpc::ClientContext context;
  const auto stream = Open(context);
  ASSERT_TRUE(stream->WritesDone());
  EXPECT_THAT(ReadAll(*stream), IsEmpty());
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ImportTest, ReadsNoMoreThanTheWindow) {
  constexpr int kRows = 600;
  auto writer = store_.Begin();  // Nothing is answered while it lives.
  ASSERT_TRUE(writer.ok());
  grpc::ClientContext context;
  const auto stream = Open(context);
  std::thread client([&] {
    for (int i = 0; i < kRows; ++i) ASSERT_TRUE(stream->Write(Row(Registration())));
    ASSERT_TRUE(stream->WritesDone());
  });
  // One is with the engine, the others wait for it.
  constexpr size_t kWaiting = intake::kImportWindow - 1;
  ASSERT_TRUE(Eventually([&] { return engine_->QueueLength() == kWaiting; }));
  // Other calls still come through, and the stream is read no further meanwhile.
  for (int i = 0; i < 20; ++i) {
    grpc::ClientContext other;
    other.AddMetadata("authorization", absl::StrCat("Bearer ", token_));
    intake::v1::ListCasesResponse response;
    ASSERT_TRUE(stub_->ListCases(&other, {}, &response).ok());
    ASSERT_LE(engine_->QueueLength(), kWaiting);
  }
  writer->reset();
  EXPECT_EQ(ReadAll(*stream).size(), static_cast<size_t>(kRows));
  client.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(Cases(), static_cast<size_t>(kRows));
}

TEST_F(ImportTest, RefusedRowsSayWhyAndHoldUpNoOther) {
  auto bad = Registration();
  bad.set_request_id("none");
  bad.mutable_case_()->clear_consent();
  const auto good = Registration();
  auto reused = Registration();
  reused.set_request_id(good.request_id());
  reused.mutable_case_()->set_consent(false);
  grpc::ClientContext context;
  const auto stream = Open(context);
  for (const auto& registration : {bad, good, good, reused}) {
    ASSERT_TRUE(stream->Write(Row(registration)));
  }
  ASSERT_TRUE(stream->WritesDone());
  std::vector<std::string> answers;
  std::set<std::string> names;
  for (const ImportCasesResponse& response : ReadAll(*stream)) {
    std::string answer = absl::StrCat(response.request_id() == "none" ? "bad" : "good", " ",
                                      response.code(), " ", response.reason());
    for (const auto& violation : response.violations()) {
      absl::StrAppend(&answer, " ", violation.field());
      EXPECT_FALSE(violation.description().empty());
    }
    answers.push_back(answer);
    if (!response.case_name().empty()) names.insert(response.case_name());
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_THAT(answers,
              testing::UnorderedElementsAre("bad 3 INVALID_CASE case.consent request_id", "good 0 ",
                                            "good 0 ", "good 6 REQUEST_ID_REUSED"));
  EXPECT_EQ(names.size(), 1U);
  EXPECT_EQ(Cases(), 1U);
}

TEST_F(ImportTest, ARowWithoutNumberIsTheSameRequestAsASingleCall) {
  const auto registration = Registration();
  grpc::ClientContext single;
  single.AddMetadata("authorization", absl::StrCat("Bearer ", token_));
  intake::v1::Case registered;
  ASSERT_TRUE(stub_->RegisterCase(&single, registration, &registered).ok());
  grpc::ClientContext context;
  const auto stream = Open(context);
  ASSERT_TRUE(stream->Write(Row(registration)));
  ASSERT_TRUE(stream->WritesDone());
  const auto responses = ReadAll(*stream);
  ASSERT_EQ(responses.size(), 1U);
  EXPECT_EQ(responses[0].case_name(), registered.name());
  EXPECT_TRUE(stream->Finish().ok());
}

// Of a household with a number, under a new request id each time.
intake::v1::RegisterCaseRequest Numbered(const std::string& number) {
  intake::v1::RegisterCaseRequest registration = Registration();
  registration.mutable_case_()->mutable_people(0)->mutable_identity()->set_registration_number(
      number);
  return registration;
}

TEST_F(ImportTest, NumberAndSiteDecideWhoIsRegisteredWhoeverSendsIt) {
  const ImportCasesResponse first = Import(Numbered("TAP-1"), "TAP", token_);
  EXPECT_EQ(first.outcome(), intake::v1::IMPORT_OUTCOME_NEW);
  for (const std::string& token : {token_, other_token_}) {
    const ImportCasesResponse again = Import(Numbered(" TAP-1 "), "TAP", token);
    EXPECT_EQ(again.code(), 0);
    EXPECT_EQ(again.outcome(), intake::v1::IMPORT_OUTCOME_KNOWN);
    EXPECT_EQ(again.case_name(), first.case_name());
  }
  EXPECT_EQ(Cases(), 1U);
  EXPECT_EQ(Import(Numbered("TAP-1"), "MTY", other_token_).outcome(),
            intake::v1::IMPORT_OUTCOME_NEW);
  EXPECT_EQ(Import(Numbered("TAP-2"), "TAP", other_token_).outcome(),
            intake::v1::IMPORT_OUTCOME_NEW);
  EXPECT_EQ(Cases(), 3U);
  const ImportCasesResponse bad = Import(Numbered("TAP-3"), "tap chula", token_);
  ASSERT_EQ(bad.violations_size(), 1);
  EXPECT_EQ(bad.violations(0).field(), "site");
}

TEST_F(ImportTest, ContentIsComparedAsItIsStored) {
  intake::v1::RegisterCaseRequest first = Numbered("TAP-1");
  first.mutable_case_()->mutable_people(0)->add_needs("CR-CP");
  first.mutable_case_()->mutable_people(0)->add_needs("SV-VA");
  const std::string name = Import(first, "", token_).case_name();
  intake::v1::RegisterCaseRequest same = Numbered("TAP-1");
  intake::v1::Person& person = *same.mutable_case_()->mutable_people(0);
  person.set_nationalities(0, "ht");
  person.add_needs("SV-VA");
  person.add_needs("CR-CP");
  person.mutable_identity()->set_given_names(absl::StrCat("  ", kPlanted, " "));
  const ImportCasesResponse known = Import(same, "", other_token_);
  EXPECT_EQ(known.outcome(), intake::v1::IMPORT_OUTCOME_KNOWN) << known.reason();
  EXPECT_EQ(known.case_name(), name);
  person.set_sex(type::v1::SEX_OTHER);
  const ImportCasesResponse changed = Import(same, "", other_token_);
  EXPECT_EQ(changed.code(), static_cast<int>(grpc::StatusCode::ALREADY_EXISTS));
  EXPECT_EQ(changed.reason(), "HOUSEHOLD_REGISTERED");
  EXPECT_EQ(changed.case_name(), name) << "the desk has to find it";
  EXPECT_EQ(Cases(), 1U);
}

// The desk registered by itself what the file brings again, and the other way round.
TEST_F(ImportTest, AHouseholdIsOneHoweverItComes) {
  intake::v1::RegisterCaseRequest at_desk = Numbered("TAP-1");
  at_desk.set_site("TAP");
  const auto register_at_desk = [&](intake::v1::Case& registered, std::string& details) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", absl::StrCat("Bearer ", other_token_));
    const grpc::Status status = stub_->RegisterCase(&context, at_desk, &registered);
    details = status.error_details();
    return status.error_code();
  };
  intake::v1::Case registered;
  std::string details;
  ASSERT_EQ(register_at_desk(registered, details), grpc::StatusCode::OK);
  const ImportCasesResponse known = Import(Numbered("TAP-1"), "TAP", token_);
  EXPECT_EQ(known.outcome(), intake::v1::IMPORT_OUTCOME_KNOWN) << known.reason();
  EXPECT_EQ(known.case_name(), registered.name());
  at_desk.set_request_id(testing_support::NewRequestId());
  intake::v1::Case again;
  EXPECT_EQ(register_at_desk(again, details), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_THAT(details, testing::HasSubstr("HOUSEHOLD_REGISTERED"));
  EXPECT_THAT(details, testing::HasSubstr(registered.name()));
  EXPECT_EQ(Cases(), 1U);
}

TEST_F(ImportTest, ANumberThatIsCorrectedIsFreeAgain) {
  const std::string name = Import(Numbered("TAP-1"), "TAP", token_).case_name();
  Import(Numbered("TAP-2"), "TAP", token_);
  intake::v1::UpdateCaseRequest update;
  update.mutable_case_()->set_name(name);
  intake::v1::Person& person = *update.mutable_case_()->add_people();
  person.set_person_id("p1");
  update.mutable_update_mask()->add_paths("people.*.identity.registration_number");
  const auto correct_to = [&](const char* number) {
    person.mutable_identity()->set_registration_number(number);
    update.set_request_id(testing_support::NewRequestId());
    grpc::ClientContext context;
    context.AddMetadata("authorization", absl::StrCat("Bearer ", token_));
    intake::v1::Case updated;
    return stub_->UpdateCase(&context, update, &updated).error_code();
  };
  EXPECT_EQ(correct_to("TAP-2"), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(correct_to("TAP-1"), grpc::StatusCode::OK) << "its own";
  EXPECT_EQ(correct_to("TAP-9"), grpc::StatusCode::OK);
  EXPECT_EQ(Import(Numbered("TAP-1"), "TAP", token_).outcome(), intake::v1::IMPORT_OUTCOME_NEW);
  EXPECT_EQ(Import(Numbered("TAP-9"), "TAP", token_).case_name(), name);
}

// All of them wait for the engine together.
TEST_F(ImportTest, RowsOfOneBatchAreOneHousehold) {
  auto writer = store_.Begin();
  ASSERT_TRUE(writer.ok());
  grpc::ClientContext context;
  const auto stream = Open(context);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(stream->Write(Row(Numbered("TAP-1"))));
  ASSERT_TRUE(stream->WritesDone());
  ASSERT_TRUE(Eventually([&] { return engine_->QueueLength() == 19; }));
  writer->reset();
  std::multiset<int> outcomes;
  for (const ImportCasesResponse& response : ReadAll(*stream)) {
    EXPECT_EQ(response.code(), 0);
    outcomes.insert(response.outcome());
  }
  EXPECT_EQ(outcomes.count(intake::v1::IMPORT_OUTCOME_NEW), 1U);
  EXPECT_EQ(outcomes.count(intake::v1::IMPORT_OUTCOME_KNOWN), 19U);
  EXPECT_EQ(Cases(), 1U);
}

TEST_F(ImportTest, AHouseholdThatHasWithdrawnIsToldAsSuch) {
  const std::string name = Import(Numbered("TAP-1"), "", token_).case_name();
  intake::v1::WithdrawCaseRequest withdrawal;
  withdrawal.set_name(name);
  withdrawal.set_request_id(testing_support::NewRequestId());
  grpc::ClientContext context;
  context.AddMetadata("authorization", absl::StrCat("Bearer ", token_));
  intake::v1::Case withdrawn;
  ASSERT_TRUE(stub_->WithdrawCase(&context, withdrawal, &withdrawn).ok());
  const ImportCasesResponse again = Import(Numbered("TAP-1"), "", token_);
  EXPECT_EQ(again.outcome(), intake::v1::IMPORT_OUTCOME_WITHDRAWN);
  EXPECT_EQ(again.case_name(), name);
}

TEST_F(ImportTest, AStoreThatCannotWriteIsAnsweredRowByRow) {
  store_.FailNextCommits(3, absl::UnavailableError("full"));
  grpc::ClientContext context;
  const auto stream = Open(context);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(stream->Write(Row(Registration())));
  ASSERT_TRUE(stream->WritesDone());
  std::multiset<int> codes;
  for (const ImportCasesResponse& response : ReadAll(*stream)) codes.insert(response.code());
  EXPECT_THAT(codes, ElementsAre(0, 0, 14, 14, 14));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ImportTest, AClientThatGoesLeavesWhatWasAccepted) {
  for (const bool while_held : {true, false}) {
    const size_t before = Cases();
    {
      auto writer = store_.Begin();
      ASSERT_TRUE(writer.ok());
      grpc::ClientContext context;
      const auto stream = Open(context);
      for (int i = 0; i < 50; ++i) ASSERT_TRUE(stream->Write(Row(Registration())));
      ASSERT_TRUE(Eventually([&] { return engine_->QueueLength() == 49; }));
      if (!while_held) writer->reset();
      context.TryCancel();
      EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
    }
    EXPECT_TRUE(Eventually([&] { return Cases() == before + 50; }));
  }
  // The streams ended at the server too: it stops without having to wait.
  const auto start = std::chrono::steady_clock::now();
  server_->Shutdown(absl::Seconds(60));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
}

TEST_F(ImportTest, AStoppingServerEndsTheStream) {
  grpc::ClientContext context;
  const auto stream = Open(context);
  ASSERT_TRUE(stream->Write(Row(Registration())));
  ImportCasesResponse response;
  ASSERT_TRUE(stream->Read(&response));
  server_->Shutdown(absl::Milliseconds(10));
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_FALSE(stream->Finish().ok());
  EXPECT_EQ(Cases(), 1U);
}

}  // namespace
}  // namespace pathways
