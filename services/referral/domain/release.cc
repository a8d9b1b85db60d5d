#include "services/referral/domain/release.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "services/referral/domain/actions.h"
#include "services/referral/domain/decide.h"
#include "services/referral/domain/keys.h"
#include "services/referral/domain/validate.h"

namespace pathways::referral {
namespace {

// No case comes near it; it bounds a state that would otherwise grow with every change of consent.
constexpr int kReferralsMax = 1'000;

using Qualifications = google::protobuf::RepeatedPtrField<v1::Qualification>;

// Why nothing of a determination can be sent now. A pathway without a status is of a pack that
// knows none, and open.
std::string HoldReason(const eligibility::v1::Determination& determination) {
  using eligibility::v1::PathwayStatus;
  constexpr absl::string_view kPrefix = "PATHWAY_STATUS_";
  const PathwayStatus status = determination.status();
  if (status != eligibility::v1::PATHWAY_STATUS_UNSPECIFIED &&
      status != eligibility::v1::PATHWAY_STATUS_ACTIVE) {
    absl::string_view name = eligibility::v1::PathwayStatus_Name(status);
    // A status of a newer release is halted too.
    return absl::StrCat(kPathwayHold, absl::ConsumePrefix(&name, kPrefix) ? name : "HALTED");
  }
  return determination.review_required() ? kReviewPending : "";
}

bool IsFor(const v1::StoredReferral& stored, const v1::Qualification& qualification) {
  return stored.referral().pathway() == qualification.pathway() &&
         SameStrings(stored.person_ids(), qualification.person_ids());
}

// What a determination lets these people qualify for. Nothing: it is not to be referred. A question
// that came up after the referral was made, for example because time has passed, keeps it: only
// nothing more is sent.
std::optional<v1::Qualification> QualificationOf(
    const v1::ReferralCaseState& state, const eligibility::v1::Determination& determination,
    int64_t number) {
  if (determination.mode() == eligibility::v1::REFERRAL_MODE_INFORM) return std::nullopt;
  v1::Qualification qualification;
  qualification.set_hold_reason(HoldReason(determination));
  qualification.set_pathway(determination.pathway());
  *qualification.mutable_person_ids() = determination.person_ids();
  qualification.set_policy_version(determination.policy_version());
  qualification.set_determination_number(number);
  const bool meets = determination.outcome() == eligibility::v1::OUTCOME_MEETS;
  if (meets || absl::StartsWith(qualification.hold_reason(), kPathwayHold)) return qualification;
  const bool asks = determination.outcome() == eligibility::v1::OUTCOME_NEEDS_INFORMATION;
  const bool referred = std::any_of(
      state.referrals().begin(), state.referrals().end(), [&](const v1::StoredReferral& stored) {
        return IsLive(stored.referral().state()) && IsFor(stored, qualification);
      });
  if (!asks || !referred) return std::nullopt;
  // A review that is wanted holds whatever else is asked.
  if (qualification.hold_reason().empty()) qualification.set_hold_reason(kInformationNeeded);
  return qualification;
}

Qualifications QualificationsOf(const v1::ReferralCaseState& state,
                                const eligibility::v1::CaseScreened& screened, int64_t number) {
  Qualifications qualifications;
  for (const eligibility::v1::Determination& determination : screened.determinations()) {
    auto qualification = QualificationOf(state, determination, number);
    if (qualification) *qualifications.Add() = *std::move(qualification);
  }
  return qualifications;
}

using Disclosures = google::protobuf::RepeatedPtrField<type::v1::Disclosure>;

// The facts that came with a screening and that a referral needs, with the people's consent as it
// is now: a screening from before they consented may still hold facts of an earlier consent.
Disclosures DisclosuresOf(const v1::ReferralCaseState& state,
                          const eligibility::v1::CaseScreened& screened,
                          const Qualifications& qualifications) {
  Disclosures kept;
  if (!state.consent() || screened.based_on() < state.consent_from()) return kept;
  for (const type::v1::Disclosure& disclosure : screened.disclosures()) {
    const bool is_needed = std::any_of(
        qualifications.begin(), qualifications.end(), [&](const v1::Qualification& one) {
          return IsAbout(disclosure, one.pathway(), one.person_ids());
        });
    if (is_needed) *kept.Add() = disclosure;
  }
  return kept;
}

bool Has(const Disclosures& disclosures, const v1::Qualification& qualification) {
  return std::any_of(
      disclosures.begin(), disclosures.end(), [&](const type::v1::Disclosure& disclosure) {
        return IsAbout(disclosure, qualification.pathway(), qualification.person_ids());
      });
}

// The number of the determination is left out: every screening has another.
bool SameQualifications(const Qualifications& one, const Qualifications& other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](const v1::Qualification& a, const v1::Qualification& b) {
                      return a.pathway() == b.pathway() &&
                             SameStrings(a.person_ids(), b.person_ids()) &&
                             a.policy_version() == b.policy_version() &&
                             a.hold_reason() == b.hold_reason() && a.has_facts() == b.has_facts();
                    });
}

// Why a live referral has to wait, by what the case qualifies for now. Empty: it need not.
std::string WantedHold(const v1::ReferralCaseState& state, const v1::StoredReferral& stored) {
  for (const v1::Qualification& qualification : state.qualifications()) {
    if (!IsFor(stored, qualification)) continue;
    const std::string& reason = qualification.hold_reason();
    if (reason != kInformationNeeded) return reason;
    // A question holds nothing, and is no answer either: what was held for the screening or for a
    // review stays so until a screening says that it may go on. The law of a pathway is no matter
    // of the question.
    const std::string& standing = stored.referral().hold_reason();
    return standing == kScreeningChanged || standing == kReviewPending ? standing : "";
  }
  return kScreeningChanged;
}

