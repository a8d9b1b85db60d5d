// Goal: whatever comes over the wire, the answer has the right code and reason, names every bad
// field and holds no value of one, and the server goes on answering. Method: rows of bad requests
// against the real process over gRPC, typed ones and raw bytes; every text in them is planted, and
// looked for in the answers and in the log.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "pathways/eligibility/v1/eligibility_service.grpc.pb.h"
#include "services/base/ids.h"
#include "tests/support/answers.h"
#include "tests/support/caller.h"
#include "tests/support/history.h"
#include "tests/support/serve_process.h"

namespace pathways {
namespace {

using eligibility::v1::EligibilityService;
using intake::v1::IntakeService;
using intake::v1::RegisterCaseRequest;
using referral::v1::AgencyService;
using referral::v1::ReferralService;
using testing::HasSubstr;
using testing::Not;
using testing_support::Caller;
using testing_support::History;
using testing_support::ServeFolder;
using testing_support::ServeProcess;

// Begins every planted value.
constexpr char kMark[] = "ZzBad";
constexpr char kRegisterPath[] = "/pathways.intake.v1.IntakeService/RegisterCase";
constexpr int kUnknownEnum = 99;

std::string Long(size_t length) { return kMark + std::string(length, 'x'); }

// One process for all rows: each row also shows that the one before did it no harm.
class BadInputTest : public testing::Test {
 protected:
  struct Shared {
    ServeFolder folder;
    History history;
    ServeProcess process{folder};
    std::unique_ptr<Caller> desk;
    std::unique_ptr<Caller> agency;
    int good = 0;
  };

  static void SetUpTestSuite() {
    shared = new Shared;
    ASSERT_TRUE(shared->process.WaitUntilServing()) << shared->process.Log();
    shared->desk = std::make_unique<Caller>(shared->folder, shared->process, "staff/desk");
    shared->agency = std::make_unique<Caller>(shared->folder, shared->process, "agency/unhcr-mx");
  }
  static void TearDownTestSuite() {
    delete shared;
    shared = nullptr;
  }

  void TearDown() override {
    EXPECT_TRUE(desk().Call(&IntakeService::Stub::RegisterCase, Good()).ok());
    EXPECT_THAT(shared->process.Log(), Not(HasSubstr(kMark)));
  }

  static Caller& desk() { return *shared->desk; }
  static Caller& agency() { return *shared->agency; }

  static RegisterCaseRequest Good() {
    return testing_support::RegistrationOf("good", shared->good++, shared->history);
  }

  // Code and reason, and that nothing planted is in any part of the answer.
  static void ExpectRefused(const absl::Status& status, absl::StatusCode code,
                            const std::string& reason, const std::string& what) {
    EXPECT_EQ(status.code(), code) << what << ": " << status;
    EXPECT_EQ(cli::FailureOf(status).reason, reason) << what << ": " << status;
    ExpectNoValue(status, what);
  }
  static void ExpectNoValue(const absl::Status& status, const std::string& what) {
    std::string all(status.message());
    status.ForEachPayload([&](absl::string_view, const absl::Cord& payload) {
      absl::StrAppend(&all, std::string(payload));
    });
    EXPECT_THAT(all, Not(HasSubstr(kMark))) << what;
  }
  static std::vector<std::string> FieldsOf(const absl::Status& status) {
    std::vector<std::string> fields;
    for (const auto& violation : cli::FailureOf(status).violations) {
      fields.push_back(violation.field());
    }
    return fields;
  }

