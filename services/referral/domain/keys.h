// Keys of referral's index entries, built and read.
//
// Each list holds one entry per referral, and a page token holds the stored key of the last entry
// shown:
//   "referrals": {case id}/{ordinal}/{case id}. In order of case id, then of creation.
//   "agency/{agency}": {ordinal}/{case id}. In the order in which their creations were committed,
//     whose place the store puts before the key (type::ListEntry::event). Drafts are left out.
//   "waiting": {microseconds}/{ordinal}/{case id}. In order of the last change, and only referrals
//     that are live. It is read from its beginning and has no pages.
//   "brought-by-routes": {number}/{case id}/{ordinal}/{case id}. What each version of the routes
//     brought, in order of case id.
// The ordinal is that of the referral id ("r12" is 12), in 6 digits; the microseconds are those of
// the last change, since 1970, in 20 digits. So every key ends in the stream id, and every stored
// key of the first three is read by one function.
#ifndef PATHWAYS_SERVICES_REFERRAL_DOMAIN_KEYS_H_
#define PATHWAYS_SERVICES_REFERRAL_DOMAIN_KEYS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "pathways/referral/v1/state.pb.h"
#include "services/type/names.h"

namespace pathways::referral {

inline constexpr char kReferralsIndex[] = "referrals";
inline constexpr char kWaitingIndex[] = "waiting";
inline constexpr char kBroughtByRoutesIndex[] = "brought-by-routes";

// List of one agency's referrals.
std::string AgencyIndex(absl::string_view agency);

// Prefix of the keys of one case in the list "referrals".
std::string CasePrefix(absl::string_view case_id);

// "r" and the ordinal, from 1.
std::string ReferralId(int ordinal);

// Keys of a stored referral.
std::string ReferralsKey(absl::string_view case_id, const v1::StoredReferral& stored);
std::string AgencyKey(absl::string_view case_id, const v1::StoredReferral& stored);
std::string WaitingKey(absl::string_view case_id, const v1::StoredReferral& stored);
std::string BroughtByRoutesKey(absl::string_view case_id, const v1::StoredReferral& stored);

// What the keys of one version of the routes begin with.
std::string BroughtByRoutesPrefix(int64_t routes_number);

// The referral that a stored key is for. Nothing when it is no such key, so a forged page
// token is found out.
std::optional<type::ReferralKey> ParseListKey(absl::string_view key);

// True for a key of the list "referrals"; false for one of the others.
bool IsReferralsKey(absl::string_view key);

// True for a key of the list of an agency, without the place before it.
bool IsAgencyKey(absl::string_view key);

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_DOMAIN_KEYS_H_
