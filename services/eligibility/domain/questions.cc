#include "services/eligibility/domain/questions.h"

#include <algorithm>
#include <map>

#include "services/eligibility/domain/calendar.h"
#include "services/eligibility/domain/person_row.h"
#include "services/type/facts.h"
#include "services/type/people.h"

namespace pathways::eligibility {
namespace {

using type::v1::PersonFacts;

struct Asked {
  std::set<std::string> people;
  std::set<std::string> pathways;
};
using ByFact = std::map<std::string, Asked>;

// The facts that a pathway looks at, of the unit that is screened and of the people whom it counts.
struct LookedAt {
  std::set<std::string> of_unit;
  std::set<std::string> of_members;
};

LookedAt LookedAtBy(const Rules& rules, const std::string& pathway) {
  FactSet own = 0;
  FactSet members = 0;
  for (int i = 0; i < rules.pack().pathways_size(); ++i) {
    if (rules.pack().pathways(i).id() != pathway) continue;
    for (const CriterionPlan& criterion :
         rules.program().pathways[static_cast<size_t>(i)].criteria) {
      own |= criterion.own_facts;
      members |= criterion.member_facts;
    }
  }
  const auto names = [&](FactSet facts) {
    const std::vector<std::string> all = rules.program().NamesOf(facts);
    return std::set<std::string>(all.begin(), all.end());
  };
  return {names(own), names(members)};
}

// Those of whom nothing is known, or no more than what a date of which the day is missing says.
std::vector<std::string> WhoLack(const Program& program, const type::v1::CaseFacts& facts, Day day,
                                 const std::string& name) {
  Fact number = 0;
  while (program.NameOf(number) != name) ++number;
  CaseRow row;
  ReadFacts(program, facts, day, row);
  std::vector<std::string> ids;
  for (int i = 0; i < facts.people_size(); ++i) {
    const bool is_date = program.DateOf(number) >= 0;
    if (!is_date && IsKnown(program, row.people[static_cast<size_t>(i)], number)) continue;
    ids.push_back(facts.people(i).person_id());
  }
  return ids;
}

bool Holds(const type::v1::AskIf& condition, const type::v1::FactAnswer& answer) {
  const auto& codes = condition.codes();
  const auto is_named = [&](const std::string& code) {
    return std::find(codes.begin(), codes.end(), code) != codes.end();
  };
  switch (answer.value_case()) {
    case type::v1::FactAnswer::kYes:
      return answer.yes() && condition.yes();
    case type::v1::FactAnswer::kCode:
      return is_named(answer.code());
    case type::v1::FactAnswer::kCodes:
      return std::any_of(answer.codes().of().begin(), answer.codes().of().end(), is_named);
    default:
      return false;
  }
}

// Whether what a person has answered leaves the question worth asking.
bool IsWorthAsking(const type::v1::Fact& fact, const PersonFacts& person) {
  if (fact.ask_only_if().empty()) return true;
  return std::any_of(
      fact.ask_only_if().begin(), fact.ask_only_if().end(), [&](const type::v1::AskIf& condition) {
        const auto* const answer = type::FindAnswer(person.answers(), condition.fact());
        return answer == nullptr || Holds(condition, *answer);
      });
}

std::vector<AskedFact> InOrder(const Rules& rules, const type::v1::CaseFacts& facts,
                               const ByFact& by_fact) {
  std::vector<AskedFact> questions;
  for (const type::v1::Fact& fact : rules.pack().facts()) {
    const auto found = by_fact.find(fact.id());
    if (found == by_fact.end()) continue;
    AskedFact& asked = questions.emplace_back();
    asked.fact = &fact;
    for (const PersonFacts& person : facts.people()) {
      if (found->second.people.contains(person.person_id())) {
        asked.person_ids.push_back(person.person_id());
      }
    }
    for (const v1::Pathway& pathway : rules.pack().pathways()) {
      if (found->second.pathways.contains(pathway.id())) asked.pathways.push_back(pathway.id());
    }
  }
  std::sort(questions.begin(), questions.end(),
            [](const AskedFact& a, const AskedFact& b) { return IsAskedBefore(*a.fact, *b.fact); });
  return questions;
}

}  // namespace

std::vector<AskedFact> QuestionsOf(const Rules& rules, const type::v1::CaseFacts& facts,
                                   const Determinations& determinations) {
  const PersonFacts* const principal = type::PrincipalOf(facts);
  ByFact by_fact;
  for (const v1::Determination& determination : determinations) {
    const bool is_family = determination.person_ids_size() > 1;
    const LookedAt looked_at = LookedAtBy(rules, determination.pathway());
    for (const std::string& name : determination.missing_facts()) {
      Asked& asked = by_fact[name];
      asked.pathways.insert(determination.pathway());
      if (looked_at.of_members.contains(name)) {
        const Day day = DayOf(determination.as_of(), kFirstDay);
        const std::vector<std::string> ids = WhoLack(rules.program(), facts, day, name);
        asked.people.insert(ids.begin(), ids.end());
      }
      if (!looked_at.of_unit.contains(name)) continue;
      for (const PersonFacts& person : facts.people()) {
        const auto& ids = determination.person_ids();
        if (std::find(ids.begin(), ids.end(), person.person_id()) == ids.end()) continue;
        // Of a family the facts of the principal applicant count.
        if (is_family && &person != principal) continue;
        asked.people.insert(person.person_id());
      }
    }
  }
  for (const type::v1::Fact& fact : rules.pack().facts()) {
    const auto found = by_fact.find(fact.id());
    if (found == by_fact.end()) continue;
    std::set<std::string>& people = found->second.people;
    if (fact.scope() == type::v1::FACT_SCOPE_CASE && principal != nullptr) {
      people = {principal->person_id()};
    }
    for (const PersonFacts& person : facts.people()) {
      if (!IsWorthAsking(fact, person)) people.erase(person.person_id());
    }
    if (people.empty()) by_fact.erase(found);
  }
  return InOrder(rules, facts, by_fact);
}

std::vector<AskedFact> QuestionsOf(const Rules& rules, const std::set<std::string>& pathways) {
  ByFact by_fact;
  for (int i = 0; i < rules.pack().pathways_size(); ++i) {
    const std::string& id = rules.pack().pathways(i).id();
    if (!pathways.contains(id)) continue;
    for (const CriterionPlan& criterion :
         rules.program().pathways[static_cast<size_t>(i)].criteria) {
      for (const std::string& name : rules.program().NamesOf(criterion.facts)) {
        by_fact[name].pathways.insert(id);
      }
    }
  }
  return InOrder(rules, {}, by_fact);
}

}  // namespace pathways::eligibility
