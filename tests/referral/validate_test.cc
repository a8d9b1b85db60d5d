// Goal: an action carries what belongs to it and nothing else, and every bad field is named at once
// without its value. Method: a table with both sides of each boundary.
#include "services/referral/domain/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "services/type/problem.h"
#include "tests/referral/builders.h"

namespace pathways::referral {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Row {
  std::string name;
  v1::ReferralActionCommand command;
  std::vector<std::string> bad;
};

v1::ReferralActionCommand With(v1::ReferralAction action, const std::string& reason_code,
                               const std::string& stage = "",
                               const std::vector<std::string>& fields = {}) {
  v1::ReferralActionCommand command;
  command.set_action(action);
  command.set_reason_code(reason_code);
  command.set_stage(stage);
  for (const std::string& field : fields) command.add_fields_to_correct(field);
  return command;
}

v1::ReferralActionCommand Return(const std::vector<std::string>& fields) {
  return With(v1::REFERRAL_ACTION_RETURN, "", "", fields);
}

std::vector<std::string> BadFields(const v1::ReferralActionCommand& command) {
  std::vector<std::string> fields;
  const type::v1::Problem problem = type::ProblemOf(ValidateAction(command));
  for (const type::v1::FieldViolation& found : problem.violations())
    fields.push_back(found.field());
  return fields;
}

TEST(ValidateAction, NamesEveryBadField) {
  const std::string long_code(64, 'A');
  const Row rows[] = {
      {"longest code", With(v1::REFERRAL_ACTION_REJECT, long_code), {}},
      {"code too long", With(v1::REFERRAL_ACTION_REJECT, long_code + "A"), {"reason_code"}},
      {"free text", With(v1::REFERRAL_ACTION_CLOSE, "no room"), {"reason_code"}},
      {"reason where none belongs", With(v1::REFERRAL_ACTION_ACCEPT, "GOOD"), {"reason_code"}},
      {"granted with a reason", With(v1::REFERRAL_ACTION_GRANT_WITHDRAWAL, "FINE"), {}},
      {"granted with a bad reason",
       With(v1::REFERRAL_ACTION_GRANT_WITHDRAWAL, "fine"),
       {"reason_code"}},
      {"released with a reason", With(v1::REFERRAL_ACTION_RELEASE, "CHECKED"), {}},
      {"the system's own hold", With(v1::REFERRAL_ACTION_HOLD, kScreeningChanged), {"reason_code"}},
      {"the same word elsewhere", With(v1::REFERRAL_ACTION_REJECT, kScreeningChanged), {}},
      {"stage", With(v1::REFERRAL_ACTION_REPORT_STAGE, "", long_code), {}},
      {"stage too long", With(v1::REFERRAL_ACTION_REPORT_STAGE, "", long_code + "A"), {"stage"}},
      {"no stage", With(v1::REFERRAL_ACTION_REPORT_STAGE, ""), {"stage"}},
      {"stage where none belongs", With(v1::REFERRAL_ACTION_COMPLETE, "", "DONE"), {"stage"}},
      {"one field", Return({"entry_date"}), {}},
      {"no field", Return({}), {"fields_to_correct"}},
      {"20 fields", Return(std::vector<std::string>(20, "identity.phone")), {}},
      {"21 fields", Return(std::vector<std::string>(21, "state")), {"fields_to_correct"}},
      {"bad names",
       Return({"state", "", "fecha_nacimiento", "age_band", "date_of_birth", "identity",
               "identity.date_of_birth"}),
       {"fields_to_correct[1]", "fields_to_correct[2]", "fields_to_correct[3]",
        "fields_to_correct[4]", "fields_to_correct[5]"}},
      {"fields where none belong",
       With(v1::REFERRAL_ACTION_REJECT, "NO", "", {"state"}),
       {"fields_to_correct"}},
      {"all at once",
       With(v1::REFERRAL_ACTION_WITHDRAW, "X", "Y", {"z"}),
       {"reason_code", "stage", "fields_to_correct"}}};
  for (const Row& row : rows) EXPECT_EQ(BadFields(row.command), row.bad) << row.name;
}

TEST(ValidateAction, AcceptsEveryActionWithWhatBelongsToIt) {
  for (const v1::ReferralAction action : AllActions()) {
    const v1::ReferralActionCommand command = Action(action).action();
    EXPECT_TRUE(ValidateAction(command).ok()) << v1::ReferralAction_Name(action);
    v1::ReferralActionCommand bare;
    bare.set_action(action);
    const bool needs = !command.reason_code().empty() || !command.stage().empty() ||
                       command.fields_to_correct_size() > 0;
    EXPECT_EQ(ValidateAction(bare).ok(), !needs) << v1::ReferralAction_Name(action);
  }
}

TEST(ValidateAction, NeverRepeatsAValue) {
  const absl::Status status =
      ValidateAction(With(v1::REFERRAL_ACTION_RETURN, "Maria", "Lopez", {"Tapachula 7"}));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const type::v1::Problem problem = type::ProblemOf(status);
  EXPECT_EQ(problem.reason(), "INVALID_REFERRAL_ACTION");
  ASSERT_EQ(problem.violations_size(), 3);
  for (const std::string value : {"Maria", "Lopez", "Tapachula"}) {
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr(value)));
    EXPECT_THAT(problem.SerializeAsString(), Not(HasSubstr(value)));
  }
}

}  // namespace
}  // namespace pathways::referral
