// Goal: whatever the order in which messages and calls reach referral, nothing leaves that must
// not, nothing that may leave is lost, and the state stays a function of the events. Method: the
// production Decide and Evolve are explored exhaustively: every interleaving of an intake and an
// eligibility stream, each in its own order and a screening never before the intake number it is
// based on, with every action on every referral in every state in between. States that differ in
// event numbers only are one.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/referral/domain/decide.h"
#include "services/referral/domain/decision.h"
#include "services/referral/domain/machine.h"
#include "tests/referral/builders.h"

namespace pathways::referral {
namespace {

// No run is near it; a machine that grows without end would not end the test otherwise.
constexpr size_t kNodesMax = 400'000;

struct Screening {
  v1::ReferralCommand command;
  size_t based_on;
  std::set<std::string> meets;  // Routed pathways.
};

struct Streams {
  std::string name;
  std::vector<v1::ReferralCommand> intake;
  std::vector<Screening> eligibility;
  std::vector<v1::ReferralAction> actions;
  std::string outcome;  // Of every order, without any action.
};

bool IsAccepted(v1::ReferralState state) {
  return state == v1::REFERRAL_STATE_ACCEPTED || state == v1::REFERRAL_STATE_IN_PROGRESS ||
         state == v1::REFERRAL_STATE_WITHDRAWAL_REQUESTED;
}

// One state that was reached, and how.
struct Node {
  v1::ReferralCaseState state;
  int64_t version = 0;
  size_t intake = 0;  // Messages taken from each stream.
  size_t eligibility = 0;
  int parent = -1;
  std::string step;
  std::vector<v1::ReferralEvent> events;  // Made by the step.
};

class Exploration {
 public:
  explicit Exploration(const Streams& streams) : streams_(streams) {}

  void Run() {
    Keep(Node());
    for (size_t i = 0; i < nodes_.size() && !testing::Test::HasFailure(); ++i) {
      ASSERT_LT(nodes_.size(), kNodesMax);
      Expand(static_cast<int>(i));
    }
  }

  const std::vector<Node>& nodes() const { return nodes_; }

 private:
  void Expand(int from) {
    const Node node = nodes_[from];
    if (node.intake < streams_.intake.size()) {
      Node next = Next(from, absl::StrCat("intake ", node.intake + 1));
      ++next.intake;
      Take(std::move(next), streams_.intake[node.intake]);
    }
    if (node.eligibility < streams_.eligibility.size() &&
        streams_.eligibility[node.eligibility].based_on <= node.intake) {
      Node next = Next(from, absl::StrCat("eligibility ", node.eligibility + 1));
      ++next.eligibility;
      Take(std::move(next), streams_.eligibility[node.eligibility].command);
    }
    for (const v1::StoredReferral& stored : node.state.referrals()) {
      for (const v1::ReferralAction action : streams_.actions) {
        const std::string agency =
            ActorOf(action) == Actor::kAgency ? stored.referral().agency() : "";
        Take(Next(from, absl::StrCat(stored.referral_id(), " ", v1::ReferralAction_Name(action))),
             Action(action, stored.referral_id(), agency));
      }
    }
  }

  Node Next(int from, std::string step) const {
    Node next = nodes_[from];
    next.parent = from;
    next.step = std::move(step);
    next.events.clear();
    return next;
  }

  // Decides one command on `node` and keeps what comes of it.
  void Take(Node node, const v1::ReferralCommand& command) {
    const v1::ReferralCaseState before = node.state;
    const type::DecideContext context{kCase, node.version, absl::UnixEpoch()};
    const v1::AgencyRoutes routes = Routes();
    const auto events = Decide(before, command, {routes, 1}, context);
    if (!events.ok()) {
      ASSERT_TRUE(command.has_action()) << events.status() << Trail(node);
      ASSERT_TRUE(absl::IsFailedPrecondition(events.status())) << events.status() << Trail(node);
      return;
    }
    for (const v1::ReferralEvent& event : *events) {
      CheckEvent(node, event, command);
      node.events.push_back(event);
      const type::EventContext at{kCase, ++node.version, absl::UnixEpoch()};
      ASSERT_TRUE(Evolve(node.state, event, at).ok()) << Trail(node);
    }
    CheckEnded(before, node);
    CheckState(node);
    CheckHolds(node);
    Keep(std::move(node));
  }

  // What leaves to an agency, leaves with consent and not after the withdrawal.
  void CheckEvent(const Node& node, const v1::ReferralEvent& event,
                  const v1::ReferralCommand& command) const {
    const bool leaves = event.has_referral_submitted() ||
                        event.referral_changed().action() == v1::REFERRAL_ACTION_RESUBMIT;
    if (leaves) {
      EXPECT_TRUE(node.state.consent() && !node.state.withdrawn()) << Trail(node);
    }
    if (!event.has_referral_changed()) return;
    // Only an agency ends what it accepted.
    const v1::StoredReferral* stored =
        FindReferral(node.state, event.referral_changed().referral_id());
    ASSERT_NE(stored, nullptr) << Trail(node);
    if (IsAccepted(stored->referral().state()) && !IsLive(event.referral_changed().state())) {
      EXPECT_FALSE(command.action().agency().empty()) << Trail(node);
    }
  }