  static inline Shared* shared = nullptr;
};

struct Row {
  std::string name;
  std::function<void(intake::v1::Case&)> spoil;
  std::vector<std::string> fields;  // After "case.".
};

// Sets a field of the only person.
std::function<void(intake::v1::Case&)> Person(std::function<void(intake::v1::Person&)> spoil) {
  return [spoil](intake::v1::Case& input) { spoil(*input.mutable_people(0)); };
}
std::function<void(intake::v1::Case&)> Identity(std::function<void(intake::v1::Identity&)> spoil) {
  return [spoil](intake::v1::Case& input) { spoil(*input.mutable_people(0)->mutable_identity()); };
}

void SetDate(type::v1::PartialDate& date, int year, int month, int day) {
  date.set_year(year);
  date.set_month(month);
  date.set_day(day);
}

std::vector<Row> IdentityRows() {
  const std::string path = "people[0].identity.";
  return {
      {"no given names", Identity([](auto& i) { i.clear_given_names(); }), {path + "given_names"}},
      {"long given names",
       Identity([](auto& i) { i.set_given_names(Long(200)); }),
       {path + "given_names"}},
      {"control character",
       Identity([](auto& i) { i.set_given_names(std::string(kMark) + "\n\x01"); }),
       {path + "given_names"}},
      {"long surname",
       Identity([](auto& i) { i.set_first_surname(Long(200)); }),
       {path + "first_surname"}},
      {"long second surname",
       Identity([](auto& i) { i.set_second_surname(Long(200)); }),
       {path + "second_surname"}},
      {"impossible birth",
       Identity([](auto& i) { SetDate(*i.mutable_date_of_birth(), 2001, 2, 30); }),
       {path + "date_of_birth"}},
      {"birth to come",
       Identity([](auto& i) { SetDate(*i.mutable_date_of_birth(), 9999, 1, 1); }),
       {path + "date_of_birth"}},
      {"long document",
       Identity([](auto& i) { i.mutable_documents(0)->set_number(Long(50)); }),
       {path + "documents[0].number"}},
      {"unknown document",
       Identity([](auto& i) {
         i.mutable_documents(0)->set_type(static_cast<type::v1::DocumentType>(kUnknownEnum));
       }),
       {path + "documents[0].type"}},
      {"phone", Identity([](auto& i) { i.set_phone(kMark); }), {path + "phone"}},
      {"language", Identity([](auto& i) { i.set_language(kMark); }), {path + "language"}},
      {"long registration number",
       Identity([](auto& i) { i.set_registration_number(Long(50)); }),
       {path + "registration_number"}},
  };
}

std::vector<Row> FactRows() {
  const std::string path = "people[0].";
  using namespace type::v1;  // NOLINT(google-build-using-namespace): five enums.
  return {
      {"unknown sex",
       Person([](auto& p) { p.set_sex(static_cast<Sex>(kUnknownEnum)); }),
       {path + "sex"}},
      {"no sex", Person([](auto& p) { p.clear_sex(); }), {path + "sex"}},
      {"unknown fact",
       Person([](auto& p) { p.add_answers()->set_fact(kMark); }),
       {path + "answers[1].fact"}},
      {"never recorded",
       Person([](auto& p) { SetAnswer(p, "irregular_entry", true); }),
       {path + "answers[1].fact"}},
      {"wrong kind",
       Person([](auto& p) { p.mutable_answers(0)->set_code(kMark); }),
       {path + "answers[0]"}},
      {"unknown code",
       Person([](auto& p) {
         type::v1::FactAnswer& answer = *p.add_answers();
         answer.set_fact("job_place");
         answer.set_code(kMark);
       }),
       {path + "answers[1].code"}},
      {"answered twice",
       Person([](auto& p) { *p.add_answers() = p.answers(0); }),
       {path + "answers[1].fact"}},
      {"unknown claim",
       Person([](auto& p) { p.set_refugee_claim(static_cast<RefugeeClaim>(kUnknownEnum)); }),
       {path + "refugee_claim"}},
      {"no nationality",
       Person([](auto& p) { p.clear_nationalities(); }),
       {path + "nationalities"}},
      {"nationality",
       Person([](auto& p) { p.set_nationalities(0, kMark); }),
       {path + "nationalities[0]"}},
      {"impossible entry",
       Person([](auto& p) { SetDate(*p.mutable_entry_date(), 2023, 13, 1); }),
       {path + "entry_date"}},
      {"entry to come",
       Person([](auto& p) { SetDate(*p.mutable_entry_date(), 9999, 1, 1); }),
       {path + "entry_date"}},
      {"entry before birth",
       Person([](auto& p) { SetDate(*p.mutable_entry_date(), 1989, 1, 1); }),
       {path + "entry_date"}},
      {"state", Person([](auto& p) { p.set_state(kMark); }), {path + "state"}},
      {"need", Person([](auto& p) { p.add_needs(kMark); }), {path + "needs[0]"}},
      {"two principals",
       [](auto& c) { *c.add_people() = c.people(0); },
       {"people[1].relationship"}},
      {"no consent", [](auto& c) { c.clear_consent(); }, {"consent"}},
      {"nobody", [](auto& c) { c.clear_people(); }, {"people"}},
      {"10,000 people",
       [](auto& c) {
         for (int i = 0; i < 10'000; ++i) c.add_people();
       },
       {"people"}},
      {"all at once",
       Person([](auto& p) {
         p.mutable_identity()->set_phone(kMark);
         p.set_state(kMark);
         p.clear_sex();
       }),
       {path + "identity.phone", path + "sex", path + "state"}},
  };
}

TEST_F(BadInputTest, EveryBadFieldOfARegistrationIsNamed) {
  std::vector<Row> rows = IdentityRows();
  for (const Row& row : FactRows()) rows.push_back(row);
  for (const Row& row : rows) {
    RegisterCaseRequest request = Good();
    row.spoil(*request.mutable_case_());
    const absl::Status status = desk().Call(&IntakeService::Stub::RegisterCase, request).status();
    ExpectRefused(status, absl::StatusCode::kInvalidArgument, "INVALID_CASE", row.name);
    std::vector<std::string> fields;
    for (const std::string& field : row.fields) fields.push_back("case." + field);
    EXPECT_THAT(FieldsOf(status), testing::UnorderedElementsAreArray(fields)) << row.name;
  }
}

TEST_F(BadInputTest, ARequestIdIsRequiredAndIsAUuid) {
  for (const std::string& id : {std::string(), std::string(kMark), Long(10'000)}) {
    RegisterCaseRequest request = Good();
    request.set_request_id(id);
    const absl::Status status = desk().Call(&IntakeService::Stub::RegisterCase, request).status();
    ExpectRefused(status, absl::StatusCode::kInvalidArgument, "INVALID_CASE", "request id");
    EXPECT_THAT(FieldsOf(status), testing::ElementsAre("request_id"));
  }
}

TEST_F(BadInputTest, ARequestIdOfOtherContentIsRefused) {
  RegisterCaseRequest request = Good();
  ASSERT_TRUE(desk().Call(&IntakeService::Stub::RegisterCase, request).ok());
  request.mutable_case_()->mutable_people(0)->mutable_identity()->set_given_names(kMark);
  ExpectRefused(desk().Call(&IntakeService::Stub::RegisterCase, request).status(),
                absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED", "request id");
}

TEST_F(BadInputTest, NamesAndPageTokensThatNobodyGaveOut) {
  const auto refused = [](const absl::Status& status, const std::string& field,
                          const std::string& reason = "INVALID_REQUEST") {
    ExpectRefused(status, absl::StatusCode::kInvalidArgument, reason, field);
    EXPECT_THAT(FieldsOf(status), testing::ElementsAre(field));
  };
  intake::v1::GetCaseRequest get;
  get.set_name(kMark);
  refused(desk().Call(&IntakeService::Stub::GetCase, get).status(), "name", "INVALID_CASE");
  intake::v1::GetCaseStatusRequest status;
  status.set_name(absl::StrCat("cases/", kMark, "/status"));
  refused(desk().Call(&IntakeService::Stub::GetCaseStatus, status).status(), "name");
  intake::v1::ListCasesRequest cases;
  cases.set_page_token(kMark);
  refused(desk().Call(&IntakeService::Stub::ListCases, cases).status(), "page_token");
  cases.clear_page_token();
  for (const int size : {-1, 1001}) {
    cases.set_page_size(size);
    refused(desk().Call(&IntakeService::Stub::ListCases, cases).status(), "page_size");
  }
  eligibility::v1::ListScreeningsRequest screenings;
  screenings.set_page_token(kMark);
  refused(desk().Call(&EligibilityService::Stub::ListScreenings, screenings).status(),
          "page_token");
  referral::v1::ListReferralsRequest referrals;
  referrals.set_parent(kMark);
  refused(desk().Call(&ReferralService::Stub::ListReferrals, referrals).status(), "parent");
  referral::v1::AgencyServiceListReferralsRequest own;
  own.set_page_token(kMark);
  refused(agency().Call(&AgencyService::Stub::ListReferrals, own).status(), "page_token");
}

TEST_F(BadInputTest, AResumeTokenThatNobodyGaveOut) {
  grpc::ClientContext context;
  agency().Prepare(context);
  referral::v1::WatchReferralsRequest request;
  request.set_resume_token(kMark);
  const auto stub = AgencyService::NewStub(agency().channel());
  const auto watch = stub->WatchReferrals(&context, request);
  referral::v1::WatchReferralsResponse response;
  EXPECT_FALSE(watch->Read(&response));
  const absl::Status status = cli::ToStatus(watch->Finish());
  ExpectRefused(status, absl::StatusCode::kInvalidArgument, "INVALID_REQUEST", "resume token");
  EXPECT_THAT(FieldsOf(status), testing::ElementsAre("resume_token"));
}

TEST_F(BadInputTest, WithoutATokenOrTheRole) {
  const auto stub = IntakeService::NewStub(desk().channel());
  for (const std::string& authorization : {std::string(), std::string("Bearer "),
                                           absl::StrCat("Bearer ", kMark), std::string(kMark)}) {
    grpc::ClientContext context;
    if (!authorization.empty()) context.AddMetadata("authorization", authorization);
    intake::v1::Case response;
    const absl::Status status = cli::ToStatus(stub->RegisterCase(&context, Good(), &response));
    ExpectRefused(status, absl::StatusCode::kUnauthenticated, "TOKEN_REQUIRED", "token");
  }
  ExpectRefused(agency().Call(&IntakeService::Stub::RegisterCase, Good()).status(),
                absl::StatusCode::kPermissionDenied, "ROLE_REQUIRED", "role");
}

// What is no message of ours never reaches a handler; gRPC answers, and says nothing of its
// content.
TEST_F(BadInputTest, BytesThatAreNoMessage) {
  RegisterCaseRequest request = Good();
  request.mutable_case_()->mutable_people(0)->mutable_identity()->set_given_names(kMark);
  const std::string bytes = request.SerializeAsString();
  std::string not_utf8 = bytes;
  not_utf8[not_utf8.find(kMark) + 4] = '\xff';
  std::vector<std::string> rows = {
      not_utf8, bytes.substr(0, bytes.size() / 2),   // Cut off.
      std::string(10'000, '\x0b'),                   // Groups in groups.
      absl::StrCat("\x0a\xff\xff\xff\x7f", kMark)};  // A length far beyond the end.
  for (const std::string& row : rows) {
    const absl::Status status = desk().CallRaw(kRegisterPath, row).status();
    EXPECT_FALSE(status.ok());
    EXPECT_FALSE(absl::IsUnavailable(status)) << status;
    ExpectNoValue(status, "no message");
  }
}

TEST_F(BadInputTest, RandomBytesNeverRegisterAnybody) {
  std::minstd_rand random(20230814);
  for (int i = 0; i < 300; ++i) {
    std::string bytes(random() % 200, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % 256);
    const absl::Status status = desk().CallRaw(kRegisterPath, bytes).status();
    EXPECT_FALSE(status.ok()) << i;
    EXPECT_FALSE(absl::IsUnavailable(status)) << i << ": " << status;
  }
}

TEST_F(BadInputTest, AMessageBeyondTheLimit) {
  RegisterCaseRequest request = Good();
  request.mutable_case_()->mutable_people(0)->mutable_identity()->set_given_names(Long(2 << 20));
  const absl::Status status = desk().Call(&IntakeService::Stub::RegisterCase, request).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  ExpectNoValue(status, "oversize");
}

}  // namespace
}  // namespace pathways
