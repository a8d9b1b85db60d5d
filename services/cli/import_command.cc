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

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "services/base/status_macros.h"
#include "services/cli/importer.h"

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

// RFC 4180.
std::string CsvCell(const std::string& text) {
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

absl::Status WriteCases(const ImportSummary& summary, std::ofstream& cases) {
  cases << "line,outcome,case\r\n";
  for (const ImportedCase& one : summary.cases) {
    cases << one.line << ',' << one.outcome << ',' << one.name << "\r\n";
  }
  cases.close();
  if (!cases) return absl::InternalError("the list of cases could not be written");
  return absl::OkStatus();
}

absl::Status WriteReport(const ImportSummary& summary, std::ofstream& report) {
  report << "line,column,reason\r\n";
  for (const RowError& error : summary.errors) {
    report << error.line << ',' << CsvCell(error.column) << ',' << CsvCell(error.reason) << "\r\n";
  }
  report.close();
  if (!report) return absl::InternalError("the report could not be written");
  return absl::OkStatus();
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
  auto& errors = *fields["errors"].mutable_list_value();
  for (const RowError& error : summary.errors) {
    auto& row = *errors.add_values()->mutable_struct_value()->mutable_fields();
    row["line"].set_number_value(static_cast<double>(error.line));
    row["column"].set_string_value(error.column);
    row["reason"].set_string_value(error.reason);
  }
  return object;
}

void ShowSummary(const ImportSummary& summary, Output& output) {
  std::vector<Table> tables;
  if (!summary.errors.empty()) {
    Table& refused = tables.emplace_back(Table{.header = {"line", "column", "reason"}});
    for (const RowError& error : summary.errors) {
      refused.rows.push_back({absl::StrCat(error.line), error.column, error.reason});
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
  std::string report;  // Empty: none.
  std::string cases;   // Empty: none.
};

// Opening an output empties it, and with it the registrations where both names lead to one file.
absl::Status RefuseSameFile(const std::string& input, const std::string& output,
                            const char* option) {
  std::error_code none;  // Of a file that is not there: then they are two.
  if (output.empty() || !std::filesystem::equivalent(input, output, none)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(option, " names the file that is imported; name another one"));
}

absl::Status Open(const std::string& path, std::ofstream& file) {
  if (path.empty()) return absl::OkStatus();
  file.open(path, std::ios::binary);
  if (file) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(path, " cannot be written"));
}

absl::Status RunImport(Session& session, const ImportArguments& arguments) {
  const std::string& path = arguments.path;
  RETURN_IF_ERROR(RefuseSameFile(path, arguments.report, "--report"));
  RETURN_IF_ERROR(RefuseSameFile(path, arguments.cases, "--cases"));
  if (!arguments.report.empty() && arguments.report == arguments.cases) {
    return absl::InvalidArgumentError("--report and --cases name one file");
  }
  std::ofstream report;
  std::ofstream cases;
  RETURN_IF_ERROR(Open(arguments.report, report));
  RETURN_IF_ERROR(Open(arguments.cases, cases));
  const InterruptFlag interrupt;
  Progress progress(session.terminal.err, session.terminal.err_is_terminal);
  ASSIGN_OR_RETURN(const ImportSummary summary,
                   Import(session.client,
                          {.path = path,
                           .site = arguments.site,
                           .today = absl::ToCivilDay(absl::Now(), absl::LocalTimeZone()),
                           .progress = [&](const ImportSummary& so_far) { progress.Show(so_far); },
                           .stop = &interrupted}));
  progress.End(summary);
  ShowSummary(summary, session.output);
  if (report.is_open()) RETURN_IF_ERROR(WriteReport(summary, report));
  if (cases.is_open()) RETURN_IF_ERROR(WriteCases(summary, cases));
  if (summary.refused > 0) session.exit_code = kExitRowsRefused;
  session.retry_with = "import the same file; nobody is registered twice";
  return summary.status;
}

}  // namespace

void AddImportCommand(CLI::App& app, const CommandContextPtr& context) {
  auto arguments = std::make_shared<ImportArguments>();
  // Request ids follow from the household numbers, so there is none to choose.
  CLI::App& import =
      AddCommand(app, context, "import", "Register the households of a CSV or NDJSON file",
                 [=](Session& session) { return RunImport(session, *arguments); });
  import.add_option("file", arguments->path, "CSV with a header, or one case as JSON on each line")
      ->required();
  import.add_option("--site", arguments->site,
                    "Code of the site whose household numbers these are; none where there is one");
  import.add_option("--report", arguments->report, "File to write the refused rows to, as CSV");
  import.add_option("--cases", arguments->cases,
                    "File to write each household and its case to, as CSV");
}

}  // namespace pathways::cli
