#include "services/eligibility/domain/grounds.h"

#include <algorithm>
#include <string>
#include <utility>

#include "services/eligibility/domain/turns.h"
#include "services/type/dates.h"
#include "services/type/facts.h"

namespace pathways::eligibility {
namespace {

constexpr int kTrialsMin = 500;

class Assuming {
 public:
  Assuming(const RulesOfDay& rules, const type::v1::CaseFacts& facts)
      : rules_(rules),
        program_(rules.rules().program()),
        facts_(facts),
        in_order_(rules.rules().FactsInOrder()) {
    ReadFacts(program_, facts, rules.plan().day, row_);
  }

  v1::Assumptions Make(size_t pathway, const v1::Determination& determination) const;

 private:
  void AddStatus(size_t pathway, v1::Assumptions& assumes) const;
  // `told`: what one answered for all, and is told once.
  void AddFacts(size_t person, FactSet facts, FactSet& told, v1::Assumptions& assumes) const;
  v1::AssumedFact Assumed(size_t person, const NumberedFact& known) const;

  const RulesOfDay& rules_;
  const Program& program_;
  const type::v1::CaseFacts& facts_;
  CaseRow row_;
  const std::vector<NumberedFact> in_order_;
};

void Assuming::AddStatus(size_t pathway, v1::Assumptions& assumes) const {
  assumes.set_status(rules_.StatusOf(pathway));
  const int index = rules_.pathway(pathway).status;
  if (index < 0) return;
  *assumes.mutable_status_in_force() =
      rules_.rules().pack().pathways(static_cast<int>(pathway)).statuses(index).in_force();
}

v1::AssumedFact Assuming::Assumed(size_t person, const NumberedFact& known) const {
  const type::v1::PersonFacts& facts = facts_.people(static_cast<int>(person));
  const type::v1::FactAnswer* const answer = type::FindAnswer(facts.answers(), known.fact->id());
  v1::AssumedFact assumed;
  assumed.set_fact(known.fact->id());
  assumed.set_person_id(facts.person_id());
  const bool is_known = IsKnown(program_, row_.people[person], known.number);
  const bool of_case = known.fact->scope() == type::v1::FACT_SCOPE_CASE;
  if (known.fact->storage() == type::v1::FACT_STORAGE_NEVER) {
    assumed.set_basis(v1::FACT_BASIS_NEVER_RECORDED);
  } else if (!is_known) {
    const bool is_stale = answer != nullptr && type::RangeOf(answer->answered_on()).has_value();
    assumed.set_basis(is_stale ? v1::FACT_BASIS_STALE : v1::FACT_BASIS_UNKNOWN);
  } else if (known.fact->storage() == type::v1::FACT_STORAGE_DERIVED) {
    assumed.set_basis(v1::FACT_BASIS_DERIVED);
  } else {
    assumed.set_basis(of_case ? v1::FACT_BASIS_SAID_FOR_ALL : v1::FACT_BASIS_SAID);
  }
  if (answer != nullptr && answer->has_answered_on()) {
    *assumed.mutable_answered_on() = answer->answered_on();
  }
  if (known.number == kAgeBand) assumed.set_precision(facts.age_precision());
  if (known.number == kEntryDate) assumed.set_precision(type::PrecisionOf(facts.entry_date()));
  if (answer != nullptr && program_.DateOf(known.number) >= 0) {
    assumed.set_precision(type::PrecisionOf(answer->date()));
  }
  return assumed;
}

void Assuming::AddFacts(size_t person, FactSet facts, FactSet& told,
                        v1::Assumptions& assumes) const {
  for (const NumberedFact& known : in_order_) {
    if ((facts & SetOf(known.number)) == 0) continue;
    size_t whose = person;
    if (known.fact->scope() == type::v1::FACT_SCOPE_CASE) {
      if (row_.principal < 0 || (told & SetOf(known.number)) != 0) continue;
      told |= SetOf(known.number);
      whose = static_cast<size_t>(row_.principal);
    }
    *assumes.add_facts() = Assumed(whose, known);
  }
}

v1::Assumptions Assuming::Make(size_t pathway, const v1::Determination& determination) const {
  v1::Assumptions assumes;
  AddStatus(pathway, assumes);
  FactSet own = 0;
  FactSet counted = 0;
  const PathwayPlan& plan = program_.pathways[pathway];
  for (const int index : rules_.pathway(pathway).criteria) {
    own |= plan.criteria[static_cast<size_t>(index)].own_facts;
    counted |= plan.criteria[static_cast<size_t>(index)].member_facts;
  }
  FactSet told = 0;
  for (size_t person = 0; person < row_.people.size(); ++person) {
    const std::string& id = facts_.people(static_cast<int>(person)).person_id();
    const bool is_unit =
        plan.family ? static_cast<int>(person) == row_.principal
                    : !determination.person_ids().empty() && determination.person_ids(0) == id;
    AddFacts(person, counted | (is_unit ? own : FactSet{0}), told, assumes);
  }
  return assumes;
}

AsOf AsOfDetermination(const v1::Determination& determination) {
  const absl::CivilDay epoch = CivilOf(0);
  return {CivilOf(DayOf(determination.as_of(), NumberOf(epoch))),
          CivilOf(DayOf(determination.known_on(), NumberOf(epoch)))};
}

}  // namespace

std::vector<Grounds> GroundsOf(const Rules& rules, const type::v1::CaseFacts& facts,
                               const Determinations& determinations) {
  std::vector<Grounds> grounds(static_cast<size_t>(determinations.size()));
  if (determinations.empty()) return grounds;
  const AsOf as_of = AsOfDetermination(determinations[0]);
  const RulesOfDay of_day = rules.On(as_of);
  const Assuming assuming(of_day, facts);
  const CaseTurns turns(of_day, facts);
  const auto times = TimeTurnsOf(rules, facts, as_of, determinations);
  const int trials = std::clamp(kTrialsOfCaseMax / determinations.size(), kTrialsMin, kTrialsMax);
  const auto& pathways = rules.pack().pathways();
  for (int i = 0; i < determinations.size(); ++i) {
    const v1::Determination& determination = determinations[i];
    Grounds& of_one = grounds[static_cast<size_t>(i)];
    const auto pathway =
        std::find_if(pathways.begin(), pathways.end(),
                     [&](const v1::Pathway& one) { return one.id() == determination.pathway(); });
    if (pathway != pathways.end()) {
      of_one.assumes =
          assuming.Make(static_cast<size_t>(pathway - pathways.begin()), determination);
    }
    of_one.assumes.set_policy_version(determination.policy_version());
    *of_one.assumes.mutable_as_of() = determination.as_of();
    *of_one.assumes.mutable_known_on() = determination.known_on();
    of_one.turns = turns.Of(determination, trials);
    of_one.time_turn = times[static_cast<size_t>(i)];
  }
  return grounds;
}

}  // namespace pathways::eligibility
