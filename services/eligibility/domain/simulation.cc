#include "services/eligibility/domain/simulation.h"

#include <set>
#include <utility>

#include "services/eligibility/domain/changes.h"
#include "services/eligibility/domain/disclosure.h"
#include "services/eligibility/domain/told_count.h"
#include "services/type/people.h"

namespace pathways::eligibility {
namespace {

// As the dashboards' feed tells them; a person with several counts under the first of these.
std::string NationalityOf(const type::v1::PersonFacts& person) {
  const std::pair<const char*, const char*> told[] = {
      {"CUB", "CU"}, {"HTI", "HT"}, {"NIC", "NI"}, {"VEN", "VE"}};
  for (const auto& [code, name] : told) {
    for (const std::string& nationality : person.nationalities()) {
      if (nationality == code) return name;
    }
  }
  return "OTHER";
}

v1::Outcome OutcomeIn(const Determinations& in, const v1::Determination& unit) {
  const v1::Determination* const found = FindUnit(in, unit);
  return found != nullptr ? found->outcome() : v1::OUTCOME_UNSPECIFIED;
}

// Adds a cell unless nothing is told of its count.
void AddCell(v1::SimulationCell cell, const ToldCount& count,
             std::vector<v1::SimulationCell>& cells) {
  if (count.told == 0) return;
  cell.set_count(count.told);
  cells.push_back(std::move(cell));
}

}  // namespace

void Simulation::AddUnit(const Key& key, const v1::Determination& unit,
                         const type::v1::CaseFacts& facts) {
  Count& count = counts_[key];
  ++count.all;
  std::set<std::string> needs;
  for (const std::string& id : unit.person_ids()) {
    const type::v1::PersonFacts* const person = type::FindPerson(facts, id);
    if (person == nullptr) continue;
    if (id == unit.person_ids(0)) ++count.nationalities[NationalityOf(*person)];
    needs.insert(person->needs().begin(), person->needs().end());
  }
  for (const std::string& need : needs) ++count.needs[need];
}

std::optional<v1::CaseScreened> Simulation::Add(const v1::EligibilityState& state) {
  if (state.based_on() == 0 || state.withdrawn()) return std::nullopt;
  v1::CaseScreened after = ScreenState(state, candidate_, now_);
  AddEffect(state, after);
  for (const v1::Determination& now : after.determinations()) {
    const v1::Outcome before = OutcomeIn(state.determinations(), now);
    AddUnit({now.pathway(), before, now.outcome()}, now, state.facts());
  }
  for (const v1::Determination& before : state.determinations()) {
    if (OutcomeIn(after.determinations(), before) != v1::OUTCOME_UNSPECIFIED) continue;
    AddUnit({before.pathway(), before.outcome(), v1::OUTCOME_UNSPECIFIED}, before, state.facts());
  }
  return after;
}

void Simulation::AddEffect(const v1::EligibilityState& state, const v1::CaseScreened& after) {
  const type::v1::LedgerEffect effect = EffectOf(
      state.disclosures(), DisclosuresOf(candidate_.rules, state.facts(), after.determinations()),
      after.determinations());
  effect_.set_cases(effect_.cases() + 1);
  effect_.set_referrals(effect_.referrals() + effect.referrals());
  effect_.set_holds(effect_.holds() + effect.holds());
}

std::vector<v1::SimulationCell> Simulation::Cells() const {
  std::map<std::string, int64_t> of_pathway;
  for (const auto& [key, count] : counts_) of_pathway[key.pathway] += count.all;
  std::vector<v1::SimulationCell> cells;
  for (const auto& [key, count] : counts_) {
    v1::SimulationCell cell;
    cell.set_pathway(key.pathway);
    cell.set_from(static_cast<v1::Outcome>(key.from));
    cell.set_to(static_cast<v1::Outcome>(key.to));
    const ToldCount all = TellPart(count.all, Tell(of_pathway.at(key.pathway)));
    AddCell(cell, all, cells);
    for (const auto& [nationality, number] : count.nationalities) {
      cell.set_nationality(nationality);
      AddCell(cell, TellPart(number, all), cells);
    }
    cell.clear_nationality();
    for (const auto& [need, number] : count.needs) {
      cell.set_need(need);
      AddCell(cell, TellPart(number, all), cells);
    }
  }
  return cells;
}

}  // namespace pathways::eligibility
