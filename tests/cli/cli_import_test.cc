// Goal: every household of a file ends as registered or as refused with its line and column,
// however busy or shaky the service is, and none is sent twice under another id. Method: a service
// that answers by the number of the household and of its attempt.
#include <gmock/gmock.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "pathways/intake/v1/intake_service.grpc.pb.h"
#include "services/base/ids.h"
#include "services/cli/importer.h"
#include "tests/cli/cli_support.h"
#include "tests/cli/import_support.h"
#include "tests/cli/sheet_support.h"
#include "tests/support/facts.h"
#include "tests/support/temp_folder.h"

namespace pathways::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

using Stream =
    grpc::ServerReaderWriter<intake::v1::ImportCasesResponse, intake::v1::ImportCasesRequest>;

// The answer to a registration at its first, second ... attempt.
intake::v1::ImportCasesResponse Answered(const intake::v1::RegisterCaseRequest& registration,
                                         grpc::StatusCode code = grpc::StatusCode::OK,
                                         const std::string& reason = "") {
  intake::v1::ImportCasesResponse answer;
  answer.set_request_id(registration.request_id());
  answer.set_code(code);
  answer.set_reason(reason);
  return answer;
}

class FakeIntake : public intake::v1::IntakeService::Service {
 public:
  using Handle = std::function<grpc::Status(Stream&, FakeIntake&)>;

  explicit FakeIntake(Handle handle) : handle_(std::move(handle)) {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    address_ = absl::StrCat("127.0.0.1:", port);
  }
  ~FakeIntake() override {
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(5));
  }

  const std::string& address() const { return address_; }
  int streams() const { return streams_; }

  // Counts the attempts of each household, by its number.
  int Attempt(const intake::v1::RegisterCaseRequest& registration) {
    const std::lock_guard lock(mutex_);
    ids_.insert(registration.request_id());
    return ++attempts_[NumberOf(registration)];
  }
  std::map<std::string, int> attempts() {
    const std::lock_guard lock(mutex_);
    return attempts_;
  }
  std::set<std::string> ids() {
    const std::lock_guard lock(mutex_);
    return ids_;
  }
  static std::string NumberOf(const intake::v1::RegisterCaseRequest& registration) {
    return registration.case_().people(0).identity().registration_number();
  }

 private:
  grpc::Status GetFacts(grpc::ServerContext* context, const intake::v1::GetFactsRequest* request,
                        intake::v1::GetFactsResponse* response) override {
    *response->mutable_catalogue() = SampleFacts()->catalogue();
    return grpc::Status::OK;
  }
  grpc::Status ImportCases(grpc::ServerContext* context, Stream* stream) override {
    ++streams_;
    return handle_(*stream, *this);
  }

  Handle handle_;
  std::mutex mutex_;
  std::map<std::string, int> attempts_;
  std::set<std::string> ids_;
  std::atomic<int> streams_ = 0;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

// Answers each registration on its own.
FakeIntake::Handle Each(
    std::function<intake::v1::ImportCasesResponse(const intake::v1::RegisterCaseRequest&, int)>
        answer) {
  return [answer = std::move(answer)](Stream& stream, FakeIntake& intake) {
    intake::v1::ImportCasesRequest request;
    while (stream.Read(&request)) {
      const int attempt = intake.Attempt(request.registration());
      stream.Write(answer(request.registration(), attempt));
    }
    return grpc::Status::OK;
  };
}

class CliImportTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& content) {
    const std::string path = folder_.path() + "/import.csv";
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  // Good households N0, N1 ...
  std::string WriteGood(int count) {
    std::vector<Cells> rows;
    for (int i = 0; i < count; ++i) rows.push_back(Row(absl::StrCat("N", i)));
    return Write(File(rows));
  }
  // The import itself, with short waits.
  ImportSummary RunImport(const FakeIntake& intake, ImportSettings settings,
                          absl::Duration timeout = absl::Seconds(10)) {
    const auto client = Client::Make({.address = intake.address(), .timeout = timeout});
    EXPECT_TRUE(client.ok()) << client.status();
    if (!client.ok()) return {};
    settings.input.today = kToday;
    settings.input.facts = SampleFacts();
    settings.backoff = absl::Milliseconds(1);
    absl::StatusOr<ImportSummary> summary = Import(**client, settings);
    EXPECT_TRUE(summary.ok()) << summary.status();
    return summary.ok() ? *std::move(summary) : ImportSummary();
  }

