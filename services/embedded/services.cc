#include "services/embedded/services.h"

#include "services/eligibility/service.h"
#include "services/intake/service.h"
#include "services/referral/service.h"

namespace pathways::embedded {

std::vector<host::Service> AllServices() {
  return {intake::IntakeService(), eligibility::EligibilityService(), referral::ReferralService()};
}

}  // namespace pathways::embedded
