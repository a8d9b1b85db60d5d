#include "services/eligibility/domain/turns.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/eligibility/domain/determine.h"
#include "services/type/dates.h"

namespace pathways::eligibility {
namespace {

// Places in a list.
using Indices = std::vector<size_t>;

// A fact of one person whose answer may be another.
struct Variable {
  size_t person = 0;
  const OpenFact* open = nullptr;
  bool of_case = false;  // Counts for everybody.
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
  Search(const SearchedCase& searched, size_t pathway, size_t person, int trials_max);
  v1::Outcome Present() { return OutcomeOf({}, {}); }
  std::vector<v1::OutcomeTurn> Make();

 private:
  using Truths = std::array<bool, 3>;  // By Truth.

  void LookAt(const Place& place);
  void GroupCells(Variable& variable) const;
  void AddVariables();
  void AddVariable(size_t person, const OpenFact& open);
  bool Concerns(const Variable& variable, const CriterionPlan& criterion) const;
  const CriterionPlan& Criterion(int index) const {
    return plan_.criteria[static_cast<size_t>(index)];
  }

  const FactCell& CellOf(const Variable& variable, size_t group) const {
    return variable.open->cells[variable.groups[group].front()];
  }
  void Change(size_t person, const FactCell& cell);
  void TakeBack();
  void CountAnew();
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

