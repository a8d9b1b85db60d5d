// Goal: a request is recognised when it comes again and told apart when it says something else;
// what is shown of a case holds no identity unless it is asked for and audited. Method: pairs of
// requests that must have the same key and fingerprint, or must not.
#include "services/intake/requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <variant>

#include "pathways/intake/v1/state.pb.h"
#include "services/base/clock.h"
#include "services/follow/submit.h"
#include "services/intake/age_band.h"
#include "services/intake/domain_adapter.h"
#include "services/type/names.h"
#include "services/type/problem.h"
#include "tests/intake/builders.h"
#include "tests/intake/edge_support.h"
#include "tests/sim/memory_store.h"

namespace pathways::intake {
namespace {

using testing::ElementsAre;

v1::RegisterCaseRequest Registration(const v1::Case& content = GoodCase(),
                                     const char* request_id = kRequestId) {
  v1::RegisterCaseRequest request;
  *request.mutable_case_() = content;
  request.set_request_id(request_id);
  return request;
}

v1::Case Changed() {
  v1::Case content = GoodCase();
  content.mutable_people(0)->set_state("MX-TAB");
  return content;
}

v1::Case ChangedIdentity() {
  v1::Case content = GoodCase();
  First(content).set_given_names("Otra");
  return content;
}

class RequestsTest : public testing::Test {
 protected:
  engine::Command Register(const v1::RegisterCaseRequest& request,
                           const host::Principal& principal = Desk()) {
    auto command = RegisterCommand(request, principal, *keyring_, clock_.Now());
    EXPECT_TRUE(command.ok()) << command.status();
    return *std::move(command);
  }
  static engine::RequestOrigin Origin(const engine::Command& command) {
    return std::get<engine::RequestOrigin>(command.origin);
  }
  absl::Status Submit(engine::Command command) {
    std::vector<engine::Command> commands;
    commands.push_back(std::move(command));
    return follow::SubmitAll(engine_, std::move(commands));
  }
  engine::StreamRow Row(const std::string& stream) { return *store_.ReadState(stream); }

