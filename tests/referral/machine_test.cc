// Goal: every action does in every state what the protocol says. Method: one table of all states
// and all actions, and properties that no table of this kind may break.
#include "services/referral/domain/machine.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "services/referral/domain/decide.h"
#include "tests/referral/builders.h"

namespace pathways::referral {
namespace {

// A row per action, a column per state in order of their numbers. "." refused, "=" no effect, "~"
// keeps the state, "<" goes back, else the state it leads to.
constexpr char kTable[] = R"(
                    DRAF SUBM RECD ACPT REJD RETD INPR COMP CLOS WREQ WDRN EXPD
  RECEIVE            .   RECD  =    .    .    .    .    .    .    .    .    .
  ACCEPT             .    .   ACPT  =    .    .    .    .    .    .    .    .
  REJECT             .    .   REJD  .    =    .    .    .    .    .    .    .
  RETURN             .    .   RETD  .    .    =    .    .    .    .    .    .
  RESUBMIT           .    =    .    .    .   SUBM  .    .    .    .    .    .
  REPORT_STAGE       .    .    .   INPR  .    .    ~    .    .    .    .    .
  COMPLETE           .    .    .   COMP  .    .   COMP  =    .   COMP  .    .
  CLOSE              .    .    .   CLOS  .    .   CLOS  .    =    .    .    .
  WITHDRAW          WDRN WDRN WDRN WREQ  .   WDRN WREQ  .    .    =    =    .
  GRANT_WITHDRAWAL   .    .    .    .    .    .    .    .    .   WDRN  =    .
  REFUSE_WITHDRAWAL  .    .    .    =    .    .    =    .    .    <    .    .
  HOLD               ~    ~    ~    ~    .    ~    ~    .    .    ~    .    .
  RELEASE            ~    ~    ~    ~    .    ~    ~    .    .    ~    .    .
  ESCALATE           ~    ~    ~    ~    .    ~    ~    .    .    ~    .    .
  DEESCALATE         ~    ~    ~    ~    .    ~    ~    .    .    ~    .    .
  EXPIRE             .   EXPD EXPD  .    .    .    .    .    .    .    .    =
  CORRECT            .    ~    ~    ~    .    ~    ~    .    .    ~    .    .
)";

Transition Parse(const std::string& cell, v1::ReferralState state,
                 const std::map<std::string, v1::ReferralState>& states) {
  if (cell == ".") return {};
  if (cell == "=") return {Step::kNoEffect, state};
  if (cell == "~") return {Step::kKeeps, state};
  if (cell == "<") return {Step::kGoesBack, v1::REFERRAL_STATE_UNSPECIFIED};
  return {Step::kMoves, states.at(cell)};
}

TEST(TransitionOf, IsTheTable) {
  std::vector<std::vector<std::string>> rows;
  for (const auto line : absl::StrSplit(kTable, '\n', absl::SkipWhitespace())) {
    rows.push_back(absl::StrSplit(line, ' ', absl::SkipWhitespace()));
  }
  ASSERT_EQ(rows[0].size(), AllStates().size());
  ASSERT_EQ(rows.size(), AllActions().size() + 1);
  std::map<std::string, v1::ReferralState> states;
  for (size_t i = 0; i < rows[0].size(); ++i) states[rows[0][i]] = AllStates()[i];
  for (size_t r = 1; r < rows.size(); ++r) {
    const v1::ReferralAction action = AllActions()[r - 1];
    ASSERT_EQ("REFERRAL_ACTION_" + rows[r][0], v1::ReferralAction_Name(action));
    ASSERT_EQ(rows[r].size(), AllStates().size() + 1);
    for (const v1::ReferralState state : AllStates()) {
      EXPECT_EQ(TransitionOf(state, action), Parse(rows[r][state], state, states))
          << rows[r][0] << " in " << v1::ReferralState_Name(state);
    }
  }
}

TEST(TransitionOf, RefusesWhatItDoesNotKnow) {
  for (const int state : {-1, 0, 13, 31, 32, 33}) {
    for (const v1::ReferralAction action : AllActions()) {
      EXPECT_EQ(TransitionOf(static_cast<v1::ReferralState>(state), action), Transition());
    }
  }
  for (const int action : {-1, 0, 18}) {
    for (const v1::ReferralState state : AllStates()) {
      EXPECT_EQ(TransitionOf(state, static_cast<v1::ReferralAction>(action)), Transition());
    }
  }
}

TEST(TransitionOf, OnlyAnAgencyLeadsOutOfWhatItAccepted) {
  for (const v1::ReferralState state : {v1::REFERRAL_STATE_ACCEPTED, v1::REFERRAL_STATE_IN_PROGRESS,
                                        v1::REFERRAL_STATE_WITHDRAWAL_REQUESTED}) {
    for (const v1::ReferralAction action : AllActions()) {
      if (ActorOf(action) == Actor::kAgency) continue;
      const Transition transition = TransitionOf(state, action);
      const bool ends = transition.step == Step::kMoves && !IsLive(transition.next);
      EXPECT_FALSE(ends) << v1::ReferralAction_Name(action);
    }
  }
}

TEST(IsLive, IsTrueUntilTheEnd) {
  for (const v1::ReferralState state : AllStates()) {
    const bool ended = state == v1::REFERRAL_STATE_REJECTED ||
                       state == v1::REFERRAL_STATE_COMPLETED ||
                       state == v1::REFERRAL_STATE_CLOSED_WITHOUT_OUTCOME ||
                       state == v1::REFERRAL_STATE_WITHDRAWN || state == v1::REFERRAL_STATE_EXPIRED;
    EXPECT_EQ(IsLive(state), !ended) << v1::ReferralState_Name(state);
    if (!ended) continue;
    for (const v1::ReferralAction action : AllActions()) {
      const Step step = TransitionOf(state, action).step;
      EXPECT_TRUE(step == Step::kRefused || step == Step::kNoEffect);
    }
  }
  EXPECT_FALSE(IsLive(v1::REFERRAL_STATE_UNSPECIFIED));
}

TEST(ActorOf, NamesOneForEveryAction) {
  std::map<Actor, int> count;
  for (const v1::ReferralAction action : AllActions()) ++count[ActorOf(action)];
  EXPECT_EQ(count,
            (std::map<Actor, int>{{Actor::kAgency, 9}, {Actor::kStaff, 6}, {Actor::kSystem, 2}}));
  EXPECT_EQ(ActorOf(v1::REFERRAL_ACTION_UNSPECIFIED), Actor::kNobody);
}

TEST(WaitsOnHold, IsAcceptanceAndResubmission) {
  for (const v1::ReferralAction action : AllActions()) {
    EXPECT_EQ(WaitsOnHold(action),
              action == v1::REFERRAL_ACTION_ACCEPT || action == v1::REFERRAL_ACTION_RESUBMIT);
  }
}

}  // namespace
}  // namespace pathways::referral
