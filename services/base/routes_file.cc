#include "services/base/routes_file.h"

#include "services/base/status_macros.h"

namespace pathways::base {

absl::StatusOr<RoutesFile> RoutesFile::Read(const std::string& path) {
  RoutesFile file;
  RETURN_IF_ERROR(file.files_.Read({path}, referral::v1::AgencyRoutes::default_instance()));
  file.routes_.MergeFrom(file.files_.part(0));
  return file;
}

}  // namespace pathways::base
