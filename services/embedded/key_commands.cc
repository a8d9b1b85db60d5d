#include "services/embedded/key_commands.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/base/clock.h"
#include "services/base/private_file.h"
#include "services/base/status_macros.h"
#include "services/embedded/serving.h"
#include "services/host/keys.h"
#include "services/host/keys_feed.h"
#include "services/host/principal.h"

namespace pathways::embedded {
namespace {

// Only the owner may look into folders that hold people's data and keys.
constexpr mode_t kPrivateFolder = 0700;
constexpr mode_t kPrivateUmask = 0077;

// Key and token files are small; anything larger is not one.
constexpr size_t kKeyFileBytesMax = 1 << 20;

cli::ExitCode Finish(const cli::Terminal& terminal, const absl::Status& status) {
  if (status.ok()) return cli::kExitOk;
  for (absl::string_view line : absl::StrSplit(status.message(), '\n')) {
    terminal.err << "pathways: " << line << "\n";
  }
  terminal.err.flush();
  return absl::IsUnavailable(status) ? cli::kExitFailed : cli::kExitUsage;
}

absl::Status MakeFolder(const std::string& path) {
  if (mkdir(path.c_str(), kPrivateFolder) == 0 || errno == EEXIST) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(path, ": the folder cannot be made"));
}

absl::Status InitKeys(const std::string& data, std::ostream& out) {
  umask(kPrivateUmask);
  const std::string folder = absl::StrCat(data, "/keys");
  for (const std::string& path : {data, folder}) RETURN_IF_ERROR(MakeFolder(path));
  const absl::Status made = host::CreateMasterKey(host::MasterKeyFile(data));
  if (!made.ok() && !absl::IsAlreadyExists(made)) return made;
  out << host::MasterKeyFile(data)
      << (made.ok() ? ": made; keep a copy where the data is not" : ": kept") << "\n";
  const std::vector<host::Principal> principals = {
      {"staff", "desk", {std::string(host::kRegistrar), std::string(host::kViewer)}},
      {"operator", "local", {std::string(host::kOperator)}},
      {"staff", "policy", {std::string(host::kPolicyOfficer)}},
      {"staff", "policy-2", {std::string(host::kPolicyOfficer)}},
  };
  for (const host::Principal& principal : principals) {
    const auto added = host::AddToken(host::TokensFile(data), principal);
    if (!added.ok() && !absl::IsAlreadyExists(added.status())) return added.status();
    out << host::TokensFile(data) << ": " << principal.Name() << (added.ok() ? " added" : " kept")
        << "\n";
  }
  return absl::OkStatus();
}

// "kind/id" and roles.
absl::StatusOr<host::Principal> PrincipalOf(const std::string& name,
                                            const std::vector<std::string>& roles) {
  const std::vector<std::string> parts = absl::StrSplit(name, '/');
  if (parts.size() != 2) return absl::InvalidArgumentError("a principal is KIND/ID");
  return host::Principal{parts[0], parts[1], roles};
}

// Copies the regular files of a folder, each private; what a mounted secret holds beside them
// (links of the mount, folders) is passed over.
absl::Status InstallFolder(const std::string& from, const std::string& to,
                           std::set<std::string>& installed, std::ostream& out) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(from, error)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || name.front() == '.') continue;
    if (!installed.insert(name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ": two folders have a file of this name"));
    }
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    if (!file || text.size() > kKeyFileBytesMax) {
      return absl::InvalidArgumentError(absl::StrCat(name, ": cannot be read, or is no key file"));
    }
    RETURN_IF_ERROR(
        base::WritePrivateFile(absl::StrCat(to, "/", name), text, base::Existing::kReplace));
    out << absl::StrCat(to, "/", name) << ": installed\n";
  }
  if (error) return absl::InvalidArgumentError(absl::StrCat(from, ": cannot be read"));
  return absl::OkStatus();
}

absl::Status InstallKeys(const std::vector<std::string>& from, const std::string& to,
                         std::ostream& out) {
  umask(kPrivateUmask);
  RETURN_IF_ERROR(MakeFolder(to));
  std::set<std::string> installed;
  for (const std::string& folder : from) {
    RETURN_IF_ERROR(InstallFolder(folder, to, installed, out));
  }
  return absl::OkStatus();
}

