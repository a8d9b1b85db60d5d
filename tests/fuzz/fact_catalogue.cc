#include <utility>

#include "services/base/text_format_file.h"
#include "services/type/facts.h"
#include "services/type/problem.h"
#include "tests/fuzz/targets.h"
#include "tests/support/facts.h"

namespace pathways::fuzz {

void FactCatalogue(absl::string_view bytes) {
  const MemoryFile file(bytes);
  type::v1::FactCatalogue catalogue;
  if (!base::ReadTextFormat(file.path(), catalogue).ok()) return;
  // The fields that code knows are too many for a file as small as a seed.
  for (const type::v1::Fact& fact : SampleFacts()->catalogue().facts()) {
    if (fact.storage() != type::v1::FACT_STORAGE_ANSWER) *catalogue.add_facts() = fact;
  }
  const auto facts = type::Facts::Compile(catalogue);
  if (!facts.ok()) {
    Require(!type::ProblemOf(facts.status()).violations().empty(),
            "a catalogue is refused with its faults");
    return;
  }
  Require(type::CheckSuccessor(catalogue, catalogue).ok(), "a catalogue may follow itself");
  for (const type::v1::Fact& fact : catalogue.facts()) {
    Require((*facts)->Find(fact.id()) != nullptr, "a fact is found by its id");
  }
  // Answers that a fact cannot have are refused, whatever it is.
  for (const type::v1::Fact& fact : catalogue.facts()) {
    type::FactAnswers answers;
    answers.Add()->set_fact(fact.id());
    type::Violations violations;
    type::CheckAnswers(**facts, answers, {}, {"answers", absl::CivilDay(2026, 11, 30), true},
                       violations);
    Require(!violations.empty(), "an answer without a value is refused");
  }
}

}  // namespace pathways::fuzz
