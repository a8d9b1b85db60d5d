// Three-valued evaluation of pathways over the facts of people.
//
// Every criterion is true, false or unknown (Kleene's strong logic), so a fact that nobody asked
// for never counts against a person: it becomes a question. Everything here is pure and total. It
// gives a result for any message, and for equal input the same bytes. It screens and never decides:
// a result says which published conditions are met, from which source, and what is still to be
// asked. Packs are checked before use (services/eligibility/domain/policy_check.h); of one that was
// not, a condition without meaning is unknown and a pathway without a unit gives nothing.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_EVALUATE_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_EVALUATE_H_

#include <string>
#include <vector>

#include "pathways/eligibility/v1/policy.pb.h"
#include "pathways/eligibility/v1/screening.pb.h"
#include "pathways/type/v1/person.pb.h"

namespace pathways::eligibility {

// Recorded in every determination. Changes when the same pack and facts would give other bytes.
inline constexpr int kEvaluatorVersion = 1;

// Conditions within conditions, at most. Deeper ones are refused when a pack is checked, and
// unknown when evaluated.
inline constexpr int kPredicateDepthMax = 20;

// People screened together.
struct Unit {
  std::vector<std::string> person_ids;  // In order.
  type::v1::PersonFacts facts;          // The facts that count for all of them.
};

// Screens one unit for one pathway. A criterion is met, not met or needs information as its
// condition is true, false or unknown; one from a source of confidence S3 or K (or none) always
// needs information, for a rumour can only be a question. The outcome is DOES_NOT_MEET when one
// criterion is not met, else NEEDS_INFORMATION when one needs it, else MEETS.
v1::Determination Evaluate(const v1::Pathway& pathway, const Unit& unit,
                           const std::string& policy_version);

// Screens a case for every pathway: determinations in the pack's order, then by unit. A pathway for
// persons gives one per person; one for families gives one for all people by the facts of the
// principal applicant, and without a principal applicant every criterion of it is unknown.
std::vector<v1::Determination> Screen(const v1::PolicyPack& pack, const type::v1::CaseFacts& facts);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_EVALUATE_H_
