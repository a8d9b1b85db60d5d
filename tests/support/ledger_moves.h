// Versions of the three ledgers for tests that move them, as two officers do.
//
// Version 1 is what the source tree begins with. Each later one differs from the one before, and
// comes round: of the facts kAskedFact is asked in even versions and no more in odd ones; of the
// policies work is suspended in even ones; of the routes first nobody takes work, then another
// agency, then the one of the source tree, and what two agencies may know differs. A request id
// follows from ledger and version, so a call may be repeated. Each call is recorded.
#ifndef PATHWAYS_TESTS_SUPPORT_LEDGER_MOVES_H_
#define PATHWAYS_TESTS_SUPPORT_LEDGER_MOVES_H_

#include <array>
#include <string>

#include "absl/status/statusor.h"
#include "pathways/type/v1/ledger.pb.h"
#include "tests/support/caller.h"
#include "tests/support/history.h"

namespace pathways::testing_support {

enum class MovedLedger { kFacts, kPolicies, kRoutes };

inline constexpr std::array<MovedLedger, 3> kMovedLedgers = {
    MovedLedger::kFacts, MovedLedger::kPolicies, MovedLedger::kRoutes};

// No condition looks at it.
inline constexpr char kAskedFact[] = "asked_in_tests";

// Who proposes, and who confirms.
inline constexpr char kProposer[] = "staff/policy";
inline constexpr char kConfirmer[] = "staff/policy-2";

// The service that has the ledger.
const char* ServiceOf(MovedLedger ledger);

// Proposes a version, 2 or more, with a ceiling that nothing reaches.
absl::StatusOr<type::v1::LedgerProposal> ProposeVersion(const Caller& officer, MovedLedger ledger,
                                                        int version, History& history);

// Confirms what was proposed as this version.
absl::StatusOr<type::v1::LedgerVersion> ConfirmVersion(const Caller& officer, MovedLedger ledger,
                                                       int version, const std::string& digest,
                                                       History& history);

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_SUPPORT_LEDGER_MOVES_H_
