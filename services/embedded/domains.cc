#include "services/embedded/domains.h"

#include "services/eligibility/domain_adapter.h"
#include "services/intake/domain_adapter.h"
#include "services/referral/domain_adapter.h"

namespace pathways::embedded {

std::unique_ptr<engine::Domain> DomainOf(const std::string& service) {
  if (service == "intake") return std::make_unique<intake::IntakeDomain>(nullptr);
  if (service == "eligibility") {
    return std::make_unique<eligibility::EligibilityDomain>(nullptr);
  }
  return std::make_unique<referral::ReferralDomain>(nullptr);
}

}  // namespace pathways::embedded
