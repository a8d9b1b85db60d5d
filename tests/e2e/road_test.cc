// Goal: one case goes from registration to an agency's answer through three engines on SQLite, and
// every upstream event has its effect exactly once. Method: the real stores, engines, consumers and
// domains in one process; positions set back, streams left behind and folded rows deleted must
// change nothing. Waits are on a condition with a deadline.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>

#include "pathways/eligibility/v1/state.pb.h"
#include "pathways/intake/v1/state.pb.h"
#include "pathways/referral/v1/state.pb.h"
#include "services/eligibility/domain_adapter.h"
#include "services/eligibility/policy_file.h"
#include "services/intake/domain_adapter.h"
#include "services/referral/domain_adapter.h"
#include "services/referral/routes_file.h"
#include "services/runtime/clock.h"
#include "services/runtime/consumer.h"
#include "services/runtime/engine.h"
#include "services/runtime/ids.h"
#include "services/runtime/store/sqlite_store.h"

namespace pathways {
namespace {

using runtime::Answer;
using runtime::Command;
using runtime::EventRow;
using runtime::StreamRow;

// One service: its store, domain and engine.
struct Service {
  Service(const std::string& path, const runtime::Clock& clock,
          std::unique_ptr<runtime::Domain> pure)
      : domain(std::move(pure)),
        store(*runtime::SqliteStore::Open(path, clock)),
        engine(std::make_unique<runtime::Engine>(*domain, *store, runtime::EngineOptions{})) {}

  Answer Call(const std::string& stream, const std::string& payload, const std::string& request) {
    Command command;
    command.stream = stream;
    command.payload = payload;
    command.origin = runtime::RequestOrigin{request, payload, "staff/test", "Test"};
    std::promise<Answer> promise;
    std::future<Answer> answer = promise.get_future();
    engine->Submit(std::move(command), [&](Answer got) { promise.set_value(std::move(got)); });
    return answer.get();
  }

  std::unique_ptr<runtime::Domain> domain;
  std::unique_ptr<runtime::SqliteStore> store;
  std::unique_ptr<runtime::Engine> engine;
};

// Three services, their consumers and pullers, on files of their own.
class Road : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "pathways-road-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    const std::string source = PATHWAYS_SOURCE_DIR;
    intake_ = std::make_unique<Service>(folder_ + "/intake.db", clock_,
                                        std::make_unique<intake::IntakeDomain>());
    eligibility_ =
        std::make_unique<Service>(folder_ + "/eligibility.db", clock_,
                                  std::make_unique<eligibility::EligibilityDomain>(
                                      *eligibility::LoadPack(source + "/policies/2023-07-28")));
    referral_ = std::make_unique<Service>(
        folder_ + "/referral.db", clock_,
        std::make_unique<referral::ReferralDomain>(
            *referral::LoadRoutes(source + "/samples/agencies.textproto")));
    Connect("intake", *intake_, *eligibility_);
    Connect("intake", *intake_, *referral_);
    Connect("eligibility", *eligibility_, *referral_);
    intake_->store->OnCommit([this] { WakeAll(); });
    eligibility_->store->OnCommit([this] { WakeAll(); });
    referral_->store->OnCommit([this] { WakeAll(); });
  }

  void TearDown() override {
    consumers_.clear();
    pullers_.clear();
    for (Service* service : {intake_.get(), eligibility_.get(), referral_.get()}) {
      if (service != nullptr) service->engine->Drain();
    }
    std::filesystem::remove_all(folder_);
  }

  void Connect(const std::string& name, Service& from, Service& to) {
    const runtime::ConsumerParts parts{name, *from.store, *to.domain, *to.store, *to.engine};
    consumers_.push_back(std::make_unique<runtime::Consumer>(parts));
    pullers_.push_back(std::make_unique<runtime::Puller>(parts, absl::Hours(1)));
  }

  void WakeAll() {
    changed_.Notify();
    for (auto& consumer : consumers_) consumer->Notify();
    for (auto& puller : pullers_) puller->Notify();
  }