  static std::string ReadFile(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  const testing_support::TempFolder folder_;
};

TEST_F(CliImportTest, ReportsByLineAndColumnAndKeepsTheGoodRows) {
  FakeIntake intake(Each([](const intake::v1::RegisterCaseRequest& registration, int attempt) {
    const std::string number = FakeIntake::NumberOf(registration);
    if (number == "USED") {
      return Answered(registration, grpc::StatusCode::ALREADY_EXISTS, "REQUEST_ID_REUSED");
    }
    intake::v1::ImportCasesResponse answer = Answered(registration);
    if (number == "BAD") {
      answer.set_code(grpc::StatusCode::INVALID_ARGUMENT);
      intake::v1::ImportViolation& violation = *answer.add_violations();
      violation.set_field("case.people[1].nationalities[0]");
      violation.set_description("is not a country");
    }
    return answer;
  }));
  const std::string path = Write(File({
      Row("GOOD"),                                                           // Line 2.
      Row("BAD"), Row("BAD", {{"relationship", "child"}, {"consent", ""}}),  // 3 and 4: alike.
      Row("HERE", {{"sex", kPlanted}}),                                      // 5.
      Row("USED"),                                                           // 6.
  }));
  const std::string report = folder_.path() + "/report.csv";
  const Ran ran = RunCli(intake.address(), {"import", path, "--report", report});
  EXPECT_EQ(ran.exit_code, kExitRowsRefused) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("line  refused: column  reason\n"
                                       "4     nationality      is not a country\n"
                                       "5     sex              "),
                             HasSubstr("\n6                      is registered with other "
                                       "content: use 'case update' (REQUEST_ID_REUSED)\n"),
                             HasSubstr("line  to look at: column  reason\n"),
                             HasSubstr("households  registered  new  known  withdrawn  people  "
                                       "refused  changed\n"
                                       "4           1           1    0      0          1       "
                                       "3        1\n")));
  std::ifstream file(report);
  std::string line;
  std::vector<std::string> lines;
  while (std::getline(file, line)) lines.push_back(line);
  EXPECT_THAT(lines, ElementsAre("line,kind,column,reason\r",
                                 "4,refused,\"nationality\",\"is not a country\"\r",
                                 HasSubstr("5,refused,\"sex\",\""), HasSubstr("6,refused,\"\",\""),
                                 HasSubstr("3,look,\"document_number\",\""),
                                 HasSubstr("4,look,\"document_number\",\""),
                                 HasSubstr("4,look,\"given_names\",\""),
                                 HasSubstr("6,look,\"document_number\",\"")));
  EXPECT_THAT(ran.out + ran.err, ::testing::Not(HasSubstr(kPlanted)));
  EXPECT_EQ(intake.attempts().count("HERE"), 0);

  const Ran json = RunCli(intake.address(), {"import", path, "--output", "json"});
  EXPECT_EQ(json.exit_code, kExitRowsRefused);
  EXPECT_THAT(json.out, AllOf(HasSubstr("\"registered\": 1"), HasSubstr("\"line\": 4"),
                              HasSubstr("\"column\": \"nationality\"")));
}

// Opening the report would empty the registrations before they are read, whatever it is called.
TEST_F(CliImportTest, TheReportIsNeverTheFileThatIsImported) {
  FakeIntake intake(Each([](const intake::v1::RegisterCaseRequest& registration, int) {
    return Answered(registration);
  }));
  const std::string path = WriteGood(2);
  const std::string before = ReadFile(path);
  const std::string soft = folder_.path() + "/soft.csv";
  const std::string hard = folder_.path() + "/hard.csv";
  ASSERT_EQ(symlink(path.c_str(), soft.c_str()), 0);
  ASSERT_EQ(link(path.c_str(), hard.c_str()), 0);
  for (const std::string& report : {path, soft, hard, folder_.path() + "/./import.csv"}) {
    for (const std::string& import : {path, soft, hard}) {
      SCOPED_TRACE(import + " " + report);
      const Ran ran = RunCli(intake.address(), {"import", import, "--report", report});
      EXPECT_EQ(ran.exit_code, kExitUsage);
      EXPECT_THAT(ran.err, HasSubstr("--report and the file that is imported are one file"));
      ASSERT_EQ(ReadFile(path), before);
    }
  }
  EXPECT_TRUE(intake.attempts().empty());
}

