// Builders of eligibility's messages, and a case that runs commands as the engine does.
//
// A scenario reads as commands and what came of them: Do answers with one short line per event, for
// example "screened 3: road p1 MEETS", or with one line that begins with "error".
#ifndef PATHWAYS_TESTS_ELIGIBILITY_BUILDERS_H_
#define PATHWAYS_TESTS_ELIGIBILITY_BUILDERS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "pathways/eligibility/v1/events.pb.h"
#include "pathways/eligibility/v1/policy.pb.h"
#include "pathways/eligibility/v1/state.pb.h"
#include "pathways/type/v1/fact.pb.h"
#include "services/eligibility/domain/rules.h"

namespace pathways::eligibility {

inline constexpr char kCase[] = "3f2c1b0a-9d8e-4f7a-8b6c-5d4e3f2a1b0c";

// A message from protobuf text format; a mistake in it fails the test.
template <typename Message>
Message Parse(const std::string& text);

// A pack that CheckPack accepts with one pathway "road" for persons, of one criterion "only".
v1::PolicyPack PackOf(const v1::Predicate& predicate);
v1::PolicyPack PackOf(const std::string& predicate);

// The fact catalogue of the repository.
const type::v1::FactCatalogue& Catalogue();

// Adds the facts of the catalogue that the pack names.
void AddFacts(v1::PolicyPack& pack);

// Adds a text for every key that the pack needs and has not, in every language: the key itself.
void AddTexts(v1::PolicyPack& pack);

// A pack that CheckPack accepts: "road" for persons who are in Mexico, "bridge" for families of
// Cuban nationality with an adult principal applicant.
v1::PolicyPack SmallPack();

// Somebody of whom everything is known: Cuban, adult, in Mexico since 1 May 2023.
type::v1::PersonFacts Person(const std::string& person_id);

// A case of such people; the first is the principal applicant, the others are children.
type::v1::CaseFacts Facts(const std::vector<std::string>& person_ids);

v1::EligibilityCommand Registered(int64_t number, const type::v1::CaseFacts& facts);
v1::EligibilityCommand Updated(int64_t number, const type::v1::CaseFacts& facts);
v1::EligibilityCommand AgeBand(int64_t number, const std::string& person_id,
                               type::v1::AgeBand band);
v1::EligibilityCommand Withdrawn(int64_t number);
v1::EligibilityCommand ScreenCase();
v1::EligibilityCommand Rescreen();

// "error", code name and reason.
std::string Describe(const absl::Status& status);
std::string Describe(const v1::EligibilityEvent& event);

// The rules of a pack that must be good, with the facts that it names.
std::shared_ptr<const Rules> RulesOf(v1::PolicyPack pack);

// One case. Its clock moves one second per command.
class Case {
 public:
  // Decides a command and applies its events to the state, which is stored as bytes in between.
  std::vector<std::string> Do(const v1::EligibilityCommand& command);

  // Applies an event that was made before.
  void Apply(const v1::EligibilityEvent& event);

  v1::EligibilityState& state() { return state_; }
  v1::PolicyPack& pack() { return pack_; }  // In force from the next command on.
  void set_policy_number(int64_t number) { policy_number_ = number; }
  const std::vector<v1::EligibilityEvent>& events() const { return events_; }
  absl::Time now() const { return now_; }

 private:
  v1::PolicyPack pack_ = SmallPack();
  std::shared_ptr<const Rules> rules_;
  int64_t policy_number_ = 1;
  v1::EligibilityState state_;
  std::vector<v1::EligibilityEvent> events_;
  absl::Time now_ = absl::FromUnixSeconds(1'690'500'000);
};

}  // namespace pathways::eligibility

#endif  // PATHWAYS_TESTS_ELIGIBILITY_BUILDERS_H_