  // Waits until `holds`, at most 20 seconds of waiting.
  bool Eventually(const std::function<bool()>& holds) {
    for (int i = 0; i < 400; ++i) {
      if (holds()) return true;
      changed_.Wait(absl::Milliseconds(50));
    }
    return holds();
  }

  static std::string Registration() {
    intake::v1::IntakeCommand command;
    auto* facts = command.mutable_register_case()->mutable_facts();
    facts->set_consent(true);
    auto* person = facts->add_people();
    person->set_person_id("p1");
    person->set_relationship(type::v1::RELATIONSHIP_PRINCIPAL);
    person->set_sex(type::v1::SEX_FEMALE);
    person->set_age_band(type::v1::AGE_BAND_21_59);
    person->set_age_precision(type::v1::DATE_PRECISION_DAY);
    person->add_nationalities("HTI");
    person->mutable_entry_date()->set_year(2023);
    person->mutable_entry_date()->set_month(6);
    person->mutable_entry_date()->set_day(1);
    person->set_in_mexico(type::v1::ANSWER_YES);
    auto* sealed = command.mutable_register_case()->mutable_sealed()->add_people();
    sealed->set_person_id("p1");
    sealed->set_identity("ciphertext");
    return command.SerializeAsString();
  }

  referral::v1::ReferralCaseState ReferralState(const std::string& id) {
    referral::v1::ReferralCaseState state;
    state.ParseFromString(referral_->store->ReadState(id)->state.open);
    return state;
  }

  std::string RegisterAndRefer() {
    const std::string id = runtime::NewUuid();
    EXPECT_TRUE(intake_->Call(id, Registration(), id).status.ok());
    EXPECT_TRUE(Eventually([&] { return ReferralState(id).referrals_size() == 1; }));
    return id;
  }

  std::string folder_;
  runtime::ManualClock clock_{absl::FromUnixSeconds(1697500000)};
  runtime::Signal changed_;
  std::unique_ptr<Service> intake_;
  std::unique_ptr<Service> eligibility_;
  std::unique_ptr<Service> referral_;
  std::vector<std::unique_ptr<runtime::Consumer>> consumers_;
  std::vector<std::unique_ptr<runtime::Puller>> pullers_;
};

std::string Action(referral::v1::ReferralAction action) {
  referral::v1::ReferralCommand command;
  command.mutable_action()->set_referral_id("r1");
  command.mutable_action()->set_agency("unhcr-mx");
  command.mutable_action()->set_action(action);
  return command.SerializeAsString();
}

TEST_F(Road, ACaseBecomesAReferralThatTheAgencyAnswers) {
  const std::string id = RegisterAndRefer();
  EXPECT_EQ(ReferralState(id).referrals(0).referral().agency(), "unhcr-mx");
  EXPECT_TRUE(referral_->Call(id, Action(referral::v1::REFERRAL_ACTION_RECEIVE), "a").status.ok());
  EXPECT_TRUE(referral_->Call(id, Action(referral::v1::REFERRAL_ACTION_ACCEPT), "b").status.ok());
  EXPECT_EQ(ReferralState(id).referrals(0).referral().state(),
            referral::v1::REFERRAL_STATE_ACCEPTED);
}

TEST_F(Road, TheSameRequestIdRegistersOnce) {
  const std::string first = runtime::NewUuid();
  const std::string second = runtime::NewUuid();
  const std::string payload = Registration();
  ASSERT_TRUE(intake_->Call(first, payload, "same").status.ok());
  const Answer again = intake_->Call(second, payload, "same");
  EXPECT_TRUE(again.status.ok());
  EXPECT_EQ(again.stream, first);
  EXPECT_EQ(intake_->store->ReadState(second)->version, 0);
  EXPECT_EQ(intake_->Call(second, payload + " ", "same").status.code(),
            absl::StatusCode::kAlreadyExists);
}

