#include "services/eligibility/difference_reach.h"

#include <algorithm>
#include <string>
#include <utility>

#include "services/eligibility/domain/text_keys.h"
#include "services/eligibility/explain.h"
#include "services/type/languages.h"

namespace pathways::eligibility {
namespace {

using Criteria = std::vector<std::pair<std::string, std::string>>;

// The criteria of a pack of which `looks` holds, by their plans.
template <typename Looks>
void AddCriteria(const Rules& rules, Looks looks, Criteria& criteria) {
  for (int i = 0; i < rules.pack().pathways_size(); ++i) {
    const v1::Pathway& pathway = rules.pack().pathways(i);
    const auto& plans = rules.program().pathways[static_cast<size_t>(i)].criteria;
    for (int j = 0; j < pathway.criteria_size(); ++j) {
      if (!looks(plans[static_cast<size_t>(j)])) continue;
      criteria.emplace_back(pathway.id(), pathway.criteria(j).id());
    }
  }
}

void AddOfCalendar(const Rules& rules, const std::string& id, Criteria& criteria) {
  for (int i = 0; i < rules.pack().calendars_size(); ++i) {
    if (rules.pack().calendars(i).id() != id) continue;
    AddCriteria(
        rules, [&](const CriterionPlan& plan) { return (plan.calendars >> i & 1) != 0; }, criteria);
  }
}

void AddOfFact(const Rules& rules, const std::string& id, Criteria& criteria) {
  AddCriteria(
      rules,
      [&](const CriterionPlan& plan) {
        const std::vector<std::string> names = rules.program().NamesOf(plan.facts);
        return std::find(names.begin(), names.end(), id) != names.end();
      },
      criteria);
}

// Whether it is of a pathway as a whole: that it is there, or who is screened together.
bool IsWhole(const std::vector<PackDifference::Step>& steps) {
  return steps.size() == 1 || steps[1].field == "unit";
}

ReachTargets TargetsOfOne(const PackDifference& difference, const Rules& before,
                          const Rules& after) {
  ReachTargets targets;
  targets.is_gone = difference.kind == PackDifference::Kind::kRemoved;
  const std::vector<PackDifference::Step>& steps = difference.steps;
  const std::string& what = steps[0].field;
  const std::string& id = steps[0].id;
  if (what == "pathways" && IsWhole(steps)) {
    targets.pathways = {id};
  } else if (what == "pathways" && steps[1].field == "criteria") {
    targets.criteria = {{id, steps[1].id}};
  } else if (what == "pathways" && steps[1].field == "statuses") {
    targets.statuses = {id};
  } else if (what == "catalogues" && steps.size() > 1 && steps[1].field == "texts") {
    targets.texts = {steps[1].id};
  } else if (what == "calendars") {
    AddOfCalendar(before, id, targets.criteria);
    AddOfCalendar(after, id, targets.criteria);
  } else if (what == "facts") {
    AddOfFact(before, id, targets.criteria);
    AddOfFact(after, id, targets.criteria);
    targets.facts = {id};
  } else if (what == "sources") {
    targets.sources = {id};
  }
  std::sort(targets.criteria.begin(), targets.criteria.end());
  targets.criteria.erase(std::unique(targets.criteria.begin(), targets.criteria.end()),
                         targets.criteria.end());
  return targets;
}

bool IsCounted(const ReachTargets& targets) {
  return !targets.criteria.empty() || !targets.pathways.empty() || !targets.statuses.empty() ||
         !targets.texts.empty() || !targets.facts.empty() || !targets.sources.empty();
}

// What people read of a result: of the criterion, or of outcome and status.
v1::ShownText ReadOf(const ReachMove& move, const Explainer& explainer) {
  for (const v1::Pathway& pathway : explainer.pack().pathways()) {
    if (pathway.id() != move.pathway) continue;
    for (const v1::Criterion& criterion : pathway.criteria()) {
      if (criterion.id() != move.criterion || move.criterion_to == v1::OUTCOME_UNSPECIFIED)
        continue;
      return explainer.TextOf(
          CriterionKey(criterion.message(), static_cast<v1::Outcome>(move.criterion_to)));
    }
  }
  v1::ShownText text;
  if (move.to == v1::OUTCOME_UNSPECIFIED) return text;
  text = explainer.TextOf(OutcomeKey(static_cast<v1::Outcome>(move.to)));
  if (move.status_from != move.status_to) Append(explainer.TextOf(move.status_key), text);
  return text;
}

v1::DifferenceKind KindOf(PackDifference::Kind kind) {
  switch (kind) {
    case PackDifference::Kind::kAdded:
      return v1::DIFFERENCE_KIND_ADDED;
    case PackDifference::Kind::kRemoved:
      return v1::DIFFERENCE_KIND_REMOVED;
    case PackDifference::Kind::kChanged:
      break;
  }
  return v1::DIFFERENCE_KIND_CHANGED;
}

}  // namespace

std::vector<ReachTargets> TargetsOf(const std::vector<PackDifference>& differences,
                                    const Rules& before, const Rules& after) {
  std::vector<ReachTargets> targets;
  for (const PackDifference& difference : differences) {
    targets.push_back(TargetsOfOne(difference, before, after));
  }
  return targets;
}

v1::PolicyDifference InWords(const PackDifference& difference, const ReachTargets& targets,
                             const Reach& reach, const ToldCount& cases, const Rules& after) {
  v1::PolicyDifference told;
  told.set_kind(KindOf(difference.kind));
  told.set_place(difference.place);
  told.set_before(difference.before);
  told.set_after(difference.after);
  told.set_counted(IsCounted(targets));
  const ToldCount reached = TellPart(reach.cases, cases);
  const ToldCount altered = TellPart(reach.altered, reached);
  told.set_cases(reached.told);
  told.set_altered(altered.told);
  for (const auto& [move, moved] : reach.moves) {
    const int64_t count = TellPart(moved, altered).told;
    if (count == 0) continue;
    v1::OutcomeMove& shown = *told.add_moves();
    shown.set_pathway(move.pathway);
    shown.set_criterion(move.criterion);
    shown.set_from(static_cast<v1::Outcome>(move.from));
    shown.set_to(static_cast<v1::Outcome>(move.to));
    shown.set_status_from(static_cast<v1::PathwayStatus>(move.status_from));
    shown.set_status_to(static_cast<v1::PathwayStatus>(move.status_to));
    shown.set_criterion_from(static_cast<v1::Outcome>(move.criterion_from));
    shown.set_criterion_to(static_cast<v1::Outcome>(move.criterion_to));
    shown.set_cases(count);
    for (const std::string& language : type::Languages()) {
      const v1::ShownText text = ReadOf(move, Explainer(after, language, v1::AUDIENCE_PERSON));
      if (text.text().empty()) continue;
      v1::ReadText& read = *shown.add_reads();
      read.set_language(language);
      *read.mutable_text() = text;
    }
  }
  return told;
}

}  // namespace pathways::eligibility
