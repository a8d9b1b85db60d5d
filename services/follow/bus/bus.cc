#include "services/follow/bus/bus.h"

#include "absl/strings/str_cat.h"

namespace pathways::follow {

std::string PositionKeyOf(const std::string& name, const EventLog& log) {
  const std::string partition = log.Partition();
  return partition.empty() ? name : absl::StrCat(name, "/", partition);
}

}  // namespace pathways::follow
