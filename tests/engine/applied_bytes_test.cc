#include "services/engine/store/applied_bytes.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace pathways::engine {
namespace {

using Numbers = std::map<std::string, Applied>;

Numbers Several() {
  return {{"eligibility", {2, "11112222"}},
          {"intake", {0x0102030405060708, std::string("\0\xff", 2)}},
          {"policy", {7, ""}}};
}

TEST(AppliedBytesTest, HaveTheFormThatTheViewReads) {
  EXPECT_EQ(AppliedBytes({{"up", {258, "abcd"}}}),
            std::string("\x02up\0\0\0\0\0\0\x01\x02\0\0\0\x04", 15) + "abcd");
  EXPECT_EQ(AppliedBytes({}), "");
}

TEST(AppliedBytesTest, AreReadAsTheyWereWritten) {
  Numbers read;
  ASSERT_TRUE(ParseApplied(AppliedBytes(Several()), read));
  EXPECT_EQ(read, Several());
}

TEST(AppliedBytesTest, WhatIsCutShortIsNotOfThatForm) {
  const std::string whole = AppliedBytes({{"up", {258, "abcd"}}});
  for (size_t size = 1; size < whole.size(); ++size) {
    Numbers read;
    EXPECT_FALSE(ParseApplied(whole.substr(0, size), read)) << size;
    EXPECT_TRUE(read.empty());
  }
}

}  // namespace
}  // namespace pathways::engine
