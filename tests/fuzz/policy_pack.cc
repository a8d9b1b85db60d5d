#include <set>
#include <string>

#include "absl/status/status.h"
#include "services/base/policy_pack_files.h"
#include "services/eligibility/domain/facts.h"
#include "services/eligibility/domain/interactions.h"
#include "services/eligibility/domain/policy_check.h"
#include "services/eligibility/domain/rules.h"
#include "services/eligibility/domain/text_keys.h"
#include "services/type/languages.h"
#include "services/type/problem.h"
#include "tests/fuzz/targets.h"
#include "tests/support/facts.h"

namespace pathways::fuzz {
namespace {

// Somebody of whom one thing is known, and who has a child of whom nothing is.
type::v1::CaseFacts Family() {
  type::v1::CaseFacts facts;
  type::v1::PersonFacts& principal = *facts.add_people();
  principal.set_person_id("p1");
  principal.set_relationship(type::v1::RELATIONSHIP_PRINCIPAL);
  principal.add_nationalities("CUB");
  type::v1::PersonFacts& child = *facts.add_people();
  child.set_person_id("p2");
  child.set_relationship(type::v1::RELATIONSHIP_CHILD);
  return facts;
}

// Adds the texts that the pack needs and has not: there are too many for a file as small as a seed,
// and without them nearly every pack would be refused for the same reason.
void AddTexts(eligibility::v1::PolicyPack& pack) {
  for (const std::string& language : type::Languages()) {
    std::set<std::string> keys;
    for (const eligibility::v1::Catalogue& catalogue : pack.catalogues()) {
      if (catalogue.language() != language) continue;
      for (const eligibility::v1::Text& text : catalogue.texts()) keys.insert(text.key());
    }
    eligibility::v1::Catalogue& added = *pack.add_catalogues();
    added.set_language(language);
    for (const eligibility::NeededText& needed : eligibility::NeededTexts(pack)) {
      if (!keys.insert(needed.key).second) continue;
      eligibility::v1::Text& text = *added.add_texts();
      text.set_key(needed.key);
      text.set_plain(needed.key);
    }
  }
}

// Likewise the facts of the catalogue.
void AddFacts(eligibility::v1::PolicyPack& pack) {
  for (const std::string& id : eligibility::FactsNamedIn(pack)) {
    const type::v1::Fact* const fact = SampleFacts()->Find(id);
    if (fact != nullptr) *pack.add_facts() = *fact;
  }
}

// What each fault in a pack is told with is its place in the file.
void Locate(const base::PolicyPackFiles& files, const absl::Status& refused) {
  const type::v1::Problem problem = type::ProblemOf(refused);
  Require(!problem.violations().empty(), "a pack is refused with its faults");
  const std::string lines = files.Locate(problem.violations());
  Require(!lines.empty(), "a fault has a place");
}

}  // namespace

void PolicyPack(absl::string_view bytes) {
  const MemoryFile file(bytes);
  const auto files = base::PolicyPackFiles::ReadFiles({file.path()});
  if (!files.ok()) return;
  eligibility::v1::PolicyPack pack = files->pack();
  AddFacts(pack);
  AddTexts(pack);
  const absl::Status checked = eligibility::CheckPack(pack);
  if (!checked.ok()) return Locate(*files, checked);
  const auto rules = eligibility::Rules::Compile(pack);
  if (!rules.ok()) return Locate(*files, rules.status());
  const absl::CivilDay day(2023, 10, 16);
  const eligibility::RulesOfDay today = (*rules)->On({day, day});
  for (const auto& determination : today.Screen(Family()).determinations) {
    Require(determination.outcome() != eligibility::v1::OUTCOME_UNSPECIFIED,
            "a screening has an outcome");
  }
  (void)eligibility::StepsFor(today, Family());
}

}  // namespace pathways::fuzz