// Number of the next attempt. Nothing when there is none to make: a referral is live, or an agency
// or a person ended it.
std::optional<int> NextAttempt(const v1::ReferralCaseState& state,
                               const v1::Qualification& qualification) {
  int attempt = 1;
  for (const v1::StoredReferral& stored : state.referrals()) {
    if (!IsFor(stored, qualification)) continue;
    const bool for_consent_alone =
        stored.referral().state() == v1::REFERRAL_STATE_WITHDRAWN && stored.consent_lost();
    if (!for_consent_alone) return std::nullopt;
    ++attempt;
  }
  return attempt;
}

std::optional<std::string> AgencyOf(const v1::AgencyRoutes& routes, absl::string_view pathway) {
  for (const v1::Agency& agency : routes.agencies()) {
    const Strings& pathways = agency.pathways();
    if (std::find(pathways.begin(), pathways.end(), pathway) != pathways.end()) return agency.id();
  }
  return std::nullopt;
}

// Adds what the qualification says to what is known of the agency.
absl::Status Submit(Decision& decision, const v1::Qualification& qualification,
                    v1::ReferralSubmitted submitted) {
  const int ordinal = decision.state().referrals_size() + 1;
  if (ordinal > kReferralsMax) return absl::InternalError("too many referrals of one case");
  submitted.set_referral_id(ReferralId(ordinal));
  submitted.set_pathway(qualification.pathway());
  *submitted.mutable_person_ids() = qualification.person_ids();
  submitted.set_policy_version(qualification.policy_version());
  submitted.set_determination_number(qualification.determination_number());
  v1::ReferralEvent event;
  *event.mutable_referral_submitted() = std::move(submitted);
  return decision.Add(std::move(event));
}

}  // namespace

absl::Status NoteDeterminations(Decision& decision, const eligibility::v1::CaseScreened& screened,
                                int64_t number) {
  const v1::ReferralCaseState& state = decision.state();
  Qualifications qualifications = QualificationsOf(state, screened, number);
  Disclosures disclosures = DisclosuresOf(state, screened, qualifications);
  for (v1::Qualification& qualification : qualifications) {
    if (qualification.person_ids().empty()) {
      return absl::InternalError("a determination names nobody");
    }
    // Intake may have told of other people since: then a newer screening is under way.
    const bool same_people = screened.based_on() >= state.noted_from();
    if (same_people && !AreInCase(state, qualification.person_ids())) {
      return absl::InternalError("a determination names a person who is not in the case");
    }
    qualification.set_has_facts(Has(disclosures, qualification));
  }
  if (!state.facts_lost() && SameQualifications(qualifications, state.qualifications()) &&
      SameMessages(disclosures, state.disclosures())) {
    return absl::OkStatus();
  }
  v1::ReferralEvent event;
  v1::DeterminationsNoted& noted = *event.mutable_determinations_noted();
  *noted.mutable_qualifications() = std::move(qualifications);
  *noted.mutable_disclosures() = std::move(disclosures);
  noted.set_based_on(number);
  return decision.Add(std::move(event));
}

absl::Status UpdateHolds(Decision& decision) {
  for (int i = 0; i < decision.state().referrals_size(); ++i) {
    const v1::StoredReferral stored = decision.state().referrals(i);
    const v1::Referral& referral = stored.referral();
    const std::string wanted = WantedHold(decision.state(), stored);
    // What people hold stays, whatever the screening says.
    if (referral.on_hold() && !IsSystemHold(referral.hold_reason())) continue;
    absl::Status status;
    if (wanted.empty() && referral.on_hold()) {
      status = ActAsSystem(decision, stored.referral_id(), v1::REFERRAL_ACTION_RELEASE,
                           referral.hold_reason());
    } else if (!wanted.empty() && referral.hold_reason() != wanted) {
      status = ActAsSystem(decision, stored.referral_id(), v1::REFERRAL_ACTION_HOLD, wanted);
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Release(Decision& decision, const RoutesVersion& in_force, For why) {
  const v1::AgencyRoutes& routes = in_force.routes;
  if (decision.state().withdrawn() || !decision.state().consent()) return absl::OkStatus();
  const Qualifications qualifications = decision.state().qualifications();
  for (const v1::Qualification& qualification : qualifications) {
    if (!qualification.hold_reason().empty()) continue;
    const std::optional<std::string> agency = AgencyOf(routes, qualification.pathway());
    if (!agency) continue;
    const std::optional<int> attempt = NextAttempt(decision.state(), qualification);
    if (!attempt) continue;
    std::optional<People> people = FactsFor(decision.state(), routes, *agency,
                                            qualification.pathway(), qualification.person_ids());
    if (!people) continue;
    v1::ReferralSubmitted submitted;
    submitted.set_agency(*agency);
    submitted.set_attempt(*attempt);
    submitted.set_routes_number(in_force.number);
    submitted.set_brought_by_routes(why == For::kRoutes);
    *submitted.mutable_people() = *std::move(people);
    absl::Status status = Submit(decision, qualification, std::move(submitted));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace pathways::referral
