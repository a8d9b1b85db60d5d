// Intake's domain, as the engine asks for it.
//
// It parses stored states, commands and events, calls the pure functions of
// services/intake/domain/decide.h and, for the fact catalogue, of domain/fact_ledger.h, and
// serialises what they give, deterministically. Cases are decided by the catalogue in force. It
// decides nothing itself. A state that cannot be parsed is DATA_LOSS; a command that cannot is
// INTERNAL.
#ifndef PATHWAYS_SERVICES_INTAKE_DOMAIN_ADAPTER_H_
#define PATHWAYS_SERVICES_INTAKE_DOMAIN_ADAPTER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pathways/pipeline/v1/feed.pb.h"
#include "services/engine/domain.h"
#include "services/intake/facts_in_force.h"

namespace pathways::intake {

class IntakeDomain : public engine::Domain {
 public:
  // `in_force` is told of each version of the fact catalogue that decisions are made by. Null: of a
  // domain that only follows events. `catalogue_number` is that of the version decided by.
  explicit IntakeDomain(std::shared_ptr<FactsInForce> in_force = nullptr,
                        int64_t catalogue_number = 0);
  const engine::RulesStream& StreamOfRules() const override { return rules_stream_; }
  absl::StatusOr<std::unique_ptr<const engine::Domain>> WithRules(
      const engine::StreamRow& rules_stream) const override;
  int EvolveVersion() const override;
  absl::StatusOr<std::unique_ptr<engine::OpenStream>> Open(
      const engine::StoredState& state) const override;
  absl::StatusOr<engine::UpstreamCommand> FromUpstream(
      absl::string_view upstream, const engine::EventRow& event) const override;
  absl::StatusOr<engine::SealedGap> WithoutSealed(const engine::EventRow& event) const override;

 private:
  const std::shared_ptr<FactsInForce> in_force_;
  const int64_t catalogue_number_;
  const engine::RulesStream rules_stream_;
};

// What an event of the store tells the dashboards' feed (domain/feed.h). Nothing when it cannot be
// read.
std::vector<pipeline::v1::PipelineRecord> TellFeed(const engine::EventRow& event);

}  // namespace pathways::intake

#endif  // PATHWAYS_SERVICES_INTAKE_DOMAIN_ADAPTER_H_
