// Goal: an agency reads a referral only while its door is open; afterwards it reads number and
// state. Method: every state, with and without consent and case, read in every way that a store
// offers, by the agency, by another one and by the staff.
#include "services/referral/views.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/clock.h"
#include "services/referral/domain/decide.h"
#include "services/referral/domain_adapter.h"
#include "services/type/problem.h"
#include "tests/referral/builders.h"
#include "tests/sim/memory_store.h"

namespace pathways::referral {
namespace {

// What stands beside the state of a referral and decides with it.
struct Around {
  std::string name;
  bool consent = true;
  bool case_withdrawn = false;
};

const std::vector<Around> kAround = {{"consent"},
                                     {"no consent", /*consent=*/false},
                                     {"case withdrawn", /*consent=*/true, /*case_withdrawn=*/true}};

// States in which the agency has the case, or is asked to take it.
const std::set<v1::ReferralState> kOpen = {
    v1::REFERRAL_STATE_SUBMITTED,   v1::REFERRAL_STATE_RECEIVED,
    v1::REFERRAL_STATE_ACCEPTED,    v1::REFERRAL_STATE_RETURNED,
    v1::REFERRAL_STATE_IN_PROGRESS, v1::REFERRAL_STATE_WITHDRAWAL_REQUESTED};

// A case whose only referral has every field filled in.
v1::ReferralCaseState FullCase(v1::ReferralState state, const Around& around) {
  Case of(v1::REFERRAL_STATE_SUBMITTED);
  v1::ReferralCaseState full = of.state();
  full.set_consent(around.consent);
  full.set_withdrawn(around.case_withdrawn);
  v1::Referral& referral = *full.mutable_referrals(0)->mutable_referral();
  referral.set_state(state);
  referral.set_reason_code("REASON");
  referral.add_fields_to_correct("needs");
  referral.set_stage("STAGE");
  referral.set_on_hold(true);
  referral.set_hold_reason("HOLD");
  referral.set_escalated(true);
  referral.set_state_before_withdrawal(v1::REFERRAL_STATE_ACCEPTED);
  referral.set_policy_version("2023-07-28");
  referral.set_withdrawal_refused(true);
  return full;
}

std::set<std::string> FieldsOf(const v1::Referral& referral) {
  std::vector<const google::protobuf::FieldDescriptor*> set;
  v1::Referral::GetReflection()->ListFields(referral, &set);
  std::set<std::string> names;
  for (const auto* field : set) names.insert(field->name());
  return names;
}

// Every field of the message, so that one that is added later is looked at too.
std::set<std::string> AllFields() {
  std::set<std::string> names;
  for (int i = 0; i < v1::Referral::descriptor()->field_count(); ++i) {
    names.insert(v1::Referral::descriptor()->field(i)->name());
  }
  return names;
}

std::set<std::string> ClosedFields(v1::ReferralState state) {
  std::set<std::string> names = {"name", "state", "create_time", "update_time"};
  if (IsLive(state)) names.insert("etag");  // The agency still answers.
  return names;
}

// The referral, read in every way.
std::vector<absl::StatusOr<v1::Referral>> Reads(const v1::ReferralCaseState& state,
                                                const Reader& reader) {
  base::ManualClock clock(absl::FromUnixSeconds(1));
  sim::MemoryStore store(clock, "store");
  const ReferralDomain domain({});
  engine::StreamRow row;
  row.version = state.referrals(0).create_number();
  row.evolve_version = domain.EvolveVersion();
  row.state.open = state.SerializeAsString();
  engine::BatchWrite write;
  engine::StreamWrite& stream = write.streams.emplace_back();
  stream.stream = kCase;
  stream.row = row;
  stream.state_changed = true;
  stream.added = Fold(kCase, state);
  for (int64_t number = 1; number <= row.version; ++number) {
    engine::EventRow& event = stream.events.emplace_back();
    event.stream = kCase;
    event.number = number;
  }
  EXPECT_TRUE((*store.Begin())->Commit(write).ok());
  const type::ReferralKey key{kCase, "r1"};
  std::vector<absl::StatusOr<v1::Referral>> reads = {ReferralOf(row, key, reader),
                                                     ReadReferral(domain, store, key, reader)};
  for (const v1::ReferralState wanted :
       {v1::REFERRAL_STATE_UNSPECIFIED, state.referrals(0).referral().state()}) {
    const auto page = ReadPage(domain, store, reader, "", "", 10, wanted);
    if (!page.ok()) {
      reads.emplace_back(page.status());
    } else if (page->referrals.empty()) {
      reads.emplace_back(NoSuchReferral());
    } else {
      reads.emplace_back(page->referrals.front());
    }
  }
  return reads;
}

TEST(Door, IsOpenToTheAgencyWhileItsReferralLivesWithConsent) {
  for (const v1::ReferralState state : AllStates()) {
    for (const Around& around : kAround) {
      const v1::ReferralCaseState full = FullCase(state, around);
      const bool open = kOpen.count(state) > 0 && around.consent && !around.case_withdrawn;
      const auto reads = Reads(full, Reader::Agency(kUnhcr));
      for (size_t way = 0; way < reads.size(); ++way) {
        SCOPED_TRACE(absl::StrCat(v1::ReferralState_Name(state), ", ", around.name, ", way ", way));
        if (state == v1::REFERRAL_STATE_DRAFT) {
          EXPECT_EQ(Describe(reads[way].status()), "error NOT_FOUND REFERRAL_NOT_FOUND");
          continue;
        }
        ASSERT_TRUE(reads[way].ok()) << reads[way].status();
        EXPECT_EQ(reads[way]->state(), state);
        EXPECT_EQ(FieldsOf(*reads[way]), open ? AllFields() : ClosedFields(state));
      }
    }
  }
}

TEST(Door, IsNotThereForAnotherAgency) {
  for (const v1::ReferralState state : AllStates()) {
    for (const auto& read : Reads(FullCase(state, kAround[0]), Reader::Agency(kComar))) {
      EXPECT_EQ(Describe(read.status()), "error NOT_FOUND REFERRAL_NOT_FOUND");
    }
  }
}

TEST(Door, IsNoMatterToTheStaff) {
  for (const v1::ReferralState state : AllStates()) {
    for (const Around& around : kAround) {
      for (const auto& read : Reads(FullCase(state, around), Reader::Staff())) {
        ASSERT_TRUE(read.ok()) << read.status();
        EXPECT_EQ(FieldsOf(*read), AllFields());
      }
    }
  }
}

}  // namespace
}  // namespace pathways::referral
