// The parts of a pack in their files: reads them, puts them together, and knows where each field
// came from.
//
// CheckPack names a fault by its field, for example pathways[3].criteria[1].predicate.all.of[2];
// whoever wrote the pack needs the file, the line and the column. Read merges the files in the
// order given; Locate turns fields into places. Not thread-safe.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_POLICY_PLACES_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_POLICY_PLACES_H_

#include <google/protobuf/text_format.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "pathways/eligibility/v1/policy.pb.h"
#include "services/type/problem.h"

namespace pathways::eligibility {

class PolicyPlaces {
 public:
  // NOT_FOUND (a file cannot be read), INVALID_ARGUMENT (every fault of every file, one per line:
  // file:line:column: what is wrong).
  absl::Status Read(const std::vector<std::string>& paths);

  const v1::PolicyPack& pack() const { return pack_; }

  // OK where there is none, else INVALID_ARGUMENT with the faults' reason INVALID_POLICY_PACK and
  // one line for each fault: file:line:column: field: what is wrong. A field that no file holds has
  // the place of what would hold it.
  absl::Status Locate(const type::Violations& faults) const;

  // file:line:column of a field.
  std::string PlaceOf(absl::string_view field) const;

 private:
  struct File {
    std::string path;
    v1::PolicyPack part;
    std::unique_ptr<google::protobuf::TextFormat::ParseInfoTree> places;
  };

  std::vector<File> files_;
  v1::PolicyPack pack_;
};

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_POLICY_PLACES_H_
