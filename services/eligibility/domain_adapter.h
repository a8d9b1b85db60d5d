// Eligibility's domain, as the engine asks for it.
//
// It parses stored states, commands and events, calls the pure functions of
// services/eligibility/domain/decide.h and serialises what they give, deterministically. It decides
// nothing itself. A state that cannot be parsed is DATA_LOSS; a command that cannot is INTERNAL.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_ADAPTER_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_ADAPTER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pathways/eligibility/v1/policy.pb.h"
#include "pathways/pipeline/v1/feed.pb.h"
#include "services/runtime/domain.h"

namespace pathways::eligibility {

class EligibilityDomain : public runtime::Domain {
 public:
  // `pack` is the pack in force, already checked.
  explicit EligibilityDomain(v1::PolicyPack pack) : pack_(std::move(pack)) {}
  int EvolveVersion() const override;
  absl::StatusOr<std::unique_ptr<runtime::OpenStream>> Open(
      const runtime::StoredState& state) const override;
  absl::StatusOr<runtime::UpstreamCommand> FromUpstream(
      absl::string_view upstream, const runtime::EventRow& event) const override;

 private:
  const v1::PolicyPack pack_;
};

// What an event of the store tells the dashboards' feed (domain/feed.h). Nothing when it cannot be
// read.
std::vector<pipeline::v1::PipelineRecord> TellFeed(const runtime::EventRow& event);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_ADAPTER_H_
