// The files that hold a policy pack or a fact catalogue, put together.
//
// A pack is a folder of files *.textproto, each a part of one pathways.eligibility.v1.PolicyPack in
// protobuf text format. The files of calendars/ and of messages/{es,ht,en}/ beside that folder,
// which packs share, are part of each pack too, and so are the facts of facts/, which are parts of
// a pathways.type.v1.FactCatalogue. Whether any of it makes sense is for the services to say;
// whoever wrote it needs the place of each fault (part_files.h), also on the machine that only
// sends it. Hence the room without a service. Not thread-safe.
#ifndef PATHWAYS_SERVICES_BASE_POLICY_PACK_FILES_H_
#define PATHWAYS_SERVICES_BASE_POLICY_PACK_FILES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pathways/eligibility/v1/policy.pb.h"
#include "pathways/type/v1/fact.pb.h"
#include "services/base/part_files.h"

namespace pathways::base {

class PolicyPackFiles {
 public:
  // Reads the files of a folder and those it shares, in the order of their names. NOT_FOUND also
  // where the folder holds no file; the other errors are those of PartFiles::Read.
  static absl::StatusOr<PolicyPackFiles> Read(const std::string& folder);

  // As Read, of these files alone, of which there is at least one, in this order.
  static absl::StatusOr<PolicyPackFiles> ReadFiles(const std::vector<std::string>& paths);

  // As the files say it: with what they share, whether it is used or not.
  const eligibility::v1::PolicyPack& pack() const { return pack_; }

  template <typename Violations>
  std::string Locate(const Violations& faults) const {
    return files_.Locate(faults);
  }
  std::string PlaceOf(absl::string_view field) const { return files_.PlaceOf(field); }

 private:
  PartFiles files_;  // Never empty.
  eligibility::v1::PolicyPack pack_;
};

class FactFiles {
 public:
  // Reads the files of a folder. Errors as of PolicyPackFiles::Read.
  static absl::StatusOr<FactFiles> Read(const std::string& folder);

  const type::v1::FactCatalogue& catalogue() const { return catalogue_; }

  template <typename Violations>
  std::string Locate(const Violations& faults) const {
    return files_.Locate(faults);
  }

 private:
  PartFiles files_;  // Never empty.
  type::v1::FactCatalogue catalogue_;
};

}  // namespace pathways::base

#endif  // PATHWAYS_SERVICES_BASE_POLICY_PACK_FILES_H_
