// Texts with arguments, as ICU MessageFormat understands them.
//
// The only file that knows ICU. Arguments are named, so every language puts them where it needs
// them; one that is a whole number is a number, for plurals; where a language has no plural data,
// as Haitian Creole, a pattern has the form `other` alone. Stateless; safe on any thread.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_TEXT_PATTERN_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_TEXT_PATTERN_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pathways/eligibility/v1/policy.pb.h"
#include "services/type/problem.h"

namespace pathways::eligibility {

using Arguments = std::vector<std::pair<std::string, std::string>>;

// The text with its arguments put in. INVALID_ARGUMENT: it is no pattern.
absl::StatusOr<std::string> Fill(const std::string& pattern, const std::string& language,
                                 const Arguments& arguments);

// Adds a fault for each text of the pack that is no pattern.
void CheckPatterns(const v1::PolicyPack& pack, type::Violations& violations);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_TEXT_PATTERN_H_
