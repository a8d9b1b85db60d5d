// How many cases each difference between two packs reaches, counted over stored cases without
// effect.
//
// A case is screened by both policies as the engine would screen it today, and what differs between
// the two results is told to the differences that it is of: a criterion that comes to another
// result or asks for other facts, a status, a question, a text or a source that is read. What an
// explanation stands on, and until when it holds, is not looked at. Cases are added one by one, and
// only counts are kept. The counts are exact: whoever tells them keeps to told_count.h. Not
// thread-safe.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_POLICY_REACH_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_POLICY_REACH_H_

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "services/eligibility/domain/decide.h"

namespace pathways::eligibility {

// Keys of the texts that are counted: those that a determination of the pack can be told with,
// apart from what it stands on.
std::set<std::string> KeysCounted(const v1::PolicyPack& pack);

// What a difference is of. All empty: its reach cannot be counted.
struct ReachTargets {
  using Criterion = std::pair<std::string, std::string>;  // Ids of pathway and criterion.
  std::vector<Criterion> criteria;                        // To what they come.
  std::vector<Criterion> shown;       // Which texts or source are shown with them.
  std::vector<std::string> pathways;  // As a whole: who is screened together, or that it is new.
  std::vector<std::string> terms;     // Ids of pathways: what follows, and what people look at.
  std::vector<std::string> statuses;  // Ids of pathways whose status it is.
  std::vector<std::string> texts;     // Keys.
  std::vector<std::string> facts;     // That may be asked.
  std::vector<std::string> sources;
  bool is_gone = false;  // Who read the text, or was shown the source, before.
};

// From which result to which.
struct ReachMove {
  std::string pathway;
  std::string criterion;  // Empty: of the pathway as a whole.
  int from = 0;           // v1::Outcome.
  int to = 0;
  int status_from = 0;  // v1::PathwayStatus.
  int status_to = 0;
  std::string status_key;  // Of the text that is then told with the status.
  int criterion_from = 0;  // v1::Outcome.
  int criterion_to = 0;
  auto operator<=>(const ReachMove&) const = default;
};

// Cases, each once.
struct Reach {
  int64_t cases = 0;
  int64_t altered = 0;  // Whose outcome or status alters with it.
  std::map<ReachMove, int64_t> moves;
};

class PolicyReach {
 public:
  // Both policies must outlive it. `now`: on whose day is screened.
  PolicyReach(const PolicyInForce& before, const PolicyInForce& after, absl::Time now,
              const std::vector<ReachTargets>& differences);

  // Counts a case. `now`: what the second policy makes of it (Simulation::Add).
  void Add(const v1::EligibilityState& state, const v1::CaseScreened& now);

  // As the differences.
  const std::vector<Reach>& reaches() const { return reaches_; }

 private:
  // Two results for the same pathway and people; one of them may be empty.
  struct Pair {
    const v1::Determination& before;
    const v1::Determination& after;
  };

  // For each pathway the days of the status that holds on a day, by both packs.
  struct StatusDays {
    std::map<std::string, std::string> then;
    std::map<std::string, std::string> now;
  };

  const StatusDays& StatusDaysOn(const AsOf& as_of);
  void AddPair(const Pair& pair, const StatusDays& days);
  // Returns whether the outcome hangs on one of them.
  bool AddCriteria(const Pair& pair, const ReachMove& move);
  // An outcome alters and nothing else told why: a review lapses with whatever it was of.
  void AddLapsed(const Pair& pair, const ReachMove& move);
  void AddReads(const v1::Determination& determination, const char* side);
  // Notes that the case is reached by all differences with this target, and moved where it is.
  void Note(const std::string& target, const ReachMove* move);

  const PolicyInForce before_;
  const PolicyInForce after_;
  const absl::Time now_;
  std::map<absl::CivilDay, StatusDays> status_days_;
  std::unordered_map<std::string, std::vector<size_t>> by_target_;
  std::vector<Reach> reaches_;
  // The last case counted, so that it is counted once.
  int64_t case_ = 0;
  struct Counted {
    int64_t reached = 0;
    int64_t altered = 0;
    std::map<ReachMove, int64_t> moves;
  };
  std::vector<Counted> counted_;
};

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_POLICY_REACH_H_
