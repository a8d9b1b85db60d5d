// Goal: a request is recognised when it comes again and told apart when it says something else;
// what is shown of a case holds no identity unless it is asked for and audited. Method: pairs of
// requests that must have the same key and fingerprint, or must not.
#include "services/intake/requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <variant>

#include "absl/strings/ascii.h"
#include "pathways/intake/v1/state.pb.h"
#include "services/base/clock.h"
#include "services/follow/submit.h"
#include "services/intake/age_band.h"
#include "services/intake/domain_adapter.h"
#include "services/intake/update_people.h"
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

v1::RegisterCaseRequest OfSite(const char* site) {
  v1::RegisterCaseRequest request = Registration();
  request.set_site(site);
  return request;
}

v1::Case Changed() {
  v1::Case content = GoodCase();
  content.mutable_people(0)->set_state("MX-TAB");
  return content;
}

// As a Mac saves it: the í of María is an i and a combining accent.
v1::Case Decomposed() {
  v1::Case content = GoodCase();
  First(content).set_given_names(
      "Mari\xCC\x81"
      "a José");
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
    auto command = RegisterCommand(request, principal, *keyring_, Facts(), clock_.Now());
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
  const std::string upper = absl::AsciiStrToUpper(kRequestId);
  EXPECT_EQ(Origin(Register(Registration(GoodCase(), upper.c_str()))).key, origin.key);
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
      {"accents as characters of their own", Registration(Decomposed()), true},
      {"another site", OfSite("TAP"), false},
      {"another fact", Registration(Changed()), false},
      {"another identity", Registration(ChangedIdentity()), false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(Origin(Register(row.request)).fingerprint == one, row.same) << row.name;
  }
  const auto other_key =
      RegisterCommand(Registration(), Desk(), *NewKeyring(), Facts(), clock_.Now());
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
  const auto command = RegisterCommand(request, Desk(), *keyring_, Facts(), clock_.Now());
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
        Describe(UpdateCommand(update, Desk(), *keyring_, Facts(), domain_, store_, clock_.Now())
                     .status()),
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

class UpdateTest : public RequestsTest {
 protected:
  void SetUp() override {
    const engine::Command registered = Register(Registration());
    ASSERT_TRUE(Submit(registered).ok());
    stream_ = registered.stream;
    update_.set_request_id(kRequestId);
    update_.mutable_case_()->set_name(type::CaseName(stream_));
  }

  absl::StatusOr<engine::Command> Command() {
    return UpdateCommand(update_, Desk(), *keyring_, Facts(), domain_, store_, clock_.Now());
  }
  v1::Case Shown() {
    const engine::StreamRow row = Row(stream_);
    v1::Case shown = *CaseOf(stream_, row);
    EXPECT_TRUE(AddIdentities(*keyring_, *store_.ReadKeys(stream_), row, shown).ok());
    return shown;
  }
  v1::Person& Listed(const std::string& person_id) {
    v1::Person& person = *update_.mutable_case_()->add_people();
    person.set_person_id(person_id);
    return person;
  }
  Fields Violations() {
    Fields fields;
    const type::v1::Problem problem = type::ProblemOf(Command().status());
    for (const auto& violation : problem.violations()) fields.push_back(violation.field());
    return fields;
  }

  std::string stream_;
  v1::UpdateCaseRequest update_;
};

TEST_F(UpdateTest, PeopleInTheMaskKeepTheirIdentity) {
  *update_.mutable_case_()->mutable_people() = Changed().people();
  for (v1::Person& person : *update_.mutable_case_()->mutable_people()) person.clear_identity();
  update_.mutable_update_mask()->add_paths("people");
  const auto command = Command();
  ASSERT_TRUE(command.ok()) << command.status();
  EXPECT_TRUE(command->keys.empty());
  ASSERT_TRUE(Submit(*command).ok());
  EXPECT_EQ(Shown().people(0).identity().given_names(), "María José");
  EXPECT_EQ(Shown().people(0).state(), "MX-TAB");
  update_.mutable_case_()->set_name(type::CaseName(kCaseId));
  EXPECT_EQ(Describe(Command().status()), "NOT_FOUND CASE_NOT_FOUND");
}

TEST_F(UpdateTest, OneFieldOfAnIdentityLeavesTheOthers) {
  const v1::Case before = Shown();
  Listed("p2").mutable_identity()->set_given_names("  Jose\xCC\x81  ");  // With a combining accent.
  update_.mutable_update_mask()->add_paths("people.*.identity.given_names");
  const auto command = Command();
  ASSERT_TRUE(command.ok()) << command.status();
  ASSERT_TRUE(Submit(*command).ok());
  v1::Case expected = before;
  expected.mutable_people(1)->mutable_identity()->set_given_names("José");
  expected.set_etag("2");
  const v1::Case after = Shown();
  *expected.mutable_update_time() = after.update_time();
  EXPECT_EQ(after.SerializeAsString(), expected.SerializeAsString());
}

// The household has the number of its principal applicant.
TEST_F(UpdateTest, AnotherPrincipalApplicantBringsAnotherNumber) {
  const auto key = [&] {
    v1::IntakeState state;
    EXPECT_TRUE(state.ParseFromString(Row(stream_).state.open));
    return state.household_key();
  };
  const std::string before = key();
  EXPECT_FALSE(before.empty());
  Listed("p1").set_relationship(type::v1::RELATIONSHIP_SPOUSE);
  Listed("p2").set_relationship(type::v1::RELATIONSHIP_PRINCIPAL);
  update_.mutable_update_mask()->add_paths("people.*.relationship");
  const engine::Command command = *Command();
  ASSERT_TRUE(Submit(command).ok());
  EXPECT_EQ(key(), "") << "the second person has no number";
  update_.mutable_case_()->mutable_people(0)->set_relationship(type::v1::RELATIONSHIP_PRINCIPAL);
  update_.mutable_case_()->mutable_people(1)->set_relationship(type::v1::RELATIONSHIP_CHILD);
  update_.set_request_id(kOtherRequestId);
  ASSERT_TRUE(Submit(*Command()).ok());
  EXPECT_EQ(key(), before);
}

// As after a restore that could not bring the last identity back.
TEST_F(UpdateTest, OneFieldDoesNotBringAnOutdatedIdentityBack) {
  v1::IntakeCommand lost;
  lost.mutable_update_case()->mutable_sealed()->add_people()->set_person_id("p1");
  engine::Command command = Register(Registration());
  command.stream = stream_;
  command.payload = lost.SerializeAsString();
  command.keys.clear();
  command.lookup = {};
  std::get<engine::RequestOrigin>(command.origin).key.clear();
  ASSERT_TRUE(Submit(command).ok());
  Listed("p1").mutable_identity()->set_phone("+525550001111");
  update_.mutable_update_mask()->add_paths("people.*.identity.phone");
  EXPECT_THAT(Violations(), ElementsAre("case.people[0].identity.given_names"));
}

// A birth date that is corrected moves the age band; one fact leaves it.
TEST_F(UpdateTest, TheBandFollowsTheBirthDateOnFile) {
  v1::Person& child = Listed("p2");
  *child.mutable_identity()->mutable_date_of_birth() = Date(2001, 2, 3);
  update_.mutable_update_mask()->add_paths("people.*.identity.date_of_birth");
  ASSERT_TRUE(Submit(*Command()).ok());
  EXPECT_EQ(Shown().people(1).age_band(), type::v1::AGE_BAND_21_59);
  EXPECT_EQ(Shown().people(1).identity().date_of_birth().day(), 3);
  child.clear_identity();
  child.set_state("MX-CHP");
  update_.mutable_update_mask()->set_paths(0, "people.*.state");
  update_.set_request_id(kOtherRequestId);
  ASSERT_TRUE(Submit(*Command()).ok());
  EXPECT_EQ(Shown().people(1).age_band(), type::v1::AGE_BAND_21_59);
}

TEST_F(UpdateTest, NobodyEnteredBeforeBirth) {
  *Listed("p1").mutable_entry_date() = Date(1950, 1, 1);
  update_.mutable_update_mask()->add_paths("people.*.entry_date");
  EXPECT_THAT(Violations(), ElementsAre("case.people[0].entry_date"));
  *update_.mutable_case_()->mutable_people(0)->mutable_entry_date() = Date(23, 6, 15);
  EXPECT_THAT(Violations(), ElementsAre("case.people[0].entry_date"));
}

TEST_F(UpdateTest, WhatChangedInBetweenIsNotUndone) {
  Listed("p1").set_state("MX-CHP");
  update_.mutable_update_mask()->add_paths("people.*.state");
  const engine::Command command = *Command();
  update_.mutable_case_()->mutable_people(0)->set_state("MX-OAX");
  update_.set_request_id(kOtherRequestId);
  ASSERT_TRUE(Submit(*Command()).ok());
  EXPECT_EQ(Describe(Submit(command)), "UNAVAILABLE CHANGED_MEANWHILE");
  EXPECT_EQ(Shown().people(0).state(), "MX-OAX");
}

TEST_F(UpdateTest, ListsWhomItMay) {
  Listed("p1").mutable_identity()->set_phone("+525550001111");
  Listed("p1").set_state("MX-OAX");
  Listed("p9");
  update_.mutable_update_mask()->add_paths("people.*.state");
  EXPECT_THAT(Violations(), ElementsAre("case.people"));  // The case has two.
  update_.mutable_case_()->mutable_people()->RemoveLast();
  EXPECT_THAT(Violations(), ElementsAre("case.people[0].identity", "case.people[1].person_id"));
  update_.mutable_case_()->clear_people();
  EXPECT_THAT(Violations(), ElementsAre("case.people"));
  Listed("p9");
  EXPECT_THAT(Violations(), ElementsAre("case.people[0].person_id"));
  update_.mutable_update_mask()->set_paths(0, "people");
  EXPECT_THAT(Violations(), ElementsAre("case.people"));
}

TEST_F(UpdateTest, AMaskNamesWhatCanBeChanged) {
  const std::pair<const char*, bool> rows[] = {{"people", true},
                                               {"consent", true},
                                               {"people.*.state", true},
                                               {"people.*.needs", true},
                                               {"people.*.identity", true},
                                               {"people.*.identity.phone", true},
                                               {"people.*.identity.documents", true},
                                               {"", false},
                                               {"*", false},
                                               {"state", false},
                                               {"people.*", false},
                                               {"people.state", false},
                                               {"people.*.person_id", false},
                                               {"people.*.age_band", false},
                                               {"people.*.entry_date.year", false},
                                               {"people.*.identity.date_of_birth.year", false},
                                               {"people.*.identity.*", false},
                                               {"people.*.Plantado", false}};
  for (const auto& [path, is_good] : rows) {
    google::protobuf::FieldMask mask;
    mask.add_paths("consent");
    mask.add_paths(path);
    type::Violations violations;
    ReadMask(mask, violations);
    EXPECT_EQ(violations.empty(), is_good) << path;
    if (is_good) continue;
    EXPECT_EQ(violations.found()[0].field(), "update_mask.paths[1]");
  }
  EXPECT_THAT(Violations(), ElementsAre("update_mask"));
  update_.mutable_update_mask()->add_paths("consent");
  EXPECT_THAT(Violations(), ElementsAre("case.consent"));
}

}  // namespace
}  // namespace pathways::intake