// A sheet takes the same way: what is refused comes as CSV, whatever kinds its cells have.
TEST_F(CliImportTest, WritesTheRefusedRowsOfASpreadsheetAsCsv) {
  FakeIntake intake(Each([](const intake::v1::RegisterCaseRequest& registration, int) {
    return Answered(registration);
  }));
  std::string cells;
  std::vector<std::string> names;
  for (const auto& [column, cell] : Row("BAD", {{"sex", "?"}})) {
    names.push_back(column);
    cells += column == "date_of_birth" ? std::string("<c s='1'><v>32980</v></c>")
                                       : absl::StrCat("<c t='str'><v>", cell, "</v></c>");
  }
  std::vector<std::string> good;
  for (const auto& [column, cell] : Row("GOOD")) good.push_back(cell);
  const std::string path = Write(Zip(XlsxParts(
      {{"Portada", XlsxTextRow({"Jornada de registro"}), ""},
       {"Día", absl::StrCat(XlsxTextRow(names), XlsxTextRow(good), "<row>", cells, "</row>"),
        ""}})));
  const Ran unnamed = RunCli(intake.address(), {"import", path});
  EXPECT_EQ(unnamed.exit_code, kExitUsage);
  EXPECT_THAT(unnamed.err,
              HasSubstr("several sheets with content: name one by --sheet: Portada, Día"));

  const std::string refused = folder_.path() + "/refused.csv";
  const Ran ran = RunCli(intake.address(),
                         {"import", path, "--sheet", "Día", "--refused", refused, "--dry-run"});
  EXPECT_EQ(ran.exit_code, kExitRowsRefused) << ran.err;
  EXPECT_THAT(intake.attempts(), IsEmpty());
  std::string text = ReadFile(refused);
  EXPECT_THAT(text, AllOf(HasSubstr("\"1990-04-17\""), HasSubstr("\"sex: must be one of"),
                          Not(HasSubstr("GOOD"))));
  absl::StrReplaceAll({{"\"?\"", "F"}}, &text);
  std::ofstream(refused, std::ios::binary) << text;
  EXPECT_EQ(RunCli(intake.address(), {"import", refused}).exit_code, kExitOk);
  EXPECT_THAT(intake.attempts(), ElementsAre(Pair("BAD", 1)));
  EXPECT_EQ(RunCli(intake.address(), {"import", refused, "--sheet", "Día"}).exit_code, kExitUsage);
}

TEST_F(CliImportTest, RegistersNobodyOfASpreadsheetThatIsDamagedFurtherDown) {
  FakeIntake intake(Each([](const intake::v1::RegisterCaseRequest& registration, int) {
    return Answered(registration);
  }));
  std::string rows;
  std::vector<std::string> names;
  for (const auto& [column, cell] : GoodRow()) names.push_back(column);
  rows += XlsxTextRow(names);
  for (int i = 0; i < 300; ++i) {
    std::vector<std::string> texts;
    for (const auto& [column, cell] : Row(absl::StrCat("N", i))) texts.push_back(cell);
    rows += XlsxTextRow(texts);
  }
  ASSERT_EQ(RunCli(intake.address(), {"import", Write(Xlsx(rows))}).exit_code, kExitOk);
  EXPECT_THAT(intake.attempts(), SizeIs(300));
  FakeIntake other(Each([](const intake::v1::RegisterCaseRequest& registration, int) {
    return Answered(registration);
  }));
  const Ran ran =
      RunCli(other.address(), {"import", Write(Xlsx(rows + "<row><c t='s'><v>99</v></c></row>"))});
  EXPECT_EQ(ran.exit_code, kExitUsage);
  EXPECT_THAT(ran.err, HasSubstr("the cell A302 cannot be read"));
  EXPECT_THAT(other.attempts(), IsEmpty());
}

