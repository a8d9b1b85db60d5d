#include "services/pathways/server_commands.h"

#include <malloc.h>
#include <sys/stat.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/pathways/demo.h"
#include "services/pathways/serving.h"
#include "services/runtime/keys.h"
#include "services/runtime/lifecycle.h"
#include "services/runtime/principal.h"
#include "services/runtime/settings.h"
#include "services/runtime/status_macros.h"

namespace pathways::cli {
namespace {

// Only the owner may look into folders that hold people's data and keys.
constexpr mode_t kPrivateFolder = 0700;
constexpr mode_t kPrivateUmask = 0077;

// Heaps of malloc. Its own default is 8 for each processor, and each keeps what its threads once
// used: after a busy hour a laptop would hold a third more memory than with these.
constexpr int kArenasMax = 2;

// Values of the flags of one command, by setting.
using Flags = std::map<std::string, std::string>;

// One flag for each setting. The environment and the defaults are the settings' own.
std::shared_ptr<Flags> AddSettingFlags(CLI::App& command) {
  auto flags = std::make_shared<Flags>();
  for (const runtime::Setting& setting : ServeSettingsTable()) {
    std::string help =
        absl::StrCat(setting.help, " [", runtime::EnvironmentName(setting.name), "]");
    if (!setting.default_value.empty()) absl::StrAppend(&help, " (", setting.default_value, ")");
    command.add_option_function<std::string>(
        "--" + setting.name,
        [flags, name = setting.name](const std::string& value) { (*flags)[name] = value; }, help);
  }
  return flags;
}

absl::StatusOr<ServeSettings> ReadSettings(const Flags& flags) {
  runtime::Settings settings(ServeSettingsTable());
  for (const auto& [name, value] : flags) settings.Set(name, value);
  return ReadServeSettings(settings);
}

// Faults of settings and files are the user's to mend; all else is not.
ExitCode StartExitCode(const absl::Status& status) {
  if (status.ok()) return kExitOk;
  return absl::IsInvalidArgument(status) ? kExitUsage : kExitFailed;
}

ExitCode Fail(const Terminal& terminal, const absl::Status& status, ExitCode code) {
  for (absl::string_view line : absl::StrSplit(status.message(), '\n')) {
    terminal.err << "pathways: " << line << "\n";
  }
  terminal.err.flush();
  return code;
}

// Starts, has `work` done, and serves until a signal unless `work` says that it was all.
using Work = std::function<absl::StatusOr<bool>(Serving&)>;
ExitCode RunServing(const Terminal& terminal, const Flags& flags, const Work& work) {
  umask(kPrivateUmask);
  mallopt(M_ARENA_MAX, kArenasMax);
  runtime::SignalWatch signals;  // Before any thread.
  const absl::StatusOr<ServeSettings> settings = ReadSettings(flags);
  if (!settings.ok()) return Fail(terminal, settings.status(), kExitUsage);
  absl::StatusOr<std::unique_ptr<Serving>> serving = Serving::Start(*settings);
  if (!serving.ok()) return Fail(terminal, serving.status(), StartExitCode(serving.status()));
  terminal.out << "serving gRPC on "
               << settings->embedded.listen.substr(0, settings->embedded.listen.rfind(':')) << ":"
               << (*serving)->embedded().port() << ", metrics on port "
               << (*serving)->metrics_port() << std::endl;
  const absl::StatusOr<bool> goes_on = work(**serving);
  std::string reason = "done";
  if (goes_on.ok() && *goes_on) reason = signals.WaitForStop();
  (*serving)->Stop(reason);
  if (goes_on.ok()) return kExitOk;
  return Fail(terminal, goes_on.status(), ExitCodeOf(goes_on.status()));
}

void AddServe(CLI::App& app, const Terminal& terminal, int& exit_code) {
  CLI::App& command = *app.add_subcommand("serve", "Serve all three services until SIGTERM");
  const std::shared_ptr<Flags> flags = AddSettingFlags(command);
  command.callback([flags, terminal, &exit_code] {
    exit_code = RunServing(terminal, *flags, [](Serving&) -> absl::StatusOr<bool> { return true; });
  });
}

void AddDemo(CLI::App& app, const Terminal& terminal, int& exit_code) {
  CLI::App& command = *app.add_subcommand(
      "demo", "Serve, register a sample day, have the sample agencies answer, print the result");
  const std::shared_ptr<Flags> flags = AddSettingFlags(command);
  auto options = std::make_shared<DemoOptions>();
  auto once = std::make_shared<bool>(false);
  auto output = std::make_shared<std::string>("table");
  command.add_option("--file", options->import_file, "Registrations to import, CSV or NDJSON")
      ->required();
  command.add_option("--answers", options->answers_file, "How the agencies answer, CSV")
      ->required();
  command.add_flag("--once", *once, "Stop after the result is printed");
  command.add_option("--output", *output, "table or json")->check(CLI::IsMember({"table", "json"}));
  command.callback([flags, options, once, output, terminal, &exit_code] {
    options->tokens_file = TokensFile((*flags)["data"]);
    options->format = *output == "json" ? Format::kJson : Format::kTable;
    const absl::Status tokens = AddDemoTokens(*options);
    if (!tokens.ok()) {
      exit_code = Fail(terminal, tokens, kExitUsage);
      return;
    }
    exit_code = RunServing(terminal, *flags, [&](Serving& serving) -> absl::StatusOr<bool> {
      RETURN_IF_ERROR(PlayDay(serving, *options, terminal.out, terminal.err));
      return !*once;
    });
  });
}

absl::Status InitKeys(const std::string& data, std::ostream& out) {
  umask(kPrivateUmask);
  const std::string folder = absl::StrCat(data, "/keys");
  for (const std::string& path : {data, folder}) {
    if (mkdir(path.c_str(), kPrivateFolder) != 0 && errno != EEXIST) {
      return absl::UnavailableError(absl::StrCat(path, ": the folder cannot be made"));
    }
  }
  const absl::Status made = runtime::CreateMasterKey(MasterKeyFile(data));
  if (!made.ok() && !absl::IsAlreadyExists(made)) return made;
  out << MasterKeyFile(data) << (made.ok() ? ": made; keep a copy where the data is not" : ": kept")
      << "\n";
  const std::vector<runtime::Principal> principals = {
      {"staff", "desk", {std::string(runtime::kRegistrar), std::string(runtime::kViewer)}},
      {"operator", "local", {std::string(runtime::kOperator)}},
  };
  for (const runtime::Principal& principal : principals) {
    const auto added = runtime::AddToken(TokensFile(data), principal);
    if (!added.ok() && !absl::IsAlreadyExists(added.status())) return added.status();
    out << TokensFile(data) << ": " << principal.Name() << (added.ok() ? " added" : " kept")
        << "\n";
  }
  return absl::OkStatus();
}

// "kind/id" and roles.
absl::StatusOr<runtime::Principal> PrincipalOf(const std::string& name,
                                               const std::vector<std::string>& roles) {
  const std::vector<std::string> parts = absl::StrSplit(name, '/');
  if (parts.size() != 2) return absl::InvalidArgumentError("a principal is KIND/ID");
  return runtime::Principal{parts[0], parts[1], roles};
}

void AddKeys(CLI::App& app, const Terminal& terminal, int& exit_code) {
  CLI::App& keys = AddGroup(app, "keys", "Keys of a data folder");
  CLI::App& init = *keys.add_subcommand(
      "init", "Make the master key and the tokens of staff/desk and operator/local; keep what is");
  auto data = std::make_shared<std::string>();
  init.add_option("--data", *data, "Data folder")->required();
  init.callback([data, terminal, &exit_code] {
    const absl::Status status = InitKeys(*data, terminal.out);
    exit_code = status.ok() ? kExitOk : Fail(terminal, status, StartExitCode(status));
  });
}

void AddTokens(CLI::App& app, const Terminal& terminal, int& exit_code) {
  CLI::App& group = AddGroup(app, "token", "Tokens of those who call");
  struct Asked {
    std::string data;
    std::string principal;
    std::vector<std::string> roles;
  };
  auto asked = std::make_shared<Asked>();
  CLI::App& add = *group.add_subcommand(
      "add", "Make a token and print it; a serving process knows it after its next start");
  add.add_option("principal", asked->principal, "KIND/ID, for example agency/comar")->required();
  add.add_option("--roles", asked->roles, "registrar, viewer, agency, service, operator")
      ->delimiter(',')
      ->required();
  add.add_option("--data", asked->data, "Data folder")->required();
  add.callback([asked, terminal, &exit_code] {
    auto principal = PrincipalOf(asked->principal, asked->roles);
    absl::StatusOr<std::string> token = principal.ok()
                                            ? runtime::AddToken(TokensFile(asked->data), *principal)
                                            : absl::StatusOr<std::string>(principal.status());
    if (token.ok()) terminal.out << *token << "\n";
    exit_code = token.ok() ? kExitOk : Fail(terminal, token.status(), kExitUsage);
  });
  CLI::App& show = *group.add_subcommand("show", "Print the token of a principal");
  show.add_option("principal", asked->principal, "KIND/ID, for example staff/desk")->required();
  show.add_option("--data", asked->data, "Data folder")->required();
  show.callback([asked, terminal, &exit_code] {
    const absl::StatusOr<std::string> token =
        runtime::ReadToken(TokensFile(asked->data), asked->principal);
    if (token.ok()) terminal.out << *token << "\n";
    exit_code = token.ok() ? kExitOk : Fail(terminal, token.status(), kExitUsage);
  });
}

}  // namespace

void AddServerCommands(CLI::App& app, const Terminal& terminal, int& exit_code) {
  AddServe(app, terminal, exit_code);
  AddDemo(app, terminal, exit_code);
  AddKeys(app, terminal, exit_code);
  AddTokens(app, terminal, exit_code);
}

}  // namespace pathways::cli