  // What ended stays as it ended.
  void CheckEnded(const v1::ReferralCaseState& before, const Node& node) const {
    for (int i = 0; i < before.referrals_size(); ++i) {
      if (IsLive(before.referrals(i).referral().state())) continue;
      EXPECT_EQ(before.referrals(i).SerializeAsString(),
                node.state.referrals(i).SerializeAsString())
          << Trail(node);
    }
  }

  // One live referral at most, and none that was not accepted without consent or after the
  // withdrawal.
  void CheckState(const Node& node) const {
    std::set<std::string> live;
    for (const v1::StoredReferral& stored : node.state.referrals()) {
      const v1::ReferralState state = stored.referral().state();
      if (!IsLive(state)) continue;
      EXPECT_TRUE(live.insert(stored.referral().pathway()).second) << Trail(node);
      const bool may_be_open = node.state.consent() && !node.state.withdrawn();
      EXPECT_TRUE(may_be_open || IsAccepted(state)) << Trail(node);
    }
    CheckNothingIsLost(node);
  }

  // Who qualifies and consents was referred, and again after consent came back.
  void CheckNothingIsLost(const Node& node) const {
    if (!node.state.consent() || node.state.withdrawn()) return;
    // The screening that hands on facts with the consent of now is still to come.
    if (node.eligibility == 0 ||
        static_cast<int64_t>(LastScreening(node).based_on) < node.state.consent_from()) {
      return;
    }
    for (const std::string& pathway : Met(node)) {
      const v1::StoredReferral* last = nullptr;
      int attempts = 0;
      for (const v1::StoredReferral& stored : node.state.referrals()) {
        if (stored.referral().pathway() != pathway) continue;
        last = &stored;
        ++attempts;
      }
      ASSERT_NE(last, nullptr) << Trail(node);
      EXPECT_TRUE(IsLive(last->referral().state()) || !last->consent_lost()) << Trail(node);
      EXPECT_EQ(last->referral().attempt(), attempts) << Trail(node);
    }
  }

  // Pathways that the case qualifies for by the screening taken last.
  std::set<std::string> Met(const Node& node) const {
    if (node.eligibility == 0) return {};
    return LastScreening(node).meets;
  }

  const Screening& LastScreening(const Node& node) const {
    return streams_.eligibility[node.eligibility - 1];
  }

  // Whatever was done last, a live referral is on hold while it does not qualify by the screening
  // taken last, and is not held for that reason while it does.
  void CheckHolds(const Node& node) const {
    if (node.state.withdrawn()) return;
    for (const v1::StoredReferral& stored : node.state.referrals()) {
      const v1::Referral& referral = stored.referral();
      if (!IsLive(referral.state())) continue;
      if (Met(node).count(referral.pathway()) > 0) {
        EXPECT_NE(referral.hold_reason(), "SCREENING_CHANGED") << Trail(node);
      } else {
        EXPECT_TRUE(referral.on_hold()) << Trail(node);
      }
    }
  }

  // Keeps a state that is new, after folding its whole history again.
  void Keep(Node node) {
    v1::ReferralCaseState shape = node.state;
    for (v1::StoredReferral& stored : *shape.mutable_referrals()) stored.clear_version();
    const std::string at = absl::StrCat(node.intake, ",", node.eligibility, ",");
    if (!seen_.insert(at + shape.SerializeAsString()).second) return;
    nodes_.push_back(std::move(node));
    CheckFolding(nodes_.back());
  }

  void CheckFolding(const Node& node) const {
    std::vector<const Node*> way;
    for (const Node* at = &node; at->parent >= 0; at = &nodes_[at->parent]) way.push_back(at);
    v1::ReferralCaseState folded;
    int64_t number = 0;
    for (auto step = way.rbegin(); step != way.rend(); ++step) {
      for (const v1::ReferralEvent& event : (*step)->events) {
        v1::ReferralEvent stored;
        ASSERT_TRUE(stored.ParseFromString(event.SerializeAsString()));
        ASSERT_TRUE(Evolve(folded, stored, {kCase, ++number, absl::UnixEpoch()}).ok());
      }
    }
    EXPECT_EQ(number, node.version) << Trail(node);
    EXPECT_EQ(folded.SerializeAsString(), node.state.SerializeAsString()) << Trail(node);
  }

  // The way to a node, for a failure.
  std::string Trail(const Node& node) const {
    std::string trail = node.step;
    for (int at = node.parent; at > 0; at = nodes_[at].parent) {
      trail = absl::StrCat(nodes_[at].step, "; ", trail);
    }
    return absl::StrCat("\n", streams_.name, ": ", trail);
  }

