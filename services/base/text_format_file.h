// Configuration files in protobuf text format.
//
// A service reads such a file once at start-up, and a fault in it stops the start. ReadTextFormat
// reads and parses; the caller then checks what the message says, and gathers what is wrong in the
// same form with FileFaults, so that whoever starts the program sees every fault and its place at
// once. Not for secrets (see private_file.h) and not for personal data: a parser's message can
// quote the file.
#ifndef PATHWAYS_SERVICES_BASE_TEXT_FORMAT_FILE_H_
#define PATHWAYS_SERVICES_BASE_TEXT_FORMAT_FILE_H_

#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace pathways::base {

// Faults of one file, in the order they are found. Not thread-safe.
class FileFaults {
 public:
  explicit FileFaults(std::string path) : path_(std::move(path)) {}

  // Line and column count from 0, as protobuf gives them; -1 where it knows none.
  void Add(int line, int column, absl::string_view what);
  // OK when there is none, else INVALID_ARGUMENT: one per line, as file:line:column: what is wrong,
  // counted from 1.
  absl::Status ToStatus() const;

 private:
  std::string path_;
  std::vector<std::string> found_;
};

// Reads a file of at most 1 MiB into an empty message. `places`, unless null, gets the place of
// each field. NOT_FOUND: it cannot be read. INVALID_ARGUMENT: it is larger, or cannot be parsed
// (every fault, as FileFaults), or messages lie within each other more than 100 deep.
absl::Status ReadTextFormat(const std::string& path, google::protobuf::Message& message,
                            google::protobuf::TextFormat::ParseInfoTree* places = nullptr);

}  // namespace pathways::base

#endif  // PATHWAYS_SERVICES_BASE_TEXT_FORMAT_FILE_H_