TEST_F(Road, EveryEventNamesItsCause) {
  const std::string id = RegisterAndRefer();
  const auto events = referral_->store->ReadStream(id, 1, 100, false);
  ASSERT_TRUE(events.ok());
  for (const EventRow& event : *events) {
    const std::string& service = event.cause.service();
    ASSERT_TRUE(service == "intake" || service == "eligibility") << service;
    Service& upstream = service == "intake" ? *intake_ : *eligibility_;
    const auto cause = upstream.store->ReadStream(id, event.cause.number(), 1, false);
    ASSERT_EQ(cause->size(), 1u);
    EXPECT_EQ(cause->front().ce_id, event.cause.ce_id());
  }
}

TEST_F(Road, EventsDeliveredAgainChangeNothing) {
  const std::string id = RegisterAndRefer();
  const StreamRow before = *referral_->store->ReadState(id);
  for (Service* upstream : {intake_.get(), eligibility_.get()}) {
    const std::string name = upstream == intake_.get() ? "intake" : "eligibility";
    const auto events = upstream->store->ReadAfter(0, 100);
    ASSERT_TRUE(events.ok());
    for (const EventRow& event : *events) {
      Command command = runtime::CommandOf(*referral_->domain, name, event);
      ASSERT_TRUE(runtime::SubmitAll(*referral_->engine, {std::move(command)}).ok());
    }
  }
  const StreamRow after = *referral_->store->ReadState(id);
  EXPECT_EQ(after.version, before.version);
  EXPECT_EQ(after.state, before.state);
  EXPECT_EQ(after.applied, before.applied);
  EXPECT_EQ(after.parked_reason, "");
}

TEST_F(Road, AnotherEventUnderAnAppliedNumberParksTheStream) {
  const std::string id = RegisterAndRefer();
  EventRow event = intake_->store->ReadStream(id, 1, 1, false)->front();
  event.ce_id = runtime::NewUuid();
  Command command = runtime::CommandOf(*eligibility_->domain, "intake", event);
  ASSERT_TRUE(runtime::SubmitAll(*eligibility_->engine, {std::move(command)}).ok());
  EXPECT_EQ(eligibility_->store->ReadState(id)->parked_reason, "EVENT_CONFLICT");
}

TEST_F(Road, ASkippedRecordIsFoundByTheSweepAndPulled) {
  consumers_.clear();  // Nothing is delivered any more: only the sweep can find the case.
  const std::string id = runtime::NewUuid();
  ASSERT_TRUE(intake_->Call(id, Registration(), id).status.ok());
  ASSERT_EQ(eligibility_->store->ReadState(id)->version, 0);
  for (auto& puller : pullers_) ASSERT_TRUE(puller->Sweep().ok());
  WakeAll();
  ASSERT_TRUE(Eventually([&] { return eligibility_->store->ReadState(id)->version > 0; }));
  for (auto& puller : pullers_) ASSERT_TRUE(puller->Sweep().ok());
  WakeAll();
  EXPECT_TRUE(Eventually([&] { return ReferralState(id).referrals_size() == 1; }));
  EXPECT_TRUE(Eventually([&] { return referral_->store->ReadBehind(10)->empty(); }));
}

TEST_F(Road, FoldedAgainFromEventsIsTheSameBytes) {
  const std::string id = RegisterAndRefer();
  for (Service* service : {intake_.get(), eligibility_.get(), referral_.get()}) {
    const StreamRow before = *service->store->ReadState(id);
    ASSERT_TRUE(runtime::RebuildFolded(*service->domain, *service->store).ok());
    const StreamRow after = *service->store->ReadState(id);
    EXPECT_EQ(after.state, before.state);
    EXPECT_EQ(after.version, before.version);
    EXPECT_EQ(after.applied, before.applied);
    EXPECT_EQ(after.last_event_time, before.last_event_time);
  }
  EXPECT_EQ(referral_->store->ReadList("agency/unhcr-mx", "", "", 10)->size(), 1u);
}

}  // namespace
}  // namespace pathways
