// Goal: a ledger only grows, and every late or repeated request has one defined result.
// Method: commands on a ledger, in order; every error has a row.
#include "services/type/ledger.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "services/type/problem.h"

namespace pathways::type {
namespace {

constexpr LedgerKind kKind = {"RULES", "ruleVersions/", "book", "service/rules"};

v1::ApplyVersionCommand Apply(const std::string& version, const std::string& content) {
  v1::ApplyVersionCommand command;
  command.set_version(version);
  command.set_content(content);
  command.set_sha256("digest of " + content);
  command.set_principal("staff/officer");
  command.set_confirmed_by("staff/second");
  command.set_reason_code("RULE_CHANGED");
  return command;
}

class LedgerTest : public testing::Test {
 protected:
  // The version that was applied, "nothing", or the error.
  std::string Do(const v1::ApplyVersionCommand& command) {
    const auto applied = DecideVersion(kKind, state_, command);
    if (!applied.ok()) {
      return absl::StrCat(absl::StatusCodeToString(applied.status().code()), " ",
                          ProblemOf(applied.status()).reason());
    }
    if (!*applied) return "nothing";
    const int64_t number = state_.versions_size() + 1;
    EXPECT_TRUE(EvolveLedger(kKind, state_, **applied, {"service/rules", number, time_}).ok());
    return (*applied)->version();
  }

