// What the exit code of the program `pathways` says, in one table.
//
// Scripts build on these numbers, so they do not change. A refusal of the service (4) will not go
// away by trying again; a service that cannot be reached (7) may: the same command with the same
// request id is then safe to repeat. ExitCodeOf in client.h says which status gives which code.
#ifndef PATHWAYS_SERVICES_CLI_EXIT_CODES_H_
#define PATHWAYS_SERVICES_CLI_EXIT_CODES_H_

namespace pathways::cli {

enum ExitCode : int {
  kExitOk = 0,
  // Unexpected: a fault of the service or of this program, or an import that was interrupted.
  kExitFailed = 1,
  // Usage or settings: an unknown option, a file that cannot be read.
  kExitUsage = 2,
  // Some rows of an import were refused; the others are registered.
  kExitRowsRefused = 3,
  // Refused: INVALID_ARGUMENT, FAILED_PRECONDITION, ALREADY_EXISTS, ABORTED.
  kExitRefused = 4,
  // NOT_FOUND.
  kExitNotFound = 5,
  // UNAUTHENTICATED, PERMISSION_DENIED.
  kExitNotAllowed = 6,
  // Cannot be reached, or is overloaded: UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED.
  kExitUnreachable = 7,
};

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_EXIT_CODES_H_
