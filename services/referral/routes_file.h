// The routes that an empty ledger begins with, out of a file.
#ifndef PATHWAYS_SERVICES_REFERRAL_ROUTES_FILE_H_
#define PATHWAYS_SERVICES_REFERRAL_ROUTES_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "pathways/referral/v1/routes.pb.h"

namespace pathways::referral {

// Reads and checks a file of routes. Errors: those of base::RoutesFile::Read; INVALID_ARGUMENT
// (every fault that CheckRoutes finds, one per line, as file:line:column: field: what is wrong).
absl::StatusOr<v1::AgencyRoutes> LoadRoutes(const std::string& path);

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_ROUTES_FILE_H_
