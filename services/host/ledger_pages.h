// Pages of the versions of a ledger (services/type/ledger.h), the latest first.
//
// Callers send page tokens back, so they may be anything; each is taken only in the form in which
// it is given out. Pure functions.
#ifndef PATHWAYS_SERVICES_HOST_LEDGER_PAGES_H_
#define PATHWAYS_SERVICES_HOST_LEDGER_PAGES_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "pathways/type/v1/ledger.pb.h"

namespace pathways::host {

// What a token that was never given out is told, of the field page_token.
inline constexpr char kNotAPageToken[] = "must be a next_page_token of this list";

// `before` is the number of the last version shown, and at least 2, for behind the first there is
// no page.
std::string VersionsTokenOf(int before);
// The number; 0 for an empty token, nothing for one that was never given out.
std::optional<int> VersionOfToken(absl::string_view token);

// The key in a token that is written as tokens are, for base64 has other forms of the same bytes;
// empty for an empty token.
std::optional<std::string> KeyAsGiven(absl::string_view token);

// One page of the versions. INVALID_ARGUMENT with reason INVALID_REQUEST and every bad field.
template <typename Request, typename Response>
absl::Status FillVersions(const type::v1::LedgerState& ledger, const Request& request,
                          Response& response);

// What FillVersions makes of the fields of a request.
struct VersionsPage {
  int last = 0;   // Number of the first version to show. 0: none.
  int first = 0;  // And of the last one.
};
absl::Status ReadVersionsPage(const type::v1::LedgerState& ledger, int page_size,
                              const std::string& token, VersionsPage& page);

template <typename Request, typename Response>
absl::Status FillVersions(const type::v1::LedgerState& ledger, const Request& request,
                          Response& response) {
  VersionsPage page;
  absl::Status status = ReadVersionsPage(ledger, request.page_size(), request.page_token(), page);
  if (!status.ok()) return status;
  for (int number = page.last; number >= page.first && number > 0; --number) {
    *response.add_versions() = ledger.versions(number - 1);
  }
  if (page.first > 1) response.set_next_page_token(VersionsTokenOf(page.first));
  return absl::OkStatus();
}

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_LEDGER_PAGES_H_
