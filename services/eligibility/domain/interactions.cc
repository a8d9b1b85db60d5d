#include "services/eligibility/domain/interactions.h"

#include <algorithm>
#include <string>
#include <utility>

#include "services/eligibility/domain/determine.h"
#include "services/eligibility/domain/text_keys.h"

namespace pathways::eligibility {
namespace {

// Words of everybody in a case.
std::vector<Bits> BitsOf(const RulesOfDay& rules, const CaseRow& row) {
  const Program& program = rules.rules().program();
  const MemberBits members = CountMembers(program, rules.plan(), row);
  std::vector<Bits> bits(row.people.size());
  for (size_t i = 0; i < bits.size(); ++i) {
    Evaluate(program, rules.plan(), row.people[i], members, bits[i]);
  }
  return bits;
}

class Adviser {
 public:
  Adviser(const RulesOfDay& rules, const type::v1::CaseFacts& facts)
      : rules_(rules),
        program_(rules.rules().program()),
        pack_(rules.rules().pack()),
        facts_(facts) {
    ReadFacts(program_, facts, rules.plan().day, row_);
    bits_ = BitsOf(rules, row_);
  }

  std::vector<v1::StepAdvice> Make();

 private:
  // Pathways whose determinations these people share: the family's with its principal applicant.
  bool Concerns(size_t pathway, size_t person) const {
    return !program_.pathways[pathway].family || static_cast<int>(person) == row_.principal;
  }
  bool IsFamilyStep(const v1::Step& step) const;
  bool Applies(const ConditionPlan& plan, size_t person) const {
    return plan.always || TruthAt(plan.place, bits_[person]) != Truth::kFalse;
  }
  v1::StepAdvice Advise(int step, size_t person) const;
  void AddDeclared(int step, size_t person, v1::StepAdvice& advice) const;
  void AddDerived(const v1::Step& step, size_t person, v1::StepAdvice& advice) const;
  int PathwayIndex(const std::string& id) const;

