// The files that hold a policy pack, put together, and where in them each field came from.
//
// A pack is a folder of files *.textproto, each a part of one pathways.eligibility.v1.PolicyPack in
// protobuf text format. The files of calendars/ and of messages/{es,ht,en}/ beside that folder,
// which packs share, are part of each pack too. Whether the pack makes sense is for eligibility to
// say, which names a fault by its field, for example pathways[3].criteria[1].predicate.all.of[2];
// whoever wrote the pack needs the file, the line and the column, also on the machine that only
// sends it. Hence the room without a service. Not thread-safe.
#ifndef PATHWAYS_SERVICES_BASE_POLICY_PACK_FILES_H_
#define PATHWAYS_SERVICES_BASE_POLICY_PACK_FILES_H_

#include <google/protobuf/text_format.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pathways/eligibility/v1/policy.pb.h"
#include "pathways/type/v1/problem.pb.h"

namespace pathways::base {

class PolicyPackFiles {
 public:
  // Reads the files of a folder and those it shares, each at most 1 MiB, in the order of their
  // names. NOT_FOUND (the folder cannot be read or holds no file, or a file cannot be read),
  // INVALID_ARGUMENT (every fault of every file, one per line: file:line:column: what is wrong).
  static absl::StatusOr<PolicyPackFiles> Read(const std::string& folder);

  // As Read, of these files alone, of which there is at least one, in this order.
  static absl::StatusOr<PolicyPackFiles> ReadFiles(const std::vector<std::string>& paths);

  // As the files say it: with what they share, whether it is used or not.
  const eligibility::v1::PolicyPack& pack() const { return pack_; }

  // One line per fault: file:line:column: field: what is wrong. A field that no file holds has the
  // place of what would hold it.
  template <typename Violations>
  std::string Locate(const Violations& faults) const;

  // file:line:column of a field.
  std::string PlaceOf(absl::string_view field) const;

 private:
  struct File {
    std::string path;
    eligibility::v1::PolicyPack part;
    std::unique_ptr<google::protobuf::TextFormat::ParseInfoTree> places;
  };

  std::string LineOf(const type::v1::FieldViolation& fault) const;

  std::vector<File> files_;  // Never empty.
  eligibility::v1::PolicyPack pack_;
};

template <typename Violations>
std::string PolicyPackFiles::Locate(const Violations& faults) const {
  std::string lines;
  for (const type::v1::FieldViolation& fault : faults) {
    if (!lines.empty()) lines.push_back('\n');
    lines += LineOf(fault);
  }
  return lines;
}

}  // namespace pathways::base

#endif  // PATHWAYS_SERVICES_BASE_POLICY_PACK_FILES_H_
