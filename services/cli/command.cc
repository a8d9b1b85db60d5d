#include "services/cli/command.h"

#include <google/protobuf/util/json_util.h>

#include <cstddef>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/base/ids.h"
#include "services/base/status_macros.h"
#include "services/type/names.h"

namespace pathways::cli {
namespace {

constexpr size_t kJsonBytesMax = 1024 * 1024;
constexpr int kTimeoutSecondsMax = 600;

// Options that every command has.
struct Options {
  std::string address = ClientSettings().address;
  std::string token_file;
  host::ChannelTlsFiles tls;
  int timeout_seconds = 10;
  Format format = Format::kTable;
  std::string request_id;
};

void AddOptions(CLI::App& command, Options& options) {
  constexpr char kGroup[] = "Connection and output";
  command.add_option("--address", options.address, "Service to call, host:port")
      ->envname("PATHWAYS_ADDRESS")
      ->capture_default_str()
      ->group(kGroup);
  command
      .add_option(
          "--token-file", options.token_file,
          "Private file whose first line is the token. Default: the variable PATHWAYS_TOKEN")
      ->group(kGroup);
  AddTlsOptions(command, options.tls, kGroup);
  command.add_option("--timeout-seconds", options.timeout_seconds, "Deadline of each call")
      ->check(CLI::Range(1, kTimeoutSecondsMax))
      ->capture_default_str()
      ->group(kGroup);
  command.add_option("--output", options.format, "How to print. Default: table")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Format>{{"table", Format::kTable},
                                                                        {"json", Format::kJson}})
                      .description("{table,json}"))
      ->type_name("FORM")
      ->group(kGroup);
}

absl::StatusOr<ClientSettings> SettingsOf(const Options& options, const std::string& token) {
  ClientSettings settings{.address = options.address,
                          .token = token,
                          .timeout = absl::Seconds(options.timeout_seconds),
                          .tls = options.tls};
  if (!options.token_file.empty()) {
    ASSIGN_OR_RETURN(settings.token, ReadToken(options.token_file));
  } else if (!token.empty() && !IsToken(token)) {
    return absl::InvalidArgumentError("PATHWAYS_TOKEN does not hold a token");
  }
  return settings;
}

absl::StatusOr<std::unique_ptr<Client>> ClientOf(const Options& options, const std::string& token) {
  ASSIGN_OR_RETURN(const ClientSettings settings, SettingsOf(options, token));
  return Client::Make(settings);
}

ExitCode Run(const CommandContext& context, const Options& options, const RunCommand& run) {
  const auto client = ClientOf(options, context.terminal.token);
  if (!client.ok()) {
    PrintFailure(client.status(), "", options.format, context.terminal.err);
    return ExitCodeOf(client.status());
  }
  Output output(options.format, context.terminal.out, context.terminal.out_columns);
  Session session{.client = **client,
                  .output = output,
                  .terminal = context.terminal,
                  .request_id = options.request_id};
  if (!session.request_id.empty()) {
    session.retry_with = absl::StrCat("--request-id ", session.request_id);
  }
  absl::Status status = run(session);
  if (status.ok()) status = output.Flush();
  if (status.ok()) return session.exit_code;
  // What failed before a call was made has nothing to be repeated.
  const bool was_called = FailureOf(status).is_from_service;
  PrintFailure(status, was_called ? session.retry_with : "", options.format, context.terminal.err);
  return ExitCodeOf(status);
}

// Turns an id into a resource name, or says what is expected.
template <typename NameOf>
CLI::Validator Named(NameOf name_of, const std::string& expected) {
  return CLI::Validator(
      [name_of, expected](std::string& text) -> std::string {
        const std::optional<std::string> name = name_of(absl::AsciiStrToLower(text));
        if (!name) return "expected " + expected;
        text = *name;
        return "";
      },
      "");
}

std::optional<std::string> CaseNameOf(const std::string& text) {
  if (type::IsUuid(text)) return type::CaseName(text);
  return type::ParseCaseName(text) ? std::optional(text) : std::nullopt;
}

std::optional<std::string> ReferralNameOf(const std::string& text) {
  const size_t slash = text.find('/');
  if (type::ParseReferralName(text)) return text;
  if (slash == std::string::npos) return std::nullopt;
  const std::string name = type::ReferralName(text.substr(0, slash), text.substr(slash + 1));
  return type::ParseReferralName(name) ? std::optional(name) : std::nullopt;
}

