#include "services/eligibility/domain/turns.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>

#include "services/eligibility/domain/determine.h"
#include "services/eligibility/domain/fact_cells.h"
#include "services/type/dates.h"

namespace pathways::eligibility {
namespace {

// Places in a list.
using Indices = std::vector<size_t>;

// A fact of one person whose answer may be another.
struct Variable {
  size_t person = 0;
  Fact number = 0;
  bool of_case = false;  // Counts for everybody.
  const type::v1::Fact* fact = nullptr;
  std::vector<FactCell> cells;
  // Cells that are the same to the criteria of the pathway. One of each is tried.
  std::vector<Indices> groups;
};

// Variables, ascending, and a group of cells for each.
struct Found {
  Indices facts;
  Indices groups;
};

// One outcome that is looked for.
struct Goal {
  v1::Outcome outcome = v1::OUTCOME_UNSPECIFIED;
  bool can_be = true;
  bool is_closed = false;
  std::vector<Found> found;
  bool has_more = false;
};

class Search {
 public:
  Search(const RulesOfDay& rules, const type::v1::CaseFacts& facts, size_t pathway, size_t person,
         int trials_max);
  v1::Outcome Present() { return OutcomeOf({}, {}); }
  std::vector<v1::OutcomeTurn> Make();

 private:
  using Truths = std::array<bool, 3>;  // By Truth.

  void LookAt(const Place& place);
  void GroupCells(Variable& variable) const;
  void AddVariables();
  void AddVariable(size_t person, const type::v1::Fact& fact, Fact number);
  bool Concerns(const Variable& variable, const CriterionPlan& criterion) const;
  const CriterionPlan& Criterion(int index) const {
    return plan_.criteria[static_cast<size_t>(index)];
  }

  void Fill(const Indices& facts, const Indices& groups);
  v1::Outcome OutcomeOf(const Indices& facts, const Indices& groups);
  // One trial more; each person who has to be looked at for it counts.
  bool MayTry() {
    if (trials_left_ <= 0) return false;
    trials_left_ -= counts_people_ ? 1 + static_cast<int>(row_.people.size()) : 1;
    return true;
  }
  // Calls `visit` with a group of answers for each of the facts, until it returns false. False: it
  // did, or there were too many.
  template <typename Visit>
  bool VisitAnswers(const Indices& facts, Visit visit);

  Truths PossibleAt(const Place& place) const;
  Truths Reachable(int criterion);
  void RuleOut();
  bool MayReach(const Goal& goal, const Indices& facts) const;
  bool IsOpen(const Goal& goal) const;
  void Try(const Indices& facts);
  bool TrySubsets(size_t size, size_t next, Indices& facts);
  v1::FactsChange ChangeOf(const Found& found, v1::Outcome outcome);
  bool WholeBox(const Indices& facts, const std::vector<Indices>& box, v1::Outcome outcome);
  v1::OutcomeTurn TurnOf(const Goal& goal);

