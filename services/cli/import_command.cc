#include "services/cli/import_command.h"

#include <google/protobuf/struct.pb.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <ostream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "services/base/private_file.h"
#include "services/base/status_macros.h"
#include "services/cli/fact_commands.h"
#include "services/cli/import_formats.h"
#include "services/cli/importer.h"
#include "services/cli/refused_rows.h"

namespace pathways::cli {
namespace {

constexpr int64_t kHouseholdsPerLine = 500;
constexpr absl::Duration kRedrawAfter = absl::Milliseconds(100);

// A signal handler can reach nothing else.
std::atomic<bool> interrupted = false;

// While it lives, the first Ctrl-C sets the flag and the second ends the program.
class InterruptFlag {
 public:
  InterruptFlag() {
    interrupted = false;
    struct sigaction action = {};
    action.sa_handler = [](int) { interrupted = true; };
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
    sigaction(SIGINT, &action, &before_);
  }
  ~InterruptFlag() { sigaction(SIGINT, &before_, nullptr); }
  InterruptFlag(const InterruptFlag&) = delete;
  InterruptFlag& operator=(const InterruptFlag&) = delete;

 private:
  struct sigaction before_ = {};
};

// On a terminal one line that is drawn again, else a line now and then.
class Progress {
 public:
  Progress(std::ostream& err, bool is_terminal) : err_(err), is_terminal_(is_terminal) {}

  void Show(const ImportSummary& summary) {
    const int64_t settled = summary.registered + summary.refused;
    if (is_terminal_) {
      if (absl::Now() - drawn_at_ < kRedrawAfter) return;
      drawn_at_ = absl::Now();
      err_ << '\r' << Line(summary) << std::flush;
    } else if (settled % kHouseholdsPerLine == 0) {
      err_ << Line(summary) << '\n';
    }
  }
  // The last state, when it was drawn at all.
  void End(const ImportSummary& summary) {
    if (is_terminal_) err_ << '\r' << Line(summary) << '\n';
  }

 private:
  static std::string Line(const ImportSummary& summary) {
    return absl::StrCat(summary.registered + summary.refused, " households, ", summary.people,
                        " people registered, ", summary.refused, " refused");
  }

