// What an explanation stands on, in words: what it assumes, and what would alter the outcome.
//
// The sentences give reasons and never advise: of a fact that is not known they say what an answer
// would give, of one that is recorded that it is the reason. A person who reads her own explanation
// is not told by it what another member of her family could say when alone.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_EXPLAIN_GROUNDS_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_EXPLAIN_GROUNDS_H_

#include "pathways/eligibility/v1/explanation.pb.h"
#include "services/eligibility/domain/grounds.h"
#include "services/eligibility/explain.h"

namespace pathways::eligibility {

// Explains determinations of a case, all made by the rules of the explainer and on the same days.
// `facts` as GroundsOf takes them; `fact_catalogue` is the version in force, empty for none.
void ExplainAll(const Explainer& explainer, const Rules& rules, const type::v1::CaseFacts& facts,
                const std::string& fact_catalogue, const Determinations& determinations,
                google::protobuf::RepeatedPtrField<v1::Explanation>& explanations);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_EXPLAIN_GROUNDS_H_
