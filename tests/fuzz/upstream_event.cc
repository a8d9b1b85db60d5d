#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "services/eligibility/domain_adapter.h"
#include "services/eligibility/policy_file.h"
#include "services/intake/domain_adapter.h"
#include "services/referral/domain_adapter.h"
#include "services/referral/routes_file.h"
#include "tests/fuzz/targets.h"

namespace pathways::fuzz {
namespace {

constexpr char kCase[] = "6f1d1c8e-2b1f-4a6e-9d53-0f8f1a2b3c4d";

// What is decided by, so that an event reaches all that is decided of it.
std::shared_ptr<const eligibility::Rules> Rules() {
  auto rules = eligibility::LoadRules(PATHWAYS_SOURCE_DIR "/policies/current");
  Require(rules.ok(), "the policies can be read");
  return *rules;
}

std::shared_ptr<const referral::v1::AgencyRoutes> Routes() {
  auto routes = referral::LoadRoutes(PATHWAYS_SOURCE_DIR "/samples/agencies.textproto");
  Require(routes.ok(), "the routes can be read");
  return std::make_shared<const referral::v1::AgencyRoutes>(*std::move(routes));
}

// Makes a command of the event, as a follower does, and decides it on a new stream.
void Follow(const engine::Domain& domain, absl::string_view upstream,
            const engine::EventRow& event) {
  const auto command = domain.FromUpstream(upstream, event);
  if (!command.ok()) return;
  const auto stream = domain.Open({});
  Require(stream.ok(), "a new stream can be opened");
  if (!(*stream)->Decide(command->command, {event.stream, 0, event.time}).ok()) return;
  (*stream)->Fold(event.stream);
  Require(domain.Open((*stream)->State()).ok(), "a state that was decided can be read");
}

// Takes the event back from the topic into the sender's own stream, as a restore does.
void TakeBack(const engine::Domain& domain, engine::EventRow event) {
  const auto gap = domain.WithoutSealed(event);
  if (gap.ok()) event.sealed = gap->sealed;
  const auto stream = domain.Open({});
  Require(stream.ok(), "a new stream can be opened");
  if (!(*stream)->Evolve(event).ok()) return;
  (*stream)->Fold(event.stream);
  Require(domain.Open((*stream)->State()).ok(), "a state that was written can be read");
}

}  // namespace

void UpstreamEvent(absl::string_view bytes) {
  const std::pair<absl::string_view, absl::string_view> halves =
      absl::StrSplit(bytes, absl::MaxSplits('\n', 1));
  engine::EventRow event;
  event.stream = kCase;
  event.number = 1;
  event.ce_id = "id";
  event.time = absl::FromUnixSeconds(1697500000);
  event.data = std::string(halves.second);
  static const intake::IntakeDomain kIntake;
  static const eligibility::EligibilityDomain kEligibility(Rules());
  static const referral::ReferralDomain kReferral(Routes());
  Follow(kEligibility, halves.first, event);
  Follow(kReferral, halves.first, event);
  if (halves.first == "intake") {
    TakeBack(kIntake, event);
    (void)intake::TellFeed(event);
  } else if (halves.first == "eligibility") {
    TakeBack(kEligibility, event);
    (void)eligibility::TellFeed(event);
  } else {
    TakeBack(kReferral, event);
    (void)referral::TellFeed(event);
  }
}

}  // namespace pathways::fuzz
