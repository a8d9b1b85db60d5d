// Goal: one case goes from registration to an agency's answer through three engines on SQLite, and
// every upstream event has its effect exactly once. Method: the real stores, engines, consumers and
// domains in one process; events delivered again, streams left behind and folded rows deleted must
// change nothing. Waits are on a condition with a deadline.
#include "tests/support/road.h"

#include <gtest/gtest.h>

#include "services/base/ids.h"
#include "services/follow/submit.h"
#include "tests/support/temp_folder.h"

namespace pathways {
namespace {

using engine::Answer;
using engine::Command;
using engine::EventRow;
using engine::StreamRow;
using testing_support::Action;
using testing_support::Registration;
using testing_support::Service;

class RoadTest : public testing::Test {
 protected:
  std::string RegisterAndRefer() {
    const std::string id = base::NewUuid();
    EXPECT_TRUE(road_.intake().Call(id, Registration(), id).status.ok());
    EXPECT_TRUE(road_.Eventually([&] { return road_.ReferralState(id).referrals_size() == 1; }));
    return id;
  }

  testing_support::TempFolder folder_;
  testing_support::Road road_{folder_.path()};
};

TEST_F(RoadTest, ACaseBecomesAReferralThatTheAgencyAnswers) {
  const std::string id = RegisterAndRefer();
  EXPECT_EQ(road_.ReferralState(id).referrals(0).referral().agency(), "unhcr-mx");
  EXPECT_TRUE(
      road_.referral().Call(id, Action(referral::v1::REFERRAL_ACTION_RECEIVE), "a").status.ok());
  EXPECT_TRUE(
      road_.referral().Call(id, Action(referral::v1::REFERRAL_ACTION_ACCEPT), "b").status.ok());
  EXPECT_EQ(road_.ReferralState(id).referrals(0).referral().state(),
            referral::v1::REFERRAL_STATE_ACCEPTED);
}

TEST_F(RoadTest, TheSameRequestIdRegistersOnce) {
  const std::string first = base::NewUuid();
  const std::string second = base::NewUuid();
  const std::string payload = Registration();
  ASSERT_TRUE(road_.intake().Call(first, payload, "same").status.ok());
  const Answer again = road_.intake().Call(second, payload, "same");
  EXPECT_TRUE(again.status.ok());
  EXPECT_EQ(again.stream, first);
  EXPECT_EQ(road_.intake().store->ReadState(second)->version, 0);
  EXPECT_EQ(road_.intake().Call(second, payload + " ", "same").status.code(),
            absl::StatusCode::kAlreadyExists);
}

TEST_F(RoadTest, EveryEventNamesItsCause) {
  const std::string id = RegisterAndRefer();
  const auto events = road_.referral().store->ReadStream(id, 1, 100, false);
  ASSERT_TRUE(events.ok());
  for (const EventRow& event : *events) {
    const std::string& service = event.cause.service();
    ASSERT_TRUE(service == "intake" || service == "eligibility") << service;
    Service& upstream = service == "intake" ? road_.intake() : road_.eligibility();
    const auto cause = upstream.store->ReadStream(id, event.cause.number(), 1, false);
    ASSERT_EQ(cause->size(), 1u);
    EXPECT_EQ(cause->front().ce_id, event.cause.ce_id());
  }
}

TEST_F(RoadTest, EventsDeliveredAgainChangeNothing) {
  const std::string id = RegisterAndRefer();
  const StreamRow before = *road_.referral().store->ReadState(id);
  for (Service* upstream : {&road_.intake(), &road_.eligibility()}) {
    const std::string name = upstream == &road_.intake() ? "intake" : "eligibility";
    const auto events = upstream->store->ReadAfter(0, 100);
    ASSERT_TRUE(events.ok());
    for (const EventRow& event : *events) {
      Command command = follow::CommandOf(*road_.referral().domain, name, event);
      ASSERT_TRUE(follow::SubmitAll(*road_.referral().engine, {std::move(command)}).ok());
    }
  }
  const StreamRow after = *road_.referral().store->ReadState(id);
  EXPECT_EQ(after.version, before.version);
  EXPECT_EQ(after.state, before.state);
  EXPECT_EQ(after.applied, before.applied);
  EXPECT_EQ(after.parked_reason, "");
}

TEST_F(RoadTest, AnotherEventUnderAnAppliedNumberParksTheStream) {
  const std::string id = RegisterAndRefer();
  EventRow event = road_.intake().store->ReadStream(id, 1, 1, false)->front();
  event.ce_id = base::NewUuid();
  Command command = follow::CommandOf(*road_.eligibility().domain, "intake", event);
  ASSERT_TRUE(follow::SubmitAll(*road_.eligibility().engine, {std::move(command)}).ok());
  EXPECT_EQ(road_.eligibility().store->ReadState(id)->parked_reason, "EVENT_CONFLICT");
}

TEST_F(RoadTest, ASkippedRecordIsFoundByTheSweepAndPulled) {
  road_.StopConsumers();  // Nothing is delivered any more: only the sweep can find the case.
  const std::string id = base::NewUuid();
  ASSERT_TRUE(road_.intake().Call(id, Registration(), id).status.ok());
  ASSERT_EQ(road_.eligibility().store->ReadState(id)->version, 0);
  ASSERT_TRUE(road_.SweepAll().ok());
  ASSERT_TRUE(
      road_.Eventually([&] { return road_.eligibility().store->ReadState(id)->version > 0; }));
  ASSERT_TRUE(road_.SweepAll().ok());
  EXPECT_TRUE(road_.Eventually([&] { return road_.ReferralState(id).referrals_size() == 1; }));
  EXPECT_TRUE(road_.Eventually([&] { return road_.referral().store->ReadBehind(10)->empty(); }));
}

TEST_F(RoadTest, FoldedAgainFromEventsIsTheSameBytes) {
  const std::string id = RegisterAndRefer();
  for (Service* service : road_.services()) {
    const StreamRow before = *service->store->ReadState(id);
    ASSERT_TRUE(engine::RebuildFolded(*service->domain, *service->store).ok());
    const StreamRow after = *service->store->ReadState(id);
    EXPECT_EQ(after.state, before.state);
    EXPECT_EQ(after.version, before.version);
    EXPECT_EQ(after.applied, before.applied);
    EXPECT_EQ(after.last_event_time, before.last_event_time);
  }
  EXPECT_EQ(road_.referral().store->ReadList("agency/unhcr-mx", "", "", 10)->size(), 1u);
}

}  // namespace
}  // namespace pathways
