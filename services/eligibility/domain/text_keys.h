// Keys of the texts that a pack needs.
//
// Texts are found by key in the pack, in three languages; a missing one is a fault of the pack, so
// that nobody is shown a key. Some keys follow from ids of the pack (pathway.{id}), some are named
// in it, the others are the same for every pack.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_TEXT_KEYS_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_TEXT_KEYS_H_

#include <string>
#include <vector>

#include "pathways/eligibility/v1/explanation.pb.h"
#include "pathways/eligibility/v1/policy.pb.h"
#include "pathways/eligibility/v1/screening.pb.h"

namespace pathways::eligibility {

// "us-refugee-resettlement" gives pathway.us-refugee-resettlement.
std::string PathwayKey(const std::string& pathway);
// For example status.suspended.
std::string StatusKey(v1::PathwayStatus status);
// For example outcome.needs-information.
std::string OutcomeKey(v1::Outcome outcome);
// What another answer would give, for example change.meets; its argument is `fact`.
std::string ChangeKey(v1::Outcome outcome);
// {message}.met, {message}.not-met or {message}.ask.
std::string CriterionKey(const std::string& message, v1::Outcome outcome);
// For example effect.closes; its arguments are `pathway` and `step`.
std::string EffectKey(v1::Effect effect);

// On what facts stand, for example assume.said; its arguments are `facts` and `people`.
std::string BasisKey(v1::FactBasis basis);
// What would give the outcome, for example turn.meets; its argument is `facts`.
std::string TurnKey(v1::Outcome outcome);

// That a result is a screening and no decision.
inline constexpr char kNoticeKey[] = "notice";
// That a person has to look at it.
inline constexpr char kReviewKey[] = "review";
// Until when it holds; its argument is `day`.
inline constexpr char kHoldsUntilKey[] = "holds-until";
// That nothing is sent to the authority.
inline constexpr char kInformKey[] = "mode.inform";
// That it can be prepared but not submitted, which is so of such a determination.
inline constexpr char kPrepareKey[] = "prepare-only";
bool IsPreparedOnly(const v1::Determination& determination);
// How the smallest changes are to be read: as reasons, and no advice.
inline constexpr char kTurnNoticeKey[] = "turn.notice";
// Stands before a text that no speaker has signed.
inline constexpr char kUnreviewedKey[] = "unreviewed";

// A key and the field of the pack that needs it.
struct NeededText {
  std::string key;
  std::string field;
};

// Every key that the pack needs, each with the first field that does, in the order of the pack and
// then the keys that every pack needs (their field is "catalogues").
std::vector<NeededText> NeededTexts(const v1::PolicyPack& pack);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_TEXT_KEYS_H_
