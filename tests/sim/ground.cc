#include "tests/sim/ground.h"

#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/private_file.h"
#include "services/eligibility/policy_file.h"
#include "services/eligibility/service.h"
#include "services/host/service.h"
#include "services/host/settings.h"
#include "services/intake/domain_adapter.h"
#include "services/intake/service.h"
#include "services/referral/routes_file.h"
#include "services/referral/service.h"
#include "tests/support/facts.h"
#include "tests/support/temp_folder.h"

namespace pathways::sim {
namespace {

constexpr char kSource[] = PATHWAYS_SOURCE_DIR;

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::cerr << value.status() << '\n';
  std::abort();
}

std::string RoutesFile() { return absl::StrCat(kSource, "/samples/agencies.textproto"); }

std::string PackFolder() { return absl::StrCat(kSource, "/policies/2023-07-28"); }

Ground::Kind KindOf(const host::Service& service) {
  host::Settings settings(service.settings);
  for (const host::Setting& one : service.settings) {
    if (one.name == "policies") settings.Set(one.name, PackFolder());
    if (one.name == "facts") settings.Set(one.name, absl::StrCat(kSource, "/policies/facts"));
    if (one.name == "agencies") {
      settings.Set(one.name, RoutesFile());
    }
  }
  return {service.name, service.follows, service.projects, Must(service.domain(settings))};
}

// A pack that asks less of whoever looks for work.
eligibility::v1::PolicyPack Loosened(eligibility::v1::PolicyPack pack) {
  for (eligibility::v1::Pathway& pathway : *pack.mutable_pathways()) {
    if (pathway.id() != "mx-labour") continue;
    while (pathway.criteria_size() > 1) pathway.mutable_criteria()->RemoveLast();
  }
  return Must(eligibility::CheckedPack(std::move(pack)));
}

}  // namespace

Ground ReadGround() {
  Ground ground;
  const testing_support::TempFolder folder;
  const std::string path = folder.path() + "/master.key";
  const std::string key = absl::StrCat("pathways-master-key-v1 ", std::string(64, '7'), "\n");
  if (!base::WritePrivateFile(path, key, base::Existing::kKeep).ok()) std::abort();
  ground.keyring = Must(host::Keyring::Load(path));
  ground.services = {KindOf(intake::IntakeService()), KindOf(eligibility::EligibilityService()),
                     KindOf(referral::ReferralService())};
  ground.facts = SampleFacts();
  ground.in_force = std::make_shared<intake::FactsInForce>(ground.facts);
  ground.services[0].domain = std::make_unique<intake::IntakeDomain>(ground.in_force);
  ground.packs[0] = Must(eligibility::LoadPack(PackFolder()));
  ground.packs[1] = Loosened(ground.packs[0]);
  ground.routes[0] = Must(referral::LoadRoutes(RoutesFile()));
  ground.routes[1] = ground.routes[0];
  ground.routes[1].mutable_agencies()->rbegin()->clear_pathways();
  return ground;
}

}  // namespace pathways::sim
