#include "services/eligibility/domain/simulation.h"

#include <algorithm>
#include <set>
#include <utility>

#include "services/eligibility/domain/changes.h"
#include "services/eligibility/domain/disclosure.h"

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

const type::v1::PersonFacts* FindPerson(const type::v1::CaseFacts& facts, const std::string& id) {
  for (const type::v1::PersonFacts& person : facts.people()) {
    if (person.person_id() == id) return &person;
  }
  return nullptr;
}

v1::Outcome OutcomeIn(const Determinations& in, const v1::Determination& unit) {
  const v1::Determination* const found = FindUnit(in, unit);
  return found != nullptr ? found->outcome() : v1::OUTCOME_UNSPECIFIED;
}

bool IsSmall(int64_t count) { return count > 0 && count < kCellMin; }

// Hides small cells of a group whose sum may be known, and the smallest other one where a single
// hidden one could be reckoned from the rest.
void SuppressGroup(const std::vector<v1::SimulationCell*>& group) {
  v1::SimulationCell* next = nullptr;
  int hidden = 0;
  for (v1::SimulationCell* cell : group) {
    if (IsSmall(cell->count())) cell->set_suppressed(true);
    if (cell->suppressed()) {
      ++hidden;
    } else if (next == nullptr || cell->count() < next->count()) {
      next = cell;
    }
  }
  if (hidden == 1 && next != nullptr) next->set_suppressed(true);
}

void SuppressAll(std::vector<v1::SimulationCell>& cells) {
  for (v1::SimulationCell& cell : cells) cell.set_suppressed(true);
}

std::vector<v1::SimulationCell*> PointersTo(std::vector<v1::SimulationCell>& cells) {
  std::vector<v1::SimulationCell*> pointers;
  for (v1::SimulationCell& cell : cells) pointers.push_back(&cell);
  return pointers;
}

}  // namespace

void Simulation::AddUnit(const Key& key, const v1::Determination& unit,
                         const type::v1::CaseFacts& facts) {
  Count& count = counts_[key];
  ++count.all;
  std::set<std::string> needs;
  for (const std::string& id : unit.person_ids()) {
    const type::v1::PersonFacts* const person = FindPerson(facts, id);
    if (person == nullptr) continue;
    if (id == unit.person_ids(0)) ++count.nationalities[NationalityOf(*person)];
    needs.insert(person->needs().begin(), person->needs().end());
  }
  for (const std::string& need : needs) ++count.needs[need];
}

void Simulation::Add(const v1::EligibilityState& state) {
  if (state.based_on() == 0 || state.withdrawn()) return;
  const v1::CaseScreened after = ScreenState(state, candidate_, now_);
  AddEffect(state, after);
  for (const v1::Determination& now : after.determinations()) {
    const v1::Outcome before = OutcomeIn(state.determinations(), now);
    AddUnit({now.pathway(), before, now.outcome()}, now, state.facts());
  }
  for (const v1::Determination& before : state.determinations()) {
    if (OutcomeIn(after.determinations(), before) != v1::OUTCOME_UNSPECIFIED) continue;
    AddUnit({before.pathway(), before.outcome(), v1::OUTCOME_UNSPECIFIED}, before, state.facts());
  }
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
  struct Group {
    v1::SimulationCell all;
    std::vector<v1::SimulationCell> nationalities;
    std::vector<v1::SimulationCell> needs;
  };
  std::vector<Group> groups;
  for (const auto& [key, count] : counts_) {
    Group& group = groups.emplace_back();
    v1::SimulationCell cell;
    cell.set_pathway(key.pathway);
    cell.set_from(static_cast<v1::Outcome>(key.from));
    cell.set_to(static_cast<v1::Outcome>(key.to));
    group.all = cell;
    group.all.set_count(count.all);
    for (const auto& [nationality, number] : count.nationalities) {
      cell.set_nationality(nationality);
      cell.set_count(number);
      group.nationalities.push_back(cell);
    }
    cell.clear_nationality();
    for (const auto& [need, number] : count.needs) {
      cell.set_need(need);
      cell.set_count(number);
      // How many have it not is told by it too.
      cell.set_suppressed(IsSmall(number) || IsSmall(count.all - number));
      group.needs.push_back(cell);
    }
  }
  std::map<std::string, std::vector<v1::SimulationCell*>> by_pathway;
  for (Group& group : groups) by_pathway[group.all.pathway()].push_back(&group.all);
  for (const auto& [pathway, cells] : by_pathway) SuppressGroup(cells);
  std::vector<v1::SimulationCell> told;
  for (Group& group : groups) {
    if (group.all.suppressed()) {
      SuppressAll(group.nationalities);
      SuppressAll(group.needs);
    } else {
      SuppressGroup(PointersTo(group.nationalities));
    }
    told.push_back(std::move(group.all));
    told.insert(told.end(), group.nationalities.begin(), group.nationalities.end());
    told.insert(told.end(), group.needs.begin(), group.needs.end());
  }
  for (v1::SimulationCell& cell : told) {
    if (cell.suppressed()) cell.set_count(0);
  }
  return told;
}

}  // namespace pathways::eligibility