  const RulesOfDay& rules_;
  const Program& program_;
  const type::v1::CaseFacts& facts_;
  const size_t pathway_;
  const PathwayPlan& plan_;
  const size_t person_;
  CaseRow row_;
  CaseRow changed_;
  // What the criteria of the pathway look at: of each word the bits, and the comparisons of dates.
  std::array<uint64_t, kRowWords> bits_looked_at_{};
  uint64_t dates_looked_at_ = 0;
  MemberBits members_;
  bool counts_people_ = false;
  Bits bits_;
  std::vector<Variable> variables_;
  std::vector<Goal> goals_;
  std::vector<Indices> failed_;   // Variables of each criterion that is false at present.
  std::vector<Indices> unknown_;  // And of each that is unknown.
  int trials_left_;
  int64_t passed_over_ = 0;  // Sets of facts that can reach no goal.
  const int trials_max_;
  int whole_sizes_ = 0;  // All changes of so many facts were tried.
};

Search::Search(const RulesOfDay& rules, const type::v1::CaseFacts& facts, size_t pathway,
               size_t person, int trials_max)
    : rules_(rules),
      program_(rules.rules().program()),
      facts_(facts),
      pathway_(pathway),
      plan_(program_.pathways[pathway]),
      person_(person),
      trials_left_(trials_max),
      trials_max_(trials_max) {
  ReadFacts(program_, facts, rules.plan().day, row_);
  members_ = CountMembers(program_, rules.plan(), row_);
  for (const int index : rules.pathway(pathway).criteria) {
    counts_people_ |= Criterion(index).member_facts != 0;
    dates_looked_at_ |= Criterion(index).dates;
    LookAt(Criterion(index).place);
  }
  AddVariables();
}

void Search::LookAt(const Place& place) {
  if (place.word < kRowWords) {
    bits_looked_at_.at(place.word) |= uint64_t{1} << place.bit;
  } else if (place.word == kMemberWord) {
    LookAt(program_.members[place.bit].where);
  } else if (place.word >= kNodeWord) {
    const size_t node = static_cast<size_t>(place.word - kNodeWord) * kWordBits + place.bit;
    for (const Place& part : program_.nodes[node].parts) LookAt(part);
  }
}

// What may be so already comes first, and apart: it only has to be asked.
void Search::GroupCells(Variable& variable) const {
  using Key = std::tuple<bool, uint64_t, uint64_t>;
  std::vector<Key> keys;
  const PersonRow& row = row_.people[variable.person];
  std::stable_partition(variable.cells.begin(), variable.cells.end(),
                        [&](const FactCell& cell) { return MayBe(cell, row); });
  for (size_t i = 0; i < variable.cells.size(); ++i) {
    const FactCell& cell = variable.cells[i];
    Key key = {MayBe(cell, row), cell.yes & bits_looked_at_.at(cell.word), 0};
    if (cell.mask == 0) {
      PersonRow other = row;
      Put(cell, other);
      Bits bits;
      Evaluate(program_, rules_.plan(), other, {}, bits);
      std::get<1>(key) = bits.yes[kDateWord] & dates_looked_at_;
      std::get<2>(key) = bits.no[kDateWord] & dates_looked_at_;
    }
    const auto known = std::find(keys.begin(), keys.end(), key);
    const auto group = static_cast<size_t>(known - keys.begin());
    if (known == keys.end()) {
      keys.push_back(key);
      variable.groups.emplace_back();
    }
    variable.groups[group].push_back(i);
  }
}

bool Search::Concerns(const Variable& variable, const CriterionPlan& criterion) const {
  const bool is_own = variable.person == person_ || variable.of_case;
  const FactSet looked_at = criterion.member_facts | (is_own ? criterion.own_facts : FactSet{0});
  return (looked_at & SetOf(variable.number)) != 0;
}

void Search::AddVariable(size_t person, const type::v1::Fact& fact, Fact number) {
  Variable variable{person, number, fact.scope() == type::v1::FACT_SCOPE_CASE, &fact, {}, {}};
  const auto& criteria = rules_.pathway(pathway_).criteria;
  const bool is_looked_at = std::any_of(criteria.begin(), criteria.end(), [&](int index) {
    return Concerns(variable, Criterion(index));
  });
  if (!is_looked_at) return;
  variable.cells = CellsOf(rules_, fact, number);
  GroupCells(variable);
  if (!variable.cells.empty()) variables_.push_back(std::move(variable));
}

// The person's own first, each person's in the catalogue's order of asking.
void Search::AddVariables() {
  std::vector<const type::v1::Fact*> facts;
  for (const type::v1::Fact& fact : rules_.rules().pack().facts()) {
    const bool is_retired = !type::IsEmpty(fact.retired_on());
    if (!is_retired && fact.storage() != type::v1::FACT_STORAGE_NEVER) facts.push_back(&fact);
  }
  const auto rank = [](const type::v1::Fact* fact) {
    return std::make_tuple(fact->setting(), fact->order(), fact->id());
  };
  std::sort(facts.begin(), facts.end(),
            [&](const auto* a, const auto* b) { return rank(a) < rank(b); });
  std::vector<size_t> people = {person_};
  for (size_t i = 0; i < row_.people.size(); ++i) {
    if (i != person_) people.push_back(i);
  }
  for (const size_t person : people) {
    for (const type::v1::Fact* const fact : facts) {
      const bool of_case = fact->scope() == type::v1::FACT_SCOPE_CASE;
      // Nobody else can answer for all.
      if (of_case && static_cast<int>(person) != row_.principal) continue;
      for (Fact number = 0; number < kFieldFacts + static_cast<int>(program_.answers.size());
           ++number) {
        if (program_.NameOf(number) == fact->id()) AddVariable(person, *fact, number);
      }
    }
  }
}

void Search::Fill(const Indices& facts, const Indices& groups) {
  changed_ = row_;
  for (size_t i = 0; i < facts.size(); ++i) {
    const Variable& variable = variables_[facts[i]];
    const FactCell& cell = variable.cells[variable.groups[groups[i]].front()];
    if (variable.of_case) {
      for (PersonRow& person : changed_.people) Put(cell, person);
    } else {
      Put(cell, changed_.people[variable.person]);
    }
  }
  if (counts_people_) members_ = CountMembers(program_, rules_.plan(), changed_);
  Evaluate(program_, rules_.plan(), changed_.people[person_], members_, bits_);
}

v1::Outcome Search::OutcomeOf(const Indices& facts, const Indices& groups) {
  Fill(facts, groups);
  return rules_.OutcomeOf(pathway_, bits_);
}

template <typename Visit>
bool Search::VisitAnswers(const Indices& facts, Visit visit) {
  Indices groups(facts.size(), 0);
  for (;;) {
    if (!MayTry() || !visit(groups)) return false;
    size_t place = facts.size();
    while (place > 0 && ++groups[place - 1] == variables_[facts[place - 1]].groups.size()) {
      groups[--place] = 0;
    }
    if (place == 0) return true;
  }
}

// What a place can come to by its form, were each of its parts free to be anything. An ask_unless
// is never false, and what nobody records stays unknown.
Search::Truths Search::PossibleAt(const Place& place) const {
  Truths truths = {true, true, true};
  constexpr auto kFalse = static_cast<size_t>(Truth::kFalse);
  constexpr auto kUnknown = static_cast<size_t>(Truth::kUnknown);
  constexpr auto kTrue = static_cast<size_t>(Truth::kTrue);
  if (place.word == kQuestionWord && place.bit == 0) return {false, true, false};
  if (place.word == kQuestionWord || place.word == kAnswerWord) {
    const Fact fact = program_.FactAt(static_cast<Word>(place.word), place.bit);
    if ((program_.never_recorded & SetOf(fact)) != 0) return {false, true, false};
  }
  if (place.word >= kNodeWord) {
    const Node& node =
        program_.nodes[static_cast<size_t>(place.word - kNodeWord) * kWordBits + place.bit];
    const bool is_any = node.kind == Node::kAny;
    // `any` is `all` with true and false swapped.
    const size_t easy = is_any ? kTrue : kFalse;
    const size_t hard = is_any ? kFalse : kTrue;
    truths = {false, false, false};
    truths.at(hard) = true;
    bool none_easy = true;
    for (const Place& part : node.parts) {
      const Truths possible = PossibleAt(part);
      truths.at(easy) = truths.at(easy) || possible.at(easy);
      truths.at(kUnknown) = truths.at(kUnknown) || possible.at(kUnknown);
      truths.at(hard) = truths.at(hard) && possible.at(hard);
      none_easy = none_easy && (possible.at(hard) || possible.at(kUnknown));
    }
    truths.at(kUnknown) = truths.at(kUnknown) && none_easy;
    if (node.kind == Node::kAskUnless) truths = {false, true, truths.at(kTrue)};
  }
  if (place.negated) std::swap(truths.at(kFalse), truths.at(kTrue));
  return truths;
}

// What a criterion alone can come to, whatever of its facts changes; where there are too many
// combinations, what it can come to by its form.
Search::Truths Search::Reachable(int criterion) {
  const CriterionPlan& plan = Criterion(criterion);
  Indices concerned;
  for (size_t i = 0; i < variables_.size(); ++i) {
    if (Concerns(variables_[i], plan)) concerned.push_back(i);
  }
  constexpr int kPart = 8;  // Of the trials, for one criterion.
  const int trials = trials_left_;
  trials_left_ /= kPart;
  const int given = trials_left_;
  Truths truths{};
  const auto note = [&] {
    truths.at(static_cast<size_t>(RulesOfDay::CriterionTruth(plan, bits_))) = true;
  };
  Fill({}, {});
  note();
  bool is_whole = true;
  // Every fact answered, or left as it is: each subset of them.
  const size_t subsets = concerned.size() < 16 ? size_t{1} << concerned.size() : 0;
  for (size_t subset = 1; subset < subsets && is_whole; ++subset) {
    Indices facts;
    for (size_t i = 0; i < concerned.size(); ++i) {
      if (subset >> i & 1) facts.push_back(concerned[i]);
    }
    is_whole = VisitAnswers(facts, [&](const Indices& groups) {
      Fill(facts, groups);
      note();
      return !(truths[0] && truths[1] && truths[2]);
    });
  }
  const bool all_seen = truths[0] && truths[1] && truths[2];
  if (!all_seen && (subsets == 0 || !is_whole)) {
    truths = plan.sure ? PossibleAt(plan.place) : Truths{false, true, false};
  }
  trials_left_ = trials - (given - std::max(trials_left_, 0));
  return truths;
}

// Finds the goals that no answers give, and what has to change for the others.
void Search::RuleOut() {
  bool all_true = true;
  bool none_false = true;
  bool one_false = false;
  bool one_unknown = false;
  for (const int index : rules_.pathway(pathway_).criteria) {
    const Truths truths = Reachable(index);
    all_true &= truths[static_cast<size_t>(Truth::kTrue)];
    one_false |= truths[static_cast<size_t>(Truth::kFalse)];
    one_unknown |= truths[static_cast<size_t>(Truth::kUnknown)];
    none_false &=
        truths[static_cast<size_t>(Truth::kTrue)] || truths[static_cast<size_t>(Truth::kUnknown)];
    Fill({}, {});
    const Truth present = RulesOfDay::CriterionTruth(Criterion(index), bits_);
    if (present == Truth::kTrue) continue;
    Indices& concerned = (present == Truth::kFalse ? failed_ : unknown_).emplace_back();
    for (size_t i = 0; i < variables_.size(); ++i) {
      if (Concerns(variables_[i], Criterion(index))) concerned.push_back(i);
    }
  }
  const bool no_criteria = rules_.pathway(pathway_).criteria.empty();
  for (Goal& goal : goals_) {
    if (goal.outcome == v1::OUTCOME_MEETS) goal.can_be = all_true && !no_criteria;
    if (goal.outcome == v1::OUTCOME_DOES_NOT_MEET) goal.can_be = one_false;
    if (goal.outcome == v1::OUTCOME_NEEDS_INFORMATION) goal.can_be = none_false && one_unknown;
  }
}

// Each criterion that stands in the way has to be touched.
bool Search::MayReach(const Goal& goal, const Indices& facts) const {
  if (goal.outcome == v1::OUTCOME_DOES_NOT_MEET) return true;
  const auto touches = [&](const Indices& concerned) {
    return std::any_of(facts.begin(), facts.end(), [&](size_t fact) {
      return std::binary_search(concerned.begin(), concerned.end(), fact);
    });
  };
  if (!std::all_of(failed_.begin(), failed_.end(), touches)) return false;
  return goal.outcome == v1::OUTCOME_NEEDS_INFORMATION ||
         std::all_of(unknown_.begin(), unknown_.end(), touches);
}

bool Search::IsOpen(const Goal& goal) const {
  return goal.can_be && !goal.is_closed && !goal.has_more;
}

// Notes for each open goal the first answers to these facts that give it.
void Search::Try(const Indices& facts) {
  std::vector<Goal*> goals;
  for (Goal& goal : goals_) {
    if (IsOpen(goal) && MayReach(goal, facts)) goals.push_back(&goal);
  }
  if (goals.empty()) {
    constexpr int kPassedOverForATrial = 16;
    // To see that it is of no use costs less than a trial, and is no less work for that.
    if (++passed_over_ % kPassedOverForATrial == 0) --trials_left_;
    return;
  }
  VisitAnswers(facts, [&](const Indices& groups) {
    const v1::Outcome outcome = OutcomeOf(facts, groups);
    const auto reached = std::find_if(goals.begin(), goals.end(),
                                      [&](const Goal* goal) { return goal->outcome == outcome; });
    if (reached == goals.end()) return true;
    if ((*reached)->found.size() == kChangesTold) {
      (*reached)->has_more = true;
    } else {
      (*reached)->found.push_back({facts, groups});
    }
    goals.erase(reached);
    return !goals.empty();
  });
}

// False: the trials are used up, or every goal is found.
bool Search::TrySubsets(size_t size, size_t next, Indices& facts) {
  if (facts.size() == size) {
    Try(facts);
    return trials_left_ > 0 && std::any_of(goals_.begin(), goals_.end(),
                                           [&](const Goal& goal) { return IsOpen(goal); });
  }
  for (size_t i = next; i + (size - facts.size()) <= variables_.size(); ++i) {
    facts.push_back(i);
    const bool goes_on = TrySubsets(size, i + 1, facts);
    facts.pop_back();
    if (!goes_on) return false;
  }
  return true;
}

// Whether every combination of the answers gives the outcome.
bool Search::WholeBox(const Indices& facts, const std::vector<Indices>& box, v1::Outcome outcome) {
  Indices places(facts.size(), 0);
  Indices groups(facts.size(), 0);
  for (;;) {
    if (!MayTry()) return false;
    for (size_t i = 0; i < facts.size(); ++i) groups[i] = box[i][places[i]];
    if (OutcomeOf(facts, groups) != outcome) return false;
    size_t place = facts.size();
    while (place > 0 && ++places[place - 1] == box[place - 1].size()) places[--place] = 0;
    if (place == 0) return true;
  }
}

// As many answers to each fact as hold with all those told for the others.
v1::FactsChange Search::ChangeOf(const Found& found, v1::Outcome outcome) {
  std::vector<Indices> box;
  for (const size_t group : found.groups) box.push_back({group});
  v1::FactsChange change;
  for (size_t i = 0; i < found.facts.size(); ++i) {
    const Variable& variable = variables_[found.facts[i]];
    const auto may_be = [&](size_t group) {
      return MayBe(variable.cells[variable.groups[group].front()], row_.people[variable.person]);
    };
    const bool missing = may_be(found.groups[i]);
    for (size_t group = 0; group < variable.groups.size(); ++group) {
      if (group == found.groups[i] || may_be(group) != missing) continue;
      std::vector<Indices> wider = box;
      wider[i] = {group};
      if (WholeBox(found.facts, wider, outcome)) box[i].push_back(group);
    }
    Indices cells;
    for (const size_t group : box[i]) {
      cells.insert(cells.end(), variable.groups[group].begin(), variable.groups[group].end());
    }
    v1::FactWouldBe& fact = *change.add_facts();
    fact.set_fact(variable.fact->id());
    fact.set_person_id(facts_.people(static_cast<int>(variable.person)).person_id());
    fact.set_missing(missing);
    Describe(variable.cells, cells, fact);
  }
  return change;
}

v1::OutcomeTurn Search::TurnOf(const Goal& goal) {
  v1::OutcomeTurn turn;
  turn.set_outcome(goal.outcome);
  if (!goal.found.empty()) {
    turn.set_search(v1::TURN_SEARCH_FOUND);
    turn.set_fact_count(static_cast<int>(goal.found.front().facts.size()));
    for (const Found& found : goal.found) *turn.add_changes() = ChangeOf(found, goal.outcome);
    turn.set_has_more(goal.has_more || !goal.is_closed);
  } else if (!goal.can_be || goal.is_closed) {
    turn.set_search(v1::TURN_SEARCH_NONE);
  } else {
    turn.set_search(v1::TURN_SEARCH_STOPPED);
    turn.set_fact_count(whole_sizes_);
  }
  return turn;
}

std::vector<v1::OutcomeTurn> Search::Make() {
  const v1::Outcome present = Present();
  for (int outcome = v1::OUTCOME_MEETS; outcome < v1::Outcome_ARRAYSIZE; ++outcome) {
    if (outcome == present) continue;
    goals_.emplace_back().outcome = static_cast<v1::Outcome>(outcome);
  }
  RuleOut();
  for (size_t size = 1; size <= variables_.size() && trials_left_ > 0; ++size) {
    Indices facts;
    TrySubsets(size, 0, facts);
    if (trials_left_ <= 0) break;
    whole_sizes_ = static_cast<int>(size);
    for (Goal& goal : goals_) goal.is_closed |= !goal.found.empty();
  }
  if (trials_left_ > 0) {
    for (Goal& goal : goals_) goal.is_closed = true;
  }
  // Telling each change with all its answers takes trials of its own.
  trials_left_ = trials_max_;
  std::vector<v1::OutcomeTurn> turns;
  for (const Goal& goal : goals_) turns.push_back(TurnOf(goal));
  return turns;
}

}  // namespace

std::vector<v1::OutcomeTurn> TurnsOf(const RulesOfDay& rules, const type::v1::CaseFacts& facts,
                                     const v1::Determination& determination, int trials_max) {
  if (determination.reviewed() || !AsksFor(determination.status())) return {};
  const auto& pathways = rules.rules().pack().pathways();
  const auto pathway = std::find_if(pathways.begin(), pathways.end(), [&](const v1::Pathway& one) {
    return one.id() == determination.pathway();
  });
  if (pathway == pathways.end()) return {};
  const auto& people = facts.people();
  const bool is_family = pathway->unit() == v1::SCREENING_UNIT_FAMILY;
  const auto person = std::find_if(people.begin(), people.end(), [&](const auto& one) {
    return is_family ? one.relationship() == type::v1::RELATIONSHIP_PRINCIPAL
                     : determination.person_ids_size() == 1 &&
                           one.person_id() == determination.person_ids(0);
  });
  if (person == people.end()) return {};
  Search search(rules, facts, static_cast<size_t>(pathway - pathways.begin()),
                static_cast<size_t>(person - people.begin()), trials_max);
  if (search.Present() != determination.outcome()) return {};
  return search.Make();
}

std::vector<std::optional<v1::TimeTurn>> TimeTurnsOf(const Rules& rules,
                                                     const type::v1::CaseFacts& facts, AsOf as_of,
                                                     const Determinations& determinations) {
  std::vector<std::optional<v1::TimeTurn>> turns(static_cast<size_t>(determinations.size()));
  Screening screening = rules.Screen(facts, as_of);
  for (int tried = 0; tried < kDaysTried && screening.holds_until; ++tried) {
    const absl::CivilDay day = *screening.holds_until;
    screening = rules.Screen(facts, {day, as_of.known});
    for (const v1::Determination& later : screening.determinations) {
      for (int i = 0; i < determinations.size(); ++i) {
        const v1::Determination& now = determinations[i];
        std::optional<v1::TimeTurn>& turn = turns[static_cast<size_t>(i)];
        if (turn || now.reviewed() || !IsSameUnit(now, later)) continue;
        if (now.outcome() == later.outcome() && now.status() == later.status()) continue;
        turn.emplace();
        *turn->mutable_day() = type::FromDay(day);
        turn->set_outcome(later.outcome());
        turn->set_status(later.status());
      }
    }
  }
  return turns;
}

}  // namespace pathways::eligibility
