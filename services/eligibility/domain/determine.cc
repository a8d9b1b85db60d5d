#include "services/eligibility/domain/determine.h"

#include <algorithm>
#include <array>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/eligibility/domain/text_keys.h"
#include "services/type/dates.h"

namespace pathways::eligibility {
namespace {

// Who is screened together: all people of a family, or one person.
constexpr int kFamily = -1;

// A determination being made, and the facts it misses.
struct Draft {
  size_t pathway = 0;
  int unit = kFamily;  // Else index of the person.
  v1::Determination determination;
  FactSet facts = 0;             // Looked at.
  FactSet missing = 0;           // To ask for.
  std::vector<Fact> pack_order;  // The same, as the criteria come in the pack.
};

class Determiner {
 public:
  Determiner(const RulesOfDay& rules, const type::v1::CaseFacts& facts);
  Screening Make();

 private:
  Draft Begin(size_t pathway, int unit) const;
  void AddCriteria(Draft& draft) const;
  void AddStatus(Draft& draft) const;
  void AddChanges();
  void AddMissing();
  void AddHoldsUntil(Draft& draft) const;

  const PersonRow& RowOfUnit(int unit) const;
  const Bits& BitsOfUnit(int unit) const;
  std::vector<PersonRow> RowsWithOther(Fact fact, const PersonRow& row) const;