CLI::App& Add(CLI::App& group, const CommandContextPtr& context, const std::string& name,
              const std::string& help, RunCommand run, bool is_change) {
  CLI::App& command = *group.add_subcommand(name, help);
  auto options = std::make_shared<Options>();
  AddOptions(command, *options);
  if (is_change) {
    command
        .add_option("--request-id", options->request_id,
                    "UUID of this change, the same on every retry. Default: a new one")
        ->check(CLI::Validator(
            [](std::string& text) { return type::IsUuid(text) ? "" : "expected a UUID"; }, "UUID"));
  }
  command.callback([context, options, is_change, run = std::move(run)] {
    if (is_change && options->request_id.empty()) options->request_id = base::NewUuid();
    context->exit_code = Run(*context, *options, run);
  });
  return command;
}

}  // namespace

void AddTlsOptions(CLI::App& command, host::ChannelTlsFiles& files, const std::string& group) {
  command
      .add_option("--tls-ca", files.ca,
                  "Certificates that the service's must come from, PEM. Default: plain text, to "
                  "this machine alone")
      ->envname("PATHWAYS_TLS_CA")
      ->group(group);
  command
      .add_option("--tls-cert", files.certificate,
                  "Certificate to show to the service, PEM with its chain. Default: none")
      ->group(group);
  command.add_option("--tls-key", files.key, "Key of that certificate, PEM, a private file")
      ->group(group);
}

CLI::App& AddGroup(CLI::App& app, const std::string& name, const std::string& help) {
  CLI::App& group = *app.add_subcommand(name, help);
  group.require_subcommand(1);
  return group;
}

CLI::App& AddCommand(CLI::App& group, const CommandContextPtr& context, const std::string& name,
                     const std::string& help, RunCommand run) {
  return Add(group, context, name, help, std::move(run), false);
}

CLI::App& AddCommand(CLI::App& group, const CommandContextPtr& context, const std::string& name,
                     const std::string& help, RunCommand run,
                     std::function<std::optional<ExitCode>()> alone) {
  CLI::App& command = *group.add_subcommand(name, help);
  auto options = std::make_shared<Options>();
  AddOptions(command, *options);
  command.callback([context, options, run = std::move(run), alone = std::move(alone)] {
    const std::optional<ExitCode> code = alone();
    context->exit_code = code ? *code : Run(*context, *options, run);
  });
  return command;
}

CLI::App& AddChange(CLI::App& group, const CommandContextPtr& context, const std::string& name,
                    const std::string& help, RunCommand run) {
  return Add(group, context, name, help, std::move(run), true);
}

void AddCaseArgument(CLI::App& command, std::string& name) {
  command.add_option("case", name, "The case: its id, or cases/{case}")
      ->required()
      ->transform(Named(CaseNameOf, "the id of a case, a UUID, or cases/{case}"));
}

void AddReferralArgument(CLI::App& command, std::string& name) {
  command.add_option("referral", name, "The referral: {case}/{referral}, for example {case}/r1")
      ->required()
      ->transform(Named(ReferralNameOf, "{case}/{referral} or cases/{case}/referrals/{referral}"));
}

void AddEtagOption(CLI::App& command, std::string& etag) {
  command.add_option("--etag", etag,
                     "Version that was read: refused when it has changed since. Default: any");
}

void AddPageOptions(CLI::App& command, Page& page) {
  command.add_option("--page-size", page.size, "At most so many. Default: the service's, 100")
      ->check(CLI::Range(1, 1000));
  command.add_option("--page-token", page.token, "Token shown with the page before");
}

std::string NextPageLine(const std::string& token) {
  return token.empty() ? "" : absl::StrCat("next page: --page-token ", token, "\n");
}

absl::Status ReadJson(const std::string& path, google::protobuf::Message& message) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kJsonBytesMax + 1, '\0');
  if (!file || file.read(text.data(), static_cast<std::streamsize>(text.size())).bad()) {
    return absl::NotFoundError(absl::StrCat(path, " cannot be read"));
  }
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kJsonBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is longer than ", kJsonBytesMax, " bytes"));
  }
  // The parser's own message can quote the file, so it is not passed on.
  if (!google::protobuf::util::JsonStringToMessage(text, &message).ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is not the JSON form of a ", message.GetDescriptor()->name(),
                     ": an unknown field, a value of another type, or no JSON"));
  }
  return absl::OkStatus();
}

}  // namespace pathways::cli