// What is refused comes back as a file that can be corrected and imported as it is.
TEST_F(CliImportTest, WritesTheRefusedRowsToBeCorrected) {
  FakeIntake intake(Each([](const intake::v1::RegisterCaseRequest& registration, int) {
    return Answered(registration);
  }));
  const std::string path = Write(
      absl::StrCat(File({Row("GOOD"), Row("BAD", {{"given_names", "\"Ana, la \"\"alta\"\"\""}}),
                         Row("BAD", {{"relationship", "child"}, {"sex", "W"}, {"consent", ""}})}),
                   Line(Row("TORN", {{"given_names", "\"Chuy\" Jesus"}})), "\n"));
  const std::string refused = folder_.path() + "/refused.csv";
  const Ran ran = RunCli(intake.address(), {"import", path, "--refused", refused, "--dry-run"});
  EXPECT_EQ(ran.exit_code, kExitRowsRefused) << ran.err;
  EXPECT_TRUE(intake.attempts().empty()) << "a dry run sends nothing";
  struct stat about = {};
  ASSERT_EQ(stat(refused.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);
  std::string text = ReadFile(refused);
  EXPECT_THAT(text, HasSubstr("\"Ana, la \"\"alta\"\"\""));
  EXPECT_THAT(text, HasSubstr("sex: must be one of"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("GOOD")));
  // As somebody corrects it.
  text = absl::StrReplaceAll(text, {{"\"W\"", "\"F\""}, {"\"Chuy\" Jesus", "Chuy Jesus"}});
  std::ofstream(refused, std::ios::binary) << text;
  const Ran again = RunCli(intake.address(), {"import", refused});
  EXPECT_EQ(again.exit_code, kExitOk) << again.out << again.err;
  EXPECT_EQ(intake.attempts().size(), 2U);
  EXPECT_THAT(again.out, HasSubstr("columns that were not used: refused_because"));
}

// What was read of a pipe to see what it is cannot be read again.
TEST_F(CliImportTest, NothingOfAPipeIsLost) {
  FakeIntake intake(Each([](const intake::v1::RegisterCaseRequest& registration, int) {
    return Answered(registration);
  }));
  const std::string pipe = folder_.path() + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::thread writer([&] {
    std::ofstream(pipe) << R"({"consent": true, "people": [{"relationship": )"
                        << R"("RELATIONSHIP_PRINCIPAL", "sex": "SEX_FEMALE", )"
                        << R"("nationalities": ["VEN"], "identity": {"given_names": "Ana"}}]})"
                        << "\n";
  });
  const Ran ran = RunCli(intake.address(), {"import", pipe});
  writer.join();
  EXPECT_EQ(ran.exit_code, kExitOk) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("1           1"));
  const Ran with_refused =
      RunCli(intake.address(), {"import", pipe, "--refused", folder_.path() + "/refused.ndjson"});
  EXPECT_EQ(with_refused.exit_code, kExitUsage) << "the refused rows are read a second time";
}

// Its cells would stand under other columns, and could be taken so.
TEST_F(CliImportTest, ARefusedRowKeepsTheCellsThatAreTooMany) {
  FakeIntake intake(Each([](const intake::v1::RegisterCaseRequest& registration, int) {
    return Answered(registration);
  }));
  std::string table = File({Row("N0")});
  table.insert(table.find_last_not_of("\r\n") + 1, ",left over");
  const std::string refused = folder_.path() + "/refused.csv";
  const Ran ran =
      RunCli(intake.address(), {"import", Write(table), "--refused", refused, "--dry-run"});
  EXPECT_EQ(ran.exit_code, kExitRowsRefused) << ran.err;
  const std::string again = ReadFile(refused);
  EXPECT_THAT(again, HasSubstr(",\"left over\""));
  EXPECT_EQ(RunCli(intake.address(), {"import", refused, "--dry-run"}).exit_code, kExitRowsRefused);
}

TEST_F(CliImportTest, WritesTheRefusedLinesOfNdjson) {
  FakeIntake intake(Each([](const intake::v1::RegisterCaseRequest& registration, int) {
    return Answered(registration);
  }));
  const std::string path = Write("{\"apodo\":1}\n{\"consent\":true}\n");
  const std::string refused = folder_.path() + "/refused.ndjson";
  EXPECT_EQ(RunCli(intake.address(), {"import", path, "--refused", refused}).exit_code,
            kExitRowsRefused);
  EXPECT_EQ(ReadFile(refused), ReadFile(path));
}

TEST_F(CliImportTest, NoTwoFilesOfAnImportAreOne) {
  FakeIntake intake(Each([](const intake::v1::RegisterCaseRequest& registration, int) {
    return Answered(registration);
  }));
  const std::string path = WriteGood(1);
  const std::string out = folder_.path() + "/out.csv";
  for (const auto& [a, b] : {std::pair("--report", "--cases"), std::pair("--cases", "--refused"),
                             std::pair("--columns", "--report")}) {
    const Ran ran =
        RunCli(intake.address(), {"import", path, a, out, b, folder_.path() + "/./out.csv"});
    EXPECT_EQ(ran.exit_code, kExitUsage);
    EXPECT_THAT(ran.err, HasSubstr("are one file"));
  }
  EXPECT_EQ(RunCli(intake.address(), {"import", path, "--refused", path}).exit_code, kExitUsage);
  EXPECT_TRUE(intake.attempts().empty());
}

