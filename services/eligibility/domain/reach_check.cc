#include "services/eligibility/domain/reach_check.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/eligibility/domain/combinations.h"
#include "services/eligibility/domain/pack_fields.h"

namespace pathways::eligibility {
namespace {

// A condition and its place in the pack, which says where its fault is.
struct Part {
  std::string field;
  const v1::Predicate* predicate;
  bool in_any = false;  // One of several branches of an any.
  bool in_all = false;
};

void Collect(const std::string& field, const v1::Predicate& predicate, std::vector<Part>& parts) {
  const auto list = [&](const char* name, const v1::PredicateList& of, bool any) {
    for (int i = 0; i < of.of_size(); ++i) {
      const std::string place = At(absl::StrCat(field, ".", name, ".of"), i);
      parts.push_back({place, &of.of(i), any && of.of_size() > 1, !any && of.of_size() > 1});
      Collect(place, of.of(i), parts);
    }
  };
  if (predicate.has_all()) list("all", predicate.all(), false);
  if (predicate.has_any()) list("any", predicate.any(), true);
  if (predicate.has_not_()) Collect(absl::StrCat(field, ".not"), predicate.not_(), parts);
  if (predicate.has_ask_unless()) {
    Collect(absl::StrCat(field, ".ask_unless"), predicate.ask_unless(), parts);
  }
}

// A copy of a condition without one part of it.
v1::Predicate Without(const v1::Predicate& root, const v1::Predicate* part) {
  v1::Predicate copy;
  const auto list = [&](const v1::PredicateList& of, v1::PredicateList& into) {
    for (const v1::Predicate& each : of.of()) {
      if (&each != part) *into.add_of() = Without(each, part);
    }
  };
  switch (root.kind_case()) {
    case v1::Predicate::kAll:
      list(root.all(), *copy.mutable_all());
      break;
    case v1::Predicate::kAny:
      list(root.any(), *copy.mutable_any());
      break;
    case v1::Predicate::kNot:
      *copy.mutable_not_() = Without(root.not_(), part);
      break;
    case v1::Predicate::kAskUnless:
      *copy.mutable_ask_unless() = Without(root.ask_unless(), part);
      break;
    default:
      copy = root;
  }
  return copy;
}

// Which truths a condition comes to, over all people; and whether another always comes to the same.
struct Reached {
  bool complete = true;  // False: there are too many combinations.
  bool yes = false;
  bool no = false;
  bool unknown = false;
  bool same_as_other = true;
};

Reached Reach(const v1::PolicyPack& pack, const v1::Predicate& predicate,
              const v1::Predicate* other) {
  v1::PolicyPack small;
  *small.mutable_calendars() = pack.calendars();
  *small.mutable_facts() = pack.facts();
  v1::Pathway& pathway = *small.add_pathways();
  *pathway.add_criteria()->mutable_predicate() = predicate;
  if (other != nullptr) *pathway.add_criteria()->mutable_predicate() = *other;
  const absl::StatusOr<Program> program = LayOut(small);
  Reached reached;
  if (!program.ok()) return {.complete = false};
  const std::vector<CriterionPlan>& plans = program->pathways[0].criteria;
  const Day written = DayOf(pack.recorded_on(), 0);
  for (const Day day : DayTurns(*program, written)) {
    const DayPlan plan = PlanDay(small, *program, day, written);
    const auto visit = [&](const PersonRow& row) {
      CaseRow alone;
      alone.people = {row};
      Bits bits;
      Evaluate(*program, plan, row, CountMembers(*program, plan, alone), bits);
      const Truth truth = TruthAt(plans[0].place, bits);
      reached.yes |= truth == Truth::kTrue;
      reached.no |= truth == Truth::kFalse;
      reached.unknown |= truth == Truth::kUnknown;
      if (other != nullptr) reached.same_as_other &= truth == TruthAt(plans[1].place, bits);
      return true;
    };
    reached.complete &= VisitCombinations(*program, plan, plans[0].facts, visit);
  }
  return reached;
}

bool HasCount(const v1::Predicate& predicate) {
  if (predicate.has_members()) return true;
  for (const v1::Predicate& part : predicate.all().of()) {
    if (HasCount(part)) return true;
  }
  for (const v1::Predicate& part : predicate.any().of()) {
    if (HasCount(part)) return true;
  }
  return (predicate.has_not_() && HasCount(predicate.not_())) ||
         (predicate.has_ask_unless() && HasCount(predicate.ask_unless()));
}

void CheckWhole(const std::string& field, const v1::PolicyPack& pack,
                const v1::Predicate& predicate, type::Violations& violations) {
  const Reached reached = Reach(pack, predicate, nullptr);
  if (!reached.complete) {
    violations.Add(field, "looks at too many facts at once to be checked: make it two criteria");
  } else if (!reached.yes && !HasCount(predicate)) {
    violations.Add(field, "can never be true: parts of it exclude each other");
  } else if (!reached.no && !reached.unknown && !HasCount(predicate)) {
    violations.Add(field, "is always true");
  }
}

// A part without which the whole says the same says nothing.
void CheckParts(const std::string& field, const v1::PolicyPack& pack, const v1::Predicate& root,
                type::Violations& violations) {
  if (HasCount(root)) return;  // What a count adds shows only in families of several people.
  std::vector<Part> parts;
  Collect(field, root, parts);
  for (const Part& part : parts) {
    if (!part.in_any && !part.in_all) continue;
    const v1::Predicate without = Without(root, part.predicate);
    const Reached reached = Reach(pack, root, &without);
    if (!reached.complete || !reached.same_as_other) continue;
    violations.Add(part.field, part.in_any
                                   ? "adds nothing: other branches cover it, or it is never "
                                     "true"
                                   : "adds nothing: other parts demand as much");
  }
}

void CheckOne(const std::string& field, const v1::PolicyPack& pack, const v1::Predicate& predicate,
              type::Violations& violations) {
  const size_t before = violations.found().size();
  CheckWhole(field, pack, predicate, violations);
  if (violations.found().size() == before) CheckParts(field, pack, predicate, violations);
}

}  // namespace

void CheckReach(const v1::PolicyPack& pack, type::Violations& violations) {
  for (int i = 0; i < pack.pathways_size(); ++i) {
    for (int j = 0; j < pack.pathways(i).criteria_size(); ++j) {
      CheckOne(absl::StrCat(At("pathways", i), ".criteria[", j, "].predicate"), pack,
               pack.pathways(i).criteria(j).predicate(), violations);
    }
  }
  for (int i = 0; i < pack.steps_size(); ++i) {
    if (!pack.steps(i).has_when()) continue;
    CheckOne(absl::StrCat(At("steps", i), ".when"), pack, pack.steps(i).when(), violations);
  }
  for (int i = 0; i < pack.interactions_size(); ++i) {
    if (!pack.interactions(i).has_when()) continue;
    CheckOne(absl::StrCat(At("interactions", i), ".when"), pack, pack.interactions(i).when(),
             violations);
  }
}

}  // namespace pathways::eligibility
