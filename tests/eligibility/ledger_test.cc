// Goal: the ledger only grows, and every bad, late or repeated request has one defined result.
// Method: commands on a ledger, in order; every error has a row.
#include "services/eligibility/domain/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/eligibility/builders.h"

namespace pathways::eligibility {
namespace {

v1::PolicyPack PackOf(const std::string& version, const std::string& title = "A pack.") {
  v1::PolicyPack pack = SmallPack();
  pack.set_version(version);
  pack.set_title(title);
  return pack;
}

v1::ApplyPolicyCommand Apply(const v1::PolicyPack& pack) {
  v1::ApplyPolicyCommand command;
  command.set_pack(pack.SerializeAsString());
  command.set_sha256("digest of " + command.pack());
  command.set_principal("staff/officer");
  command.set_reason_code("RULE_CHANGED");
  return command;
}

class Ledger {
 public:
  // The version that was applied, "nothing", or the error.
  std::string Do(const v1::ApplyPolicyCommand& command) {
    const auto events = DecideLedger(state_, command);
    if (!events.ok()) return Describe(events.status());
    for (const v1::EligibilityEvent& event : *events) {
      const absl::Status evolved =
          EvolveLedger(state_, event, {kPolicyLedger, state_.versions_size() + 1, time_});
      EXPECT_TRUE(evolved.ok()) << evolved;
    }
    return events->empty() ? "nothing" : (*events)[0].policy_applied().version();
  }
  const v1::PolicyLedgerState& state() const { return state_; }

 private:
  const absl::Time time_ = absl::FromUnixSeconds(1'690'500'000);
  v1::PolicyLedgerState state_;
};

TEST(PolicyLedger, HoldsEveryVersionAndThePackInForce) {
  Ledger ledger;
  EXPECT_EQ(ledger.Do(Apply(PackOf("2023-07-28"))), "2023-07-28");
  EXPECT_EQ(ledger.Do(Apply(PackOf("current"))), "current");
  // What a version is called does not order it, also when it looks like a day in the past.
  EXPECT_EQ(ledger.Do(Apply(PackOf("2020-01-01"))), "2020-01-01");
  ASSERT_EQ(ledger.state().versions_size(), 3);
  const v1::PolicyVersion& second = ledger.state().versions(1);
  EXPECT_EQ(second.name(), "policyVersions/current");
  EXPECT_EQ(second.number(), 2);
  EXPECT_EQ(second.principal(), "staff/officer");
  EXPECT_EQ(second.reason_code(), "RULE_CHANGED");
  EXPECT_EQ(second.apply_time().seconds(), 1'690'500'000);
  EXPECT_EQ(PackInForce(ledger.state())->version(), "2020-01-01");
  EXPECT_EQ(FindVersion(ledger.state(), "current"), &second);
  EXPECT_EQ(FindVersion(ledger.state(), "unknown"), nullptr);
}

TEST(PolicyLedger, EveryRepetitionHasOneResult) {
  Ledger ledger;
  EXPECT_EQ(ledger.Do(Apply(PackOf("a"))), "a");
  EXPECT_EQ(ledger.Do(Apply(PackOf("a"))), "nothing");
  EXPECT_EQ(ledger.Do(Apply(PackOf("a", "Another."))), "error ALREADY_EXISTS POLICY_VERSION_USED");
  v1::ApplyPolicyCommand next = Apply(PackOf("b"));
  next.set_replaces("a");
  EXPECT_EQ(ledger.Do(next), "b");
  EXPECT_EQ(ledger.Do(next), "nothing") << "a repetition, though another version is in force now";
  EXPECT_EQ(ledger.Do(Apply(PackOf("a"))), "error FAILED_PRECONDITION POLICY_REPLACED");
  v1::ApplyPolicyCommand late = Apply(PackOf("c"));
  late.set_replaces("a");
  EXPECT_EQ(ledger.Do(late), "error ABORTED POLICY_MOVED_ON");
  EXPECT_EQ(ledger.state().versions_size(), 2);
}

TEST(PolicyLedger, ThePackAServiceStartsWithIsForAnEmptyLedger) {
  Ledger ledger;
  v1::ApplyPolicyCommand first = Apply(PackOf("a"));
  first.set_first(true);
  EXPECT_EQ(ledger.Do(first), "a");
  first = Apply(PackOf("b"));
  first.set_first(true);
  EXPECT_EQ(ledger.Do(first), "nothing");
}

TEST(PolicyLedger, AFaultyPackIsRefusedWholeAndTheOldOneStays) {
  Ledger ledger;
  EXPECT_EQ(ledger.Do(Apply(PackOf("a"))), "a");
  v1::PolicyPack faulty = PackOf("b");
  faulty.mutable_pathways(1)->clear_criteria();
  v1::ApplyPolicyCommand unreadable = Apply(PackOf("b"));
  unreadable.set_pack("\x0a\xff");
  v1::ApplyPolicyCommand without_reason = Apply(PackOf("b"));
  without_reason.set_reason_code("because");
  v1::ApplyPolicyCommand large = Apply(PackOf("b"));
  large.set_pack(std::string(kPackBytesMax + 1, 'x'));
  EXPECT_EQ(ledger.Do(Apply(faulty)), "error INVALID_ARGUMENT INVALID_POLICY_PACK");
  EXPECT_EQ(ledger.Do(unreadable), "error INVALID_ARGUMENT INVALID_REQUEST");
  EXPECT_EQ(ledger.Do(without_reason), "error INVALID_ARGUMENT INVALID_REQUEST");
  EXPECT_EQ(ledger.Do(large), "error INVALID_ARGUMENT POLICY_TOO_LARGE");
  EXPECT_EQ(PackInForce(ledger.state())->version(), "a");
}

TEST(PolicyLedger, WhatCannotFollowIsABrokenInvariant) {
  v1::PolicyLedgerState state;
  EXPECT_EQ(PackInForce(state).status().code(), absl::StatusCode::kDataLoss);
  v1::EligibilityEvent event = (*DecideLedger(state, Apply(PackOf("a"))))[0];
  EXPECT_EQ(EvolveLedger(state, event, {kPolicyLedger, 2, absl::UnixEpoch()}).code(),
            absl::StatusCode::kInternal);
  event.set_case_id(kCase);
  EXPECT_EQ(EvolveLedger(state, event, {kPolicyLedger, 1, absl::UnixEpoch()}).code(),
            absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace pathways::eligibility
