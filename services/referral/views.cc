#include "services/referral/views.h"

#include <map>
#include <optional>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/engine/engine.h"
#include "services/referral/domain/decide.h"
#include "services/referral/domain/keys.h"
#include "services/type/problem.h"

namespace pathways::referral {
namespace {

// Entries looked at for one entry shown, where a list is filtered.
constexpr int kScanFactor = 10;

absl::StatusOr<type::ReferralKey> ParseKey(const std::string& key) {
  const std::optional<type::ReferralKey> parsed = ParseListKey(key);
  if (!parsed) return absl::DataLossError("a list entry cannot be read");
  return *parsed;
}

// All that an agency is shown once the door is closed. The etag is for the answer that it still
// owes.
v1::Referral NumberAndState(const v1::Referral& referral) {
  v1::Referral shown;
  shown.set_name(referral.name());
  shown.set_state(referral.state());
  *shown.mutable_create_time() = referral.create_time();
  *shown.mutable_update_time() = referral.update_time();
  if (IsLive(referral.state())) shown.set_etag(referral.etag());
  return shown;
}

}  // namespace

absl::Status NoSuchReferral() {
  return type::Refuse(absl::StatusCode::kNotFound, "REFERRAL_NOT_FOUND",
                      "There is no such referral.");
}

absl::StatusOr<v1::Referral> ReferralOf(const engine::StreamRow& row, const type::ReferralKey& key,
                                        const Reader& reader) {
  v1::ReferralCaseState state;
  if (!state.ParseFromString(row.state.open)) {
    return absl::DataLossError("a stored case cannot be read");
  }
  for (const v1::StoredReferral& stored : state.referrals()) {
    if (stored.referral_id() != key.referral_id) continue;
    v1::Referral shown = stored.referral();
    shown.set_name(type::ReferralName(key.case_id, key.referral_id));
    shown.set_etag(absl::StrCat(stored.version()));
    if (!reader.agency()) return shown;
    if (shown.agency() != *reader.agency() || shown.state() == v1::REFERRAL_STATE_DRAFT) break;
    return IsOpenToAgency(state, stored.referral()) ? shown : NumberAndState(shown);
  }
  return NoSuchReferral();
}

absl::StatusOr<v1::Referral> ReadReferral(const engine::Domain& domain, engine::EventReader& store,
                                          const type::ReferralKey& key, const Reader& reader) {
  ASSIGN_OR_RETURN(const engine::StreamRow row, engine::ReadFolded(domain, store, key.case_id));
  return ReferralOf(row, key, reader);
}

absl::StatusOr<ReferralPage> ReadPage(const engine::Domain& domain, engine::EventReader& store,
                                      const Reader& reader, absl::string_view prefix,
                                      absl::string_view after, int page_size,
                                      v1::ReferralState state) {
  const bool filtered = state != v1::REFERRAL_STATE_UNSPECIFIED;
  const int scan = filtered ? page_size * kScanFactor : page_size;
  const std::string index = reader.agency() ? AgencyIndex(*reader.agency()) : kReferralsIndex;
  ASSIGN_OR_RETURN(const std::vector<std::string> keys, store.ReadList(index, prefix, after, scan));
  ReferralPage page;
  for (const std::string& key : keys) {
    ASSIGN_OR_RETURN(const type::ReferralKey parsed, ParseKey(key));
    ASSIGN_OR_RETURN(v1::Referral referral, ReadReferral(domain, store, parsed, reader));
    if (filtered && referral.state() != state) continue;
    page.referrals.push_back(std::move(referral));
    if (static_cast<int>(page.referrals.size()) < page_size) continue;
    page.last_key = key;
    return page;
  }
  if (static_cast<int>(keys.size()) == scan) page.last_key = keys.back();
  return page;
}

absl::StatusOr<std::vector<operations::v1::StuckCase>> WaitingReferrals(
    const engine::Domain& domain, engine::EventReader& store, absl::Time before, int limit) {
  ASSIGN_OR_RETURN(const std::vector<std::string> keys,
                   store.ReadList(kWaitingIndex, "", "", limit));
  std::vector<operations::v1::StuckCase> waiting;
  for (const std::string& key : keys) {
    ASSIGN_OR_RETURN(const type::ReferralKey parsed, ParseKey(key));
    ASSIGN_OR_RETURN(const v1::Referral referral,
                     ReadReferral(domain, store, parsed, Reader::Staff()));
    const absl::Time since = absl::FromUnixSeconds(referral.update_time().seconds());
    if (since >= before) break;  // In order of time.
    operations::v1::StuckCase& entry = waiting.emplace_back();
    entry.set_name(referral.name());
    entry.set_stage(v1::ReferralState_Name(referral.state()));
    *entry.mutable_since() = referral.update_time();
  }
  return waiting;
}

}  // namespace pathways::referral
