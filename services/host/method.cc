#include "services/host/method.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace pathways::host {

absl::string_view KindOf(const Method& method) {
  if (std::holds_alternative<ReadHandler>(method.handler)) return "read";
  if (std::holds_alternative<ChangeHandler>(method.handler)) return "change";
  return "stream";
}

std::string TableOf(const std::vector<Api>& apis) {
  std::string table = "| Method | Kind | Roles | Audited |\n|---|---|---|---|\n";
  for (const Api& api : apis) {
    for (const Method& method : api.methods) {
      absl::StrAppend(&table, "| `", api.service, "/", method.name, "` | ",
                      std::string(KindOf(method)), " | ", absl::StrJoin(method.roles, ", "), " | ",
                      method.audit == Audit::kEachCall ? "yes" : "no", " |\n");
    }
  }
  return table;
}

}  // namespace pathways::host
