// How one command of the client is made: its options, its connection, its exit code.
//
// AddCommand and AddChange register a command with CLI11 and what it runs. Each command has the
// options of the connection and of the output; a change has a request id too, a new one unless it
// is given, and shows it with an error so that a retry can use it again. What a command returns is
// printed and turned into an exit code here, so that all commands fail alike.
#ifndef PATHWAYS_SERVICES_CLI_COMMAND_H_
#define PATHWAYS_SERVICES_CLI_COMMAND_H_

#include <google/protobuf/message.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "services/cli/client.h"
#include "services/cli/exit_codes.h"
#include "services/cli/output.h"
#include "services/host/grpc/tls.h"

namespace pathways::cli {

// What the program stands in. The streams must outlive the commands.
struct Terminal {
  std::ostream& out;
  std::ostream& err;
  bool err_is_terminal = false;
  int out_columns = 0;  // How wide the screen behind `out` is. 0: it is no screen.
  std::string token;    // PATHWAYS_TOKEN. Empty: none.
};

// What a command that runs works with.
struct Session {
  Client& client;
  Output& output;
  const Terminal& terminal;
  std::string request_id;        // Of a change.
  std::string retry_with;        // Options that make a retry the same command.
  ExitCode exit_code = kExitOk;  // When the command returns OK.
};

// Returns what went wrong; only then is an error printed.
using RunCommand = std::function<absl::Status(Session&)>;

// Shared by the commands of one program. `exit_code` must outlive them.
struct CommandContext {
  Terminal terminal;
  int& exit_code;
};
using CommandContextPtr = std::shared_ptr<const CommandContext>;

// --tls-ca, --tls-cert and --tls-key.
void AddTlsOptions(CLI::App& command, host::ChannelTlsFiles& files, const std::string& group);

// A command that groups others, one of which must be named.
CLI::App& AddGroup(CLI::App& app, const std::string& name, const std::string& help);

// A command that reads.
CLI::App& AddCommand(CLI::App& group, const CommandContextPtr& context, const std::string& name,
                     const std::string& help, RunCommand run);

// The same for a command that may need no service: where `alone` returns an exit code, the command
// is done and nothing is connected.
CLI::App& AddCommand(CLI::App& group, const CommandContextPtr& context, const std::string& name,
                     const std::string& help, RunCommand run,
                     std::function<std::optional<ExitCode>()> alone);

// A command that changes something: with --request-id.
CLI::App& AddChange(CLI::App& group, const CommandContextPtr& context, const std::string& name,
                    const std::string& help, RunCommand run);

// Positional arguments. Both take an id as well as a resource name, and put the name into `name`.
void AddCaseArgument(CLI::App& command, std::string& name);
void AddReferralArgument(CLI::App& command, std::string& name);

void AddEtagOption(CLI::App& command, std::string& etag);

// Options of a list.
struct Page {
  int size = 0;
  std::string token;
};
void AddPageOptions(CLI::App& command, Page& page);
// The line below a table that is not the last page. Empty: it is the last.
std::string NextPageLine(const std::string& token);

// Reads a message from a file of protobuf JSON of at most 1 MiB. NOT_FOUND, INVALID_ARGUMENT; the
// message does not quote the file.
absl::Status ReadJson(const std::string& path, google::protobuf::Message& message);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_COMMAND_H_
