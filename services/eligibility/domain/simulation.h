// What a pack would change, counted over stored cases without effect.
//
// Cases are added one by one; the counts are by pathway and change, and within each by nationality
// and by need, and told as told_count.h says. What the pack would do to referrals is counted
// exactly, for the ceiling of a proposal. Not thread-safe.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_SIMULATION_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_SIMULATION_H_

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "pathways/eligibility/v1/ledger.pb.h"
#include "pathways/type/v1/ledger.pb.h"
#include "services/eligibility/domain/decide.h"

namespace pathways::eligibility {

class Simulation {
 public:
  // `candidate` must outlive the simulation. `now`: on whose day is screened.
  Simulation(const PolicyInForce& candidate, absl::Time now) : candidate_(candidate), now_(now) {}

  // Counts a case, and gives what the pack makes of it. Nothing: it is not screened, or not any
  // more, and is passed over.
  std::optional<v1::CaseScreened> Add(const v1::EligibilityState& state);

  int64_t cases() const { return effect_.cases(); }

  // What the pack would do to the referrals of the cases counted.
  const type::v1::LedgerEffect& effect() const { return effect_; }

  // In order of pathway and change: each cell, then its nationalities, then its needs. Those of
  // which nothing is told are left out.
  std::vector<v1::SimulationCell> Cells() const;

 private:
  struct Key {
    std::string pathway;
    int from = 0;
    int to = 0;
    auto operator<=>(const Key&) const = default;
  };
  struct Count {
    int64_t all = 0;
    std::map<std::string, int64_t> nationalities;
    std::map<std::string, int64_t> needs;
  };

  void AddEffect(const v1::EligibilityState& state, const v1::CaseScreened& after);
  void AddUnit(const Key& key, const v1::Determination& unit, const type::v1::CaseFacts& facts);

  const PolicyInForce candidate_;
  const absl::Time now_;
  type::v1::LedgerEffect effect_;
  std::map<Key, Count> counts_;
};

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_SIMULATION_H_
