#include "services/eligibility/domain/decision_table.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "services/eligibility/domain/combinations.h"
#include "services/type/dates.h"

namespace pathways::eligibility {
namespace {

std::optional<absl::CivilDay> DayOfDate(const type::v1::PartialDate& date) {
  if (!type::IsValid(date) || type::PrecisionOf(date) != type::v1::DATE_PRECISION_DAY) {
    return std::nullopt;
  }
  return absl::CivilDay(date.year(), date.month(), date.day());
}

std::string Short(v1::Outcome outcome) {
  return std::string(absl::StripPrefix(v1::Outcome_Name(outcome), "OUTCOME_"));
}

std::string Iso(const type::v1::PartialDate& date) {
  const std::optional<absl::CivilDay> day = DayOfDate(date);
  return day ? absl::FormatCivilTime(*day) : "none";
}

std::string CriterionField(size_t pathway, int criterion) {
  return absl::StrCat("pathways[", pathway, "].criteria[", criterion, "]");
}

int IndexOf(const v1::PolicyPack& pack, const std::string& pathway) {
  for (int i = 0; i < pack.pathways_size(); ++i) {
    if (pack.pathways(i).id() == pathway) return i;
  }
  return -1;
}

// Ends of a window that a day can lie on either side of.
std::vector<Day> Ends(const Span& span) {
  std::vector<Day> ends;
  for (const Day day : {span.from, span.until}) {
    if (day > kFirstDay && day < kLastDay) ends.push_back(day);
  }
  return ends;
}

}  // namespace

v1::Determination ScreenRow(const Rules& rules, const FilledRow& row) {
  Screening screening = rules.Screen(row.facts, row.as_of);
  // Units come in the order of people, so the first of the pathway is the person's.
  for (v1::Determination& determination : screening.determinations) {
    if (determination.pathway() == row.pathway) return std::move(determination);
  }
  return {};
}

std::vector<std::string> Differences(const v1::DecisionRow& row,
                                     const v1::Determination& determination) {
  std::vector<std::string> differences;
  const auto expect = [&](const std::string& what, const std::string& wanted,
                          const std::string& found) {
    if (wanted == found) return;
    differences.push_back(absl::StrCat(what, " is ", found, " and not ", wanted));
  };
  if (row.outcome() != v1::OUTCOME_UNSPECIFIED) {
    expect("the outcome", Short(row.outcome()), Short(determination.outcome()));
  }
  for (const v1::ExpectedCriterion& expected : row.criteria()) {
    std::string found = "not in force, or unknown to the pack";
    for (const v1::CriterionResult& result : determination.criteria()) {
      if (result.criterion() == expected.id()) found = Short(result.outcome());
    }
    expect(absl::StrCat("criterion ", expected.id()), Short(expected.outcome()), found);
  }
  if (row.status() != v1::PATHWAY_STATUS_UNSPECIFIED) {
    expect("the status", v1::PathwayStatus_Name(row.status()),
           v1::PathwayStatus_Name(determination.status()));
  }
  if (!row.missing_facts().empty()) {
    expect("what is asked", absl::StrJoin(row.missing_facts(), ","),
           absl::StrJoin(determination.missing_facts(), ","));
  }
  if (row.has_holds_until()) {
    expect("the day until which it holds", Iso(row.holds_until()),
           Iso(determination.holds_until()));
  }
  return differences;
}

void Coverage::Note(const v1::DecisionRow& row, const FilledRow& filled,
                    const v1::Determination& determination) {
  const auto pathway = static_cast<size_t>(IndexOf(rules_.pack(), filled.pathway));
  const v1::Pathway& described = rules_.pack().pathways(static_cast<int>(pathway));
  for (int i = 0; i < described.criteria_size(); ++i) {
    const std::string field = CriterionField(pathway, i);
    bool looked_at = false;
    for (const v1::ExpectedCriterion& expected : row.criteria()) {
      if (expected.id() != described.criteria(i).id()) continue;
      looked_at = true;
      outcomes_.insert({field, expected.outcome()});
    }
    // Where all is met, each is.
    if (row.outcome() == v1::OUTCOME_MEETS && determination.outcome() == v1::OUTCOME_MEETS) {
      looked_at = true;
      outcomes_.insert({field, v1::OUTCOME_MEETS});
    }
    if (!looked_at) continue;
    NoteDates(field, pathway, filled);
  }
  if (row.status() == v1::PATHWAY_STATUS_UNSPECIFIED) return;
  const Day day = NumberOf(filled.as_of.day);
  const std::vector<StatusPlan>& statuses = rules_.program().pathways[pathway].statuses;
  const Day known_on = NumberOf(filled.as_of.known);
  for (size_t i = 0; i < statuses.size(); ++i) {
    const StatusPlan& status = statuses[i];
    if (status.in_force.Has(day)) {
      if (status.known.Has(known_on)) known_.insert({pathway, i});
      if (known_on < status.known.from) known_before_.insert({pathway, i});
    }
    for (const Day turn : Ends(status.in_force)) {
      if (day != turn && day != turn - 1) continue;
      sides_.insert({absl::StrCat("pathways[", pathway, "].statuses"), turn, day == turn});
    }
  }
}

void Coverage::NoteDates(const std::string& field, size_t pathway, const FilledRow& row) {
  const Program& program = rules_.program();
  const DayPlan plan = rules_.On(row.as_of).plan();
  const PersonRow person = RowOf(program, row.facts.people(0), plan.day);
  const CriterionPlan& criterion = [&]() -> const CriterionPlan& {
    const std::vector<CriterionPlan>& criteria = program.pathways[pathway].criteria;
    for (size_t i = 0; i < criteria.size(); ++i) {
      if (CriterionField(pathway, static_cast<int>(i)) == field) return criteria[i];
    }
    return criteria.front();
  }();
  for (size_t i = 0; i < program.dates.size(); ++i) {
    if ((criterion.dates >> i & 1) == 0) continue;
    const DateTest& test = program.dates[i];
    // Of a period the turn is its last day, whichever it is on the day of the row: noted as 0.
    const bool period = test.kind == DateTest::kWithin;
    const Span window = period ? Span{plan.dates[i].true_from, kLastDay} : test.window;
    const auto [first, last] = person.dates[static_cast<size_t>(test.date)];
    const bool known = first == last;
    const Day day = test.kind == DateTest::kAsOf ? plan.day : first;
    if (test.kind != DateTest::kAsOf && !known) continue;
    for (const Day turn : Ends(window)) {
      if (day != turn && day != turn - 1) continue;
      sides_.insert({field, period ? 0 : turn, day == turn});
    }
  }
}

void Coverage::AddOutcomeGaps(size_t pathway, std::vector<Gap>& gaps) const {
  const Program& program = rules_.program();
  const v1::Pathway& described = rules_.pack().pathways(static_cast<int>(pathway));
  const Day written = DayOf(rules_.pack().recorded_on(), 0);
  for (int i = 0; i < described.criteria_size(); ++i) {
    const CriterionPlan& criterion = program.pathways[pathway].criteria[static_cast<size_t>(i)];
    std::set<v1::Outcome> wanted = {v1::OUTCOME_NEEDS_INFORMATION};
    // What nobody records is only ever a question.
    const bool settles = criterion.sure && (criterion.facts & program.never_recorded) == 0;
    for (const Day day : DayTurns(program, written)) {
      const DayPlan plan = PlanDay(rules_.pack(), program, day, written);
      const auto visit = [&](const PersonRow& row) {
        CaseRow alone;
        alone.people = {row};
        Bits bits;
        Evaluate(program, plan, row, CountMembers(program, plan, alone), bits);
        const Truth truth = TruthAt(criterion.place, bits);
        if (settles && truth == Truth::kTrue) wanted.insert(v1::OUTCOME_MEETS);
        if (settles && truth == Truth::kFalse) wanted.insert(v1::OUTCOME_DOES_NOT_MEET);
        return true;
      };
      VisitCombinations(program, plan, criterion.facts, visit);
    }
    const std::string field = CriterionField(pathway, i);
    for (const v1::Outcome outcome : wanted) {
      if (outcomes_.contains({field, outcome})) continue;
      gaps.push_back({field, absl::StrCat("no row shows criterion ", described.criteria(i).id(),
                                          " of ", described.id(), " as ", Short(outcome))});
    }
  }
}

void Coverage::AddDateGaps(size_t pathway, std::vector<Gap>& gaps) const {
  const Program& program = rules_.program();
  const v1::Pathway& described = rules_.pack().pathways(static_cast<int>(pathway));
  for (int i = 0; i < described.criteria_size(); ++i) {
    const CriterionPlan& criterion = program.pathways[pathway].criteria[static_cast<size_t>(i)];
    const std::string field = CriterionField(pathway, i);
    for (size_t test = 0; test < program.dates.size(); ++test) {
      if ((criterion.dates >> test & 1) == 0) continue;
      const bool period = program.dates[test].kind == DateTest::kWithin;
      const std::vector<Day> turns =
          period ? std::vector<Day>{0} : Ends(program.dates[test].window);
      for (const Day turn : turns) {
        for (const bool after : {false, true}) {
          if (sides_.contains({field, turn, after})) continue;
          const std::string day = period ? (after ? "the first entry still within the period"
                                                  : "the last entry before the period")
                                         : absl::FormatCivilTime(CivilOf(after ? turn : turn - 1));
          gaps.push_back({field, absl::StrCat("no row shows criterion ", described.criteria(i).id(),
                                              " of ", described.id(), " on ", day)});
        }
      }
    }
  }
}

void Coverage::AddStatusGaps(size_t pathway, std::vector<Gap>& gaps) const {
  const v1::Pathway& described = rules_.pack().pathways(static_cast<int>(pathway));
  const std::string field = absl::StrCat("pathways[", pathway, "].statuses");
  const std::vector<StatusPlan>& statuses = rules_.program().pathways[pathway].statuses;
  Day learned = kLastDay;
  for (const StatusPlan& status : statuses) learned = std::min(learned, status.known.from);
  for (size_t i = 0; i < statuses.size(); ++i) {
    const std::string place = absl::StrCat(field, "[", i, "]");
    const std::string which = absl::StrCat("statuses[", i, "] of ", described.id());
    if (!known_.contains({pathway, i})) {
      gaps.push_back({place, absl::StrCat("no row shows ", which, " while it is known")});
    }
    // What was believed before of the days that this period is of.
    if (statuses[i].known.from > learned && !known_before_.contains({pathway, i})) {
      gaps.push_back(
          {place, absl::StrCat("no row shows what was known of the days of ", which, " before ",
                               absl::FormatCivilTime(CivilOf(statuses[i].known.from)))});
    }
    for (const Day turn : Ends(statuses[i].in_force)) {
      for (const bool after : {false, true}) {
        // Where nothing is known before the first status there is no row to write.
        const Day day = after ? turn : turn - 1;
        const bool known =
            std::any_of(statuses.begin(), statuses.end(),
                        [&](const StatusPlan& status) { return status.in_force.Has(day); });
        if (!known || sides_.contains({field, turn, after})) continue;
        gaps.push_back({place, absl::StrCat("no row shows the status of ", described.id(), " on ",
                                            absl::FormatCivilTime(CivilOf(day)))});
      }
    }
  }
}

std::vector<std::pair<std::string, std::string>> Coverage::Gaps() const {
  std::vector<Gap> gaps;
  for (size_t pathway = 0; pathway < rules_.program().pathways.size(); ++pathway) {
    AddOutcomeGaps(pathway, gaps);
    AddDateGaps(pathway, gaps);
    AddStatusGaps(pathway, gaps);
  }
  // Two periods that meet share a day.
  std::vector<Gap> once;
  for (Gap& gap : gaps) {
    const auto same = [&](const Gap& other) { return other.second == gap.second; };
    if (std::none_of(once.begin(), once.end(), same)) once.push_back(std::move(gap));
  }
  return once;
}

}  // namespace pathways::eligibility
