// Goal: a token file is taken whole or refused with every fault, nothing shows a token, and only
// the roles asked for open a handler. Method: files in the test's own folder; tables.
#include "services/host/principal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <initializer_list>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "services/base/private_file.h"
#include "services/type/problem.h"
#include "tests/support/temp_folder.h"

namespace pathways::host {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kToken(43, 'T');
const std::string kOther = std::string(42, 'T') + "U";

class PrincipalTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name = "tokens") const { return folder_.path() + "/" + name; }
  // Writes a token file with this text and mode, and gives its path.
  std::string File(const std::string& text, mode_t mode = 0600) const {
    std::ofstream(Path(), std::ios::binary) << text;
    EXPECT_EQ(chmod(Path().c_str(), mode), 0);
    return Path();
  }
  std::string Text() const {
    std::ifstream file(Path(), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  // What is wrong with a file of this text; messages name it FILE.
  std::string FaultsIn(const std::string& text) const {
    const absl::Status status = TokenFile::Load(File(text)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    return absl::StrReplaceAll(status.message(), {{Path(), "FILE"}});
  }

  testing_support::TempFolder folder_;
};

constexpr char kBadLine[] = "must be: token kind id role[,role...]";
constexpr char kBadToken[] = "token must be 32 to 128 characters of base64url";
constexpr char kBadKind[] = "kind must be one of staff, agency, service, operator";
constexpr char kBadId[] = "id must be 1 to 64 characters a-z, 0-9 and -";
constexpr char kBadRoles[] =
    "roles must be of registrar, viewer, agency, service, operator, policy-officer, reviewer, each "
    "at "
    "most once, with a comma between them";

TEST_F(PrincipalTest, FindsWhoHoldsAToken) {
  const auto tokens = TokenFile::Load(
      File(absl::StrCat("# tokens of the desk\n\n", kToken, " staff desk-1 registrar,viewer\n",
                        " \t# indented\n\t", kOther, "\tagency  unhcr-mx agency \r\n")));
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  const Principal* const desk = tokens->Find(kToken);
  ASSERT_NE(desk, nullptr);
  EXPECT_EQ(desk->Name(), "staff/desk-1");
  EXPECT_EQ(desk->kind, "staff");
  EXPECT_EQ(desk->id, "desk-1");
  EXPECT_THAT(desk->roles, ElementsAre("registrar", "viewer"));
  ASSERT_NE(tokens->Find(kOther), nullptr);
  EXPECT_EQ(tokens->Find(kOther)->Name(), "agency/unhcr-mx");
}

TEST_F(PrincipalTest, FindsNobodyByAnyOtherToken) {
  const auto tokens = TokenFile::Load(File(kToken + " staff desk-1 viewer\n"));
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  for (size_t i = 0; i < kToken.size(); ++i) {
    std::string altered = kToken;
    altered[i] = 't';
    EXPECT_EQ(tokens->Find(altered), nullptr) << i;
    EXPECT_EQ(tokens->Find(kToken.substr(0, i)), nullptr) << i;
  }
  for (const std::string& token : {kToken + "T", " " + kToken, kToken + "\n",
                                   kToken + std::string(1, '\0'), std::string("staff/desk-1")}) {
    EXPECT_EQ(tokens->Find(token), nullptr);
  }
  const auto nobody = TokenFile::Load(File("# nobody\n"));
  ASSERT_TRUE(nobody.ok()) << nobody.status();
  EXPECT_EQ(nobody->Find(""), nullptr);
}

TEST_F(PrincipalTest, TakesTheRolesOfAKindAndNoOthers) {
  const std::map<std::string, std::set<std::string>> roles_of = {
      {"staff", {"registrar", "viewer", "reviewer", "policy-officer", "operator"}},
      {"agency", {"agency"}},
      {"service", {"service"}},
      {"operator", {"operator"}}};
  for (const auto& [kind, taken] : roles_of) {
    for (const std::string role :
         {"registrar", "viewer", "agency", "service", "operator", "policy-officer", "reviewer"}) {
      const std::string text = absl::StrCat(kToken, " ", kind, " 0-z ", role, "\n");
      SCOPED_TRACE(text);
      const auto tokens = TokenFile::Load(File(text));
      EXPECT_EQ(tokens.ok(), taken.count(role) == 1);
      if (tokens.ok()) {
        EXPECT_TRUE(tokens->Find(kToken)->Has(role));
      }
      ASSERT_EQ(unlink(Path().c_str()), 0);
      EXPECT_EQ(AddToken(Path(), {kind, "0-z", {role}}).ok(), taken.count(role) == 1);
    }
  }
}

// One right role beside it does not make a role right: staff/comar with the role agency would read
// and answer what the agency comar has, and the names at the desk too.
TEST_F(PrincipalTest, SaysWhichRolesAKindMayHave) {
  EXPECT_EQ(FaultsIn(absl::StrCat("# comment\n", kToken, " staff comar agency,registrar\n", kOther,
                                  " agency x operator,service,registrar\n")),
            "FILE:2: staff may have only the roles registrar, viewer, reviewer, policy-officer, "
            "operator\n"
            "FILE:3: agency may have only the role agency");
  const absl::Status status =
      AddToken(Path("new"), {"agency", "comar", {"agency", "viewer"}}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "agency may have only the role agency");
}

TEST_F(PrincipalTest, TakesTheBounds) {
  const std::string longest_id(64, 'a');
  for (const std::string& token : {std::string(32, '-'), std::string(128, '_')}) {
    EXPECT_TRUE(TokenFile::Load(File(token + " staff " + longest_id + " viewer")).ok());
  }
}

TEST_F(PrincipalTest, NamesEveryFaultOfALine) {
  const struct {
    std::string line;
    std::vector<std::string> faults;
  } rows[] = {{kToken, {kBadLine}},
              {kToken + " staff desk-1", {kBadLine}},
              {kToken + " staff desk-1 viewer, registrar", {kBadLine}},
              {kToken + " staff desk-1 viewer # why", {kBadLine}},
              {std::string(31, 'T') + " staff desk-1 viewer", {kBadToken}},
              {std::string(129, 'T') + " staff desk-1 viewer", {kBadToken}},
              {kToken + "= staff desk-1 viewer", {kBadToken}},
              {kToken + " Staff desk-1 viewer", {kBadKind}},
              {kToken + " registrar desk-1 viewer", {kBadKind}},
              {kToken + " staff desk_1 viewer", {kBadId}},
              {kToken + " staff Desk viewer", {kBadId}},
              {kToken + " staff a/b viewer", {kBadId}},
              {kToken + " staff " + std::string(65, 'a') + " viewer", {kBadId}},
              {kToken + " staff desk-1 staff", {kBadRoles}},
              {kToken + " staff desk-1 viewer,", {kBadRoles}},
              {kToken + " staff desk-1 ,", {kBadRoles}},
              {kToken + " staff desk-1 viewer,registrar,viewer", {kBadRoles}},
              {"staff desk-1 viewer " + kToken, {kBadToken, kBadKind, kBadRoles}},
              {"x y Z z", {kBadToken, kBadKind, kBadId, kBadRoles}}};
  for (const auto& row : rows) {
    std::vector<std::string> wanted;
    for (const std::string& fault : row.faults) wanted.push_back("FILE:2: " + fault);
    const std::string faults = FaultsIn("# comment\n" + row.line + "\n");
    EXPECT_EQ(faults, absl::StrJoin(wanted, "\n")) << row.line;
    EXPECT_THAT(faults, Not(HasSubstr("TTT"))) << row.line;
  }
}

TEST_F(PrincipalTest, NamesFaultsOfAllLinesAndWhatIsThereTwice) {
  EXPECT_EQ(
      FaultsIn(absl::StrCat(kToken, " staff desk-1 viewer\n", kToken, " staff desk-2 viewer\n\n",
                            kOther, " staff desk-1 operator\n", "wrong\n")),
      absl::StrCat("FILE:2: the token is in line 1 already\n",
                   "FILE:4: the principal is in line 1 already\n", "FILE:5: ", kBadLine));
  // An id is unique within its kind only.
  EXPECT_TRUE(
      TokenFile::Load(File(kToken + " staff a viewer\n" + kOther + " agency a agency\n")).ok());
}

TEST_F(PrincipalTest, TakesOnlyAPrivateFileOfBoundedSize) {
  const std::string line = kToken + " staff desk-1 viewer\n";
  EXPECT_TRUE(TokenFile::Load(File(line, 0400)).ok());
  for (const mode_t mode : {0640, 0604, 0620, 0666}) {
    const std::string path = File(line, mode);
    const absl::Status statuses[] = {TokenFile::Load(path).status(),
                                     ReadToken(path, "staff/desk-1").status(),
                                     AddToken(path, {"staff", "desk-2", {"viewer"}}).status()};
    for (const absl::Status& status : statuses) {
      EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << mode << status;
    }
  }
  EXPECT_EQ(TokenFile::Load(Path("none")).status().code(), absl::StatusCode::kNotFound);
  const std::string filler((1 << 20) - line.size(), '\n');
  EXPECT_TRUE(TokenFile::Load(File(filler + line)).ok());
  EXPECT_EQ(AddToken(Path(), {"staff", "desk-2", {"viewer"}}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(TokenFile::Load(File(filler + line + "\n")).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(PrincipalTest, AddsTokensToAPrivateFile) {
  const auto desk = AddToken(Path(), {"staff", "desk-1", {"registrar", "viewer"}});
  ASSERT_TRUE(desk.ok()) << desk.status();
  EXPECT_THAT(*desk, ::testing::MatchesRegex("[A-Za-z0-9_-]+"));
  EXPECT_EQ(desk->size(), 43);
  struct stat about = {};
  ASSERT_EQ(stat(Path().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0600);
  const auto agency = AddToken(Path(), {"agency", "unhcr-mx", {"agency"}});
  ASSERT_TRUE(agency.ok()) << agency.status();
  EXPECT_NE(*desk, *agency);
  EXPECT_EQ(Text(),
            *desk + " staff desk-1 registrar,viewer\n" + *agency + " agency unhcr-mx agency\n");
  const auto tokens = TokenFile::Load(Path());
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  EXPECT_EQ(tokens->Find(*desk)->Name(), "staff/desk-1");
  EXPECT_EQ(*ReadToken(Path(), "agency/unhcr-mx"), *agency);
  EXPECT_EQ(ReadToken(Path(), "agency/desk-1").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadToken(Path("none"), "staff/desk-1").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(tokens->Find("staff/desk-1"), nullptr);
}

TEST_F(PrincipalTest, AddsNothingThatLoadWouldRefuse) {
  const std::string text = "# by hand\n" + kToken + " staff desk-1 viewer";
  File(text);
  EXPECT_EQ(AddToken(Path(), {"staff", "desk-1", {"operator"}}).status().code(),
            absl::StatusCode::kAlreadyExists);
  const Principal not_valid[] = {{"clerk", "a", {"viewer"}},
                                 {"staff", "", {"viewer"}},
                                 {"staff", "a b", {"viewer"}},
                                 {"staff", "a\n", {"viewer"}},
                                 {"staff", "a", {}},
                                 {"staff", "a", {"viewer", "viewer"}},
                                 {"staff", "a", {"viewer,operator"}}};
  for (const Principal& principal : not_valid) {
    EXPECT_EQ(AddToken(Path(), principal).status().code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(Text(), text);
  // A last line without an end stays a line of its own.
  const auto token = AddToken(Path(), {"staff", "desk-2", {"viewer"}});
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_EQ(Text(), text + "\n" + *token + " staff desk-2 viewer\n");
  File("wrong\n");
  EXPECT_EQ(AddToken(Path(), {"staff", "desk-3", {"viewer"}}).status().message(),
            Path() + ":1: " + kBadLine);
  EXPECT_EQ(AddToken(Path("none/tokens"), {"staff", "a", {"viewer"}}).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(PrincipalTest, WaitsForNobodyAndLosesNoToken) {
  {
    const auto lock = base::LockFolderOf(Path());
    ASSERT_TRUE(lock.ok()) << lock.status();
    EXPECT_EQ(AddToken(Path(), {"staff", "a", {"viewer"}}).status().code(),
              absl::StatusCode::kUnavailable);
  }
  std::vector<std::optional<std::string>> added(8);
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < added.size(); ++i) {
      threads.emplace_back([&, i] {
        const auto token = AddToken(Path(), {"staff", absl::StrCat("desk-", i), {"viewer"}});
        if (token.ok()) added[i] = *token;
      });
    }
  }
  ASSERT_TRUE(AddToken(Path(), {"staff", "last", {"viewer"}}).ok());
  const auto tokens = TokenFile::Load(Path());
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  int succeeded = 0;
  for (const std::optional<std::string>& token : added) {
    if (!token.has_value()) continue;
    ++succeeded;
    EXPECT_NE(tokens->Find(*token), nullptr);
  }
  EXPECT_GE(succeeded, 1);
}

TEST(AuthorizeTest, AsksForOneOfTheRoles) {
  const Principal desk{"staff", "desk-1", {"registrar", "viewer"}};
  const Principal agency{"agency", "operator", {"agency"}};
  const struct {
    const Principal* principal;
    std::initializer_list<absl::string_view> roles;
    absl::StatusCode code;
    std::string reason;
    std::string message;
  } rows[] = {{&desk, {kRegistrar}, absl::StatusCode::kOk, "", ""},
              {&desk, {kViewer}, absl::StatusCode::kOk, "", ""},
              {&desk, {kOperator, kViewer}, absl::StatusCode::kOk, "", ""},
              {&agency, {kAgency}, absl::StatusCode::kOk, "", ""},
              {&desk,
               {kOperator, kAgency},
               absl::StatusCode::kPermissionDenied,
               "ROLE_REQUIRED",
               "staff/desk-1 needs one of the roles operator, agency"},
              {&agency,
               {kOperator},
               absl::StatusCode::kPermissionDenied,
               "ROLE_REQUIRED",
               "agency/operator needs one of the roles operator"},
              {&desk,
               {""},
               absl::StatusCode::kPermissionDenied,
               "ROLE_REQUIRED",
               "staff/desk-1 needs one of the roles "},
              {&desk,
               {},
               absl::StatusCode::kPermissionDenied,
               "ROLE_REQUIRED",
               "staff/desk-1 needs one of the roles "},
              {nullptr,
               {kViewer},
               absl::StatusCode::kUnauthenticated,
               "TOKEN_REQUIRED",
               "the call carries no token that is known here"},
              {nullptr,
               {},
               absl::StatusCode::kUnauthenticated,
               "TOKEN_REQUIRED",
               "the call carries no token that is known here"}};
  for (const auto& row : rows) {
    const absl::Status status = Authorize(row.principal, row.roles);
    EXPECT_EQ(status.code(), row.code) << row.message;
    EXPECT_EQ(type::ProblemOf(status).reason(), row.reason) << row.message;
    EXPECT_EQ(std::string(status.message()), row.message);
  }
}

}  // namespace
}  // namespace pathways::host
