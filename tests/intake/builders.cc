#include "tests/intake/builders.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/type/problem.h"
#include "tests/support/answers.h"

namespace pathways::intake {

type::v1::PartialDate Date(int year, int month, int day) {
  type::v1::PartialDate date;
  date.set_year(year);
  date.set_month(month);
  date.set_day(day);
  return date;
}

v1::Person GoodPerson() {
  v1::Person person;
  person.mutable_identity()->set_given_names("Ana");
  person.set_relationship(type::v1::RELATIONSHIP_SIBLING);
  person.set_sex(type::v1::SEX_FEMALE);
  person.add_nationalities("HTI");
  return person;
}

v1::Case GoodCase() {
  v1::Case input;
  v1::Person& principal = *input.add_people();
  v1::Identity& identity = *principal.mutable_identity();
  identity.set_given_names("María José");
  identity.set_first_surname("Pérez");
  identity.set_second_surname("Gómez");
  *identity.mutable_date_of_birth() = Date(1990, 4, 17);
  v1::Document& document = *identity.add_documents();
  document.set_type(type::v1::DOCUMENT_TYPE_PASSPORT);
  document.set_number("V1234567");
  identity.set_phone("+529621234567");
  identity.set_language("ht");
  identity.set_registration_number("TAP-0001");
  principal.set_relationship(type::v1::RELATIONSHIP_PRINCIPAL);
  principal.set_sex(type::v1::SEX_FEMALE);
  principal.add_nationalities("ve");
  principal.add_nationalities("HTI");
  *principal.mutable_entry_date() = Date(2023, 5);
  SetAnswer(principal, "in_mexico", true);
  principal.set_state("mx-chp");
  principal.set_refugee_claim(type::v1::REFUGEE_CLAIM_FILED);
  SetAnswer(principal, "left_country_for_fear", true);
  SetAnswer(principal, "seeks_work", false);
  principal.add_needs("SP-PT");
  principal.add_needs("lp-nd");
  v1::Person& child = *input.add_people();
  child = GoodPerson();
  child.set_relationship(type::v1::RELATIONSHIP_CHILD);
  *child.mutable_identity()->mutable_date_of_birth() = Date(2011, 8, 1);
  input.set_consent(true);
  return input;
}

v1::Identity& First(v1::Case& input) { return *input.mutable_people(0)->mutable_identity(); }

Fields FieldsOf(const type::Violations& violations) {
  Fields fields;
  for (const auto& violation : violations.found()) fields.push_back(violation.field());
  return fields;
}

void ExpectNoValue(const type::Violations& violations) {
  std::string all = violations.ToStatus(kInvalidCase).ToString();
  for (const auto& violation : violations.found()) {
    absl::StrAppend(&all, violation.field(), violation.description());
  }
  for (const char* value : {kPlanted, "1871", "ñ", "\xFF", "ZZ9", "María", "Pérez", "V1234567",
                            "9621234567", "TAP-0001", "9999"}) {
    EXPECT_FALSE(absl::StrContains(all, value)) << value << " in " << all;
  }
}

v1::IntakeCommand RegisterCommand(const v1::Case& input) {
  v1::IntakeCommand command;
  const auto normalised = ValidateForRegistration(input, *SampleFacts(), kToday);
  EXPECT_TRUE(normalised.ok());
  *command.mutable_register_case()->mutable_facts() = normalised->facts;
  for (const NormalisedIdentity& identity : normalised->identities) {
    v1::SealedPerson& person = *command.mutable_register_case()->mutable_sealed()->add_people();
    person.set_person_id(identity.person_id);
    person.set_identity(absl::StrCat("sealed ", identity.identity.given_names()));
  }
  *command.mutable_register_case()->mutable_sealed()->mutable_band_changes_in() =
      FirstBandChange(normalised->identities);
  return command;
}

std::string Describe(const absl::Status& status) {
  if (status.ok()) return "OK";
  const std::string reason = type::ProblemOf(status).reason();
  return absl::StrCat(absl::StatusCodeToString(status.code()), reason.empty() ? "" : " ", reason);
}

absl::StatusOr<std::vector<CaseEvent>> RunningCase::Do(const v1::IntakeCommand& command) {
  now_ += absl::Seconds(1);
  const auto version = static_cast<int64_t>(events_.size());
  auto events = Decide(record_, command, /*catalogue_number=*/0, {kCaseId, version, now_});
  if (!events.ok()) return events;
  for (const CaseEvent& event : *events) {
    const auto number = static_cast<int64_t>(events_.size()) + 1;
    const absl::Status status = Evolve(record_, event, {kCaseId, number, now_});
    EXPECT_TRUE(status.ok()) << status;
    events_.push_back(event);
    CaseRecord stored;
    EXPECT_TRUE(stored.open.ParseFromString(record_.open.SerializeAsString()));
    EXPECT_TRUE(stored.sealed.ParseFromString(record_.sealed.SerializeAsString()));
    record_ = stored;
  }
  return events;
}

}  // namespace pathways::intake
