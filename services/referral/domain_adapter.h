// Referral's domain, as the engine asks for it.
//
// It parses stored states, commands and events, calls the pure functions of
// services/referral/domain/decide.h and, for the two ledgers, of domain/routes.h, and serialises
// what they give, deterministically. Cases are decided by the routes in force. It decides nothing
// itself. A state that cannot be parsed is DATA_LOSS; a command that cannot is INTERNAL.
#ifndef PATHWAYS_SERVICES_REFERRAL_DOMAIN_ADAPTER_H_
#define PATHWAYS_SERVICES_REFERRAL_DOMAIN_ADAPTER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pathways/pipeline/v1/feed.pb.h"
#include "pathways/referral/v1/routes.pb.h"
#include "services/engine/domain.h"

namespace pathways::referral {

class ReferralDomain : public engine::Domain {
 public:
  // `routes`, checked, are in force under this number of the ledger; 0: as long as the ledger is
  // empty. Null: for a domain that only follows events, whose Decide is INTERNAL for every case.
  explicit ReferralDomain(std::shared_ptr<const v1::AgencyRoutes> routes,
                          int64_t routes_number = 0);
  const engine::RulesStream& StreamOfRules() const override { return rules_stream_; }
  absl::StatusOr<std::unique_ptr<const engine::Domain>> WithRules(
      const engine::StreamRow& rules_stream) const override;
  // Also the fact catalogue, of intake.
  bool Follows(absl::string_view upstream, absl::string_view stream) const override;
  int EvolveVersion() const override;
  absl::StatusOr<std::unique_ptr<engine::OpenStream>> Open(
      const engine::StoredState& state) const override;
  absl::StatusOr<engine::UpstreamCommand> FromUpstream(
      absl::string_view upstream, const engine::EventRow& event) const override;
  absl::StatusOr<engine::SealedGap> WithoutSealed(const engine::EventRow& event) const override;

 private:
  const std::shared_ptr<const v1::AgencyRoutes> routes_;
  const int64_t routes_number_;
  const engine::RulesStream rules_stream_;
};

// What an event of the store tells the dashboards' feed (domain/feed.h). Nothing when it cannot be
// read.
std::vector<pipeline::v1::PipelineRecord> TellFeed(const engine::EventRow& event);

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_DOMAIN_ADAPTER_H_