  const std::unique_ptr<host::Keyring> keyring_ = NewKeyring();
  const base::ManualClock clock_{absl::FromCivil(kToday, absl::UTCTimeZone()) + absl::Hours(18)};
  sim::MemoryStore store_{clock_, "log"};
  const IntakeDomain domain_;
  engine::Engine engine_{domain_, store_, {}};
};

TEST_F(RequestsTest, TheKeyNamesWhoWhatAndTheId) {
  const engine::RequestOrigin origin = Origin(Register(Registration()));
  EXPECT_EQ(origin.principal, "staff/desk");
  EXPECT_EQ(origin.method, "RegisterCase");
  EXPECT_EQ(Origin(Register(Registration())).key, origin.key);
  EXPECT_EQ(Origin(Register(Registration(Changed()))).key, origin.key);
  EXPECT_NE(Origin(Register(Registration(GoodCase(), kOtherRequestId))).key, origin.key);
  EXPECT_NE(Origin(Register(Registration(), {"staff", "desk-2", {"registrar"}})).key, origin.key);
  v1::WithdrawCaseRequest withdraw;
  withdraw.set_name(type::CaseName(kCaseId));
  withdraw.set_request_id(kRequestId);
  EXPECT_NE(Origin(*WithdrawCommand(withdraw, Desk(), *keyring_)).key, origin.key);
}

TEST_F(RequestsTest, TheFingerprintIsOfTheContentAlone) {
  const std::string one = Origin(Register(Registration())).fingerprint;
  const struct {
    const char* name;
    v1::RegisterCaseRequest request;
    bool same;
  } rows[] = {
      {"again, sealed anew", Registration(), true},
      {"another request id", Registration(GoodCase(), kOtherRequestId), true},
      {"another fact", Registration(Changed()), false},
      {"another identity", Registration(ChangedIdentity()), false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(Origin(Register(row.request)).fingerprint == one, row.same) << row.name;
  }
  const auto other_key = RegisterCommand(Registration(), Desk(), *NewKeyring(), clock_.Now());
  EXPECT_NE(Origin(*other_key).fingerprint, one);
}

TEST_F(RequestsTest, ARepeatedRegistrationMakesOneCase) {
  const engine::Command first = Register(Registration());
  const engine::Command again = Register(Registration());
  EXPECT_NE(first.stream, again.stream);
  ASSERT_TRUE(Submit(first).ok());
  ASSERT_TRUE(Submit(again).ok());
  EXPECT_EQ(Row(first.stream).version, 1);
  EXPECT_EQ(Row(again.stream).version, 0);
  EXPECT_TRUE(store_.ReadKeys(again.stream)->empty());
  EXPECT_EQ(Submit(Register(Registration(ChangedIdentity()))).code(),
            absl::StatusCode::kAlreadyExists);
}

TEST_F(RequestsTest, EveryBadFieldIsNamedAndNoneIsShown) {
  v1::RegisterCaseRequest request = Registration();
  request.set_request_id("no uuid");
  request.mutable_case_()->clear_consent();
  First(*request.mutable_case_()).set_given_names("");
  const auto command = RegisterCommand(request, Desk(), *keyring_, clock_.Now());
  EXPECT_EQ(Describe(command.status()), "INVALID_ARGUMENT INVALID_CASE");
  Fields fields;
  const type::v1::Problem problem = type::ProblemOf(command.status());
  for (const auto& violation : problem.violations()) fields.push_back(violation.field());
  EXPECT_THAT(fields, testing::UnorderedElementsAre("case.people[0].identity.given_names",
                                                    "case.consent", "request_id"));
}

TEST_F(RequestsTest, NamesAreChecked) {
  for (const char* name :
       {"", "cases/", "cases/p1", "cases/-", "CASES/3f2c1b0a-9d8e-4f7a-8b6c-5d4e3f2a1b0c",
        "cases/3f2c1b0a-9d8e-4f7a-8b6c-5d4e3f2a1b0c/status"}) {
    v1::GetCaseRequest get;
    get.set_name(name);
    EXPECT_EQ(Describe(ReadCommand(get, Desk()).status()), "INVALID_ARGUMENT INVALID_CASE") << name;
    v1::WithdrawCaseRequest withdraw;
    withdraw.set_name(name);
    withdraw.set_request_id(kRequestId);
    EXPECT_EQ(Describe(WithdrawCommand(withdraw, Desk(), *keyring_).status()),
              "INVALID_ARGUMENT INVALID_CASE")
        << name;
    v1::UpdateCaseRequest update;
    update.mutable_case_()->set_name(name);
    update.set_request_id(kRequestId);
    EXPECT_EQ(
        Describe(UpdateCommand(update, Desk(), *keyring_, domain_, store_, clock_.Now()).status()),
        "INVALID_ARGUMENT INVALID_CASE")
        << name;
  }
}

TEST_F(RequestsTest, AReadIsAuditedAndNotRemembered) {
  const engine::Command registered = Register(Registration());
  ASSERT_TRUE(Submit(registered).ok());
  v1::GetCaseRequest request;
  request.set_name(type::CaseName(registered.stream));
  const auto command = ReadCommand(request, Desk());
  ASSERT_TRUE(command.ok());
  EXPECT_EQ(Origin(*command).key, "");
  ASSERT_TRUE(Submit(*command).ok());
  ASSERT_TRUE(Submit(*command).ok());
  std::vector<std::string> methods;
  for (const engine::AuditRow& row : store_.Audit()) {
    EXPECT_EQ(row.principal, "staff/desk");
    EXPECT_EQ(row.stream, registered.stream);
    EXPECT_EQ(row.number, 1);
    methods.push_back(row.method);
  }
  EXPECT_THAT(methods, ElementsAre("RegisterCase", "GetCase", "GetCase"));
  EXPECT_EQ(Row(registered.stream).version, 1);
  request.set_name(type::CaseName(kCaseId));
  EXPECT_EQ(Describe(Submit(*ReadCommand(request, Desk()))), "NOT_FOUND CASE_NOT_FOUND");
  EXPECT_EQ(store_.Audit().size(), 3U);
}

TEST_F(RequestsTest, WhatIsShownHasNoIdentityUnlessItIsAdded) {
  const engine::Command registered = Register(Registration());
  ASSERT_TRUE(Submit(registered).ok());
  const engine::StreamRow row = Row(registered.stream);
  auto shown = CaseOf(registered.stream, row);
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_EQ(shown->etag(), "1");
  ASSERT_EQ(shown->people_size(), 2);
  for (const v1::Person& person : shown->people()) EXPECT_FALSE(person.has_identity());
  ASSERT_TRUE(AddIdentities(*keyring_, *store_.ReadKeys(registered.stream), row, *shown).ok());
  EXPECT_EQ(shown->people(0).identity().given_names(), "María José");
  EXPECT_EQ(AddIdentities(*keyring_, {}, row, *shown).code(), absl::StatusCode::kDataLoss);
}

TEST_F(RequestsTest, AnUpdateKeepsTheIdentityThatIsNotGiven) {
  const engine::Command registered = Register(Registration());
  ASSERT_TRUE(Submit(registered).ok());
  v1::UpdateCaseRequest update;
  update.set_request_id(kRequestId);
  update.mutable_update_mask()->add_paths("people");
  *update.mutable_case_() = Changed();
  update.mutable_case_()->set_name(type::CaseName(registered.stream));
  update.mutable_case_()->mutable_people(0)->clear_identity();
  update.mutable_case_()->mutable_people(1)->mutable_identity()->set_given_names("Nueva");
  const auto command = UpdateCommand(update, Desk(), *keyring_, domain_, store_, clock_.Now());
  ASSERT_TRUE(command.ok()) << command.status();
  EXPECT_TRUE(command->keys.empty());
  ASSERT_TRUE(Submit(*command).ok());
  const engine::StreamRow row = Row(registered.stream);
  auto shown = CaseOf(registered.stream, row);
  ASSERT_TRUE(AddIdentities(*keyring_, *store_.ReadKeys(registered.stream), row, *shown).ok());
  EXPECT_EQ(shown->people(0).identity().given_names(), "María José");
  EXPECT_EQ(shown->people(0).state(), "MX-TAB");
  EXPECT_EQ(shown->people(1).identity().given_names(), "Nueva");
  update.mutable_case_()->set_name(type::CaseName(kCaseId));
  EXPECT_EQ(
      Describe(UpdateCommand(update, Desk(), *keyring_, domain_, store_, clock_.Now()).status()),
      "NOT_FOUND CASE_NOT_FOUND");
}

}  // namespace
}  // namespace pathways::intake