absl::Status RotateFeed(const std::string& file, std::ostream& out) {
  umask(kPrivateUmask);
  ASSIGN_OR_RETURN(const host::FeedKeyChange change,
                   host::RotateFeedKeys(file, base::SystemClock().Now()));
  for (const std::string& month : change.made) out << file << ": " << month << " made\n";
  for (const std::string& month : change.destroyed) out << file << ": " << month << " destroyed\n";
  if (change.made.empty() && change.destroyed.empty()) out << file << ": nothing to do\n";
  return absl::OkStatus();
}

void AddKeys(CLI::App& app, const cli::Terminal& terminal, int& exit_code) {
  CLI::App& keys = cli::AddGroup(app, "keys", "Keys of a data folder");
  CLI::App& init = *keys.add_subcommand("init",
                                        "Make the master key and the tokens of staff/desk, "
                                        "operator/local and staff/policy; keep what "
                                        "is");
  auto data = std::make_shared<std::string>();
  init.add_option("--data", *data, "Data folder")->required();
  init.callback([data, terminal, &exit_code] {
    exit_code = Finish(terminal, InitKeys(*data, terminal.out));
  });
  CLI::App& install = *keys.add_subcommand(
      "install", "Copy the files of a mounted secret, readable by this user alone");
  auto from = std::make_shared<std::vector<std::string>>();
  auto to = std::make_shared<std::string>();
  install.add_option("--from", *from, "Folder of a secret; may be given several times")->required();
  install.add_option("--to", *to, "Folder to write, made when missing")->required();
  install.callback([from, to, terminal, &exit_code] {
    exit_code = Finish(terminal, InstallKeys(*from, *to, terminal.out));
  });
  CLI::App& feed = *keys.add_subcommand(
      "feed", "Make the feed's keys of this month and the next, and destroy those of past months");
  auto file = std::make_shared<std::string>();
  feed.add_option("--file", *file, "Key file of the feed, the same for all services")->required();
  feed.callback([file, terminal, &exit_code] {
    exit_code = Finish(terminal, RotateFeed(*file, terminal.out));
  });
}

void AddTokens(CLI::App& app, const cli::Terminal& terminal, int& exit_code) {
  CLI::App& group = cli::AddGroup(app, "token", "Tokens of those who call");
  struct Asked {
    std::string data;
    std::string principal;
    std::vector<std::string> roles;
  };
  auto asked = std::make_shared<Asked>();
  CLI::App& add = *group.add_subcommand(
      "add", "Make a token and print it; a serving process knows it after its next start");
  add.add_option("principal", asked->principal, "KIND/ID, for example agency/comar")->required();
  add.add_option("--roles", asked->roles,
                 "registrar, viewer, agency, service, operator, policy-officer, reviewer")
      ->delimiter(',')
      ->required();
  add.add_option("--data", asked->data, "Data folder")->required();
  add.callback([asked, terminal, &exit_code] {
    auto principal = PrincipalOf(asked->principal, asked->roles);
    absl::StatusOr<std::string> token =
        principal.ok() ? host::AddToken(host::TokensFile(asked->data), *principal)
                       : absl::StatusOr<std::string>(principal.status());
    if (token.ok()) terminal.out << *token << "\n";
    exit_code = Finish(terminal, token.status());
  });
  CLI::App& show = *group.add_subcommand("show", "Print the token of a principal");
  show.add_option("principal", asked->principal, "KIND/ID, for example staff/desk")->required();
  show.add_option("--data", asked->data, "Data folder")->required();
  show.callback([asked, terminal, &exit_code] {
    const absl::StatusOr<std::string> token =
        host::ReadToken(host::TokensFile(asked->data), asked->principal);
    if (token.ok()) terminal.out << *token << "\n";
    exit_code = Finish(terminal, token.status());
  });
}

}  // namespace

void AddKeyCommands(CLI::App& app, const cli::Terminal& terminal, int& exit_code) {
  AddKeys(app, terminal, exit_code);
  AddTokens(app, terminal, exit_code);
}

}  // namespace pathways::embedded
