// Plays the agencies of the sample day: answers referrals through the agencies' own API.
//
// A file says which share of an agency's referrals is answered by which script, for example
// RECEIVE>ACCEPT>STAGE:INTERVIEW_SCHEDULED>COMPLETE (samples/README.md). The i-th referral of an
// agency's list takes the script whose cumulated share holds (37 i) mod 100. Every call has a
// request id that follows from the referral and the step, so playing again changes nothing.
#ifndef PATHWAYS_SERVICES_EMBEDDED_AGENCY_PLAYER_H_
#define PATHWAYS_SERVICES_EMBEDDED_AGENCY_PLAYER_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/cli/client.h"

namespace pathways::embedded {

// One step of a script, for example STAGE with INTERVIEW_SCHEDULED.
struct AgencyStep {
  std::string action;    // RECEIVE, ACCEPT, REJECT, RETURN, STAGE, COMPLETE or CLOSE.
  std::string argument;  // Reason code, stage, or fields joined by |. Empty: none.
};

struct AgencyScript {
  int share_percent = 0;
  std::vector<AgencyStep> steps;
};

// Scripts by agency, in the order of the file.
using AgencyScripts = std::map<std::string, std::vector<AgencyScript>>;

// Reads a file of scripts. NOT_FOUND: it cannot be read. INVALID_ARGUMENT: every fault, as
// file:line: what is wrong; the shares of an agency must add up to 100.
absl::StatusOr<AgencyScripts> ReadAgencyScripts(const std::string& path);

// Plays one agency to the end. `client` calls as that agency. Blocks. The first error of a call.
absl::Status PlayAgency(cli::Client& client, const std::vector<AgencyScript>& scripts);

}  // namespace pathways::embedded

#endif  // PATHWAYS_SERVICES_EMBEDDED_AGENCY_PLAYER_H_