TEST_F(CliImportTest, TellsWhatWasKnownBeforeFromWhatItRegisteredItself) {
  // At the first attempt N0 is answered; N1 is refused untried; of N2 nobody knows.
  FakeIntake intake(Each([](const intake::v1::RegisterCaseRequest& registration, int attempt) {
    const std::string number = FakeIntake::NumberOf(registration);
    if (number == "N1" && attempt == 1) {
      return Answered(registration, grpc::StatusCode::RESOURCE_EXHAUSTED);
    }
    if (number == "N2" && attempt == 1) {
      return Answered(registration, grpc::StatusCode::UNAVAILABLE);
    }
    auto answer = Answered(registration);
    answer.set_outcome(number == "N3" ? intake::v1::IMPORT_OUTCOME_WITHDRAWN
                                      : intake::v1::IMPORT_OUTCOME_KNOWN);
    answer.set_case_name("cases/" + number);
    return answer;
  }));
  const ImportSummary summary = RunImport(intake, {.input = {.path = WriteGood(4)}});
  EXPECT_TRUE(summary.status.ok()) << summary.status;
  std::vector<std::string> cases;
  for (const ImportedCase& one : summary.cases) {
    cases.push_back(absl::StrCat(one.line, " ", one.outcome, " ", one.name));
  }
  EXPECT_THAT(cases, ElementsAre("2 known cases/N0", "3 known cases/N1", "4 new cases/N2",
                                 "5 withdrawn cases/N3"));
  EXPECT_EQ(summary.known, 2);
  EXPECT_EQ(summary.created, 1);
  EXPECT_EQ(summary.withdrawn, 1);
  EXPECT_EQ(summary.registered, 3);
}

TEST_F(CliImportTest, SendsAgainUnderTheSameIdWhatTheServiceWasTooBusyFor) {
  FakeIntake intake(Each([](const intake::v1::RegisterCaseRequest& registration, int attempt) {
    const std::string number = FakeIntake::NumberOf(registration);
    const bool is_busy = (number == "N1" || number == "N3") && attempt <= 2;
    return Answered(registration, !is_busy       ? grpc::StatusCode::OK
                                  : attempt == 1 ? grpc::StatusCode::RESOURCE_EXHAUSTED
                                                 : grpc::StatusCode::UNAVAILABLE);
  }));
  const ImportSummary summary = RunImport(intake, {.input = {.path = WriteGood(5)}});
  EXPECT_TRUE(summary.status.ok()) << summary.status;
  EXPECT_EQ(summary.registered, 5);
  EXPECT_EQ(intake.attempts(),
            (std::map<std::string, int>{{"N0", 1}, {"N1", 3}, {"N2", 1}, {"N3", 3}, {"N4", 1}}));
  EXPECT_THAT(intake.ids(), SizeIs(5));
  EXPECT_EQ(intake.ids().count(base::UuidOf("registration/N1")), 1);
}

TEST_F(CliImportTest, GivesUpOnAServiceThatStaysBusy) {
  FakeIntake intake(Each([](const intake::v1::RegisterCaseRequest& registration, int attempt) {
    return Answered(registration, grpc::StatusCode::RESOURCE_EXHAUSTED, "OVERLOADED");
  }));
  const ImportSummary summary =
      RunImport(intake, {.input = {.path = WriteGood(1)}, .attempts_max = 3});
  EXPECT_EQ(ExitCodeOf(summary.status), kExitUnreachable);
  EXPECT_EQ(intake.attempts(), (std::map<std::string, int>{{"N0", 3}}));
}

TEST_F(CliImportTest, AnAnswerThatIsForAllEndsIt) {
  FakeIntake intake(Each([](const intake::v1::RegisterCaseRequest& registration, int attempt) {
    return Answered(registration, grpc::StatusCode::PERMISSION_DENIED);
  }));
  EXPECT_EQ(RunCli(intake.address(), {"import", WriteGood(3)}).exit_code, kExitNotAllowed);
}

