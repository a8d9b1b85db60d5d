#include "services/intake/fact_file.h"

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "services/base/policy_pack_files.h"
#include "services/base/status_macros.h"
#include "services/type/problem.h"

namespace pathways::intake {

absl::StatusOr<std::shared_ptr<const type::Facts>> LoadFacts(const std::string& folder) {
  ASSIGN_OR_RETURN(const base::FactFiles files, base::FactFiles::Read(folder));
  auto facts = type::Facts::Compile(files.catalogue());
  const type::v1::Problem problem = type::ProblemOf(facts.status());
  if (problem.violations().empty()) return facts;
  absl::Status located(facts.status().code(), files.Locate(problem.violations()));
  facts.status().ForEachPayload(
      [&](absl::string_view url, const absl::Cord& payload) { located.SetPayload(url, payload); });
  return located;
}

}  // namespace pathways::intake
