#include "services/eligibility/rpc_assembly.h"

namespace pathways::eligibility {

std::vector<std::string> EligibilityAssembly::HealthNames() const {
  return {v1::EligibilityService::service_full_name()};
}

runtime::OperatedService EligibilityAssembly::Operated() {
  return {core_.name(), &core_.store(),
          [this](absl::Time before, int limit) {
            return WaitingForInformation(core_.store(), before, limit);
          },
          [this] { core_.Wake(); }};
}

}  // namespace pathways::eligibility
