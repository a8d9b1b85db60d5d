#include "services/referral/routes_file.h"

#include "services/base/routes_file.h"
#include "services/base/status_macros.h"
#include "services/referral/domain/routes.h"
#include "services/type/problem.h"

namespace pathways::referral {

absl::StatusOr<v1::AgencyRoutes> LoadRoutes(const std::string& path) {
  ASSIGN_OR_RETURN(const base::RoutesFile file, base::RoutesFile::Read(path));
  const type::v1::Problem problem = type::ProblemOf(CheckRoutes(file.routes()));
  if (problem.violations().empty()) return file.routes();
  return absl::InvalidArgumentError(file.Locate(problem.violations()));
}

}  // namespace pathways::referral
