// The file that says which agency takes which pathway.
//
// Protobuf text format of pathways.referral.v1.AgencyRoutes, read once at start-up. A fault in it
// stops the start: a route that is silently missing would leave people unreferred.
// samples/agencies.textproto is an example.
#ifndef PATHWAYS_SERVICES_REFERRAL_ROUTES_FILE_H_
#define PATHWAYS_SERVICES_REFERRAL_ROUTES_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "pathways/referral/v1/state.pb.h"

namespace pathways::referral {

// Reads and checks a routes file of at most 1 MiB: at least one route, each pathway once, ids of 1
// to 64 characters a-z, 0-9 and -. Errors: NOT_FOUND (it cannot be read), INVALID_ARGUMENT (every
// fault, one per line, as file:line:column: what is wrong).
absl::StatusOr<v1::AgencyRoutes> LoadRoutes(const std::string& path);

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_ROUTES_FILE_H_
