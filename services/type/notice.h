// The sentence that stands beside every result that is shown.
//
// One text, so that intake and eligibility say the same.
#ifndef PATHWAYS_SERVICES_TYPE_NOTICE_H_
#define PATHWAYS_SERVICES_TYPE_NOTICE_H_

namespace pathways::type {

inline constexpr char kScreeningNotice[] =
    "This is a screening, not a decision: only the competent authority decides on a status.";

}  // namespace pathways::type

#endif  // PATHWAYS_SERVICES_TYPE_NOTICE_H_
