// Referral as a host runs it: its APIs for staff and agencies, and the agencies' watches.
#ifndef PATHWAYS_SERVICES_REFERRAL_SERVICE_H_
#define PATHWAYS_SERVICES_REFERRAL_SERVICE_H_

#include "services/host/service.h"

namespace pathways::referral {

host::Service ReferralService();

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_SERVICE_H_
