#include "services/engine/governed_domain.h"

#include <string>

#include "services/base/status_macros.h"
#include "services/engine/engine.h"

namespace pathways::engine {

absl::StatusOr<const Domain*> GovernedDomain::At(int64_t version) {
  if (version == 0) return &domain_;
  if (under_ != nullptr && version == version_) return under_.get();
  const std::string& stream = domain_.Governing().stream;
  ASSIGN_OR_RETURN(StreamRow row, store_.ReadState(stream));
  if (row.version != version) return absl::AbortedError("the governing stream moved on");
  if (row.evolve_version != domain_.EvolveVersion()) {
    RETURN_IF_ERROR(FoldAgain(domain_, store_, stream, row));
  }
  ASSIGN_OR_RETURN(under_, domain_.Under(row));
  version_ = version;
  return under_.get();
}

}  // namespace pathways::engine
