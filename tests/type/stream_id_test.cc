#include "services/type/stream_id.h"

#include <gtest/gtest.h>

#include <string>

namespace pathways::type {
namespace {

constexpr char kUuid[] = "11111111-2222-4333-8444-555555555555";

TEST(StreamIdTest, IsToldByItsBeginning) {
  EXPECT_EQ(ParseStreamId(kUuid), (StreamId{StreamKind::kCase, kUuid}));
  EXPECT_EQ(ParseStreamId("agency/unhcr-mx"), (StreamId{StreamKind::kAgency, "unhcr-mx"}));
  EXPECT_EQ(ParseStreamId(std::string("link/") + kUuid), (StreamId{StreamKind::kLink, kUuid}));
  EXPECT_EQ(ParseStreamId("service/policy-ledger"),
            (StreamId{StreamKind::kService, "policy-ledger"}));
}

TEST(StreamIdTest, IsWrittenAsItIsRead) {
  for (const std::string& text : {std::string(kUuid), std::string("agency/comar"),
                                  std::string("link/") + kUuid, std::string("service/a.b_c-1")}) {
    ASSERT_TRUE(ParseStreamId(text)) << text;
    EXPECT_EQ(ParseStreamId(text)->Text(), text);
  }
}

TEST(StreamIdTest, RefusesWhatIsNone) {
  const std::string longest(56, 'a');
  EXPECT_TRUE(ParseStreamId("agency/" + longest));
  for (const std::string& text :
       {std::string(), std::string("case-1"), std::string("agency/"), std::string("link/1"),
        std::string("service/"), std::string("service/Ledger"), std::string("service/a/b"),
        std::string("service/a b"), "agency/" + longest + "a", std::string("agency/") + '\0',
        std::string("other/") + kUuid, std::string(kUuid) + "/"}) {
    EXPECT_FALSE(ParseStreamId(text)) << text;
  }
}

TEST(StreamIdTest, OnlyCasesAreFollowed) {
  EXPECT_TRUE(IsCaseStream(kUuid));
  EXPECT_FALSE(IsCaseStream("agency/comar"));
  EXPECT_FALSE(IsCaseStream(std::string("link/") + kUuid));
  EXPECT_FALSE(IsCaseStream("service/policy-ledger"));
}

}  // namespace
}  // namespace pathways::type