  const RulesOfDay& rules_;
  const Program& program_;
  const v1::PolicyPack& pack_;
  const type::v1::CaseFacts& facts_;
  CaseRow row_;
  std::vector<Bits> bits_;
};

int Adviser::PathwayIndex(const std::string& id) const {
  for (int i = 0; i < pack_.pathways_size(); ++i) {
    if (pack_.pathways(i).id() == id) return i;
  }
  return -1;
}

bool Adviser::IsFamilyStep(const v1::Step& step) const {
  const int pathway = PathwayIndex(step.pathway());
  return pathway < 0 || program_.pathways[static_cast<size_t>(pathway)].family;
}

// Warnings count only where there is something to lose; what opens is always told.
void Adviser::AddDeclared(int step, size_t person, v1::StepAdvice& advice) const {
  const Day day = NumberOf(rules_.as_of().day);
  const Day known = NumberOf(rules_.as_of().known);
  for (int i = 0; i < pack_.interactions_size(); ++i) {
    const v1::Interaction& interaction = pack_.interactions(i);
    if (interaction.step() != pack_.steps(step).id()) continue;
    if (!SpanOf(interaction.in_force()).Has(day) || !SpanOf(interaction.known()).Has(known)) {
      continue;
    }
    if (!Applies(program_.interactions[static_cast<size_t>(i)], person)) continue;
    v1::StepEffect& effect = *advice.add_effects();
    effect.set_pathway(interaction.pathway());
    effect.set_effect(interaction.effect());
    effect.set_message_key(interaction.message());
    effect.set_source(interaction.source());
    effect.set_interaction(interaction.id());
    // A claim that is filed is no open pathway any more, and is what there is to lose: a warning
    // about a pathway that is not open is acknowledged too.
    if (interaction.effect() != v1::EFFECT_OPENS) advice.set_must_acknowledge(true);
  }
}

// The criteria of pathways, open before, that are not met by the facts after the step. That a step
// completes its own pathway is no loss.
void Adviser::AddDerived(const v1::Step& step, size_t person, v1::StepAdvice& advice) const {
  if (!step.has_sets()) return;
  type::v1::CaseFacts after = facts_;
  TakeStep(step, *after.mutable_people(static_cast<int>(person)));
  CaseRow row;
  ReadFacts(program_, after, rules_.plan().day, row);
  const std::vector<Bits> bits = BitsOf(rules_, row);
  for (size_t pathway = 0; pathway < program_.pathways.size(); ++pathway) {
    const v1::Pathway& described = pack_.pathways(static_cast<int>(pathway));
    if (described.id() == step.pathway()) continue;
    for (size_t other = 0; other < bits.size(); ++other) {
      if (!Concerns(pathway, other)) continue;
      if (!IsOpen(rules_.StatusOf(pathway), rules_.OutcomeOf(pathway, bits_[other]))) continue;
      if (rules_.OutcomeOf(pathway, bits[other]) != v1::OUTCOME_DOES_NOT_MEET) continue;
      for (const int index : rules_.pathway(pathway).criteria) {
        const CriterionPlan& plan = program_.pathways[pathway].criteria[static_cast<size_t>(index)];
        if (RulesOfDay::CriterionTruth(plan, bits[other]) != Truth::kFalse) continue;
        const v1::Criterion& criterion = described.criteria(index);
        v1::StepEffect& effect = *advice.add_effects();
        effect.set_pathway(described.id());
        effect.set_effect(v1::EFFECT_CLOSES);
        effect.set_message_key(CriterionKey(criterion.message(), v1::OUTCOME_DOES_NOT_MEET));
        effect.set_source(criterion.source());
        effect.set_criterion(criterion.id());
        advice.set_must_acknowledge(true);
      }
      break;  // One person is enough to be warned of a pathway.
    }
  }
}

v1::StepAdvice Adviser::Advise(int step, size_t person) const {
  const v1::Step& described = pack_.steps(step);
  v1::StepAdvice advice;
  advice.set_step(described.id());
  advice.set_pathway(described.pathway());
  advice.set_message_key(described.message());
  if (IsFamilyStep(described)) {
    for (const type::v1::PersonFacts& each : facts_.people()) {
      advice.add_person_ids(each.person_id());
    }
  } else {
    advice.add_person_ids(facts_.people(static_cast<int>(person)).person_id());
  }
  AddDeclared(step, person, advice);
  AddDerived(described, person, advice);
  return advice;
}

std::vector<v1::StepAdvice> Adviser::Make() {
  std::vector<v1::StepAdvice> steps;
  for (size_t person = 0; person < row_.people.size(); ++person) {
    std::vector<v1::StepAdvice> own;
    for (int step = 0; step < pack_.steps_size(); ++step) {
      const bool concerns =
          !IsFamilyStep(pack_.steps(step)) || static_cast<int>(person) == row_.principal;
      if (!concerns || !Applies(program_.steps[static_cast<size_t>(step)], person)) continue;
      own.push_back(Advise(step, person));
    }
    std::stable_partition(own.begin(), own.end(),
                          [](const v1::StepAdvice& advice) { return !advice.must_acknowledge(); });
    std::move(own.begin(), own.end(), std::back_inserter(steps));
  }
  return steps;
}

}  // namespace

std::vector<v1::StepAdvice> StepsFor(const RulesOfDay& rules, const type::v1::CaseFacts& facts) {
  return Adviser(rules, facts).Make();
}

bool IsOpen(v1::PathwayStatus status, v1::Outcome outcome) {
  return AsksFor(status) && outcome != v1::OUTCOME_DOES_NOT_MEET;
}

void TakeStep(const v1::Step& step, type::v1::PersonFacts& person) {
  ReplaceFacts(step.sets(), person);
}

}  // namespace pathways::eligibility