  const RulesOfDay& rules_;
  const Program& program_;
  const v1::PolicyPack& pack_;
  const type::v1::CaseFacts& facts_;
  CaseRow row_;
  MemberBits members_;
  std::vector<Bits> bits_;  // By person.
  PersonRow nobody_;
  Bits nobody_bits_;
  std::vector<Draft> drafts_;
};

Determiner::Determiner(const RulesOfDay& rules, const type::v1::CaseFacts& facts)
    : rules_(rules),
      program_(rules.rules().program()),
      pack_(rules.rules().pack()),
      facts_(facts),
      bits_(static_cast<size_t>(facts.people_size())) {
  ReadFacts(program_, facts, rules.plan().day, row_);
  members_ = CountMembers(program_, rules.plan(), row_);
  for (size_t i = 0; i < bits_.size(); ++i) {
    Evaluate(program_, rules.plan(), row_.people[i], members_, bits_[i]);
  }
  Evaluate(program_, rules.plan(), nobody_, members_, nobody_bits_);
}

const PersonRow& Determiner::RowOfUnit(int unit) const {
  const int person = unit == kFamily ? row_.principal : unit;
  return person < 0 ? nobody_ : row_.people[static_cast<size_t>(person)];
}

const Bits& Determiner::BitsOfUnit(int unit) const {
  const int person = unit == kFamily ? row_.principal : unit;
  return person < 0 ? nobody_bits_ : bits_[static_cast<size_t>(person)];
}

v1::Outcome OutcomeOfTruth(Truth truth) {
  if (truth == Truth::kTrue) return v1::OUTCOME_MEETS;
  return truth == Truth::kFalse ? v1::OUTCOME_DOES_NOT_MEET : v1::OUTCOME_NEEDS_INFORMATION;
}

template <typename Names>
void AddNames(const Program& program, FactSet facts, Names& names) {
  for (std::string& name : program.NamesOf(facts)) names.Add(std::move(name));
}

void Determiner::AddCriteria(Draft& draft) const {
  const PathwayPlan& plan = program_.pathways[draft.pathway];
  const v1::Pathway& pathway = pack_.pathways(static_cast<int>(draft.pathway));
  const Bits& bits = BitsOfUnit(draft.unit);
  uint64_t calendars = 0;
  for (const int index : rules_.pathway(draft.pathway).criteria) {
    const CriterionPlan& criterion = plan.criteria[static_cast<size_t>(index)];
    const v1::Criterion& described = pathway.criteria(index);
    const FactSet missing = MissingAt(program_, criterion.place, bits, bits_);
    v1::CriterionResult& result = *draft.determination.add_criteria();
    result.set_criterion(described.id());
    result.set_outcome(OutcomeOfTruth(RulesOfDay::CriterionTruth(criterion, bits)));
    AddNames(program_, criterion.facts, *result.mutable_facts());
    AddNames(program_, missing, *result.mutable_missing_facts());
    result.set_message_key(CriterionKey(described.message(), result.outcome()));
    result.set_source(described.source());
    draft.facts |= criterion.facts;
    calendars |= criterion.calendars;
    for (const Fact fact : FactsIn(missing & ~draft.missing)) draft.pack_order.push_back(fact);
    draft.missing |= missing;
  }
  for (int i = 0; i < pack_.calendars_size(); ++i) {
    if ((calendars >> i & 1) == 0) continue;
    draft.determination.add_calendars(
        absl::StrCat(pack_.calendars(i).id(), "@", pack_.calendars(i).version()));
  }
}

void Determiner::AddStatus(Draft& draft) const {
  v1::Determination& determination = draft.determination;
  const v1::Pathway& pathway = pack_.pathways(static_cast<int>(draft.pathway));
  const v1::PathwayStatus status = rules_.StatusOf(draft.pathway);
  const int index = rules_.pathway(draft.pathway).status;
  determination.set_status(status);
  determination.set_status_message_key(StatusKey(status));
  if (index >= 0) {
    const v1::StatusPeriod& period = pathway.statuses(index);
    determination.set_status_source(period.source());
    if (!period.message().empty()) determination.set_status_message_key(period.message());
  }
  const v1::Outcome outcome = determination.outcome();
  determination.set_can_submit(outcome == v1::OUTCOME_MEETS && status == v1::PATHWAY_STATUS_ACTIVE);
  determination.set_mode(pathway.mode());
  determination.set_review_required(
      (pathway.review() == v1::REVIEW_RULE_ALWAYS && outcome != v1::OUTCOME_NEEDS_INFORMATION) ||
      (pathway.review() == v1::REVIEW_RULE_DOES_NOT_MEET && outcome == v1::OUTCOME_DOES_NOT_MEET));
}

void Determiner::AddHoldsUntil(Draft& draft) const {
  std::optional<Day> next = rules_.pathway(draft.pathway).next_change;
  const auto include = [&](const PersonRow& row, uint64_t tests) {
    const std::optional<Day> change = NextDateChange(program_, rules_.plan(), row, tests);
    if (change) Earlier(*change, rules_.plan().day, next);
  };
  uint64_t tests = 0;
  for (const int index : rules_.pathway(draft.pathway).criteria) {
    tests |= program_.pathways[draft.pathway].criteria[static_cast<size_t>(index)].dates;
  }
  include(RowOfUnit(draft.unit), tests);
  for (const PersonRow& person : row_.people) include(person, tests & program_.member_dates);
  // An answer that goes stale is looked at anew, whosever it is.
  for (const type::v1::PersonFacts& person : facts_.people()) {
    const auto stale = NextStaleDay(program_, person, draft.facts, rules_.plan().day);
    if (stale) Earlier(*stale, rules_.plan().day, next);
  }
  if (next) *draft.determination.mutable_holds_until() = type::FromDay(CivilOf(*next));
}

Draft Determiner::Begin(size_t pathway, int unit) const {
  Draft draft;
  draft.pathway = pathway;
  draft.unit = unit;
  v1::Determination& determination = draft.determination;
  determination.set_pathway(pack_.pathways(static_cast<int>(pathway)).id());
  if (unit == kFamily) {
    for (const type::v1::PersonFacts& person : facts_.people()) {
      determination.add_person_ids(person.person_id());
    }
  } else {
    determination.add_person_ids(facts_.people(unit).person_id());
  }
  determination.set_outcome(rules_.OutcomeOf(pathway, BitsOfUnit(unit)));
  AddCriteria(draft);
  AddStatus(draft);
  AddHoldsUntil(draft);
  determination.set_policy_version(pack_.version());
  determination.set_evaluator_version(kEvaluatorVersion);
  *determination.mutable_as_of() = type::FromDay(rules_.as_of().day);
  *determination.mutable_known_on() = type::FromDay(rules_.as_of().known);
  return draft;
}

// A date is another one where a comparison of the day turns.
std::vector<PersonRow> Determiner::RowsWithOther(Fact fact, const PersonRow& row) const {
  const int date = program_.DateOf(fact);
  if (date < 0) return Alternatives(program_, row, fact);
  std::vector<PersonRow> rows;
  for (const DateBounds& bounds : rules_.plan().dates) {
    if (bounds.date != date) continue;
    for (const Day turn :
         {bounds.true_from, bounds.true_until, bounds.false_before, bounds.false_from}) {
      if (turn <= kFirstDay || turn >= kLastDay) continue;
      for (const Day day : {turn - 1, turn}) {
        // Nobody has entered on a later day.
        if (fact == kEntryDate && day > rules_.plan().day) continue;
        rows.emplace_back(row).dates[static_cast<size_t>(date)] = {day, day};
      }
    }
  }
  return rows;
}

// Tries every other answer once for all pathways of a unit.
void Determiner::AddChanges() {
  std::vector<int> units = {kFamily};
  for (int person = 0; person < facts_.people_size(); ++person) units.push_back(person);
  for (const int unit : units) {
    FactSet facts = 0;
    for (const Draft& draft : drafts_) {
      if (draft.unit == unit && AsksFor(draft.determination.status())) facts |= draft.facts;
    }
    const int person = unit == kFamily ? row_.principal : unit;
    if (person < 0) continue;
    for (const Fact fact : FactsIn(facts)) {
      std::vector<std::array<bool, v1::Outcome_ARRAYSIZE>> seen(program_.pathways.size());
      for (const PersonRow& other : RowsWithOther(fact, RowOfUnit(unit))) {
        MemberBits members = members_;
        if ((program_.member_facts & SetOf(fact)) != 0) {
          CaseRow changed = row_;
          changed.people[static_cast<size_t>(person)] = other;
          members = CountMembers(program_, rules_.plan(), changed);
        }
        Bits bits;
        Evaluate(program_, rules_.plan(), other, members, bits);
        for (size_t i = 0; i < seen.size(); ++i) seen[i].at(rules_.OutcomeOf(i, bits)) = true;
      }
      for (Draft& draft : drafts_) {
        if (draft.unit != unit || (draft.facts & SetOf(fact)) == 0) continue;
        if (!AsksFor(draft.determination.status())) continue;
        for (int outcome = v1::OUTCOME_MEETS; outcome < v1::Outcome_ARRAYSIZE; ++outcome) {
          if (outcome == draft.determination.outcome() ||
              !seen[draft.pathway].at(static_cast<size_t>(outcome))) {
            continue;
          }
          v1::FactChange& change = *draft.determination.add_changes();
          change.set_fact(program_.NameOf(fact));
          change.set_outcome(static_cast<v1::Outcome>(outcome));
        }
      }
    }
  }
}

// First what does not hurt to be asked, then what most open pathways wait for, then in the order
// that the fact catalogue gives. A pathway that is closed to people anyway is no reason to question
// them further.
void Determiner::AddMissing() {
  std::array<int, kFieldFacts + kAnswersMax> waiting{};
  const auto asks = [](const Draft& draft) {
    return draft.determination.outcome() == v1::OUTCOME_NEEDS_INFORMATION &&
           AsksFor(draft.determination.status());
  };
  for (const Draft& draft : drafts_) {
    if (!asks(draft)) continue;
    for (const Fact fact : draft.pack_order) ++waiting[static_cast<size_t>(fact)];
  }
  for (Draft& draft : drafts_) {
    if (!asks(draft)) continue;
    const auto rank = [&](Fact fact) {
      const auto index = static_cast<size_t>(fact);
      const bool is_alone = (program_.asked_alone & SetOf(fact)) != 0;
      return std::make_tuple(is_alone, -waiting[index], program_.order[index]);
    };
    std::stable_sort(draft.pack_order.begin(), draft.pack_order.end(),
                     [&](Fact a, Fact b) { return rank(a) < rank(b); });
    for (const Fact fact : draft.pack_order) {
      draft.determination.add_missing_facts(program_.NameOf(fact));
    }
  }
}

Screening Determiner::Make() {
  Screening screening;
  const int people = facts_.people_size();
  if (people == 0) return screening;
  for (size_t pathway = 0; pathway < program_.pathways.size(); ++pathway) {
    if (program_.pathways[pathway].family) {
      drafts_.push_back(Begin(pathway, kFamily));
    } else {
      for (int person = 0; person < people; ++person) drafts_.push_back(Begin(pathway, person));
    }
  }
  AddChanges();
  AddMissing();
  for (Draft& draft : drafts_) {
    if (draft.determination.has_holds_until()) {
      const type::v1::PartialDate& until = draft.determination.holds_until();
      const absl::CivilDay day(until.year(), until.month(), until.day());
      if (!screening.holds_until || day < *screening.holds_until) screening.holds_until = day;
    }
    screening.determinations.push_back(std::move(draft.determination));
  }
  return screening;
}

}  // namespace

bool AsksFor(v1::PathwayStatus status) {
  return status == v1::PATHWAY_STATUS_ACTIVE || status == v1::PATHWAY_STATUS_SUSPENDED ||
         status == v1::PATHWAY_STATUS_ENJOINED;
}

Screening Determine(const RulesOfDay& rules, const type::v1::CaseFacts& facts) {
  return Determiner(rules, facts).Make();
}

}  // namespace pathways::eligibility