  const Streams& streams_;
  std::vector<Node> nodes_;
  std::set<std::string> seen_;
};

// p1 meets these pathways, and one that no agency takes.
Screening Screens(int64_t number, size_t based_on, const std::set<std::string>& meets,
                  const std::string& policy_version = "1") {
  std::vector<Unit> units = {{kUnrouted, {"p1"}}};
  for (const std::string pathway : {kResettlement, kRefugeeStatus}) {
    const bool met = meets.count(pathway) > 0;
    units.push_back(
        {pathway,
         {"p1"},
         met ? eligibility::v1::OUTCOME_MEETS : eligibility::v1::OUTCOME_DOES_NOT_MEET});
  }
  return {Screened(number, static_cast<int64_t>(based_on), units, policy_version), based_on, meets};
}

// One that hands on no facts, as without consent.
Screening Without(Screening screening) {
  screening.command = WithoutFacts(std::move(screening.command));
  return screening;
}

// Every action that a caller may ask for.
std::vector<v1::ReferralAction> CallersActions() {
  std::vector<v1::ReferralAction> actions = AllActions();
  actions.erase(
      std::remove_if(actions.begin(), actions.end(),
                     [](v1::ReferralAction action) { return ActorOf(action) == Actor::kSystem; }),
      actions.end());
  return actions;
}

type::v1::CaseFacts Older(bool consent = true) {
  type::v1::CaseFacts facts = Facts({"p1"}, consent);
  facts.mutable_people(0)->set_age_band(type::v1::AGE_BAND_60_PLUS);
  return facts;
}

std::vector<Streams> AllStreams() {
  const auto actions = CallersActions();
  const std::set<std::string> one = {kResettlement};
  const std::set<std::string> both = {kResettlement, kRefugeeStatus};
  return {
      {"consent is taken away, then the case withdrawn",
       {Registered(1, Facts({"p1"})), Updated(2, Older()), Updated(3, Older(false)), Withdrawn(4)},
       {Screens(1, 1, one), Screens(2, 2, {}), Screens(3, 2, one), Without(Screens(4, 3, one))},
       actions,
       "withdrawn"},
      {"consent is taken away and given again",
       {Registered(1, Facts({"p1"})), Updated(2, Facts({"p1"}, false)), Updated(3, Older()),
        Withdrawn(4)},
       {Screens(1, 1, one), Screens(2, 1, {}), Without(Screens(3, 2, one)), Screens(4, 3, one)},
       actions,
       "withdrawn"},
      {"consent is given later",
       {Registered(1, Facts({"p1"}, false)), AgeBand(2, "p1", type::v1::AGE_BAND_60_PLUS),
        Updated(3, Older()), Withdrawn(4)},
       {Without(Screens(1, 1, one)), Without(Screens(2, 2, one, "2")), Screens(3, 3, one, "2"),
        Screens(4, 3, {}), Screens(5, 3, one)},
       actions,
       "withdrawn"},
      // Fewer actions, for two referrals multiply the states.
      {"two pathways",
       {Registered(1, Facts({"p1"})), Updated(2, Facts({"p1"}, false)), Updated(3, Older())},
       {Screens(1, 1, both), Screens(2, 1, one), Screens(3, 1, both), Without(Screens(4, 2, both)),
        Screens(5, 3, both)},
       {v1::REFERRAL_ACTION_RECEIVE, v1::REFERRAL_ACTION_ACCEPT, v1::REFERRAL_ACTION_RETURN,
        v1::REFERRAL_ACTION_RESUBMIT, v1::REFERRAL_ACTION_WITHDRAW,
        v1::REFERRAL_ACTION_GRANT_WITHDRAWAL, v1::REFERRAL_ACTION_REFUSE_WITHDRAWAL},
       "us-refugee-resettlement REFERRAL_STATE_SUBMITTED, "
       "mx-refugee-status REFERRAL_STATE_SUBMITTED"}};
}

TEST(Orders, KeepEveryInvariant) {
  for (const Streams& streams : AllStreams()) {
    Exploration exploration(streams);
    exploration.Run();
    ASSERT_FALSE(HasFailure()) << streams.name;
    EXPECT_GT(exploration.nodes().size(), 400) << streams.name;
  }
}

// What is live in the end.
std::string Outcome(const v1::ReferralCaseState& state) {
  if (state.withdrawn()) return "withdrawn";
  std::set<std::string, std::greater<>> live;
  for (const v1::StoredReferral& stored : state.referrals()) {
    const v1::Referral& referral = stored.referral();
    if (!IsLive(referral.state())) continue;
    live.insert(absl::StrCat(referral.pathway(), " ", v1::ReferralState_Name(referral.state()),
                             referral.on_hold() ? " on hold" : ""));
  }
  return absl::StrJoin(live, ", ");
}

TEST(Orders, DoNotShowInTheOutcome) {
  for (Streams streams : AllStreams()) {
    streams.actions.clear();
    Exploration exploration(streams);
    exploration.Run();
    int ends = 0;
    for (const Node& node : exploration.nodes()) {
      const bool end =
          node.intake == streams.intake.size() && node.eligibility == streams.eligibility.size();
      if (!end) continue;
      EXPECT_EQ(Outcome(node.state), streams.outcome) << streams.name;
      ++ends;
    }
    EXPECT_GT(ends, 0);
  }
}

}  // namespace
}  // namespace pathways::referral
