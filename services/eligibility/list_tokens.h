// The page tokens of the lists of policy versions, of policy changes and of reviews.
//
// A caller sends them back, so they may be anything. Each is taken only in the form in which it is
// given out. Pure functions.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_LIST_TOKENS_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_LIST_TOKENS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace pathways::eligibility {

// What a token that was never given out is told, of the field page_token.
inline constexpr char kNotAPageToken[] = "must be a next_page_token of this list";

// Of the versions, which are shown from the last one down: `before` is the number of the last one
// shown, and at least 2, for behind the first there is no page.
std::string VersionsTokenOf(int before);
// The number; 0 for an empty token, nothing for one that was never given out.
std::optional<int> VersionOfToken(absl::string_view token);

// Of the changes of one version: keys of the list kPolicyChangesIndex. A version's keys begin with
// its prefix.
std::string ChangesPrefix(int64_t policy_number);
// The key; empty for an empty token, nothing for one that was never given out for that version.
std::optional<std::string> ChangesKeyOfToken(absl::string_view token, int64_t policy_number);

// Of the reviews: keys of the list kReviewsIndex.
std::optional<std::string> ReviewsKeyOfToken(absl::string_view token);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_LIST_TOKENS_H_
