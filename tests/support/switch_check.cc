#include "tests/support/switch_check.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pathways/eligibility/v1/events.pb.h"
#include "pathways/referral/v1/events.pb.h"
#include "pathways/referral/v1/state.pb.h"
#include "services/eligibility/domain/ledger.h"
#include "services/type/stream_id.h"

namespace pathways::testing_support {
namespace {

constexpr int kRowsMax = 10'000;

// Cases by id, with the number of their events.
std::map<std::string, int64_t> CasesOf(StoreView& view) {
  std::map<std::string, int64_t> cases;
  const auto heads = view.store->ReadHeads("", kRowsMax);
  if (!heads.ok()) return cases;
  for (const engine::StreamHead& head : *heads) {
    if (type::IsCaseStream(head.stream)) cases[head.stream] = head.version;
  }
  return cases;
}

template <typename Event>
std::vector<Event> EventsOf(StoreView& view, const std::string& stream) {
  std::vector<Event> events;
  const auto rows = view.store->ReadStream(stream, 1, kRowsMax, /*with_sealed=*/false);
  if (!rows.ok()) return events;
  for (const engine::EventRow& row : *rows) events.emplace_back().ParseFromString(row.data);
  return events;
}

// Versions by which a case was screened, for example "1,2".
std::string VersionsOf(StoreView& eligibility, const std::string& id) {
  std::vector<int64_t> versions;
  for (const auto& event : EventsOf<eligibility::v1::EligibilityEvent>(eligibility, id)) {
    if (event.has_case_screened()) versions.push_back(event.case_screened().policy_number());
  }
  return absl::StrJoin(versions, ",");
}

// Every hold and release of a case, and how its referrals stand now.
std::string HoldsOf(StoreView& referral, const std::string& id) {
  std::vector<std::string> holds;
  for (const auto& event : EventsOf<referral::v1::ReferralEvent>(referral, id)) {
    const referral::v1::ReferralChanged& changed = event.referral_changed();
    if (changed.action() == referral::v1::REFERRAL_ACTION_HOLD) {
      holds.push_back("held " + changed.reason_code());
    } else if (changed.action() == referral::v1::REFERRAL_ACTION_RELEASE) {
      holds.push_back("released " + changed.reason_code());
    }
  }
  referral::v1::ReferralCaseState state;
  const auto row = referral.store->ReadState(id);
  if (row.ok()) state.ParseFromString(row->state.open);
  for (const auto& stored : state.referrals()) {
    holds.push_back(absl::StrCat("now ", stored.referral().hold_reason()));
  }
  return absl::StrJoin(holds, ", ");
}

// Version of the ledger that each case notes; 0 where it notes none. Empty: not readable.
std::vector<int64_t> NotedVersions(StoreView& eligibility) {
  std::vector<std::string> cases;
  for (const auto& [id, unused] : CasesOf(eligibility)) cases.push_back(id);
  auto marked = eligibility.store->ReadApplied(eligibility.domain->StreamOfRules().mark, cases);
  std::vector<int64_t> versions;
  if (!marked.ok()) return versions;
  for (const std::string& id : cases) versions.push_back((*marked)[id]);
  return versions;
}

}  // namespace

bool AreScreenedBy(Stores& stores, int64_t version) {
  const std::vector<int64_t> versions = NotedVersions(stores.eligibility());
  return !versions.empty() && *std::min_element(versions.begin(), versions.end()) >= version;
}

bool IsAnyScreenedBy(Stores& stores, int64_t version) {
  const std::vector<int64_t> versions = NotedVersions(stores.eligibility());
  return !versions.empty() && *std::max_element(versions.begin(), versions.end()) >= version;
}

std::vector<std::string> FaultsAfterSwitch(Stores& stores,
                                           const std::map<std::string, std::string>& holds) {
  std::vector<std::string> faults;
  const auto expect = [&](const std::string& what, const std::string& is,
                          const std::string& wanted) {
    if (is != wanted) faults.push_back(absl::StrCat(what, ": ", is, ", and not ", wanted));
  };
  const auto ledger = EventsOf<eligibility::v1::EligibilityEvent>(
      stores.eligibility(), std::string(eligibility::kPolicyLedger));
  expect("versions in the ledger", absl::StrCat(ledger.size()), "2");
  expect("cases", absl::StrCat(CasesOf(stores.eligibility()).size()), absl::StrCat(holds.size()));
  for (const auto& [id, hold] : holds) {
    expect("screened " + id, VersionsOf(stores.eligibility(), id), "1,2");
    expect("holds " + id, HoldsOf(stores.referral(), id),
           hold.empty() ? "now " : absl::StrCat("held ", hold, ", now ", hold));
  }
  for (StoreView& view : stores.views()) {
    const auto parked = view.store->ReadParked(kRowsMax);
    expect("parked at " + view.name, parked.ok() ? absl::StrCat(parked->size()) : "unreadable",
           "0");
  }
  return faults;
}

}  // namespace pathways::testing_support
