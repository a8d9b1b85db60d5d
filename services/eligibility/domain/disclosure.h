// What goes further about the people of a case: only what the next agency's pathway looks at.
//
// A determination can be sent where the published conditions are met, the pathway is open, nobody
// has to look at it first and it leads to a referral. For these alone, and only where the people
// consent, the facts that the pathway's criteria of the day look at are handed on. Pure.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_DISCLOSURE_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_DISCLOSURE_H_

#include "pathways/eligibility/v1/screening.pb.h"
#include "pathways/type/v1/disclosure.pb.h"
#include "pathways/type/v1/ledger.pb.h"
#include "pathways/type/v1/person.pb.h"
#include "services/eligibility/domain/changes.h"
#include "services/eligibility/domain/rules.h"

namespace pathways::eligibility {

using Disclosures = google::protobuf::RepeatedPtrField<type::v1::Disclosure>;

// In the order of the determinations, which are those of `facts` under `rules`. Of a family the
// principal applicant's facts are what the pathway is screened by; of the others it looks at what
// it counts people by, and no more is handed on of them.
Disclosures DisclosuresOf(const Rules& rules, const type::v1::CaseFacts& facts,
                          const Determinations& determinations);

// What a screening does to referrals, as far as this service knows: to which pathways people can be
// sent now and could not before, and the other way round. A question that has come up takes nothing
// back (ADR 31). `cases` and `whole` are left alone.
type::v1::LedgerEffect EffectOf(const Disclosures& before, const Disclosures& now,
                                const Determinations& determinations);

bool SameDisclosures(const Disclosures& one, const Disclosures& other);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_DISCLOSURE_H_
