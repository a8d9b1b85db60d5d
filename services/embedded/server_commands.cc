#include "services/embedded/server_commands.h"

#include <sys/stat.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/base/status_macros.h"
#include "services/embedded/demo.h"
#include "services/embedded/serving.h"
#include "services/host/lifecycle.h"
#include "services/host/settings.h"

namespace pathways::embedded {
namespace {

// Only the owner may look into what a serving process writes.
constexpr mode_t kPrivateUmask = 0077;

// Values of the flags of one command, by setting.
using Flags = std::map<std::string, std::string>;

// One flag for each setting. The environment and the defaults are the settings' own.
std::shared_ptr<Flags> AddSettingFlags(CLI::App& command) {
  auto flags = std::make_shared<Flags>();
  for (const host::Setting& setting : ServeSettingsTable()) {
    std::string help = absl::StrCat(setting.help, " [", host::EnvironmentName(setting.name), "]");
    if (!setting.default_value.empty()) absl::StrAppend(&help, " (", setting.default_value, ")");
    command.add_option_function<std::string>(
        "--" + setting.name,
        [flags, name = setting.name](const std::string& value) { (*flags)[name] = value; }, help);
  }
  return flags;
}

absl::StatusOr<host::TogetherPlan> ReadSettings(const Flags& flags) {
  host::Settings settings(ServeSettingsTable());
  for (const auto& [name, value] : flags) settings.Set(name, value);
  return ReadServeSettings(settings);
}

// Faults of settings and files are the user's to mend; all else is not.
cli::ExitCode StartExitCode(const absl::Status& status) {
  if (status.ok()) return cli::kExitOk;
  return absl::IsInvalidArgument(status) ? cli::kExitUsage : cli::kExitFailed;
}

cli::ExitCode Fail(const cli::Terminal& terminal, const absl::Status& status, cli::ExitCode code) {
  for (absl::string_view line : absl::StrSplit(status.message(), '\n')) {
    terminal.err << "pathways: " << line << "\n";
  }
  terminal.err.flush();
  return code;
}

// What a command does before the start, and once it serves: true, to go on serving.
struct Program {
  std::function<absl::Status(const host::TogetherPlan&)> prepare;
  std::function<absl::StatusOr<bool>(Serving&)> work;
  std::ostream& banner;  // Where the addresses are shown: not where a result goes.
};

// Prepares, starts, has the work done, and serves until a signal where that was not all.
cli::ExitCode RunServing(const cli::Terminal& terminal, const Flags& flags,
                         const Program& program) {
  umask(kPrivateUmask);
  host::KeepMemoryPrivate();
  host::SignalWatch signals;  // Before any thread.
  host::RaiseDescriptorLimit();
  absl::StatusOr<host::TogetherPlan> plan = ReadSettings(flags);
  if (!plan.ok()) return Fail(terminal, plan.status(), cli::kExitUsage);
  const absl::Status prepared = program.prepare(*plan);
  if (!prepared.ok()) return Fail(terminal, prepared, cli::kExitUsage);
  plan->host.rpc.on_unreachable = [&] { signals.RequestStop(host::kUnreachableReason); };
  const std::string listen = plan->host.rpc.listen;
  absl::StatusOr<std::unique_ptr<Serving>> serving = Serving::Start(*std::move(plan));
  if (!serving.ok()) return Fail(terminal, serving.status(), StartExitCode(serving.status()));
  program.banner << "serving gRPC on " << listen.substr(0, listen.rfind(':')) << ":"
                 << (*serving)->services().port() << ", metrics on port "
                 << (*serving)->metrics_port() << "\n";
  program.banner.flush();
  const absl::StatusOr<bool> goes_on = program.work(**serving);
  std::string reason = "done";
  if (goes_on.ok() && *goes_on) reason = signals.WaitForStop();
  const bool was_alive = (*serving)->IsAlive();
  (*serving)->Stop(reason);
  if (goes_on.ok()) return was_alive ? cli::kExitOk : cli::kExitFailed;
  return Fail(terminal, goes_on.status(), cli::ExitCodeOf(goes_on.status()));
}

void AddServe(CLI::App& app, const cli::Terminal& terminal, int& exit_code) {
  CLI::App& command = *app.add_subcommand("serve", "Serve all three services until SIGTERM");
  const std::shared_ptr<Flags> flags = AddSettingFlags(command);
  command.callback([flags, terminal, &exit_code] {
    exit_code =
        RunServing(terminal, *flags,
                   Program{[](const host::TogetherPlan&) { return absl::OkStatus(); },
                           [](Serving&) -> absl::StatusOr<bool> { return true; }, terminal.out});
  });
}

// The options of a day: what is imported, how agencies answer, how the result is shown.
std::shared_ptr<std::string> AddDayOptions(CLI::App& command,
                                           const std::shared_ptr<DemoOptions>& options) {
  auto output = std::make_shared<std::string>("table");
  command.add_option("--file", options->import_file, "Registrations to import, CSV or NDJSON")
      ->required();
  command.add_option("--answers", options->answers_file, "How the agencies answer, CSV")
      ->required();
  command.add_option("--output", *output, "table or json")->check(CLI::IsMember({"table", "json"}));
  return output;
}

void AddPlay(CLI::App& app, const cli::Terminal& terminal, int& exit_code) {
  CLI::App& command = *app.add_subcommand(
      "play", "Play the sample day on services that run already, and print the result");
  struct Addresses {
    std::string intake;
    std::string eligibility;
    std::string referral;
  };
  auto at = std::make_shared<Addresses>();
  auto options = std::make_shared<DemoOptions>();
  const auto output = AddDayOptions(command, options);
  command.add_option("--intake", at->intake, "host:port of intake")->required();
  command.add_option("--eligibility", at->eligibility, "host:port of eligibility")->required();
  command.add_option("--referral", at->referral, "host:port of referral")->required();
  command
      .add_option("--tokens-file", options->tokens_file,
                  "Token file that the services read, with staff/desk and every agency")
      ->required();
  cli::AddTlsOptions(command, options->tls, "Connection");
  command.callback([at, options, output, terminal, &exit_code] {
    options->format = *output == "json" ? cli::Format::kJson : cli::Format::kTable;
    const absl::Status played = PlayDay(
        ServicesAt(at->intake, at->eligibility, at->referral, *options), *options, terminal.out);
    exit_code = played.ok() ? cli::kExitOk : Fail(terminal, played, cli::ExitCodeOf(played));
  });
}

void AddDemo(CLI::App& app, const cli::Terminal& terminal, int& exit_code) {
  CLI::App& command = *app.add_subcommand(
      "demo", "Serve, register a sample day, have the sample agencies answer, print the result");
  const std::shared_ptr<Flags> flags = AddSettingFlags(command);
  auto options = std::make_shared<DemoOptions>();
  auto once = std::make_shared<bool>(false);
  const auto output = AddDayOptions(command, options);
  command.add_flag("--once", *once, "Stop after the result is printed");
  command.callback([flags, options, once, output, terminal, &exit_code] {
    options->format = *output == "json" ? cli::Format::kJson : cli::Format::kTable;
    exit_code =
        RunServing(terminal, *flags,
                   Program{[&](const host::TogetherPlan& plan) {
                             options->tokens_file = plan.host.tokens_file;
                             return AddDemoTokens(*options);
                           },
                           [&](Serving& serving) -> absl::StatusOr<bool> {
                             RETURN_IF_ERROR(PlayDay(ServicesOf(serving), *options, terminal.out));
                             return !*once;
                           },
                           terminal.err});
  });
}

}  // namespace

void AddServerCommands(CLI::App& app, const cli::Terminal& terminal, int& exit_code) {
  AddServe(app, terminal, exit_code);
  AddDemo(app, terminal, exit_code);
  AddPlay(app, terminal, exit_code);
}

}  // namespace pathways::embedded
