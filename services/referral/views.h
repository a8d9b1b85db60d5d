// Reads referrals from a store and makes what is shown of them.
//
// Shared by the staff's API, the agencies' API and the watch; no gRPC here. An agency sees only its
// own referrals: another one's is answered as if it did not exist. Whatever an agency is shown, of
// a read, a list, a watch or an action of its own, is made by ReferralOf, which shows number and
// state alone once the door is closed (IsOpenToAgency in domain/decide.h).
#ifndef PATHWAYS_SERVICES_REFERRAL_VIEWS_H_
#define PATHWAYS_SERVICES_REFERRAL_VIEWS_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pathways/operations/v1/operations_service.pb.h"
#include "pathways/referral/v1/referral.pb.h"
#include "pathways/referral/v1/state.pb.h"
#include "services/engine/domain.h"
#include "services/engine/store/event_store.h"
#include "services/type/names.h"

namespace pathways::referral {

// NOT_FOUND with reason REFERRAL_NOT_FOUND: the same words whatever the cause.
absl::Status NoSuchReferral();

// Who reads. There is no default: whoever asks has to say it.
class Reader {
 public:
  static Reader Staff() { return Reader(std::nullopt); }
  static Reader Agency(std::string id) { return Reader(std::move(id)); }
  // Nothing: the staff.
  const std::optional<std::string>& agency() const { return agency_; }

 private:
  explicit Reader(std::optional<std::string> agency) : agency_(std::move(agency)) {}
  std::optional<std::string> agency_;
};

// One referral of a stored case, as its reader is shown it. NOT_FOUND as above.
absl::StatusOr<v1::Referral> ReferralOf(const engine::StreamRow& row, const type::ReferralKey& key,
                                        const Reader& reader);

// The same, read from the store.
absl::StatusOr<v1::Referral> ReadReferral(const engine::Domain& domain, engine::EventReader& store,
                                          const type::ReferralKey& key, const Reader& reader);

// One page of the reader's list: entries that start with `prefix`, after a key.
struct ReferralPage {
  std::vector<v1::Referral> referrals;
  std::string last_key;  // Empty: the list ends here.
};
// With `state` set only referrals in it count, and at most `page_size` are found among ten times as
// many entries; a page may then be short, or empty, and still not the last.
absl::StatusOr<ReferralPage> ReadPage(const engine::Domain& domain, engine::EventReader& store,
                                      const Reader& reader, absl::string_view prefix,
                                      absl::string_view after, int page_size,
                                      v1::ReferralState state);

// Live referrals that nobody has changed since before a time, for the operators' list.
absl::StatusOr<std::vector<operations::v1::StuckCase>> WaitingReferrals(
    const engine::Domain& domain, engine::EventReader& store, absl::Time before, int limit);

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_VIEWS_H_
