// The questions that a desk has to ask, in the order in which they are worth asking.
//
// Of a case they are the facts that its determinations miss; of pathways all facts that their
// criteria look at. What may be asked in front of others comes first. Pure.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_QUESTIONS_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_QUESTIONS_H_

#include <set>
#include <string>
#include <vector>

#include "pathways/eligibility/v1/screening.pb.h"
#include "services/eligibility/domain/disclosure.h"
#include "services/eligibility/domain/rules.h"

namespace pathways::eligibility {

// A question, without words.
struct AskedFact {
  const type::v1::Fact* fact = nullptr;  // Of the pack. Lives as long as the rules.
  std::vector<std::string> person_ids;   // Of whom; none where pathways were asked for.
  std::vector<std::string> pathways;     // Those that look at it, in the order of the pack.
};

// What the determinations of a case miss. A fact of the whole case is asked of the principal
// applicant, one by which people are counted of those who lack it; one that an answer on file makes
// needless is left out for that person.
std::vector<AskedFact> QuestionsOf(const Rules& rules, const type::v1::CaseFacts& facts,
                                   const Determinations& determinations);

// What some pathways look at. Those that are not of the pack are left out.
std::vector<AskedFact> QuestionsOf(const Rules& rules, const std::set<std::string>& pathways);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_QUESTIONS_H_