  v1::LedgerState state_;
  const absl::Time time_ = absl::FromUnixSeconds(1'690'500'000);
};

TEST_F(LedgerTest, KeepsEveryVersionInTheOrderInWhichItCame) {
  EXPECT_EQ(Do(Apply("b", "two")), "b");
  EXPECT_EQ(Do(Apply("a", "one")), "a");
  ASSERT_EQ(state_.versions_size(), 2);
  EXPECT_EQ(state_.content(), "one");
  const v1::LedgerVersion& last = state_.versions(1);
  EXPECT_EQ(last.name(), "ruleVersions/a");
  EXPECT_EQ(last.number(), 2);
  EXPECT_EQ(last.bytes(), 3);
  EXPECT_EQ(last.principal(), "staff/officer");
  EXPECT_EQ(last.apply_time().seconds(), 1'690'500'000);
}

TEST_F(LedgerTest, HasOneResultForEachLateOrRepeatedRequest) {
  v1::ApplyVersionCommand first = Apply("a", "one");
  first.clear_confirmed_by();
  EXPECT_EQ(Do(first), "a");
  EXPECT_EQ(Do(first), "nothing");
  EXPECT_EQ(Do(Apply("a", "one")), "nothing");
  EXPECT_EQ(Do(Apply("a", "other")), "ALREADY_EXISTS RULES_VERSION_USED");
  v1::ApplyVersionCommand next = Apply("b", "two");
  next.set_replaces("x");
  EXPECT_EQ(Do(next), "ABORTED RULES_MOVED_ON");
  next.set_replaces("a");
  EXPECT_EQ(Do(next), "b");
  EXPECT_EQ(Do(Apply("a", "one")), "FAILED_PRECONDITION RULES_REPLACED");
  first.set_version("c");
  EXPECT_EQ(Do(first), "nothing") << "a start does not replace what is in force";
}

TEST_F(LedgerTest, RefusesWhatCannotBePublishedAndAReasonThatIsNone) {
  EXPECT_EQ(Do(Apply("a", std::string(kLedgerContentBytesMax + 1, 'x'))),
            "INVALID_ARGUMENT RULES_TOO_LARGE");
  EXPECT_EQ(Do(Apply("a", std::string(kLedgerContentBytesMax, 'x'))), "a");
  v1::ApplyVersionCommand without_reason = Apply("b", "two");
  without_reason.set_reason_code("because");
  EXPECT_EQ(Do(without_reason), "INVALID_ARGUMENT INVALID_REQUEST");
}

TEST_F(LedgerTest, OnlyWhatBeginsAnEmptyLedgerHasNoSecondPerson) {
  v1::ApplyVersionCommand alone = Apply("a", "one");
  alone.clear_confirmed_by();
  EXPECT_EQ(Do(alone), "a");
  alone = Apply("b", "two");
  alone.clear_confirmed_by();
  EXPECT_EQ(Do(alone), "nothing");
  EXPECT_EQ(InForce(state_), "a");
}

TEST_F(LedgerTest, AVersionOutOfOrderIsABrokenInvariant) {
  v1::VersionApplied applied;
  applied.set_version("a");
  EXPECT_TRUE(absl::IsInternal(EvolveLedger(kKind, state_, applied, {"service/rules", 2, time_})));
}

class ProposalTest : public testing::Test {
 protected:
  static v1::ProposeVersionCommand Proposal(const std::string& digest) {
    v1::ProposeVersionCommand command;
    v1::LedgerProposal& proposal = *command.mutable_proposal();
    proposal.set_version("b");
    proposal.set_sha256("digest of two");
    proposal.set_replaces("a");
    proposal.set_reason_code("RULE_CHANGED");
    proposal.set_principal("staff/first");
    proposal.mutable_ceiling()->set_referrals(7);
    proposal.set_digest(digest);
    command.set_content("two");
    return command;
  }
  // "proposed", "nothing" or the error.
  std::string Propose(const v1::ProposeVersionCommand& command) {
    const auto proposed = DecideProposal(kKind, state_, command, now_);
    if (!proposed.ok()) return Told(proposed.status());
    if (!*proposed) return "nothing";
    EvolveProposal(state_, **proposed, {ProposalsOf(kKind), ++number_, now_});
    return "proposed";
  }
  std::string Confirm(const std::string& digest, const std::string& principal) {
    v1::ConfirmVersionCommand command;
    command.set_digest(digest);
    command.set_principal(principal);
    const auto apply = ConfirmProposal(kKind, state_, command, now_);
    if (!apply.ok()) return Told(apply.status());
    EXPECT_EQ(apply->content(), "two");
    EXPECT_EQ(apply->sha256(), "digest of two");
    EXPECT_EQ(apply->replaces(), "a");
    EXPECT_EQ(apply->reason_code(), "RULE_CHANGED");
    EXPECT_EQ(apply->principal(), "staff/first");
    EXPECT_EQ(apply->ceiling().referrals(), 7);
    return "confirmed by " + apply->confirmed_by();
  }
  static std::string Told(const absl::Status& status) {
    return absl::StrCat(absl::StatusCodeToString(status.code()), " ", ProblemOf(status).reason());
  }

  v1::LedgerState state_;
  int64_t number_ = 0;
  absl::Time now_ = absl::FromUnixSeconds(1'690'500'000);
};

TEST_F(ProposalTest, IsConfirmedByAnotherPersonWhoSawIt) {
  EXPECT_EQ(Confirm("one", "staff/second"), "NOT_FOUND RULES_NO_PROPOSAL");
  EXPECT_EQ(Propose(Proposal("one")), "proposed");
  EXPECT_EQ(Propose(Proposal("one")), "nothing") << "it waits already";
  EXPECT_EQ(Confirm("one", "staff/first"), "FAILED_PRECONDITION RULES_SECOND_OFFICER_NEEDED");
  EXPECT_EQ(Confirm("other", "staff/second"), "ABORTED RULES_PROPOSAL_REPLACED");
  EXPECT_EQ(Confirm("one", "staff/second"), "confirmed by staff/second");
  EXPECT_EQ(Propose(Proposal("two")), "proposed");
  EXPECT_EQ(Confirm("one", "staff/second"), "ABORTED RULES_PROPOSAL_REPLACED");
  EXPECT_EQ(ProposalsOf(kKind), "service/rules.proposals");
}

TEST_F(ProposalTest, LapsesAfterSevenDaysAndCanBeMadeAgain) {
  EXPECT_EQ(Propose(Proposal("one")), "proposed");
  now_ += kProposalHolds;
  EXPECT_EQ(Confirm("one", "staff/second"), "confirmed by staff/second");
  now_ += absl::Seconds(1);
  EXPECT_EQ(Confirm("one", "staff/second"), "FAILED_PRECONDITION RULES_PROPOSAL_LAPSED");
  EXPECT_EQ(Propose(Proposal("one")), "proposed");
  EXPECT_EQ(Confirm("one", "staff/second"), "confirmed by staff/second");
}

TEST_F(ProposalTest, WithAReasonOrACeilingThatIsNoneIsRefused) {
  v1::ProposeVersionCommand bad = Proposal("one");
  bad.mutable_proposal()->set_reason_code("because");
  bad.mutable_proposal()->mutable_ceiling()->set_referrals(-1);
  bad.mutable_proposal()->mutable_ceiling()->set_holds(-1);
  const auto status = DecideProposal(kKind, state_, bad, now_).status();
  EXPECT_EQ(Told(status), "INVALID_ARGUMENT INVALID_REQUEST");
  EXPECT_EQ(ProblemOf(status).violations_size(), 3);
}

}  // namespace
}  // namespace pathways::type
