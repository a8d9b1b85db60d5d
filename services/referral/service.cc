#include "services/referral/service.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/base/status_macros.h"
#include "services/referral/domain_adapter.h"
#include "services/referral/methods.h"
#include "services/referral/routes_file.h"
#include "services/referral/views.h"
#include "services/referral/watch.h"

namespace pathways::referral {
namespace {

absl::StatusOr<std::unique_ptr<engine::Domain>> MakeDomain(host::Settings& settings) {
  const std::string path = settings.File("agencies", host::Presence::kRequired);
  if (path.empty()) return std::unique_ptr<engine::Domain>();  // Noted in the settings.
  ASSIGN_OR_RETURN(v1::AgencyRoutes routes, LoadRoutes(path));
  return std::make_unique<ReferralDomain>(std::move(routes));
}

// Watches end with the calls: an agency's would go on for ever.
host::Loop TellAgencies(const std::shared_ptr<ReferralWatches>& watches,
                        const host::ServiceParts& parts) {
  parts.core.OnCommit([watches] { watches->Notify(); });
  watches->Start();
  return {[watches] { watches->Stop(); }, host::Loop::Stops::kWithCalls};
}

}  // namespace

host::Service ReferralService() {
  // What the loops and the methods of one value share.
  const auto watches = std::make_shared<std::shared_ptr<ReferralWatches>>();
  host::Service service;
  service.name = "referral";
  service.description = "Refers cases to the agencies that take them, and takes their answers.";
  service.settings = {{"agencies", "File that says which agency takes which pathway", ""}};
  service.follows = {"intake", "eligibility"};
  service.domain = MakeDomain;
  service.loops = [watches](const host::ServiceParts& parts) {
    *watches = std::make_shared<ReferralWatches>(parts.core.domain(), parts.core.store());
    return std::vector<host::Loop>{TellAgencies(*watches, parts)};
  };
  service.methods = [watches](const host::ServiceParts& parts) {
    const MethodParts on{parts.core.engine(), parts.core.domain(), parts.core.store(),
                         parts.keyring, **watches};
    return std::vector<host::Api>{ReferralApi(on), AgencyApi(on)};
  };
  service.without_progress = WaitingReferrals;
  service.feed = TellFeed;
  return service;
}

}  // namespace pathways::referral
