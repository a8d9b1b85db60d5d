// What the commands on policies, facts and routes have in common: propose, proposal, confirm.
//
// Two people change a ledger. The first proposes what is in files and reads what it would do; the
// second reads the proposal and confirms its digest.
#ifndef PATHWAYS_SERVICES_CLI_LEDGER_COMMANDS_H_
#define PATHWAYS_SERVICES_CLI_LEDGER_COMMANDS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pathways/type/v1/ledger.pb.h"
#include "services/cli/client.h"
#include "services/cli/command.h"
#include "services/cli/output.h"

namespace pathways::cli {

struct ProposeOptions {
  std::string path;  // Folder or file of what is proposed.
  std::string reason;
  std::string replaces;
  bool dry_run = false;
  // How much it may do to the people on file, and how long to count: only where it does anything.
  std::optional<int64_t> referrals_max;
  std::optional<int64_t> holds_max;
  int seconds = 0;
};

// What one ledger calls itself and its files.
struct LedgerNames {
  std::string propose_help;
  std::string confirm_help;
  std::string path_name;  // Of the argument: "folder" or "file".
  std::string path_help;
  std::string reason_example;  // For example RULE_CHANGED.
  bool counts = true;          // Whether a version does something to the people on file.
};

using ProposeCommand = std::function<absl::Status(Session& session, const ProposeOptions& options)>;
using ConfirmCommand = std::function<absl::StatusOr<type::v1::LedgerVersion>(
    Session& session, const type::v1::ConfirmVersionRequest& request)>;

// Adds `propose`, `proposal` and `confirm` to a group.
void AddLedgerCommands(CLI::App& group, const CommandContextPtr& context, const LedgerNames& names,
                       ProposeCommand propose, RunCommand proposal, ConfirmCommand confirm);

// Prints a proposal: `answer` is what JSON shows.
void ShowProposal(Session& session, const google::protobuf::Message& answer,
                  const type::v1::LedgerProposal& proposal);

// Prints a page of the versions of a ledger.
template <typename Answer>
void ShowVersions(Session& session, const Answer& answer) {
  session.output.Show(answer,
                      {TableOf(answer.versions(), {"number", "version", "apply_time", "principal",
                                                   "confirmed_by", "reason_code"})});
  if (!session.output.is_json()) session.output.Print(NextPageLine(answer.next_page_token()));
}

// The error with the place in the files of each fault, where it is one of content that has
// `reason`. `files` has a function Locate (services/base/part_files.h).
template <typename Files>
absl::Status Located(const absl::Status& status, absl::string_view reason, const Files& files);

// The fields of a request that all have.
template <typename Request>
void FillProposing(const ProposeOptions& options, const Session& session, Request& request) {
  request.set_reason_code(options.reason);
  request.set_replaces(options.replaces);
  request.set_validate_only(options.dry_run);
  request.set_request_id(session.request_id);
}

// And those of one that is counted.
template <typename Request>
void FillCounting(const ProposeOptions& options, Request& request) {
  request.set_seconds_max(options.seconds);
  if (!options.referrals_max) return;
  request.mutable_ceiling()->set_referrals(*options.referrals_max);
  request.mutable_ceiling()->set_holds(*options.holds_max);
}

// The same error in other words.
absl::Status WithMessage(const absl::Status& status, const std::string& message);

template <typename Files>
absl::Status Located(const absl::Status& status, absl::string_view reason, const Files& files) {
  const Failure failure = FailureOf(status);
  if (failure.reason != reason || failure.violations.empty()) return status;
  return WithMessage(status, files.Locate(failure.violations));
}

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_LEDGER_COMMANDS_H_
