#include "services/eligibility/difference_reach.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_join.h"
#include "services/eligibility/domain/text_keys.h"
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

// What of two packs is looked up for each difference.
struct Packs {
  const Rules& before;
  const Rules& after;
  std::set<std::string> keys;         // Of texts whose readers are counted.
  std::set<std::string> advised_for;  // Sources of interactions, which are shown with steps.
};

void AddOfPathway(const std::vector<PackDifference::Step>& steps, ReachTargets& targets) {
  const std::string& id = steps[0].id;
  const std::string part = steps.size() > 1 ? steps[1].field : "";
  const std::string within = steps.size() > 2 ? steps[2].field : "";
  if (part.empty() || part == "unit") targets.pathways = {id};
  if (part == "statuses") targets.statuses = {id};
  if (part == "mode" || part == "review") targets.terms = {id};
  if (part != "criteria") return;
  const bool is_shown = within == "message" || within == "source";
  (is_shown ? targets.shown : targets.criteria).push_back({id, steps[1].id});
}

void AddOfFactOrWords(const std::vector<PackDifference::Step>& steps, const Packs& packs,
                      ReachTargets& targets) {
  const std::string& id = steps[0].id;
  const std::string part = steps.size() > 1 ? steps[1].field : "";
  const std::string within = steps.size() > 2 ? steps[2].field : "";
  // The name stands in sentences of other facts too, and the words of a code in what would alter an
  // outcome.
  const bool are_words = part == "words" || (part == "codes" && !within.empty());
  if (are_words && within != "ask" && within != "why") return;
  targets.facts = {id};
  if (are_words) return;
  AddOfFact(packs.before, id, targets.criteria);
  AddOfFact(packs.after, id, targets.criteria);
}

ReachTargets TargetsOfOne(const PackDifference& difference, const Packs& packs) {
  ReachTargets targets;
  targets.is_gone = difference.kind == PackDifference::Kind::kRemoved;
  const std::vector<PackDifference::Step>& steps = difference.steps;
  const std::string& what = steps[0].field;
  const std::string& id = steps[0].id;
  if (what == "pathways") {
    AddOfPathway(steps, targets);
  } else if (what == "catalogues" && steps.size() > 1 && packs.keys.contains(steps[1].id)) {
    targets.texts = {steps[1].id};
  } else if (what == "calendars") {
    AddOfCalendar(packs.before, id, targets.criteria);
    AddOfCalendar(packs.after, id, targets.criteria);
  } else if (what == "facts") {
    AddOfFactOrWords(steps, packs, targets);
  } else if (what == "sources" && !packs.advised_for.contains(id)) {
    targets.sources = {id};
  }
  std::sort(targets.criteria.begin(), targets.criteria.end());
  targets.criteria.erase(std::unique(targets.criteria.begin(), targets.criteria.end()),
                         targets.criteria.end());
  return targets;
}

bool IsCounted(const ReachTargets& targets) {
  return !targets.criteria.empty() || !targets.pathways.empty() || !targets.statuses.empty() ||
         !targets.shown.empty() || !targets.terms.empty() || !targets.texts.empty() ||
         !targets.facts.empty() || !targets.sources.empty();
}

// Keys of what people read of a result: of the criterion, or of outcome and status.
std::vector<std::string> KeysRead(const ReachMove& move, const v1::PolicyPack& pack) {
  for (const v1::Pathway& pathway : pack.pathways()) {
    if (pathway.id() != move.pathway) continue;
    for (const v1::Criterion& criterion : pathway.criteria()) {
      if (criterion.id() != move.criterion || move.criterion_to == v1::OUTCOME_UNSPECIFIED)
        continue;
      return {CriterionKey(criterion.message(), static_cast<v1::Outcome>(move.criterion_to))};
    }
  }
  if (move.to == v1::OUTCOME_UNSPECIFIED) return {};
  std::vector<std::string> keys = {OutcomeKey(static_cast<v1::Outcome>(move.to))};
  if (move.status_from != move.status_to) keys.push_back(move.status_key);
  return keys;
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
  Packs packs{before, after, {}, {}};
  for (const Rules* const rules : {&before, &after}) {
    packs.keys.merge(KeysCounted(rules->pack()));
    for (const v1::Interaction& interaction : rules->pack().interactions()) {
      packs.advised_for.insert(interaction.source());
    }
  }
  std::vector<ReachTargets> targets;
  for (const PackDifference& difference : differences) {
    targets.push_back(TargetsOfOne(difference, packs));
  }
  return targets;
}

DifferenceWords::DifferenceWords(const Rules& after) : pack_(after.pack()) {
  for (const std::string& language : type::Languages()) {
    explainers_.emplace_back(language, Explainer(after, language, v1::AUDIENCE_PERSON));
  }
}

const DifferenceWords::Reads& DifferenceWords::ReadsOf(const ReachMove& move) {
  const std::vector<std::string> keys = KeysRead(move, pack_);
  const auto [found, is_new] = reads_.try_emplace(absl::StrJoin(keys, "\n"));
  if (!is_new) return found->second;
  for (const auto& [language, explainer] : explainers_) {
    v1::ShownText text;
    for (const std::string& key : keys) Append(explainer.TextOf(key), text);
    if (text.text().empty()) continue;
    v1::ReadText& read = *found->second.Add();
    read.set_language(language);
    *read.mutable_text() = std::move(text);
  }
  return found->second;
}

v1::PolicyDifference DifferenceWords::Of(const PackDifference& difference,
                                         const ReachTargets& targets, const Reach& reach,
                                         const ToldCount& cases) {
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
    *shown.mutable_reads() = ReadsOf(move);
  }
  return told;
}

}  // namespace pathways::eligibility
