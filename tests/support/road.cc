#include "tests/support/road.h"

#include <future>
#include <utility>

#include "pathways/intake/v1/state.pb.h"
#include "services/eligibility/domain_adapter.h"
#include "services/eligibility/policy_file.h"
#include "services/intake/domain_adapter.h"
#include "services/referral/domain_adapter.h"
#include "services/referral/routes_file.h"
#include "tests/support/answers.h"

namespace pathways::testing_support {
namespace {

constexpr char kSource[] = PATHWAYS_SOURCE_DIR;

}  // namespace

Service::Service(const std::string& path, const base::Clock& clock,
                 std::unique_ptr<engine::Domain> pure)
    : domain(std::move(pure)),
      store(*engine::SqliteStore::Open(path, clock)),
      topic(std::make_unique<follow::InProcessTopic>(*store, *store->ReadWatermark())),
      engine(std::make_unique<engine::Engine>(*domain, *store, engine::EngineOptions{})),
      relay(std::make_unique<follow::Relay>(*store, *topic, nullptr)) {}

engine::Answer Service::Call(const std::string& stream, const std::string& payload,
                             const std::string& request) {
  engine::Command command;
  command.stream = stream;
  command.payload = payload;
  command.origin = engine::RequestOrigin{request, payload, "staff/test", "Test"};
  std::promise<engine::Answer> promise;
  std::future<engine::Answer> answer = promise.get_future();
  engine->Submit(std::move(command),
                 [&](engine::Answer got) { promise.set_value(std::move(got)); });
  return answer.get();
}

Road::Road(const std::string& folder) {
  const std::string source(kSource);
  intake_ = std::make_unique<Service>(folder + "/intake.db", clock_,
                                      std::make_unique<intake::IntakeDomain>());
  eligibility_ =
      std::make_unique<Service>(folder + "/eligibility.db", clock_,
                                std::make_unique<eligibility::EligibilityDomain>(
                                    *eligibility::LoadRules(source + "/policies/2023-07-28")));
  referral_ = std::make_unique<Service>(
      folder + "/referral.db", clock_,
      std::make_unique<referral::ReferralDomain>(std::make_shared<const referral::v1::AgencyRoutes>(
          *referral::LoadRoutes(source + "/samples/agencies.textproto"))));
  Connect("intake", *intake_, *eligibility_);
  Connect("intake", *intake_, *referral_);
  Connect("eligibility", *eligibility_, *referral_);
}

Road::~Road() {
  consumers_.clear();
  pullers_.clear();
  for (Service* service : services()) service->engine->Drain();
}

void Road::Connect(const std::string& name, Service& from, Service& to) {
  consumers_.push_back(std::make_unique<follow::Consumer>(
      follow::ConsumerParts{name, *from.topic, *to.domain, *to.store, *to.engine, nullptr}));
  pullers_.push_back(std::make_unique<follow::Puller>(
      follow::PullerParts{name, *from.topic, *to.domain, *to.store, *to.engine, nullptr},
      absl::Hours(1)));
}

void Road::WakeAll() {
  for (Service* service : services()) service->relay->Notify();
  for (auto& consumer : consumers_) consumer->Notify();
  for (auto& puller : pullers_) puller->Notify();
}

absl::Status Road::SweepAll() {
  absl::Status first;
  // What is missing at one look may be on its way.
  for (int look = 0; look < 2; ++look) {
    for (auto& puller : pullers_) first.Update(puller->Sweep());
  }
  WakeAll();
  return first;
}

bool Road::Eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 1000; ++i) {
    if (holds()) return true;
    WakeAll();
    changed_.Wait(absl::Milliseconds(20));
  }
  return holds();
}

referral::v1::ReferralCaseState Road::ReferralState(const std::string& id) {
  referral::v1::ReferralCaseState state;
  state.ParseFromString(referral_->store->ReadState(id)->state.open);
  return state;
}

std::string Registration() {
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
  SetAnswer(*person, "in_mexico", true);
  auto* sealed = command.mutable_register_case()->mutable_sealed()->add_people();
  sealed->set_person_id("p1");
  sealed->set_identity("ciphertext");
  return command.SerializeAsString();
}

std::string Action(referral::v1::ReferralAction action) {
  referral::v1::ReferralCommand command;
  command.mutable_action()->set_referral_id("r1");
  command.mutable_action()->set_agency("unhcr-mx");
  command.mutable_action()->set_action(action);
  return command.SerializeAsString();
}

}  // namespace pathways::testing_support