  std::ostream& err_;
  bool is_terminal_;
  absl::Time drawn_at_ = absl::InfinitePast();
};

absl::Status WriteCases(const ImportSummary& summary, std::ofstream& cases) {
  cases << "line,outcome,case\r\n";
  for (const ImportedCase& one : summary.cases) {
    cases << one.line << ',' << one.outcome << ',' << one.name << "\r\n";
  }
  cases.close();
  if (!cases) return absl::InternalError("the list of cases could not be written");
  return absl::OkStatus();
}

void WriteRows(const std::vector<RowError>& rows, const char* kind, std::ofstream& report) {
  for (const RowError& row : rows) {
    report << row.line << ',' << kind << ',' << CsvCell(row.column) << ',' << CsvCell(row.reason)
           << "\r\n";
  }
}

absl::Status WriteReport(const ImportSummary& summary, std::ofstream& report) {
  report << "line,kind,column,reason\r\n";
  WriteRows(summary.errors, "refused", report);
  WriteRows(summary.warnings, "look", report);
  report.close();
  if (!report) return absl::InternalError("the report could not be written");
  return absl::OkStatus();
}

void AddRows(const std::vector<RowError>& rows, google::protobuf::Value& list) {
  list.mutable_list_value();
  for (const RowError& row : rows) {
    auto& fields =
        *list.mutable_list_value()->add_values()->mutable_struct_value()->mutable_fields();
    fields["line"].set_number_value(static_cast<double>(row.line));
    fields["column"].set_string_value(row.column);
    fields["reason"].set_string_value(row.reason);
  }
}

google::protobuf::Struct AsJson(const ImportSummary& summary) {
  google::protobuf::Struct object;
  auto& fields = *object.mutable_fields();
  fields["households"].set_number_value(static_cast<double>(summary.households));
  fields["registered"].set_number_value(static_cast<double>(summary.registered));
  fields["new"].set_number_value(static_cast<double>(summary.created));
  fields["known"].set_number_value(static_cast<double>(summary.known));
  fields["changed"].set_number_value(static_cast<double>(summary.changed));
  fields["withdrawn"].set_number_value(static_cast<double>(summary.withdrawn));
  fields["people"].set_number_value(static_cast<double>(summary.people));
  fields["refused"].set_number_value(static_cast<double>(summary.refused));
  auto& ignored = *fields["ignored_columns"].mutable_list_value();
  for (const std::string& column : summary.ignored_columns) {
    ignored.add_values()->set_string_value(column);
  }
  auto& cases = *fields["cases"].mutable_list_value();
  for (const ImportedCase& one : summary.cases) {
    auto& row = *cases.add_values()->mutable_struct_value()->mutable_fields();
    row["line"].set_number_value(static_cast<double>(one.line));
    row["outcome"].set_string_value(one.outcome);
    row["case"].set_string_value(one.name);
  }
  AddRows(summary.errors, fields["errors"]);
  AddRows(summary.warnings, fields["warnings"]);
  return object;
}

void ShowSummary(const ImportSummary& summary, Output& output) {
  std::vector<Table> tables;
  for (const auto& [title, rows] : {std::pair("refused: column", &summary.errors),
                                    std::pair("to look at: column", &summary.warnings)}) {
    if (rows->empty()) continue;
    Table& table = tables.emplace_back(Table{.header = {"line", title, "reason"}});
    for (const RowError& row : *rows) {
      table.rows.push_back({absl::StrCat(row.line), row.column, row.reason});
    }
  }
  tables.push_back({.header = {"households", "registered", "new", "known", "withdrawn", "people",
                               "refused", "changed"},
                    .rows = {{absl::StrCat(summary.households), absl::StrCat(summary.registered),
                              absl::StrCat(summary.created), absl::StrCat(summary.known),
                              absl::StrCat(summary.withdrawn), absl::StrCat(summary.people),
                              absl::StrCat(summary.refused), absl::StrCat(summary.changed)}}});
  output.Show(AsJson(summary), tables);
  if (!output.is_json() && !summary.ignored_columns.empty()) {
    output.Print(absl::StrCat(
        "columns that were not used: ", absl::StrJoin(summary.ignored_columns, ", "), "\n"));
  }
}

struct ImportArguments {
  std::string path;
  std::string site;
  std::string sheet;    // Of a spreadsheet. Empty: the only one with content.
  std::string columns;  // A mapping. Empty: none.
  std::string facts;    // Folder of the fact catalogue. Empty: the service is asked for it.
  std::string report;   // Empty: none. The others likewise.
  std::string cases;
  std::string refused;
  bool is_dry_run = false;
};

bool AreOneFile(const std::string& a, const std::string& b) {
  std::error_code none;  // Of a file that is not there: then they are one by name alone.
  return !a.empty() && !b.empty() &&
         (std::filesystem::weakly_canonical(a, none) ==
              std::filesystem::weakly_canonical(b, none) ||
          std::filesystem::equivalent(a, b, none));
}

// Opening an output empties it, and with it the registrations where both names lead to one file.
absl::Status RefuseSameFiles(const ImportArguments& arguments) {
  const std::pair<const char*, const std::string*> files[] = {
      {"the file that is imported", &arguments.path},
      {"--columns", &arguments.columns},
      {"--report", &arguments.report},
      {"--cases", &arguments.cases},
      {"--refused", &arguments.refused}};
  for (const auto& file : files) {
    for (const auto* other = files; other != &file; ++other) {
      if (!AreOneFile(*file.second, *other->second)) continue;
      return absl::InvalidArgumentError(
          absl::StrCat(file.first, " and ", other->first, " are one file; name another one"));
    }
  }
  return absl::OkStatus();
}

absl::Status Open(const std::string& path, std::ofstream& file) {
  if (path.empty()) return absl::OkStatus();
  file.open(path, std::ios::binary);
  if (file) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(path, " cannot be written"));
}

// Finds a file that cannot be read or is none before a service is asked for anything. What is read
// of a pipe to see what it is cannot be read again, so the import itself finds it there.
absl::Status LookAhead(const ImportArguments& arguments) {
  std::error_code none;  // Of a file that is not there: FormatOf says so.
  if (!std::filesystem::is_other(arguments.path, none)) return FormatOf(arguments.path).status();
  if (arguments.refused.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "refused rows are read from the file again, which this is not made for: save it as a file "
      "first");
}

absl::Status RunImport(Session& session, const ImportArguments& arguments) {
  RETURN_IF_ERROR(RefuseSameFiles(arguments));
  const InterruptFlag interrupt;
  Progress progress(session.terminal.err, session.terminal.err_is_terminal);
  ImportSettings settings{.input = {.path = arguments.path,
                                    .today = absl::ToCivilDay(absl::Now(), absl::LocalTimeZone()),
                                    .sheet = arguments.sheet,
                                    .mapping = {},
                                    .facts = nullptr},
                          .site = arguments.site,
                          .progress = [&](const ImportSummary& so_far) { progress.Show(so_far); },
                          .stop = &interrupted};
  RETURN_IF_ERROR(LookAhead(arguments));
  ASSIGN_OR_RETURN(settings.input.facts, FactsFor(session, arguments.facts));
  if (!arguments.columns.empty()) {
    ASSIGN_OR_RETURN(settings.input.mapping,
                     ReadColumnMapping(arguments.columns, *settings.input.facts));
  }
  std::ofstream report;
  std::ofstream cases;
  RETURN_IF_ERROR(Open(arguments.report, report));
  RETURN_IF_ERROR(Open(arguments.cases, cases));
  // Whether it can be written is found before anybody is registered.
  if (!arguments.refused.empty()) {
    RETURN_IF_ERROR(base::WritePrivateFile(arguments.refused, "", base::Existing::kReplace));
  }
  ASSIGN_OR_RETURN(const ImportSummary summary,
                   arguments.is_dry_run ? CheckFile(settings) : Import(session.client, settings));
  progress.End(summary);
  ShowSummary(summary, session.output);
  if (summary.refused > 0) session.exit_code = kExitRowsRefused;
  session.retry_with = "import the same file; nobody is registered twice";
  absl::Status status = summary.status;  // Why the import ended comes before what a file says.
  if (report.is_open()) status.Update(WriteReport(summary, report));
  if (cases.is_open()) status.Update(WriteCases(summary, cases));
  if (!arguments.refused.empty()) {
    status.Update(WriteRefusedRows(settings.input, summary, arguments.refused));
  }
  return status;
}

}  // namespace

