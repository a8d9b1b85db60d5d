// Goal: a question that nobody was asked before, and a pathway that asks it, reach a screened case
// by every door, with no C++ and no restart. Method: the walk-through of docs/policy-authoring.md,
// its files and commands as they stand there, on the real program.
#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pathways/eligibility/v1/eligibility_service.grpc.pb.h"
#include "pathways/intake/v1/intake_service.grpc.pb.h"
#include "services/base/ids.h"
#include "tests/support/eventually.h"
#include "tests/support/serve_process.h"
#include "tests/support/temp_folder.h"

namespace pathways {
namespace {

namespace fs = std::filesystem;

using testing_support::ServeFolder;
using testing_support::ServeProcess;

constexpr char kPathway[] = "mx-tvtf-family";

std::string ReadFile(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// A fenced block: what stands behind the fence, and its lines.
struct Block {
  std::string info;
  std::string text;
};

// The blocks of the walk-through, in order.
std::vector<Block> Blocks() {
  const std::string doc = ReadFile(PATHWAYS_SOURCE_DIR "/docs/policy-authoring.md");
  const size_t begin = doc.find("## A new question");
  const size_t end = doc.find("\n## ", begin);
  std::vector<Block> blocks;
  bool is_open = false;
  for (const absl::string_view line : absl::StrSplit(doc.substr(begin, end - begin), '\n')) {
    if (absl::StartsWith(line, "```")) {
      is_open = !is_open;
      if (is_open) blocks.push_back({std::string(line.substr(3)), ""});
    } else if (is_open) {
      absl::StrAppend(&blocks.back().text, line, "\n");
    }
  }
  return blocks;
}

class NewFactTest : public testing::Test {
 protected:
  NewFactTest() {
    fs::copy(PATHWAYS_SOURCE_DIR "/policies", desk_.path() + "/policies",
             fs::copy_options::recursive);
    EXPECT_TRUE(process_.WaitUntilServing());
    channel_ = grpc::CreateChannel(absl::StrCat("127.0.0.1:", process_.port()),
                                   grpc::InsecureChannelCredentials());
  }

  // Runs a line of the walk-through where its files are. What it prints goes to a file.
  bool Run(const std::string& line) {
    const std::string program = fs::path(PATHWAYS_PROGRAM).parent_path();
    const std::string command = absl::StrCat(
        "cd ", desk_.path(), " && export PATH=", program,
        ":$PATH OFFICER=", folder_.TokenOf("staff/policy"),
        " SECOND=", folder_.TokenOf("staff/policy-2"), " DESK=", folder_.TokenOf("staff/desk"),
        " DIGEST=", digest_, " PATHWAYS_ADDRESS=127.0.0.1:", process_.port(), " && ",
        absl::StrReplaceAll(line, {{"DIGEST", "$DIGEST"}}), " > out 2>&1");
    return std::system(command.c_str()) == 0;  // NOLINT(concurrency-mt-unsafe): one thread.
  }
  std::string Printed() { return ReadFile(desk_.path() + "/out"); }
  // Of the proposal that was printed last: the document lets the reader put it in by hand.
  void ReadDigest() {
    const std::string printed = Printed();
    std::smatch found;
    ASSERT_TRUE(std::regex_search(printed, found, std::regex("digest\\W+([0-9a-f]{64})")))
        << printed;
    digest_ = found[1];
  }

  void Context(grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    context.AddMetadata("authorization", "Bearer " + folder_.TokenOf("staff/desk"));
  }
  // The outcome of the new pathway for a case.
  std::string OutcomeOf(const std::string& name) {
    eligibility::v1::GetScreeningRequest request;
    request.set_name(name + "/screening");
    eligibility::v1::Screening screening;
    grpc::ClientContext context;
    Context(context);
    const auto stub = eligibility::v1::EligibilityService::NewStub(channel_);
    if (!stub->GetScreening(&context, request, &screening).ok()) return "none";
    for (const auto& determination : screening.determinations()) {
      if (determination.pathway() == kPathway) {
        return eligibility::v1::Outcome_Name(determination.outcome());
      }
    }
    return "none";
  }
  grpc::Status Register(const intake::v1::Case& content, intake::v1::Case& answer) {
    intake::v1::RegisterCaseRequest request;
    *request.mutable_case_() = content;
    request.set_request_id(base::NewUuid());
    grpc::ClientContext context;
    Context(context);
    return intake::v1::IntakeService::NewStub(channel_)->RegisterCase(&context, request, &answer);
  }
  void ExpectMet(const std::string& name) {
    EXPECT_TRUE(testing_support::Eventually([&] { return OutcomeOf(name) == "OUTCOME_MEETS"; }))
        << name << " " << OutcomeOf(name);
  }

  // What it opens with, and what would alter it, in sentences.
  void ExpectExplained(const std::string& name) {
    ASSERT_TRUE(
        Run(absl::StrCat("PATHWAYS_TOKEN=$DESK pathways screening get ", name, " --language es")))
        << Printed();
    const std::string shown = Printed();
    const auto expect = [&](const std::string& sentence) {
      EXPECT_THAT(shown, testing::HasSubstr(sentence));
    };
    expect("Supone las políticas next, al día ");
    expect("Los datos son los del catálogo de datos 2026-12-01.");
    expect("Se toma como está registrado de p1: el viaje con un trabajador fronterizo.");
    expect(
        "Una condición publicada no se cumpliría si esto fuera así: el viaje con un trabajador "
        "fronterizo: no (registrado de otro modo). No sería un rechazo.");
    expect("El sistema evalúa; nunca decide un estatus.");
    EXPECT_LT(shown.find("Supone las políticas next"), shown.find("smallest_change"));
  }
  // As many cases as are told of have the new pathway, and read its words.
  void ExpectCounted() {
    ASSERT_TRUE(
        Run("PATHWAYS_TOKEN=$OFFICER pathways policy diff policies/current policies/next "
            "--caseload"))
        << Printed();
    EXPECT_THAT(Printed(),
                testing::HasSubstr("+ pathways[mx-tvtf-family]: Family of a border worker (TVTF)\n"
                                   "    cases: 10; outcome or status alters of: 10\n"
                                   "    10: mx-tvtf-family none (none) -> MEETS (ACTIVE)\n"
                                   "      es: Lo que nos dijo cumple las condiciones publicadas."));
    EXPECT_THAT(Printed(), testing::HasSubstr(
                               "texts[mx-tvtf-family.with-worker.met]: key: "
                               "\"mx-tvtf-family.with-worker.met\" plain: \"Acompaña a alguien que "
                               "tiene la tarjeta.\"\n    cases: 10; "));
    EXPECT_FALSE(Run("PATHWAYS_TOKEN=$DESK pathways policy diff policies/next --caseload"));
    EXPECT_THAT(Printed(), testing::HasSubstr("ROLE_REQUIRED"));
  }

  const testing_support::TempFolder desk_;
  std::string digest_;
  const ServeFolder folder_;
  ServeProcess process_{folder_};
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(NewFactTest, ReachesAScreenedCaseByEveryDoorAsTheDocumentSays) {
  intake::v1::Case by_hand;
  int commands = 0;
  for (const Block& block : Blocks()) {
    const std::vector<std::string> info = absl::StrSplit(block.info, ' ');
    if (info.size() == 2) {
      std::ofstream(desk_.path() + "/" + info[1]) << block.text;
      if (info[0] != "json") continue;
      ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(block.text, &by_hand).ok());
      continue;
    }
    ASSERT_EQ(block.info, "console");
    for (const absl::string_view line : absl::StrSplit(block.text, '\n', absl::SkipEmpty())) {
      ++commands;
      const bool may_be_early = absl::StrContains(line, "policy propose");
      const bool done = may_be_early
                            ? testing_support::Eventually([&] { return Run(std::string(line)); })
                            : Run(std::string(line));
      ASSERT_TRUE(done) << line << "\n" << Printed();
      if (absl::StrContains(line, " proposal")) ReadDigest();
      if (absl::StrContains(line, "screening questions")) {
        EXPECT_THAT(Printed(), testing::HasSubstr("¿Viaja con su cónyuge"));
      }
      if (absl::StrContains(line, "policy diff")) {
        EXPECT_THAT(Printed(), testing::HasSubstr("+ pathways[mx-tvtf-family]: "));
        EXPECT_THAT(Printed(),
                    testing::HasSubstr("    cases: few; outcome or status alters of: few"));
      }
    }
  }
  EXPECT_EQ(commands, 15);
  // By the table, by hand, and by the API.
  const std::string cases = ReadFile(desk_.path() + "/cases.csv");
  const size_t imported = cases.find("cases/");
  ASSERT_NE(imported, std::string::npos) << cases;
  ExpectMet(cases.substr(imported, std::string("cases/").size() + 36));
  const std::string shown = Printed();
  const size_t registered = shown.find("cases/");
  ASSERT_NE(registered, std::string::npos) << shown;
  ExpectMet(shown.substr(registered, std::string("cases/").size() + 36));
  intake::v1::Case answer;
  const grpc::Status status = Register(by_hand, answer);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ExpectMet(answer.name());
  ExpectExplained(answer.name());
  // With those by the table and by hand eleven: of fewer than ten nothing would be told.
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(Register(by_hand, answer).ok());
    ExpectMet(answer.name());
  }
  ExpectCounted();
}

TEST_F(NewFactTest, BeforeItIsAppliedNoDoorTakesIt) {
  for (const Block& block : Blocks()) {
    const std::vector<std::string> info = absl::StrSplit(block.info, ' ');
    if (info.size() != 2 || absl::StartsWith(info[1], "policies/")) continue;
    std::ofstream(desk_.path() + "/" + info[1]) << block.text;
  }
  EXPECT_FALSE(Run("PATHWAYS_TOKEN=$DESK pathways case register companion.json"));
  EXPECT_THAT(Printed(), testing::HasSubstr("case.people[0].answers[0].fact"));
  // A column of which nobody knows what it means is named, and the rest is registered.
  EXPECT_TRUE(Run("PATHWAYS_TOKEN=$DESK pathways import day.csv"));
  EXPECT_THAT(Printed(), testing::HasSubstr("columns that were not used: con_trabajador_front"));
  EXPECT_FALSE(
      Run("PATHWAYS_TOKEN=$DESK pathways facts propose policies/facts --reason FACT_ADDED"));
  EXPECT_THAT(Printed(), testing::HasSubstr("ROLE_REQUIRED"));
}

}  // namespace
}  // namespace pathways
