// Gives the domain that decides by a version of the service's governing stream.
//
// The engine asks once per batch, with the version that the batch has read. The domain that was
// made for a version is kept until another version is asked for. A version of a stream never
// changes, so its state may be read outside the batch. Not thread-safe.
#ifndef PATHWAYS_SERVICES_ENGINE_GOVERNED_DOMAIN_H_
#define PATHWAYS_SERVICES_ENGINE_GOVERNED_DOMAIN_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "services/engine/domain.h"
#include "services/engine/store/event_store.h"

namespace pathways::engine {

class GovernedDomain {
 public:
  // Both must outlive this.
  GovernedDomain(const Domain& domain, EventStore& store) : domain_(domain), store_(store) {}

  // The domain that decides by `version`, which is 0 where there is no governing stream or it is
  // empty. It lives until the next call with another version. Errors: those of the read and of
  // Domain::Under; ABORTED when the stream is no longer at that version.
  absl::StatusOr<const Domain*> At(int64_t version);

 private:
  const Domain& domain_;
  EventStore& store_;
  int64_t version_ = 0;
  std::unique_ptr<const Domain> under_;  // Of version_.
};

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_GOVERNED_DOMAIN_H_
