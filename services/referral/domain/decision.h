// One decision of referral in the making. Internal to the domain.
//
// Each event is applied to a copy of the state as soon as it is added, so what follows is decided
// from what it leaves: a withdrawal sees the facts noted a moment before, and no referral is made
// twice.
#ifndef PATHWAYS_SERVICES_REFERRAL_DOMAIN_DECISION_H_
#define PATHWAYS_SERVICES_REFERRAL_DOMAIN_DECISION_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "pathways/referral/v1/events.pb.h"
#include "pathways/referral/v1/state.pb.h"
#include "services/type/stream.h"

namespace pathways::referral {

using Strings = google::protobuf::RepeatedPtrField<std::string>;
using People = google::protobuf::RepeatedPtrField<type::v1::PersonFacts>;

// Not thread-safe. `context` must outlive it.
class Decision {
 public:
  Decision(const v1::ReferralCaseState& state, const type::DecideContext& context)
      : state_(state), context_(context) {}

  // The state with every event so far applied. A reference into it ends with the next Add.
  const v1::ReferralCaseState& state() const { return state_; }
  const std::string& case_id() const { return context_.stream; }

  // Adds an event; the case id is filled in. INTERNAL when it cannot follow.
  absl::Status Add(v1::ReferralEvent event);

  std::vector<v1::ReferralEvent> TakeEvents() { return std::move(events_); }

 private:
  v1::ReferralCaseState state_;
  const type::DecideContext& context_;
  std::vector<v1::ReferralEvent> events_;
};

// The referral with this id, or null.
const v1::StoredReferral* FindReferral(const v1::ReferralCaseState& state, absl::string_view id);

// True for the same strings in the same order.
bool SameStrings(const Strings& one, const Strings& other);

// Facts of these people, in the order of their ids. Nothing when one of them is not in the case any
// more.
std::optional<People> FactsOf(const type::v1::CaseFacts& facts, const Strings& person_ids);

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_DOMAIN_DECISION_H_
