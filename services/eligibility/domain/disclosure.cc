#include "services/eligibility/domain/disclosure.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "services/eligibility/domain/facts.h"
#include "services/eligibility/domain/program.h"
#include "services/type/fact_fields.h"
#include "services/type/people.h"

namespace pathways::eligibility {
namespace {

// What the criteria of a determination look at.
struct LookedAt {
  FactSet own = 0;      // Of the person, or of the principal applicant of a family.
  FactSet members = 0;  // Of all people that are counted.
};

bool CanBeSent(const v1::Determination& determination) {
  const v1::PathwayStatus status = determination.status();
  // A pathway without a status is of a pack that knows none, and open.
  const bool is_open =
      status == v1::PATHWAY_STATUS_UNSPECIFIED || status == v1::PATHWAY_STATUS_ACTIVE;
  return determination.outcome() == v1::OUTCOME_MEETS && is_open &&
         !determination.review_required() && determination.mode() != v1::REFERRAL_MODE_INFORM;
}

// Nothing: the rules do not know the pathway.
std::optional<LookedAt> LookedAtBy(const Rules& rules, const v1::Determination& determination) {
  for (int i = 0; i < rules.pack().pathways_size(); ++i) {
    const v1::Pathway& pathway = rules.pack().pathways(i);
    if (pathway.id() != determination.pathway()) continue;
    LookedAt looked_at;
    const PathwayPlan& plan = rules.program().pathways[static_cast<size_t>(i)];
    for (int j = 0; j < pathway.criteria_size(); ++j) {
      const bool in_force =
          std::any_of(determination.criteria().begin(), determination.criteria().end(),
                      [&](const v1::CriterionResult& result) {
                        return result.criterion() == pathway.criteria(j).id();
                      });
      if (!in_force) continue;
      const CriterionPlan& criterion = plan.criteria[static_cast<size_t>(j)];
      looked_at.own |= criterion.own_facts;
      looked_at.members |= criterion.member_facts;
    }
    return looked_at;
  }
  return std::nullopt;
}

type::FactNames NamesOf(const Program& program, FactSet facts) {
  const std::vector<std::string> names = program.NamesOf(facts);
  return {names.begin(), names.end()};
}

// What the principal applicant answered for all people counts for this one too.
void AddCaseAnswers(const Program& program, const type::v1::CaseFacts& facts,
                    const type::FactNames& names, type::v1::PersonFacts& person) {
  if (!program.has_case_answers) return;
  const type::v1::PersonFacts* const principal = type::PrincipalOf(facts);
  if (principal == nullptr) return;
  type::v1::PersonFacts of_case;
  for (const type::v1::FactAnswer& answer : principal->answers()) {
    const AnswerPlan* const plan = program.FindAnswer(answer.fact());
    if (plan == nullptr || !plan->of_case || !names.contains(answer.fact())) continue;
    *of_case.add_answers() = answer;
  }
  ReplaceFacts(of_case, person);
}

// Whether facts of the same people for the same pathway are among these.
bool Holds(const Disclosures& disclosures, const type::v1::Disclosure& wanted) {
  const auto same_person = [](const type::v1::PersonFacts& a, const type::v1::PersonFacts& b) {
    return a.person_id() == b.person_id();
  };
  return std::any_of(disclosures.begin(), disclosures.end(), [&](const type::v1::Disclosure& one) {
    return one.pathway() == wanted.pathway() &&
           std::equal(one.people().begin(), one.people().end(), wanted.people().begin(),
                      wanted.people().end(), same_person);
  });
}

bool IsAbout(const type::v1::Disclosure& disclosure, const v1::Determination& determination) {
  return disclosure.pathway() == determination.pathway() &&
         std::equal(disclosure.people().begin(), disclosure.people().end(),
                    determination.person_ids().begin(), determination.person_ids().end(),
                    [](const type::v1::PersonFacts& person, const std::string& id) {
                      return person.person_id() == id;
                    });
}

// The pathway is open as before, and there is a question.
bool IsOnlyAsked(const v1::Determination& determination) {
  const bool is_open = determination.status() == v1::PATHWAY_STATUS_ACTIVE ||
                       determination.status() == v1::PATHWAY_STATUS_UNSPECIFIED;
  return determination.outcome() == v1::OUTCOME_NEEDS_INFORMATION && is_open &&
         !determination.review_required();
}

}  // namespace

Disclosures DisclosuresOf(const Rules& rules, const type::v1::CaseFacts& facts,
                          const Determinations& determinations) {
  Disclosures disclosures;
  if (!facts.consent()) return disclosures;
  for (const v1::Determination& determination : determinations) {
    if (!CanBeSent(determination)) continue;
    const std::optional<LookedAt> looked_at = LookedAtBy(rules, determination);
    if (!looked_at) continue;
    const bool is_family = determination.person_ids_size() > 1;
    type::v1::Disclosure& disclosure = *disclosures.Add();
    disclosure.set_pathway(determination.pathway());
    for (const std::string& id : determination.person_ids()) {
      const type::v1::PersonFacts* const person = type::FindPerson(facts, id);
      if (person == nullptr) continue;
      const bool is_screened =
          !is_family || person->relationship() == type::v1::RELATIONSHIP_PRINCIPAL;
      const type::FactNames names =
          NamesOf(rules.program(), looked_at->members | (is_screened ? looked_at->own : 0));
      type::v1::PersonFacts& kept = *disclosure.add_people();
      kept = type::KeepFacts(*person, names);
      AddCaseAnswers(rules.program(), facts, names, kept);
    }
  }
  return disclosures;
}

type::v1::LedgerEffect EffectOf(const Disclosures& before, const Disclosures& now,
                                const Determinations& determinations) {
  type::v1::LedgerEffect effect;
  for (const type::v1::Disclosure& disclosure : now) {
    if (!Holds(before, disclosure)) effect.set_referrals(effect.referrals() + 1);
  }
  for (const type::v1::Disclosure& disclosure : before) {
    const bool asks = std::any_of(
        determinations.begin(), determinations.end(), [&](const v1::Determination& determination) {
          return IsAbout(disclosure, determination) && IsOnlyAsked(determination);
        });
    if (!Holds(now, disclosure) && !asks) effect.set_holds(effect.holds() + 1);
  }
  return effect;
}

bool SameDisclosures(const Disclosures& one, const Disclosures& other) {
  return std::equal(
      one.begin(), one.end(), other.begin(), other.end(),
      [](const auto& a, const auto& b) { return a.SerializeAsString() == b.SerializeAsString(); });
}

}  // namespace pathways::eligibility
