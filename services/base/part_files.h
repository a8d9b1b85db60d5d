// Files that each hold a part of one message, put together, and where each field came from.
//
// Policies and facts are written by hand as protobuf text format, split over files as their authors
// like. Whether what they say makes sense is for others to tell, who name a fault by its field, for
// example pathways[3].criteria[1].predicate.all.of[2]; the author needs the file, the line and the
// column. Not thread-safe.
#ifndef PATHWAYS_SERVICES_BASE_PART_FILES_H_
#define PATHWAYS_SERVICES_BASE_PART_FILES_H_

#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "pathways/type/v1/problem.pb.h"

namespace pathways::base {

// Paths of the files *.textproto of a folder, by name. None where there is no such folder.
std::vector<std::string> TextprotosIn(const std::string& folder);

class PartFiles {
 public:
  // Reads each file, at most 1 MiB, as a message like `prototype`, behind those read before.
  // NOT_FOUND (a file cannot be read), INVALID_ARGUMENT (every fault of every file, one per line:
  // file:line:column: what is wrong).
  absl::Status Read(const std::vector<std::string>& paths,
                    const google::protobuf::Message& prototype);

  size_t size() const { return files_.size(); }
  const google::protobuf::Message& part(size_t index) const { return *files_[index].part; }

  // One line per fault: file:line:column: field: what is wrong. A field that no file holds has the
  // place of what would hold it. There is at least one file.
  template <typename Violations>
  std::string Locate(const Violations& faults) const;

  // file:line:column of a field.
  std::string PlaceOf(absl::string_view field) const;

 private:
  struct File {
    std::string path;
    std::unique_ptr<google::protobuf::Message> part;
    std::unique_ptr<google::protobuf::TextFormat::ParseInfoTree> places;
  };

  std::string LineOf(const type::v1::FieldViolation& fault) const;

  std::vector<File> files_;
};

template <typename Violations>
std::string PartFiles::Locate(const Violations& faults) const {
  std::string lines;
  for (const type::v1::FieldViolation& fault : faults) {
    if (!lines.empty()) lines.push_back('\n');
    lines += LineOf(fault);
  }
  return lines;
}

}  // namespace pathways::base

#endif  // PATHWAYS_SERVICES_BASE_PART_FILES_H_
