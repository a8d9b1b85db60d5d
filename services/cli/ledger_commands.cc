#include "services/cli/ledger_commands.h"

#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/cli/output.h"

namespace pathways::cli {
namespace {

// What was counted, and how much may be done.
Table EffectTable(const type::v1::LedgerProposal& proposal) {
  Table table{.header = {"of people on file", "counted", "at most"}};
  if (!proposal.has_effect()) return table;
  const type::v1::LedgerEffect& effect = proposal.effect();
  table.rows.push_back(
      {"cases", absl::StrCat(effect.cases(), effect.whole() ? "" : ", a sample"), ""});
  table.rows.push_back({"new referrals", absl::StrCat(effect.referrals()),
                        absl::StrCat(proposal.ceiling().referrals())});
  table.rows.push_back({"referrals put on hold", absl::StrCat(effect.holds()),
                        absl::StrCat(proposal.ceiling().holds())});
  return table;
}

absl::Status RunConfirm(Session& session, const std::string& digest,
                        const ConfirmCommand& confirm) {
  type::v1::ConfirmVersionRequest request;
  request.set_digest(digest);
  request.set_request_id(session.request_id);
  ASSIGN_OR_RETURN(const type::v1::LedgerVersion version, confirm(session, request));
  session.output.Show(version, {FieldsOf(version, {"name", "number", "sha256", "bytes", "principal",
                                                   "confirmed_by", "reason_code", "apply_time"})});
  return absl::OkStatus();
}

void AddPropose(CLI::App& group, const CommandContextPtr& context, const LedgerNames& names,
                ProposeCommand propose) {
  auto options = std::make_shared<ProposeOptions>();
  CLI::App& command = AddChange(group, context, "propose", names.propose_help,
                                [options, propose = std::move(propose)](Session& session) {
                                  return propose(session, *options);
                                });
  command.add_option(names.path_name, options->path, names.path_help)->required();
  command
      .add_option("--reason", options->reason,
                  absl::StrCat("Why, an upper-case code, for example ", names.reason_example))
      ->required();
  command.add_option("--replaces", options->replaces,
                     "Version that must be in force now; empty: whichever is");
  command.add_flag("--dry-run", options->dry_run, "Only check and count; nothing is stored");
  if (!names.counts) return;
  CLI::Option* const referrals =
      command.add_option("--referrals-max", options->referrals_max,
                         "Most new referrals; else a tenth more than is counted");
  CLI::Option* const holds =
      command.add_option("--holds-max", options->holds_max,
                         "Most referrals put on hold; else a tenth more than is counted");
  referrals->needs(holds);
  holds->needs(referrals);
  command.add_option("--seconds", options->seconds, "Time to count, 1 to 60");
}

}  // namespace

absl::Status WithMessage(const absl::Status& status, const std::string& message) {
  absl::Status other(status.code(), message);
  status.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& payload) { other.SetPayload(url, payload); });
  return other;
}

void ShowProposal(Session& session, const google::protobuf::Message& answer,
                  const type::v1::LedgerProposal& proposal) {
  session.output.Show(answer,
                      {FieldsOf(proposal, {"version", "replaces", "sha256", "bytes", "principal",
                                           "reason_code", "propose_time", "digest"}),
                       EffectTable(proposal)});
}

void AddLedgerCommands(CLI::App& group, const CommandContextPtr& context, const LedgerNames& names,
                       ProposeCommand propose, RunCommand proposal, ConfirmCommand confirm) {
  AddPropose(group, context, names, std::move(propose));
  AddCommand(group, context, "proposal", "Show the proposal that waits for a second officer",
             std::move(proposal));
  auto digest = std::make_shared<std::string>();
  AddChange(group, context, "confirm", names.confirm_help,
            [digest, confirm = std::move(confirm)](Session& session) {
              return RunConfirm(session, *digest, confirm);
            })
      .add_option("digest", *digest, "Digest of the proposal, as `proposal` shows it")
      ->required();
}

}  // namespace pathways::cli
