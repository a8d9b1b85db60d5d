#include "services/eligibility/policy_file.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "services/eligibility/domain/policy_check.h"
#include "services/runtime/status_macros.h"
#include "services/runtime/text_format_file.h"
#include "services/type/problem.h"

namespace pathways::eligibility {
namespace {

// The same status with a message that names every fault, for whoever starts the program.
absl::Status WithEveryFault(const std::string& path, const absl::Status& status) {
  std::vector<std::string> lines;
  const type::v1::Problem problem = type::ProblemOf(status);
  for (const type::v1::FieldViolation& violation : problem.violations()) {
    lines.push_back(absl::StrCat(path, ": ", violation.field(), ": ", violation.description()));
  }
  absl::Status whole(status.code(), absl::StrJoin(lines, "\n"));
  status.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& payload) { whole.SetPayload(url, payload); });
  return whole;
}

}  // namespace

absl::StatusOr<v1::PolicyPack> LoadPack(const std::string& folder) {
  const std::string path = absl::StrCat(folder, "/pack.textproto");
  v1::PolicyPack pack;
  RETURN_IF_ERROR(runtime::ReadTextFormat(path, pack));
  const absl::Status status = CheckPack(pack);
  if (!status.ok()) return WithEveryFault(path, status);
  return pack;
}

}  // namespace pathways::eligibility
