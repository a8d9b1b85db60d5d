#include "services/eligibility/policy_file.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <cstddef>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "services/eligibility/domain/policy_check.h"
#include "services/type/problem.h"

namespace pathways::eligibility {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;

// Messages within messages that the parser follows: two for each condition within a condition that
// CheckPack lets pass, and some. Without a limit a broken file could exhaust the stack.
constexpr int kParserDepthMax = 100;

// Faults of one file, as file:line:column: text.
class Faults : public google::protobuf::io::ErrorCollector {
 public:
  explicit Faults(std::string path) : path_(std::move(path)) {}

  // Line and column count from 0, as protobuf gives them.
  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& message) override {
    found_.push_back(absl::StrCat(path_, ":", line + 1, ":", column + 1, ": ", message));
  }

  absl::Status ToStatus() const { return absl::InvalidArgumentError(absl::StrJoin(found_, "\n")); }

 private:
  std::string path_;
  std::vector<std::string> found_;
};

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.eof() && !file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kFileBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is larger than 1 MiB"));
  }
  return text;
}

// The same status with a message that names every fault, for whoever starts the program.
absl::Status WithEveryFault(const std::string& path, const absl::Status& status) {
  std::vector<std::string> lines;
  const type::v1::Problem problem = type::ProblemOf(status);
  for (const type::v1::FieldViolation& violation : problem.violations()) {
    lines.push_back(absl::StrCat(path, ": ", violation.field(), ": ", violation.description()));
  }
  absl::Status whole(status.code(), absl::StrJoin(lines, "\n"));
  status.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& payload) { whole.SetPayload(url, payload); });
  return whole;
}

}  // namespace

absl::StatusOr<v1::PolicyPack> LoadPack(const std::string& folder) {
  const std::string path = absl::StrCat(folder, "/pack.textproto");
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  Faults faults(path);
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&faults);
  parser.SetRecursionLimit(kParserDepthMax);
  v1::PolicyPack pack;
  if (!parser.ParseFromString(*text, &pack)) return faults.ToStatus();
  const absl::Status status = CheckPack(pack);
  if (!status.ok()) return WithEveryFault(path, status);
  return pack;
}

}  // namespace pathways::eligibility
