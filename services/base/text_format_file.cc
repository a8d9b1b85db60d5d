#include "services/base/text_format_file.h"

#include <google/protobuf/io/tokenizer.h>

#include <cstddef>
#include <fstream>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/status_macros.h"

namespace pathways::base {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;

// Without a limit a broken file could exhaust the stack. The deepest file there is, a policy pack,
// takes two for each condition within a condition.
constexpr int kParserDepthMax = 100;

// Hands what the parser finds on to the file's faults.
class Collector : public google::protobuf::io::ErrorCollector {
 public:
  explicit Collector(FileFaults& faults) : faults_(faults) {}

  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& message) override {
    faults_.Add(line, column, message);
  }

 private:
  FileFaults& faults_;
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

}  // namespace

void FileFaults::Add(int line, int column, absl::string_view what) {
  found_.push_back(absl::StrCat(path_, ":", line + 1, ":", column + 1, ": ", what));
}

absl::Status FileFaults::ToStatus() const {
  if (found_.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(found_, "\n"));
}

absl::Status ReadTextFormat(const std::string& path, google::protobuf::Message& message,
                            google::protobuf::TextFormat::ParseInfoTree* places) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  FileFaults faults(path);
  Collector collector(faults);
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&collector);
  parser.WriteLocationsTo(places);
  parser.SetRecursionLimit(kParserDepthMax);
  if (parser.ParseFromString(text, &message)) return absl::OkStatus();
  return faults.ToStatus();
}

}  // namespace pathways::base
