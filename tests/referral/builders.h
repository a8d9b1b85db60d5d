// Builders of referral's messages, and a case that runs commands as the engine does.
//
// A scenario reads as commands and what came of them: Do answers with one short line per event, for
// example "submitted r1 mx-labour p1 to sne, attempt 1", or with one line that begins with "error".
#ifndef PATHWAYS_TESTS_REFERRAL_BUILDERS_H_
#define PATHWAYS_TESTS_REFERRAL_BUILDERS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "pathways/eligibility/v1/screening.pb.h"
#include "pathways/referral/v1/routes.pb.h"
#include "pathways/referral/v1/state.pb.h"

namespace pathways::referral {

inline constexpr char kCase[] = "3f2c1b0a-9d8e-4f7a-8b6c-5d4e3f2a1b0c";
inline constexpr char kResettlement[] = "us-refugee-resettlement";
inline constexpr char kRefugeeStatus[] = "mx-refugee-status";
inline constexpr char kUnrouted[] = "family-reunification";
inline constexpr char kUnhcr[] = "unhcr-mx";
inline constexpr char kComar[] = "comar";

// Resettlement to UNHCR, which may know the age, and refugee status to COMAR, which may know age
// and nationality.
v1::AgencyRoutes Routes();

// Facts of adults.
type::v1::CaseFacts Facts(const std::vector<std::string>& person_ids, bool consent = true);

v1::ReferralCommand Registered(int64_t number, const type::v1::CaseFacts& facts);
v1::ReferralCommand Updated(int64_t number, const type::v1::CaseFacts& facts);
v1::ReferralCommand AgeBand(int64_t number, const std::string& person_id, type::v1::AgeBand band);
v1::ReferralCommand Withdrawn(int64_t number);

struct Unit {
  std::string pathway;
  std::vector<std::string> person_ids;
  eligibility::v1::Outcome outcome = eligibility::v1::OUTCOME_MEETS;
};
// With facts of everybody who meets a pathway's conditions: age and nationality.
v1::ReferralCommand Screened(int64_t number, int64_t based_on, const std::vector<Unit>& units,
                             const std::string& policy_version = "2023-07-28");
// A screening that hands on another age of everybody.
v1::ReferralCommand WithAge(v1::ReferralCommand screened, type::v1::AgeBand band);
// A screening that hands on nothing, as without consent.
v1::ReferralCommand WithoutFacts(v1::ReferralCommand screened);

// An action with all that belongs to it: a reason where one is needed, a stage, a field to correct.
v1::ReferralCommand Action(v1::ReferralAction action, const std::string& referral_id,
                           const std::string& agency);
// The same by whoever may ask for it; the agency is UNHCR.
v1::ReferralCommand Action(v1::ReferralAction action, const std::string& referral_id = "r1");

// Every state and every action but the unspecified one.
std::vector<v1::ReferralState> AllStates();
std::vector<v1::ReferralAction> AllActions();

// "OK", or "error", code name and reason.
std::string Describe(const absl::Status& status);
std::string Describe(const v1::ReferralEvent& event);

// One case. Its clock moves one second per command.
class Case {
 public:
  // Nothing known of it.
  Case() = default;
  // Registered with people p1 and p2, and referred for resettlement (r1, of p1), in a state.
  explicit Case(v1::ReferralState state);

  // Decides a command and applies its events to the state, which is stored as bytes in between.
  std::vector<std::string> Do(const v1::ReferralCommand& command);
  // Applies an event that was made before.
  void Apply(const v1::ReferralEvent& event);
  // Other routes are in force, and the case is decided by them.
  std::vector<std::string> Follow(v1::AgencyRoutes routes);
  // Only decides.
  absl::Status Try(const v1::ReferralCommand& command) const;

  const v1::Referral& referral(int index = 0) const { return state_.referrals(index).referral(); }
  v1::ReferralCaseState& state() { return state_; }
  int64_t version() const { return static_cast<int64_t>(events_.size()); }
  const std::vector<v1::ReferralEvent>& events() const { return events_; }
  absl::Time now() const { return now_; }

 private:
  v1::ReferralCaseState state_;
  v1::AgencyRoutes routes_ = Routes();
  int64_t routes_number_ = 1;
  std::vector<v1::ReferralEvent> events_;
  absl::Time now_ = absl::FromUnixSeconds(1'690'500'000);
};

}  // namespace pathways::referral

#endif  // PATHWAYS_TESTS_REFERRAL_BUILDERS_H_
