// Goal: the ledger only grows, and every bad, late or repeated request has one defined result.
// Method: commands on a ledger, in order; every error has a row.
#include "services/eligibility/domain/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "services/type/facts.h"
#include "tests/eligibility/builders.h"

namespace pathways::eligibility {
namespace {

v1::PolicyPack PackOf(const std::string& version, const std::string& title = "A pack.") {
  v1::PolicyPack pack = SmallPack();
  pack.set_version(version);
  pack.set_title(title);
  return pack;
}

type::v1::ApplyVersionCommand Apply(const v1::PolicyPack& pack) {
  type::v1::ApplyVersionCommand command;
  command.set_version(pack.version());
  command.set_content(pack.SerializeAsString());
  command.set_sha256("digest of " + command.content());
  command.set_principal("staff/officer");
  command.set_confirmed_by("staff/second");
  command.set_reason_code("RULE_CHANGED");
  return command;
}

// What a command finds where intake has told of this catalogue.
type::DecideContext KnowingFacts(const type::v1::FactCatalogue& catalogue) {
  v1::EligibilityState state;
  state.mutable_ledger()->set_content(catalogue.SerializeAsString());
  type::DecideContext context{.stream = kPolicyLedger};
  context.found.streams[type::kFactLedger] = {1, state.SerializeAsString(), ""};
  return context;
}

class Ledger {
 public:
  explicit Ledger(type::DecideContext context = KnowingFacts(Catalogue()))
      : context_(std::move(context)) {}

  // The version that was applied, "nothing", or the error.
  std::string Do(const type::v1::ApplyVersionCommand& command) {
    const auto events = DecideLedger(state_, command, context_);
    if (!events.ok()) return Describe(events.status());
    for (const v1::EligibilityEvent& event : *events) {
      const absl::Status evolved =
          EvolveLedger(state_, event, {kPolicyLedger, state_.versions_size() + 1, time_});
      EXPECT_TRUE(evolved.ok()) << evolved;
    }
    return events->empty() ? "nothing" : (*events)[0].policy_applied().applied().version();
  }
  const type::v1::LedgerState& state() const { return state_; }

