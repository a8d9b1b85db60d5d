// The page tokens of the list of policy changes.
//
// A caller sends them back, so they may be anything. Each is taken only in the form in which it is
// given out. Pure functions.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_LIST_TOKENS_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_LIST_TOKENS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace pathways::eligibility {

// Of the changes of one version: keys of the list kPolicyChangesIndex. A version's keys begin with
// its prefix.
std::string ChangesPrefix(int64_t policy_number);
// The key; empty for an empty token, nothing for one that was never given out for that version.
std::optional<std::string> ChangesKeyOfToken(absl::string_view token, int64_t policy_number);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_LIST_TOKENS_H_
