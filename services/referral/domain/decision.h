// One decision of referral in the making. Internal to the domain.
//
// Each event is applied to a copy of the state as soon as it is added, so what follows is decided
// from what it leaves: a withdrawal sees the facts noted a moment before, and no referral is made
// twice.
#ifndef PATHWAYS_SERVICES_REFERRAL_DOMAIN_DECISION_H_
#define PATHWAYS_SERVICES_REFERRAL_DOMAIN_DECISION_H_

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "pathways/referral/v1/events.pb.h"
#include "pathways/referral/v1/routes.pb.h"
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

// What of the people of a pathway and unit the agency may be given, as screened last. Nothing: the
// screening handed on no facts of them.
std::optional<People> FactsFor(const v1::ReferralCaseState& state, const v1::AgencyRoutes& routes,
                               absl::string_view agency, absl::string_view pathway,
                               const Strings& person_ids);

// Of these facts those that the agency's entry permits; of an agency without an entry none.
People PermittedOf(const People& people, const v1::AgencyRoutes& routes, absl::string_view agency);

// Whether all of these people are in the case.
bool AreInCase(const v1::ReferralCaseState& state, const Strings& person_ids);

// Whether the facts are those of this pathway and these people.
bool IsAbout(const type::v1::Disclosure& disclosure, absl::string_view pathway,
             const Strings& person_ids);

// True for equal messages in the same order. None of them holds a map, so equal is equal in bytes.
template <typename Message>
bool SameMessages(const google::protobuf::RepeatedPtrField<Message>& one,
                  const google::protobuf::RepeatedPtrField<Message>& other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](const Message& a, const Message& b) {
                      return a.SerializeAsString() == b.SerializeAsString();
                    });
}

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_DOMAIN_DECISION_H_
