#include "services/engine/domain_with_rules.h"

#include <string>

#include "services/base/status_macros.h"
#include "services/engine/engine.h"

namespace pathways::engine {

absl::StatusOr<const Domain*> DomainWithRules::OfVersion(int64_t version) {
  if (version == 0) return &domain_;
  if (with_rules_ != nullptr && version == version_) return with_rules_.get();
  const std::string& stream = domain_.StreamOfRules().stream;
  ASSIGN_OR_RETURN(StreamRow row, store_.ReadState(stream));
  if (row.version != version) return absl::AbortedError("the rules stream moved on");
  if (row.evolve_version != domain_.EvolveVersion()) {
    RETURN_IF_ERROR(FoldAgain(domain_, store_, stream, row));
  }
  ASSIGN_OR_RETURN(with_rules_, domain_.WithRules(row));
  version_ = version;
  return with_rules_.get();
}

}  // namespace pathways::engine
