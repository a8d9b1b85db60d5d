// Who calls, and what they may do.
//
// A call carries a token; the token file says which principal holds it and in which roles. The
// dispatcher finds the principal of each call and asks Authorize; what a principal may do with one
// case is the service's own rule. The file has a line `token kind id role[,role...]` for each
// principal; the kind says which roles there may be: staff any but agency and service, an agency,
// a service and an operator the role of that name alone; lines that start with # and blank lines
// are passed over. It is private (see private_file.h), because a token is as good as a password;
// nothing here prints one.
#ifndef PATHWAYS_SERVICES_HOST_PRINCIPAL_H_
#define PATHWAYS_SERVICES_HOST_PRINCIPAL_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/host/keys_secret.h"

namespace pathways::host {

// What a principal may be allowed.
inline constexpr absl::string_view kRegistrar = "registrar";  // Registers and changes cases.
inline constexpr absl::string_view kViewer = "viewer";        // Reads cases.
inline constexpr absl::string_view kAgency = "agency";        // Works its own referrals.
inline constexpr absl::string_view kService = "service";      // Reads streams of other services.
inline constexpr absl::string_view kOperator = "operator";    // Runs the services.
// Says which policies cases are screened by.
inline constexpr absl::string_view kPolicyOfficer = "policy-officer";
// Looks at what no machine may settle.
inline constexpr absl::string_view kReviewer = "reviewer";

struct Principal {
  std::string kind;                // staff, agency, service or operator.
  std::string id;                  // 1 to 64 characters a-z, 0-9 and -. Unique within its kind.
  std::vector<std::string> roles;  // At least one, none twice.

  // For example staff/desk-1.
  std::string Name() const;
  bool Has(absl::string_view role) const;
};

// Thread-safe: nothing changes after Load. Holds hashes of the tokens, not the tokens.
class TokenFile {
 public:
  // Reads a file of at most 1 MiB. NOT_FOUND: no file. FAILED_PRECONDITION: the user does not own
  // it, or group or others have access. INVALID_ARGUMENT: every fault, one per line, as file:line:
  // what is wrong; no value, for it could be a token in the wrong place.
  static absl::StatusOr<TokenFile> Load(const std::string& path);

  // The principal that holds the token; null when nobody does. It lives as long as this object. The
  // time it takes does not depend on the token or on whose it is.
  const Principal* Find(absl::string_view token) const;

 private:
  struct Entry {
    SecretHash hash;
    Principal principal;
  };

  explicit TokenFile(std::vector<Entry> entries) : entries_(std::move(entries)) {}

  std::vector<Entry> entries_;
};

// Adds a random token (43 characters base64url, 256 bits) for a principal and returns it; makes the
// file, mode 0600, where there is none. The file is written anew as a whole and durably. Errors:
// ALREADY_EXISTS (the principal has a token), INVALID_ARGUMENT (no valid principal, or the file has
// faults), FAILED_PRECONDITION as Load, UNAVAILABLE (cannot be written, or another process is
// changing it: try again).
absl::StatusOr<std::string> AddToken(const std::string& path, const Principal& principal);

// The token of a principal, by its name, for the command line on the same machine. NOT_FOUND: no
// file, or the principal has no token in it. Other errors as Load.
absl::StatusOr<std::string> ReadToken(const std::string& path, absl::string_view principal_name);

// OK when the principal has one of the roles. PERMISSION_DENIED with reason ROLE_REQUIRED and the
// roles that would do; UNAUTHENTICATED with reason TOKEN_REQUIRED when the principal is null.
absl::Status Authorize(const Principal* principal, const std::vector<absl::string_view>& roles);

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_PRINCIPAL_H_