TEST_F(CliImportTest, GoesOnWhenTheStreamBreaks) {
  FakeIntake intake([](Stream& stream, FakeIntake& intake) {
    intake::v1::ImportCasesRequest request;
    for (int i = 0; stream.Read(&request); ++i) {
      intake.Attempt(request.registration());
      // The first stream breaks with the second registration taken and not answered.
      if (i == 1 && intake.streams() == 1) {
        return grpc::Status(grpc::StatusCode::UNAVAILABLE, "restarting");
      }
      stream.Write(Answered(request.registration()));
    }
    return grpc::Status::OK;
  });
  const ImportSummary summary = RunImport(intake, {.input = {.path = WriteGood(20)}});
  EXPECT_TRUE(summary.status.ok()) << summary.status;
  EXPECT_EQ(summary.registered, 20);
  EXPECT_EQ(intake.streams(), 2);
  EXPECT_THAT(intake.ids(), SizeIs(20));
}

TEST_F(CliImportTest, GivesUpOnAServiceThatIsSilent) {
  FakeIntake intake([](Stream& stream, FakeIntake& intake) {
    intake::v1::ImportCasesRequest request;
    while (stream.Read(&request)) {
    }
    return grpc::Status::OK;
  });
  const ImportSummary summary =
      RunImport(intake, {.input = {.path = WriteGood(3)}}, absl::Milliseconds(200));
  EXPECT_EQ(summary.status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(summary.registered, 0);
}

// Answers only once the window is full and, for a while, nothing more has come.
TEST_F(CliImportTest, LeavesAtMostAWindowUnanswered) {
  constexpr int kWindow = 4;
  constexpr int kHouseholds = 3 * kWindow;
  std::atomic<int> too_many = 0;
  FakeIntake intake([&too_many](Stream& stream, FakeIntake& intake) {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<intake::v1::RegisterCaseRequest> taken;
    bool is_read = false;
    std::thread reader([&] {
      intake::v1::ImportCasesRequest request;
      while (stream.Read(&request)) {
        const std::lock_guard lock(mutex);
        taken.push_back(request.registration());
        changed.notify_all();
      }
      const std::lock_guard lock(mutex);
      is_read = true;
      changed.notify_all();
    });
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [&] { return is_read || taken.size() >= kWindow; });
      if (is_read) break;
      if (changed.wait_for(lock, std::chrono::milliseconds(100),
                           [&] { return taken.size() > kWindow; })) {
        ++too_many;
      }
      std::reverse(taken.begin(), taken.end());
      for (const auto& registration : std::exchange(taken, {})) {
        stream.Write(Answered(registration));
      }
    }
    lock.unlock();
    reader.join();
    return grpc::Status::OK;
  });
  const ImportSummary summary =
      RunImport(intake, {.input = {.path = WriteGood(kHouseholds)}, .window = kWindow});
  EXPECT_TRUE(summary.status.ok()) << summary.status;
  EXPECT_EQ(summary.registered, kHouseholds);
  EXPECT_EQ(too_many, 0);
}

TEST_F(CliImportTest, StopsOnceWhatWasSentIsAnswered) {
  std::atomic<bool> stop = false;
  FakeIntake intake(Each([](const intake::v1::RegisterCaseRequest& registration, int attempt) {
    return Answered(registration);
  }));
  const ImportSummary summary = RunImport(intake, {.input = {.path = WriteGood(50)},
                                                   .window = 2,
                                                   .progress =
                                                       [&](const ImportSummary& so_far) {
                                                         if (so_far.registered == 5) stop = true;
                                                       },
                                                   .stop = &stop});
  EXPECT_EQ(summary.status.code(), absl::StatusCode::kCancelled);
  EXPECT_GE(summary.registered, 5);
  EXPECT_LE(summary.registered, 7);
  EXPECT_EQ(summary.registered, static_cast<int>(intake.ids().size()));
}

TEST_F(CliImportTest, CtrlCStopsTheCommandCleanly) {
  constexpr int kHouseholds = 2000;
  FakeIntake intake(Each([](const intake::v1::RegisterCaseRequest& registration, int attempt) {
    if (FakeIntake::NumberOf(registration) == "N600") kill(getpid(), SIGINT);
    return Answered(registration);
  }));
  const Ran ran = RunCli(intake.address(), {"import", WriteGood(kHouseholds)});
  EXPECT_EQ(ran.exit_code, kExitFailed);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("500 households, 500 people registered, 0 refused\n"),
                             HasSubstr("error: CANCELLED: stopped: ")));
  const size_t sent = intake.ids().size();
  EXPECT_LT(sent, kHouseholds);
  EXPECT_THAT(ran.out, ::testing::ContainsRegex(absl::StrCat("\n[0-9]+ +", sent, " +", sent)));
}

}  // namespace
}  // namespace pathways::cli
