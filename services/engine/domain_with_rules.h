// Gives the domain that decides by a version of the service's rules stream.
//
// The engine asks once per batch, with the version that the batch has read. The domain that was
// made for a version is kept until another version is asked for. A version of a stream never
// changes, so its state may be read outside the batch. Not thread-safe.
#ifndef PATHWAYS_SERVICES_ENGINE_DOMAIN_WITH_RULES_H_
#define PATHWAYS_SERVICES_ENGINE_DOMAIN_WITH_RULES_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "services/engine/domain.h"
#include "services/engine/store/event_store.h"

namespace pathways::engine {

class DomainWithRules {
 public:
  // Both must outlive this.
  DomainWithRules(const Domain& domain, EventReader& store) : domain_(domain), store_(store) {}

  // The domain that decides by `version`, which is 0 where there is no rules stream or it is
  // empty. It lives until the next call with another version. Errors: those of the read and of
  // Domain::WithRules; ABORTED when the stream is no longer at that version.
  absl::StatusOr<const Domain*> OfVersion(int64_t version);

 private:
  const Domain& domain_;
  EventReader& store_;
  int64_t version_ = 0;
  std::unique_ptr<const Domain> with_rules_;  // Of version_.
};

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_DOMAIN_WITH_RULES_H_
