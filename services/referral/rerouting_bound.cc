#include "services/referral/rerouting_bound.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "pathways/referral/v1/state.pb.h"
#include "services/base/status_macros.h"
#include "services/engine/engine.h"
#include "services/host/ledger_start.h"
#include "services/referral/domain/decide.h"
#include "services/referral/domain/keys.h"
#include "services/referral/domain/routes.h"

namespace pathways::referral {
namespace {

using type::v1::LedgerEffect;

absl::StatusOr<type::v1::LedgerState> ReadRoutes(host::ServiceCore& core) {
  return host::ReadLedger<v1::ReferralCaseState>(core.domain(), core.store(), kRoutesLedger);
}

// Nothing to a case that cannot be decided.
absl::StatusOr<std::vector<LedgerEffect>> WouldDo(host::ServiceCore& core,
                                                  const std::vector<std::string>& cases) {
  ASSIGN_OR_RETURN(const type::v1::LedgerState ledger, ReadRoutes(core));
  ASSIGN_OR_RETURN(const v1::AgencyRoutes routes, RoutesInForce(ledger));
  ASSIGN_OR_RETURN(const auto rows, engine::ReadFolded(core.domain(), core.store(), cases));
  std::vector<LedgerEffect> effects;
  for (const std::string& case_id : cases) {
    const auto found = rows.find(case_id);
    const bool is_read = found != rows.end() && found->second.ok();
    effects.push_back(is_read
                          ? EffectOfRoutes(routes, case_id, *found->second).value_or(LedgerEffect())
                          : LedgerEffect());
  }
  return effects;
}

}  // namespace

absl::StatusOr<LedgerEffect> EffectOfRoutes(const v1::AgencyRoutes& routes,
                                            const std::string& case_id,
                                            const engine::StreamRow& row) {
  v1::ReferralCaseState state;
  if (!state.ParseFromString(row.state.open)) {
    return absl::DataLossError("a stored case cannot be read");
  }
  v1::ReferralCommand follow;
  follow.mutable_follow_routes();
  // Number and time are those of no version and of no commit: the events are only counted.
  const type::DecideContext context{case_id, row.version, absl::UnixEpoch()};
  ASSIGN_OR_RETURN(const auto events, Decide(state, follow, {routes, 1}, context));
  LedgerEffect effect;
  effect.set_referrals(
      std::count_if(events.begin(), events.end(),
                    [](const v1::ReferralEvent& event) { return event.has_referral_submitted(); }));
  return effect;
}

std::shared_ptr<host::LedgerBound> ReroutingBound(host::ServiceCore& core) {
  host::LedgerBoundParts parts{.store = core.store()};
  parts.read = [&core] { return ReadRoutes(core); };
  parts.index = kBroughtByRoutesIndex;
  parts.prefix = BroughtByRoutesPrefix;
  parts.done = [](int64_t, const std::vector<std::string>& cases) {
    LedgerEffect effect;
    effect.set_referrals(static_cast<int64_t>(cases.size()));
    return absl::StatusOr<LedgerEffect>(effect);
  };
  parts.would_do = [&core](const std::vector<std::string>& cases) { return WouldDo(core, cases); };
  return std::make_shared<host::LedgerBound>(std::move(parts));
}

}  // namespace pathways::referral
