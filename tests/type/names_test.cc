// Goal: only well-formed names are parsed, so that an id can go into a key unescaped. Method:
// tables.
#include "services/type/names.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

namespace pathways::type {
namespace {

constexpr char kCase[] = "0b54a4c2-8c1f-4a6e-9d0a-1f2e3d4c5b6a";

TEST(ParseCaseName, TakesCasesAndAUuidOnly) {
  const std::string id(kCase);
  const std::tuple<std::string, bool> rows[] = {
      {"cases/" + id, true},
      {"cases/0B54A4C2-8C1F-4A6E-9D0A-1F2E3D4C5B6A", true},
      {"cases/", false},
      {id, false},
      {"cases/" + id + "/", false},
      {"cases/" + id + "0", false},
      {"cases/" + id + "\n", false},
      {"cases/-", false},
      {"", false},
      {"cases/0b54a4c2_8c1f_4a6e_9d0a_1f2e3d4c5b6a", false}};
  for (const auto& [name, valid] : rows) {
    const auto parsed = ParseCaseName(name);
    ASSERT_EQ(parsed.has_value(), valid) << name;
    if (valid) {
      EXPECT_EQ(*parsed, id);
    }
  }
}

TEST(ParseReferralName, RoundTripsAndRefusesTheRest) {
  const auto parsed = ParseReferralName(ReferralName(kCase, "r12"));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->case_id, kCase);
  EXPECT_EQ(parsed->referral_id, "r12");
  for (const std::string referral : {"", "r", "r0", "r01", "x1", "r1a", "r123456789", "r1/"}) {
    EXPECT_FALSE(ParseReferralName(ReferralName(kCase, referral)).has_value()) << referral;
  }
  EXPECT_FALSE(ParseReferralName("cases/-/referrals/r1").has_value());
}

TEST(ParseSingletonName, WantsTheRightSingleton) {
  EXPECT_TRUE(ParseSingletonName(CaseName(kCase) + "/status", "status").has_value());
  EXPECT_FALSE(ParseSingletonName(CaseName(kCase) + "/screening", "status").has_value());
  EXPECT_FALSE(ParseSingletonName(CaseName(kCase), "status").has_value());
}

TEST(IsCode, IsUpperCaseAndBounded) {
  const std::tuple<std::string, bool> rows[] = {{"A", true},
                                                {"OUTSIDE_CAPACITY", true},
                                                {"A1", true},
                                                {"", false},
                                                {"1A", false},
                                                {"_A", false},
                                                {"a", false},
                                                {"A B", false},
                                                {std::string(64, 'A'), true},
                                                {std::string(65, 'A'), false}};
  for (const auto& [text, valid] : rows) EXPECT_EQ(IsCode(text), valid) << text;
}

}  // namespace
}  // namespace pathways::type
