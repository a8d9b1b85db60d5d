// What the commands print: aligned tables for people, or JSON for programs.
//
// A table is made of messages by the names of their fields, which are the names JSON shows too.
// Dates are shown as far as they are known, enums without their prefix, times in UTC. A message's
// `notice` is printed below its table.
#ifndef PATHWAYS_SERVICES_CLI_OUTPUT_H_
#define PATHWAYS_SERVICES_CLI_OUTPUT_H_

#include <google/protobuf/message.h>

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "services/cli/table.h"

namespace pathways::cli {

enum class Format { kTable, kJson };

// Shows the field at a path, for example identity.given_names. Empty where it is not set.
std::string CellOf(const google::protobuf::Message& message, absl::string_view path);

// One row per message, one column per path; the header is the last part of the path. A path must
// exist.
template <typename Messages>
Table TableOf(const Messages& messages, const std::vector<std::string>& paths);

// One row per field that is set.
Table FieldsOf(const google::protobuf::Message& message, const std::vector<std::string>& paths);

// JSON with the names of the fields as in the protos. `indent`: on many lines.
std::string ToJson(const google::protobuf::Message& message, bool indent);

class Output {
 public:
  // `screen_columns` as Render takes it.
  Output(Format format, std::ostream& out, int screen_columns)
      : format_(format), out_(out), screen_columns_(screen_columns) {}

  bool is_json() const { return format_ == Format::kJson; }

  // The tables, each with a blank line before it from the second on, and the notice; or the message
  // as JSON.
  void Show(const google::protobuf::Message& message, const std::vector<Table>& tables);
  // One change of many: one line, written at once.
  void ShowLine(const google::protobuf::Message& message, absl::string_view line);
  void Print(absl::string_view text) { out_ << text; }
  // INTERNAL when something could not be written.
  absl::Status Flush();

 private:
  Format format_;
  std::ostream& out_;
  int screen_columns_;
};

// Why a command failed: reason, message, one line per field, and what a retry needs (empty: none).
// With Format::kJson one object with the same.
void PrintFailure(const absl::Status& status, absl::string_view retry_with, Format format,
                  std::ostream& err);

std::string HeaderOf(absl::string_view path);

template <typename Messages>
Table TableOf(const Messages& messages, const std::vector<std::string>& paths) {
  Table table;
  for (const std::string& path : paths) table.header.push_back(HeaderOf(path));
  for (const auto& message : messages) {
    std::vector<std::string>& row = table.rows.emplace_back();
    for (const std::string& path : paths) row.push_back(CellOf(message, path));
  }
  return table;
}

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_OUTPUT_H_
