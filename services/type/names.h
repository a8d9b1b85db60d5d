// Resource names of the API (AIP-122) and the ids inside them.
//
// Case ids are UUIDs in lower case with hyphens; person ids are "p1", "p2" ...; referral ids "r1",
// "r2" ... within a case. Parsing never accepts anything else, so an id can be put into a key or a
// log without escaping.
#ifndef PATHWAYS_SERVICES_TYPE_NAMES_H_
#define PATHWAYS_SERVICES_TYPE_NAMES_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "services/type/problem.h"

namespace pathways::type {

// True for 8-4-4-4-12 lower- or upper-case hexadecimal digits.
bool IsUuid(absl::string_view text);

// Adds a violation of the field request_id unless it is a UUID.
void CheckRequestId(absl::string_view request_id, Violations& violations);

// "cases/{case}".
std::string CaseName(absl::string_view case_id);
std::optional<std::string> ParseCaseName(absl::string_view name);

// "cases/{case}/{singleton}", for example status or screening.
std::optional<std::string> ParseSingletonName(absl::string_view name, absl::string_view singleton);

// "cases/{case}/referrals/{referral}".
struct ReferralKey {
  std::string case_id;
  std::string referral_id;
};
std::string ReferralName(absl::string_view case_id, absl::string_view referral_id);
std::optional<ReferralKey> ParseReferralName(absl::string_view name);

// True for an id that people choose: 1 to 64 lower-case letters, digits and hyphens.
bool IsId(absl::string_view text);

// True for an upper-case code of 1 to 64 letters, digits and underscores that starts with a letter.
bool IsCode(absl::string_view text);

}  // namespace pathways::type

#endif  // PATHWAYS_SERVICES_TYPE_NAMES_H_