void AddImportCommand(CLI::App& app, const CommandContextPtr& context) {
  auto arguments = std::make_shared<ImportArguments>();
  // Request ids follow from the household numbers, so there is none to choose.
  CLI::App& import = AddCommand(app, context, "import",
                                "Register the households of a spreadsheet, CSV or NDJSON file",
                                [=](Session& session) { return RunImport(session, *arguments); });
  import
      .add_option("file", arguments->path,
                  "Table with a header as .xlsx, .ods or CSV, or one case as JSON on each line")
      ->required();
  import.add_option("--site", arguments->site,
                    "Code of the site whose household numbers these are; none where there is one");
  import.add_option("--sheet", arguments->sheet,
                    "Sheet of a spreadsheet to read; none where one visible sheet has content");
  import.add_option(
      "--columns", arguments->columns,
      "File that says which columns of a foreign table are ours: their name = our name");
  import.add_option(
      "--facts", arguments->facts,
      "Folder of the fact catalogue to read the file by; empty: the service is asked");
  import.add_option("--report", arguments->report,
                    "File to write what was refused to, and what to look at again, as CSV");
  import.add_option("--refused", arguments->refused,
                    "File to write the refused rows themselves to, to correct and import");
  import.add_option("--cases", arguments->cases,
                    "File to write each household and its case to, as CSV");
  import.add_flag("--dry-run", arguments->is_dry_run,
                  "Check the file and send nothing; whether a household is known is not asked");
}

}  // namespace pathways::cli
