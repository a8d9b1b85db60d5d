// Goal: a ledger only grows, and every late or repeated request has one defined result.
// Method: commands on a ledger, in order; every error has a row.
#include "services/type/ledger.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "services/type/problem.h"

namespace pathways::type {
namespace {

constexpr LedgerKind kKind = {"RULES", "ruleVersions/", "book"};

v1::ApplyVersionCommand Apply(const std::string& version, const std::string& content) {
  v1::ApplyVersionCommand command;
  command.set_version(version);
  command.set_content(content);
  command.set_sha256("digest of " + content);
  command.set_principal("staff/officer");
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
  first.set_first(true);
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

TEST_F(LedgerTest, TellsWhatApplyingWouldGive) {
  EXPECT_EQ(Do(Apply("a", "one")), "a");
  const auto tried = TryVersion(kKind, state_, Apply("b", "two"));
  ASSERT_TRUE(tried.ok());
  EXPECT_EQ(tried->number(), 2);
  EXPECT_FALSE(tried->has_apply_time());
  EXPECT_EQ(TryVersion(kKind, state_, Apply("a", "one"))->number(), 1);
  EXPECT_EQ(state_.versions_size(), 1);
}

TEST_F(LedgerTest, AVersionOutOfOrderIsABrokenInvariant) {
  v1::VersionApplied applied;
  applied.set_version("a");
  EXPECT_TRUE(absl::IsInternal(EvolveLedger(kKind, state_, applied, {"service/rules", 2, time_})));
}

}  // namespace
}  // namespace pathways::type