  const SearchedCase& case_;
  const RulesOfDay& rules_;
  const Program& program_;
  const size_t pathway_;
  const PathwayPlan& plan_;
  const size_t person_;
  const CaseRow& row_;
  CaseRow changed_;
  Indices touched_;  // Whose rows of `changed_` are others.
  // What the criteria of the pathway look at: of each word the bits, and the comparisons of dates.
  std::array<uint64_t, kRowWords> bits_looked_at_{};
  uint64_t dates_looked_at_ = 0;
  std::vector<uint16_t> nodes_;
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

Search::Search(const SearchedCase& searched, size_t pathway, size_t person, int trials_max)
    : case_(searched),
      rules_(searched.rules),
      program_(rules_.rules().program()),
      pathway_(pathway),
      plan_(program_.pathways[pathway]),
      person_(person),
      row_(searched.row),
      changed_(row_),
      members_(BitsOf(program_, searched.counts)),
      trials_left_(trials_max),
      trials_max_(trials_max) {
  for (const int index : rules_.pathway(pathway).criteria) {
    counts_people_ |= Criterion(index).member_facts != 0;
    dates_looked_at_ |= Criterion(index).dates;
    LookAt(Criterion(index).place);
  }
  std::sort(nodes_.begin(), nodes_.end());
  nodes_.erase(std::unique(nodes_.begin(), nodes_.end()), nodes_.end());
  AddVariables();
}

void Search::LookAt(const Place& place) {
  if (place.word < kRowWords) {
    bits_looked_at_.at(place.word) |= uint64_t{1} << place.bit;
  } else if (place.word == kMemberWord) {
    LookAt(program_.members[place.bit].where);
  } else if (place.word >= kNodeWord) {
    const size_t node = static_cast<size_t>(place.word - kNodeWord) * kWordBits + place.bit;
    nodes_.push_back(static_cast<uint16_t>(node));
    for (const Place& part : program_.nodes[node].parts) LookAt(part);
  }
}

// What may be so already comes first, and apart: it only has to be asked.
void Search::GroupCells(Variable& variable) const {
  using Key = std::tuple<bool, uint64_t, uint64_t>;
  std::vector<Key> keys;
  const PersonRow& row = row_.people[variable.person];
  const std::vector<FactCell>& cells = variable.open->cells;
  for (const bool may_be : {true, false}) {
    for (size_t i = 0; i < cells.size(); ++i) {
      if (MayBe(cells[i], row) != may_be) continue;
      Key key = {may_be, cells[i].yes & bits_looked_at_.at(cells[i].word), 0};
      if (cells[i].mask == 0) {
        std::get<1>(key) = variable.open->compared[i].first & dates_looked_at_;
        std::get<2>(key) = variable.open->compared[i].second & dates_looked_at_;
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
}

bool Search::Concerns(const Variable& variable, const CriterionPlan& criterion) const {
  const bool is_own = variable.person == person_ || variable.of_case;
  const FactSet looked_at = criterion.member_facts | (is_own ? criterion.own_facts : FactSet{0});
  return (looked_at & SetOf(variable.open->number)) != 0;
}

void Search::AddVariable(size_t person, const OpenFact& open) {
  Variable variable{person, &open, open.fact->scope() == type::v1::FACT_SCOPE_CASE, {}};
  const auto& criteria = rules_.pathway(pathway_).criteria;
  const bool is_looked_at = std::any_of(criteria.begin(), criteria.end(), [&](int index) {
    return Concerns(variable, Criterion(index));
  });
  if (!is_looked_at || open.cells.empty()) return;
  GroupCells(variable);
  variables_.push_back(std::move(variable));
}

// The person's own first, each person's in the catalogue's order of asking.
void Search::AddVariables() {
  Indices people = {person_};
  for (size_t i = 0; i < row_.people.size(); ++i) {
    if (i != person_) people.push_back(i);
  }
  for (const size_t person : people) {
    for (const OpenFact& open : case_.open) {
      const bool of_case = open.fact->scope() == type::v1::FACT_SCOPE_CASE;
      // Nobody else can answer for all.
      if (of_case && static_cast<int>(person) != row_.principal) continue;
      AddVariable(person, open);
    }
  }
}

void Search::Change(size_t person, const FactCell& cell) {
  touched_.push_back(person);
  Put(cell, changed_.people[person]);
}

void Search::TakeBack() {
  for (const size_t person : touched_) changed_.people[person] = row_.people[person];
  touched_.clear();
}

void Search::Fill(const Indices& facts, const Indices& groups) {
  TakeBack();
  for (size_t i = 0; i < facts.size(); ++i) {
    const Variable& variable = variables_[facts[i]];
    const FactCell& cell = CellOf(variable, groups[i]);
    if (!variable.of_case) {
      Change(variable.person, cell);
    } else if (!counts_people_) {
      Change(person_, cell);
    } else {
      for (size_t person = 0; person < row_.people.size(); ++person) Change(person, cell);
    }
  }
  if (counts_people_) CountAnew();
  EvaluateNodes(program_, rules_.plan(), changed_.people[person_], members_, nodes_, bits_);
}

// Of the people whose rows are others; nobody else counts otherwise.
void Search::CountAnew() {
  std::sort(touched_.begin(), touched_.end());
  touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
  MemberCounts counts = case_.counts;
  for (const size_t person : touched_) {
    CountPerson(program_, rules_.plan(), row_.people[person], -1, counts);
    CountPerson(program_, rules_.plan(), changed_.people[person], 1, counts);
  }
  members_ = BitsOf(program_, counts);
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
      return MayBe(CellOf(variable, group), row_.people[variable.person]);
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
    fact.set_fact(variable.open->fact->id());
    fact.set_person_id(case_.facts.people(static_cast<int>(variable.person)).person_id());
    fact.set_missing(missing);
    Describe(variable.open->cells, cells, fact);
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

// Of each cell of a date what the comparisons come to.
std::vector<std::pair<uint64_t, uint64_t>> Compared(const RulesOfDay& rules,
                                                    const std::vector<FactCell>& cells) {
  std::vector<std::pair<uint64_t, uint64_t>> compared;
  for (const FactCell& cell : cells) {
    if (cell.mask != 0) break;
    PersonRow row;
    Put(cell, row);
    Bits bits;
    EvaluateNodes(rules.rules().program(), rules.plan(), row, {}, {}, bits);
    compared.emplace_back(bits.yes[kDateWord], bits.no[kDateWord]);
  }
  return compared;
}

// By pathway and people.
std::string UnitOf(const v1::Determination& determination) {
  return absl::StrCat(determination.pathway(), "\n",
                      absl::StrJoin(determination.person_ids(), "\n"));
}

}  // namespace

CaseTurns::CaseTurns(const RulesOfDay& rules, const type::v1::CaseFacts& facts)
    : case_{rules, facts, {}, {}, {}} {
  const Program& program = rules.rules().program();
  ReadFacts(program, facts, rules.plan().day, case_.row);
  for (const PersonRow& person : case_.row.people) {
    CountPerson(program, rules.plan(), person, 1, case_.counts);
  }
  for (const NumberedFact& known : rules.rules().FactsInOrder()) {
    const bool is_retired = !type::IsEmpty(known.fact->retired_on());
    if (is_retired || known.fact->storage() == type::v1::FACT_STORAGE_NEVER) continue;
    std::vector<FactCell> cells = CellsOf(rules, *known.fact, known.number);
    auto compared = Compared(rules, cells);
    case_.open.push_back({known.fact, known.number, std::move(cells), std::move(compared)});
  }
}

std::vector<v1::OutcomeTurn> CaseTurns::Of(const v1::Determination& determination,
                                           int trials_max) const {
  if (determination.reviewed() || !AsksFor(determination.status())) return {};
  const auto& pathways = case_.rules.rules().pack().pathways();
  const auto pathway = std::find_if(pathways.begin(), pathways.end(), [&](const v1::Pathway& one) {
    return one.id() == determination.pathway();
  });
  if (pathway == pathways.end()) return {};
  int person = -1;
  if (pathway->unit() == v1::SCREENING_UNIT_FAMILY) {
    person = case_.row.principal;
  } else if (determination.person_ids_size() == 1) {
    const auto& people = case_.facts.people();
    const auto found = std::find_if(people.begin(), people.end(), [&](const auto& one) {
      return one.person_id() == determination.person_ids(0);
    });
    if (found != people.end()) person = static_cast<int>(found - people.begin());
  }
  if (person < 0) return {};
  Search search(case_, static_cast<size_t>(pathway - pathways.begin()), static_cast<size_t>(person),
                trials_max);
  if (search.Present() != determination.outcome()) return {};
  return search.Make();
}

std::vector<std::optional<v1::TimeTurn>> TimeTurnsOf(const Rules& rules,
                                                     const type::v1::CaseFacts& facts, AsOf as_of,
                                                     const Determinations& determinations) {
  std::vector<std::optional<v1::TimeTurn>> turns(static_cast<size_t>(determinations.size()));
  std::map<std::string, int> places;
  for (int i = 0; i < determinations.size(); ++i) places[UnitOf(determinations[i])] = i;
  Screening screening = rules.Screen(facts, as_of);
  // By the same rules a case has the same units, in the same order, on each day.
  std::vector<int> place_of;
  for (const v1::Determination& determination : screening.determinations) {
    const auto place = places.find(UnitOf(determination));
    place_of.push_back(place == places.end() ? -1 : place->second);
  }
  for (int tried = 0; tried < kDaysTried && screening.holds_until; ++tried) {
    const absl::CivilDay day = *screening.holds_until;
    screening = rules.Screen(facts, {day, as_of.known});
    for (size_t i = 0; i < screening.determinations.size(); ++i) {
      if (place_of[i] < 0) continue;
      const v1::Determination& later = screening.determinations[i];
      const v1::Determination& now = determinations[place_of[i]];
      std::optional<v1::TimeTurn>& turn = turns[static_cast<size_t>(place_of[i])];
      if (turn || now.reviewed()) continue;
      if (now.outcome() == later.outcome() && now.status() == later.status()) continue;
      turn.emplace();
      *turn->mutable_day() = type::FromDay(day);
      turn->set_outcome(later.outcome());
      turn->set_status(later.status());
    }
  }
  return turns;
}

}  // namespace pathways::eligibility
