#include "services/eligibility/rescreening_bound.h"

#include <cstdint>
#include <string>
#include <vector>

#include "services/base/status_macros.h"
#include "services/eligibility/domain/decide.h"
#include "services/eligibility/domain/disclosure.h"
#include "services/eligibility/domain/ledger.h"
#include "services/eligibility/list_tokens.h"
#include "services/eligibility/methods.h"
#include "services/eligibility/policy_reader.h"
#include "services/engine/engine.h"
#include "services/host/ledger_start.h"

namespace pathways::eligibility {
namespace {

using type::v1::LedgerEffect;

// A case that cannot be read is passed over: it must not keep the version from all others.
absl::StatusOr<LedgerEffect> DoneTo(host::ServiceCore& core, int64_t version,
                                    const std::vector<std::string>& cases) {
  ASSIGN_OR_RETURN(const auto rows, engine::ReadFolded(core.domain(), core.store(), cases));
  LedgerEffect sum;
  for (const auto& [case_id, row] : rows) {
    const auto state =
        row.ok() ? StateIn(*row) : absl::StatusOr<v1::EligibilityState>(row.status());
    if (!state.ok()) continue;
    for (const v1::PolicyEffect& effect : state->policy_effects()) {
      if (effect.policy_number() != version) continue;
      sum.set_referrals(sum.referrals() + effect.referrals());
      sum.set_holds(sum.holds() + effect.holds());
    }
  }
  return sum;
}

// What the version would do to a case. Nothing to one that it leaves alone, or cannot be decided.
LedgerEffect WouldDo(const std::string& case_id, const engine::StreamRow& row,
                     const Policy& in_force, absl::Time now) {
  const absl::StatusOr<v1::EligibilityState> state = StateIn(row);
  if (!state.ok()) return {};
  v1::EligibilityCommand again;
  again.mutable_rescreen();
  const auto events =
      Decide(*state, again, {*in_force.rules, in_force.number}, {case_id, row.version, now});
  if (!events.ok()) return {};
  LedgerEffect sum;
  for (const v1::EligibilityEvent& event : *events) {
    if (!event.has_case_screened()) continue;
    const v1::CaseScreened& screened = event.case_screened();
    sum = EffectOf(state->disclosures(), screened.disclosures(), screened.determinations());
  }
  return sum;
}

}  // namespace

std::shared_ptr<host::LedgerBound> RescreeningBound(host::ServiceCore& core) {
  const auto policies = std::make_shared<PolicyReader>(core.domain(), core.store());
  host::LedgerBoundParts parts{.store = core.store()};
  parts.read = [&core] {
    return host::ReadLedger<v1::EligibilityState>(core.domain(), core.store(), kPolicyLedger);
  };
  parts.index = kPolicyChangesIndex;
  parts.prefix = ChangesPrefix;
  parts.done = [&core](int64_t version, const std::vector<std::string>& cases) {
    return DoneTo(core, version, cases);
  };
  parts.would_do =
      [&core, policies](
          const std::vector<std::string>& cases) -> absl::StatusOr<std::vector<LedgerEffect>> {
    ASSIGN_OR_RETURN(const Policy in_force, policies->InForce());
    ASSIGN_OR_RETURN(const absl::Time now, core.store().Now());
    ASSIGN_OR_RETURN(const auto rows, engine::ReadFolded(core.domain(), core.store(), cases));
    std::vector<LedgerEffect> effects;
    for (const std::string& case_id : cases) {
      const auto found = rows.find(case_id);
      const bool is_read = found != rows.end() && found->second.ok();
      effects.push_back(is_read ? WouldDo(case_id, *found->second, in_force, now) : LedgerEffect());
    }
    return effects;
  };
  return std::make_shared<host::LedgerBound>(std::move(parts));
}

}  // namespace pathways::eligibility
