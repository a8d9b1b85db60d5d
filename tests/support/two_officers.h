// Changes a ledger as two people do: one proposes, the other confirms what was proposed.
#ifndef PATHWAYS_TESTS_SUPPORT_TWO_OFFICERS_H_
#define PATHWAYS_TESTS_SUPPORT_TWO_OFFICERS_H_

#include <string>

#include "absl/status/statusor.h"
#include "pathways/type/v1/ledger.pb.h"
#include "services/base/ids.h"

namespace pathways::testing_support {

// `first` and `second` have Call(method, request); the methods are those of one ledger. Only tries
// where the request says so: then the number is 0. The first error of the two calls. The request id
// of the confirmation follows from that of the proposal, so that all of it can be repeated.
template <typename First, typename Second, typename Propose, typename Confirm, typename Request>
absl::StatusOr<type::v1::LedgerVersion> ApplyAsTwo(First&& first, Second&& second, Propose propose,
                                                   Confirm confirm, const Request& request) {
  const auto proposal = first.Call(propose, request);
  if (!proposal.ok()) return proposal.status();
  if (request.validate_only()) return type::v1::LedgerVersion();
  type::v1::ConfirmVersionRequest confirming;
  confirming.set_digest(proposal->digest());
  confirming.set_request_id(base::UuidOf("confirm " + request.request_id()));
  return second.Call(confirm, confirming);
}

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_SUPPORT_TWO_OFFICERS_H_
