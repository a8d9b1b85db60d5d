// A policy pack made ready to screen by: compiled once, then only read.
//
// Compile checks the rules of a pack and lays its conditions out flat (program.h). On settles what
// depends on the day alone, and the RulesOfDay that it gives screens any number of cases.
// Everything is three-valued (Kleene), so a fact that nobody asked for becomes a question and never
// counts against a person, and a criterion whose source is not sure (S3, K) is only ever a
// question. Equal input gives equal bytes. It screens and never decides: results say which
// published conditions are met, by keys of texts and ids of sources of the pack.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_RULES_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_RULES_H_

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "pathways/eligibility/v1/policy.pb.h"
#include "pathways/eligibility/v1/screening.pb.h"
#include "pathways/type/v1/person.pb.h"
#include "services/eligibility/domain/demands.h"
#include "services/eligibility/domain/evaluate.h"
#include "services/eligibility/domain/person_row.h"
#include "services/eligibility/domain/program.h"

namespace pathways::eligibility {

// Recorded in every determination. Changes when the same pack and facts would give other bytes.
inline constexpr int kEvaluatorVersion = 3;

// Two days: that as of which is screened, and that whose knowledge is used.
struct AsOf {
  absl::CivilDay day;
  absl::CivilDay known;
};

// Both days are that of `time` at a place (type/desk.h).
AsOf AsOfTime(absl::string_view place, absl::Time time);

// All determinations of a case.
struct Screening {
  std::vector<v1::Determination> determinations;  // In the pack's order, then by unit.
  std::optional<absl::CivilDay> holds_until;      // The first of theirs. Nothing: none has one.
};

class RulesOfDay;

// A fact of the pack that its conditions look at, with its number in the program.
struct NumberedFact {
  const type::v1::Fact* fact = nullptr;
  Fact number = 0;
};

// Immutable; may be used by many threads at once.
class Rules : public std::enable_shared_from_this<Rules> {
 public:
  // INVALID_ARGUMENT with reason INVALID_POLICY_PACK and every fault that CheckRules finds. Texts
  // are checked where a pack is accepted (policy_file.h), so a stored one is screened by for ever.
  static absl::StatusOr<std::shared_ptr<const Rules>> Compile(const v1::PolicyPack& pack);

  // The rules as they are on a day. Costs some microseconds: keep the result for many cases.
  RulesOfDay On(AsOf as_of) const;

  // On(as_of).Screen(facts).
  Screening Screen(const type::v1::CaseFacts& facts, AsOf as_of) const;

  const v1::PolicyPack& pack() const { return pack_; }
  const Program& program() const { return program_; }

  // The facts that conditions look at, in the order of asking (facts.h).
  std::vector<NumberedFact> FactsInOrder() const;

 private:
  Rules(v1::PolicyPack pack, Program program)
      : pack_(std::move(pack)), program_(std::move(program)) {}

  const v1::PolicyPack pack_;
  const Program program_;
};

// What a pathway is on one day.
struct PathwayOfDay {
  int status = -1;                 // Index of its status period in the pack. Fewer than 0: none.
  std::vector<int> criteria;       // Indices of those in force.
  std::optional<Day> next_change;  // First later day on which status or criteria change.
};

// The rules on one day. Immutable; may be used by many threads at once.
class RulesOfDay {
 public:
  RulesOfDay(std::shared_ptr<const Rules> rules, AsOf as_of);

  // Screens a case. A pathway for persons gives one determination per person; one for families
  // gives one for all people by the facts of the principal applicant, and without one every
  // condition of it is unknown. The outcome is DOES_NOT_MEET where one criterion is not met, else
  // NEEDS_INFORMATION where one needs it or none is in force, else MEETS.
  Screening Screen(const type::v1::CaseFacts& facts) const;

  // The outcomes alone, in the order of Screen's determinations. Allocates nothing where `outcomes`
  // has room. `row` was read with ReadFacts for the same rules.
  void Outcomes(const CaseRow& row, std::vector<v1::Outcome>& outcomes) const;

  v1::PathwayStatus StatusOf(size_t pathway) const;

  const Rules& rules() const { return *rules_; }
  const AsOf& as_of() const { return as_of_; }
  const DayPlan& plan() const { return plan_; }
  const PathwayOfDay& pathway(size_t index) const { return pathways_[index]; }

  // What a criterion comes to; a question where its source is not sure.
  static Truth CriterionTruth(const CriterionPlan& criterion, const Bits& bits) {
    return criterion.sure ? TruthAt(criterion.place, bits) : Truth::kUnknown;
  }
  v1::Outcome OutcomeOf(size_t pathway, const Bits& bits) const;

 private:
  std::shared_ptr<const Rules> rules_;
  AsOf as_of_;
  DayPlan plan_;
  std::vector<PathwayOfDay> pathways_;  // As in the pack.
  std::vector<Demand> demands_;         // Of all pathways, one after the other.
  std::vector<uint16_t> nodes_;         // Those that the demands look at.
  // What Outcomes reads for each pathway, close together: its demands, begin to end, and how many
  // pathways of each kind come before it.
  struct Unit {
    uint32_t begin;
    uint32_t end;
    uint32_t families_before;
    uint32_t persons_before;
  };
  std::vector<Unit> units_;     // As in the pack.
  std::vector<Unit> families_;  // Those for families.
  std::vector<Unit> persons_;   // The others.
};

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_RULES_H_