 private:
  const type::DecideContext context_;
  const absl::Time time_ = absl::FromUnixSeconds(1'690'500'000);
  type::v1::LedgerState state_;
};

TEST(PolicyLedger, HoldsEveryVersionAndThePackInForce) {
  Ledger ledger;
  EXPECT_EQ(ledger.Do(Apply(PackOf("2023-07-28"))), "2023-07-28");
  EXPECT_EQ(ledger.Do(Apply(PackOf("current"))), "current");
  // What a version is called does not order it, also when it looks like a day in the past.
  EXPECT_EQ(ledger.Do(Apply(PackOf("2020-01-01"))), "2020-01-01");
  ASSERT_EQ(ledger.state().versions_size(), 3);
  const type::v1::LedgerVersion& second = ledger.state().versions(1);
  EXPECT_EQ(second.name(), "policyVersions/current");
  EXPECT_EQ(second.number(), 2);
  EXPECT_EQ(second.principal(), "staff/officer");
  EXPECT_EQ(second.reason_code(), "RULE_CHANGED");
  EXPECT_EQ(second.apply_time().seconds(), 1'690'500'000);
  EXPECT_EQ(PackInForce(ledger.state())->version(), "2020-01-01");
  EXPECT_EQ(type::FindVersion(ledger.state(), "current"), &second);
  EXPECT_EQ(type::FindVersion(ledger.state(), "unknown"), nullptr);
}

TEST(PolicyLedger, EveryRepetitionHasOneResult) {
  Ledger ledger;
  EXPECT_EQ(ledger.Do(Apply(PackOf("a"))), "a");
  EXPECT_EQ(ledger.Do(Apply(PackOf("a"))), "nothing");
  EXPECT_EQ(ledger.Do(Apply(PackOf("a", "Another."))), "error ALREADY_EXISTS POLICY_VERSION_USED");
  type::v1::ApplyVersionCommand next = Apply(PackOf("b"));
  next.set_replaces("a");
  EXPECT_EQ(ledger.Do(next), "b");
  EXPECT_EQ(ledger.Do(next), "nothing") << "a repetition, though another version is in force now";
  EXPECT_EQ(ledger.Do(Apply(PackOf("a"))), "error FAILED_PRECONDITION POLICY_REPLACED");
  type::v1::ApplyVersionCommand late = Apply(PackOf("c"));
  late.set_replaces("a");
  EXPECT_EQ(ledger.Do(late), "error ABORTED POLICY_MOVED_ON");
  EXPECT_EQ(ledger.state().versions_size(), 2);
}

TEST(PolicyLedger, ThePackAServiceStartsWithIsForAnEmptyLedger) {
  Ledger ledger;
  type::v1::ApplyVersionCommand first = Apply(PackOf("a"));
  first.clear_confirmed_by();
  EXPECT_EQ(ledger.Do(first), "a");
  first = Apply(PackOf("b"));
  first.clear_confirmed_by();
  EXPECT_EQ(ledger.Do(first), "nothing");
}

TEST(PolicyLedger, AFaultyPackIsRefusedWholeAndTheOldOneStays) {
  Ledger ledger;
  EXPECT_EQ(ledger.Do(Apply(PackOf("a"))), "a");
  v1::PolicyPack faulty = PackOf("b");
  faulty.mutable_pathways(1)->clear_criteria();
  type::v1::ApplyVersionCommand unreadable = Apply(PackOf("b"));
  unreadable.set_content("\x0a\xff");
  type::v1::ApplyVersionCommand without_reason = Apply(PackOf("b"));
  without_reason.set_reason_code("because");
  type::v1::ApplyVersionCommand large = Apply(PackOf("b"));
  large.set_content(std::string(type::kLedgerContentBytesMax + 1, 'x'));
  EXPECT_EQ(ledger.Do(Apply(faulty)), "error INVALID_ARGUMENT INVALID_POLICY_PACK");
  EXPECT_EQ(ledger.Do(unreadable), "error INVALID_ARGUMENT INVALID_REQUEST");
  EXPECT_EQ(ledger.Do(without_reason), "error INVALID_ARGUMENT INVALID_REQUEST");
  EXPECT_EQ(ledger.Do(large), "error INVALID_ARGUMENT POLICY_TOO_LARGE");
  EXPECT_EQ(PackInForce(ledger.state())->version(), "a");
}

TEST(PolicyLedger, APackIsHeldAgainstTheFactsThatPeopleAreAsked) {
  const std::string refused = "error FAILED_PRECONDITION FACTS_NOT_IN_FORCE";
  type::v1::ApplyVersionCommand first = Apply(PackOf("a"));
  first.clear_confirmed_by();
  Ledger untold{type::DecideContext{.stream = kPolicyLedger}};
  EXPECT_EQ(untold.Do(first), "a") << "intake may not have told yet what it begins with";
  EXPECT_EQ(untold.Do(Apply(PackOf("b"))), refused);
  type::v1::FactCatalogue other = Catalogue();
  for (type::v1::Fact& fact : *other.mutable_facts()) {
    if (fact.id() == "in_mexico") fact.set_kind(type::v1::FACT_KIND_NUMBER);
    if (fact.id() == "nationalities") fact.set_id("nations");
  }
  const auto status = DecideLedger({}, Apply(PackOf("b")), KnowingFacts(other)).status();
  EXPECT_EQ(Describe(status), refused);
  EXPECT_THAT(std::string(status.message()), testing::EndsWith("in_mexico, nationalities"));
  for (type::v1::Fact& fact : *other.mutable_facts()) fact.mutable_words(0)->set_name("otro");
  EXPECT_EQ(Ledger(KnowingFacts(Catalogue())).Do(Apply(PackOf("b"))), "b");
}

TEST(FactLedger, NotesWhatIntakeTellsAndNothingElse) {
  v1::EligibilityCommand command;
  intake::v1::IntakeEvent& event = *command.mutable_intake_event()->mutable_event();
  event.set_case_id(type::kFactLedger);
  event.mutable_facts_applied()->mutable_applied()->set_version("2026-11-30");
  const auto noted = NoteFacts(command);
  ASSERT_TRUE(noted.ok()) << noted.status();
  ASSERT_EQ(noted->size(), 1u);
  type::v1::LedgerState state;
  const type::EventContext context{type::kFactLedger, 1, absl::UnixEpoch()};
  EXPECT_TRUE(EvolveLedger(state, noted->front(), context).ok());
  EXPECT_EQ(state.versions(0).name(), "factVersions/2026-11-30");
  EXPECT_TRUE(absl::IsInternal(EvolveLedger(state, noted->front(), context))) << "twice";
  event.mutable_case_withdrawn();
  EXPECT_TRUE(absl::IsInternal(NoteFacts(command).status()));
  EXPECT_TRUE(absl::IsInternal(NoteFacts(Rescreen()).status()));
}

TEST(PolicyLedger, WhatCannotFollowIsABrokenInvariant) {
  type::v1::LedgerState state;
  EXPECT_EQ(PackInForce(state).status().code(), absl::StatusCode::kDataLoss);
  v1::EligibilityEvent event =
      (*DecideLedger(state, Apply(PackOf("a")), KnowingFacts(Catalogue())))[0];
  EXPECT_EQ(EvolveLedger(state, event, {kPolicyLedger, 2, absl::UnixEpoch()}).code(),
            absl::StatusCode::kInternal);
  event.set_case_id(kCase);
  EXPECT_EQ(EvolveLedger(state, event, {kPolicyLedger, 1, absl::UnixEpoch()}).code(),
            absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace pathways::eligibility
