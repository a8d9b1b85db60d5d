#include "services/referral/service.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/base/status_macros.h"
#include "services/follow/new_rules_sweep.h"
#include "services/referral/domain_adapter.h"
#include "services/referral/methods.h"
#include "services/referral/rerouting_bound.h"
#include "services/referral/routes_file.h"
#include "services/referral/routes_start.h"
#include "services/referral/views.h"
#include "services/referral/watch.h"

namespace pathways::referral {
namespace {

// What the functions of one value share.
struct Shared {
  std::shared_ptr<const v1::AgencyRoutes> routes;  // What an empty ledger begins with.
  std::shared_ptr<ReferralWatches> watches;
  std::shared_ptr<follow::NewRulesSweep> sweep;
};

absl::StatusOr<std::unique_ptr<engine::Domain>> MakeDomain(Shared& shared,
                                                           host::Settings& settings) {
  const std::string path = settings.File("agencies", host::Presence::kRequired);
  if (path.empty()) return std::unique_ptr<engine::Domain>();  // Noted in the settings.
  ASSIGN_OR_RETURN(v1::AgencyRoutes routes, LoadRoutes(path));
  shared.routes = std::make_shared<const v1::AgencyRoutes>(std::move(routes));
  return std::make_unique<ReferralDomain>(shared.routes);
}

// Refers those who waited for a route.
host::Loop FollowRoutes(Shared& shared, const host::ServiceParts& parts) {
  host::ServiceCore& core = parts.core;
  shared.sweep = std::make_shared<follow::NewRulesSweep>(
      core.domain(), core.store(), core.engine(),
      follow::NewRulesSweepOptions{.every = parts.sweep_every,
                                   .bound =
                                       [bound = ReroutingBound(core)](
                                           int64_t version, const std::vector<std::string>& next) {
                                         return bound->Next(version, next);
                                       }},
      core.ReportSweepTo("rerouting"));
  shared.sweep->Start();
  return {[sweep = shared.sweep] { sweep->Stop(); }};
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
  const auto shared = std::make_shared<Shared>();
  host::Service service;
  service.name = "referral";
  service.description = "Refers cases to the agencies that take them, and takes their answers.";
  service.settings = {
      {"agencies", "File of the routes that an empty ledger of routes begins with", ""}};
  service.follows = {"intake", "eligibility"};
  service.domain = [shared](host::Settings& settings) { return MakeDomain(*shared, settings); };
  service.prepare = [shared](host::ServiceCore& core, base::Logger& log) {
    return BeginRoutes(core, *shared->routes, log);
  };
  service.loops = [shared](const host::ServiceParts& parts) {
    shared->watches = std::make_shared<ReferralWatches>(parts.core.domain(), parts.core.store());
    return std::vector<host::Loop>{TellAgencies(shared->watches, parts),
                                   FollowRoutes(*shared, parts)};
  };
  service.methods = [shared](const host::ServiceParts& parts) {
    const MethodParts on{parts.core.engine(), parts.core.domain(),
                         parts.core.store(),  parts.keyring,
                         *shared->watches,    [sweep = shared->sweep] { sweep->Notify(); }};
    return std::vector<host::Api>{ReferralApi(on), AgencyApi(on)};
  };
  service.without_progress = WaitingReferrals;
  service.feed = TellFeed;
  return service;
}

}  // namespace pathways::referral
