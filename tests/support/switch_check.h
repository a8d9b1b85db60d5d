// What the stores hold after the policies were changed once, against what they must.
//
// For whole processes, whose caseload is switched while they are killed: each case is screened by
// each of the two versions once, and what was referred is held once where it has to be.
#ifndef PATHWAYS_TESTS_SUPPORT_SWITCH_CHECK_H_
#define PATHWAYS_TESTS_SUPPORT_SWITCH_CHECK_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/support/stores.h"

namespace pathways::testing_support {

// True when every case at eligibility notes this version of the ledger, or a later one.
bool AreScreenedBy(Stores& stores, int64_t version);

// True when one of them does.
bool IsAnyScreenedBy(Stores& stores, int64_t version);

// One line for each fault. `holds` has every case, and why its one referral is held; empty: it is
// not. Each case must have another screening by the second version.
std::vector<std::string> FaultsAfterSwitch(Stores& stores,
                                           const std::map<std::string, std::string>& holds);

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_SUPPORT_SWITCH_CHECK_H_
