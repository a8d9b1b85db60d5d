// Referral's domain, as the engine asks for it.
//
// It parses stored states, commands and events, calls the pure functions of
// services/referral/domain/decide.h and serialises what they give, deterministically. It decides
// nothing itself. A state that cannot be parsed is DATA_LOSS; a command that cannot is INTERNAL.
#ifndef PATHWAYS_SERVICES_REFERRAL_DOMAIN_ADAPTER_H_
#define PATHWAYS_SERVICES_REFERRAL_DOMAIN_ADAPTER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pathways/pipeline/v1/feed.pb.h"
#include "pathways/referral/v1/state.pb.h"
#include "services/engine/domain.h"

namespace pathways::referral {

class ReferralDomain : public engine::Domain {
 public:
  // `routes` say which agency takes a pathway, already checked.
  explicit ReferralDomain(v1::AgencyRoutes routes) : routes_(std::move(routes)) {}
  int EvolveVersion() const override;
  absl::StatusOr<std::unique_ptr<engine::OpenStream>> Open(
      const engine::StoredState& state) const override;
  absl::StatusOr<engine::UpstreamCommand> FromUpstream(
      absl::string_view upstream, const engine::EventRow& event) const override;
  absl::StatusOr<engine::SealedGap> WithoutSealed(const engine::EventRow& event) const override;

 private:
  const v1::AgencyRoutes routes_;
};

// What an event of the store tells the dashboards' feed (domain/feed.h). Nothing when it cannot be
// read.
std::vector<pipeline::v1::PipelineRecord> TellFeed(const engine::EventRow& event);

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_DOMAIN_ADAPTER_H_
