// Reads referrals from a store and makes what is shown of them.
//
// Shared by the staff's API, the agencies' API and the watch; no gRPC here. An agency sees only its
// own referrals: another one's is answered as if it did not exist.
#ifndef PATHWAYS_SERVICES_REFERRAL_VIEWS_H_
#define PATHWAYS_SERVICES_REFERRAL_VIEWS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pathways/operations/v1/operations_service.pb.h"
#include "pathways/referral/v1/referral.pb.h"
#include "pathways/referral/v1/state.pb.h"
#include "services/runtime/store/event_store.h"
#include "services/type/names.h"

namespace pathways::referral {

// NOT_FOUND with reason REFERRAL_NOT_FOUND: the same words whatever the cause.
absl::Status NoSuchReferral();

// One referral of a stored case. Empty agency: the staff. NOT_FOUND as above.
absl::StatusOr<v1::Referral> ReferralOf(const runtime::StreamRow& row, const type::ReferralKey& key,
                                        absl::string_view agency);

// The same, read from the store.
absl::StatusOr<v1::Referral> ReadReferral(runtime::EventStore& store, const type::ReferralKey& key,
                                          absl::string_view agency);

// One page of a list: entries of `index` that start with `prefix`, after a key.
struct ReferralPage {
  std::vector<v1::Referral> referrals;
  std::string last_key;  // Empty: the list ends here.
};
// With `state` set only referrals in it count, and at most `page_size` are found among ten times as
// many entries; a page may then be short, or empty, and still not the last.
absl::StatusOr<ReferralPage> ReadPage(runtime::EventStore& store, absl::string_view index,
                                      absl::string_view prefix, absl::string_view after,
                                      int page_size, v1::ReferralState state);

// Live referrals that nobody has changed since before a time, for the operators' list.
absl::StatusOr<std::vector<operations::v1::StuckCase>> WaitingReferrals(runtime::EventStore& store,
                                                                        absl::Time before,
                                                                        int limit);

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_VIEWS_H_
