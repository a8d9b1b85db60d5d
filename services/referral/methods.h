// Referral's APIs: the methods of ReferralService for the staff and of AgencyService for agencies.
//
// Thin: which command a request is, and what is answered. Both make the same command of an action
// (actions.h); they differ in who acts. Rules are in domain/. The staff's methods are in
// methods.cc, those on the routes in methods_routes.cc, the agencies' in methods_agency.cc.
#ifndef PATHWAYS_SERVICES_REFERRAL_METHODS_H_
#define PATHWAYS_SERVICES_REFERRAL_METHODS_H_

#include <functional>

#include "services/engine/domain.h"
#include "services/engine/engine.h"
#include "services/engine/store/event_store.h"
#include "services/host/keys.h"
#include "services/host/method.h"
#include "services/referral/watch.h"

namespace pathways::referral {

// What the methods stand on. All must outlive them.
struct MethodParts {
  engine::Engine& engine;
  const engine::Domain& domain;
  engine::EventReader& store;
  const host::Keyring& keyring;
  ReferralWatches& watches;
  std::function<void()> routes_changed;  // Called after each change of the routes.
};

host::Api ReferralApi(const MethodParts& parts);
host::Api AgencyApi(const MethodParts& parts);
// Adds the methods on the routes to the API of the staff.
void AddRouteMethods(const MethodParts& parts, host::Api& api);

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_METHODS_H_
