// The domain of a service under the present version of its governing stream.
//
// The engine asks once per batch, with the version that the batch holds; what was made of a version
// is kept until there is another one. A version of a stream never changes, so it may be read
// outside the batch. Not thread-safe.
#ifndef PATHWAYS_SERVICES_RUNTIME_GOVERNED_DOMAIN_H_
#define PATHWAYS_SERVICES_RUNTIME_GOVERNED_DOMAIN_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "services/runtime/domain.h"
#include "services/runtime/store/event_store.h"

namespace pathways::runtime {

class GovernedDomain {
 public:
  // Both must outlive this.
  GovernedDomain(const Domain& domain, EventStore& store) : domain_(domain), store_(store) {}

  // The domain as it decides under `version`, 0 where there is no governing stream or it is empty.
  // It lives until the next call with another version. Errors of the read and of Domain::Under;
  // ABORTED when the stream is not at that version.
  absl::StatusOr<const Domain*> At(int64_t version);

 private:
  const Domain& domain_;
  EventStore& store_;
  int64_t version_ = 0;
  std::unique_ptr<const Domain> under_;  // Of version_.
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_GOVERNED_DOMAIN_H_
