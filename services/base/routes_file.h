// The file of the routes: which agency takes which pathway, and what it may know.
//
// Protobuf text format of pathways.referral.v1.AgencyRoutes, at most 1 MiB;
// samples/agencies.textproto is an example. Whether it makes sense is for referral to say; whoever
// wrote it needs the place of each fault (part_files.h), also on the machine that only sends it.
// Not thread-safe.
#ifndef PATHWAYS_SERVICES_BASE_ROUTES_FILE_H_
#define PATHWAYS_SERVICES_BASE_ROUTES_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "pathways/referral/v1/routes.pb.h"
#include "services/base/part_files.h"

namespace pathways::base {

class RoutesFile {
 public:
  // Errors as of PartFiles::Read.
  static absl::StatusOr<RoutesFile> Read(const std::string& path);

  const referral::v1::AgencyRoutes& routes() const { return routes_; }

  template <typename Violations>
  std::string Locate(const Violations& faults) const {
    return files_.Locate(faults);
  }

 private:
  PartFiles files_;  // One.
  referral::v1::AgencyRoutes routes_;
};

}  // namespace pathways::base

#endif  // PATHWAYS_SERVICES_BASE_ROUTES_FILE_H_
