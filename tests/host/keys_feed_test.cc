// Goal: a case has one pseudonym in a month and another in the next, the same in every process; the
// key of a past month is gone and never comes again. Method: key files in the test's own folder, a
// clock by hand, golden values made in Python.
#include "services/host/keys_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/temp_folder.h"

namespace pathways::host {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kHex[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

absl::Time Utc(int year, int month, int day, int hour = 0) {
  return absl::FromCivil(absl::CivilHour(year, month, day, hour), absl::UTCTimeZone());
}

class FeedKeysTest : public ::testing::Test {
 protected:
  void Write(const std::string& text, mode_t mode = 0600) const {
    std::ofstream(path_, std::ios::binary) << text;
    EXPECT_EQ(chmod(path_.c_str(), mode), 0);
  }
  std::string Text() const {
    std::ifstream file(path_, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  FeedKeyChange Rotate(absl::Time now) const {
    auto change = RotateFeedKeys(path_, now);
    EXPECT_TRUE(change.ok()) << change.status();
    return *std::move(change);
  }
  FeedKeys Load(absl::Time now) const {
    auto keys = FeedKeys::Load(path_, now);
    EXPECT_TRUE(keys.ok()) << keys.status();
    return *std::move(keys);
  }

  const testing_support::TempFolder folder_;
  const std::string path_ = folder_.path() + "/feed-keys";
};

TEST_F(FeedKeysTest, PseudonymAndIdAreTheKnownOnes) {
  Write(absl::StrCat("pathways-feed-key-v1 2026-11 ", kHex, "\n"));
  const FeedKeys keys = Load(Utc(2026, 11, 24));
  EXPECT_EQ(keys.PseudonymOf("case-1", Utc(2026, 11, 1)), "1ff4e5229134417068f79202e83803c4");
  EXPECT_EQ(keys.RecordIdOf("ce-1", 2, Utc(2026, 11, 30, 23)),
            "97325641-e40c-853d-a907-3a139936d78a");
}

TEST_F(FeedKeysTest, APseudonymHoldsForAMonthOfTheEventInUtc) {
  Rotate(Utc(2026, 11, 24));
  const FeedKeys keys = Load(Utc(2026, 11, 24));
  const FeedKeys another = Load(Utc(2026, 11, 30));  // Another process, later.
  const auto november = keys.PseudonymOf("case-1", Utc(2026, 11, 1));
  ASSERT_TRUE(november.has_value());
  EXPECT_EQ(another.PseudonymOf("case-1", Utc(2026, 12, 1) - absl::Nanoseconds(1)), november);
  const auto december = another.PseudonymOf("case-1", Utc(2026, 12, 1));
  ASSERT_TRUE(december.has_value());
  EXPECT_NE(december, november);
  EXPECT_NE(keys.PseudonymOf("case-2", Utc(2026, 11, 1)), november);
  EXPECT_EQ(keys.PseudonymOf("case-1", Utc(2026, 10, 31, 23)), std::nullopt);
  EXPECT_EQ(keys.PseudonymOf("case-1", Utc(2027, 1, 1)), std::nullopt);
  EXPECT_EQ(keys.PseudonymOf("case-1", absl::InfinitePast()), std::nullopt);
}

TEST_F(FeedKeysTest, IdsDifferByEventRecordAndMonth) {
  Rotate(Utc(2026, 11, 24));
  const FeedKeys keys = Load(Utc(2026, 11, 24));
  std::set<std::string> ids;
  for (const char* ce_id : {"ce-1", "ce-2"}) {
    for (const size_t index : {0, 1}) {
      for (const absl::Time time : {Utc(2026, 11, 1), Utc(2026, 12, 1)}) {
        ids.insert(keys.RecordIdOf(ce_id, index, time).value_or(""));
      }
    }
  }
  EXPECT_EQ(ids.size(), 8u);
  EXPECT_THAT(ids, Not(testing::Contains("")));
}

// The road of a site that rotates once a week, from the last week of a month on.
TEST_F(FeedKeysTest, KeysAreMadeAheadKeptForLateEventsAndDestroyed) {
  const std::tuple<absl::Time, std::vector<std::string>, std::vector<std::string>> rows[] = {
      {Utc(2026, 11, 24), {"2026-11", "2026-12"}, {}},
      {Utc(2026, 11, 24), {}, {}},
      {Utc(2026, 12, 1), {"2027-01"}, {}},
      {Utc(2026, 12, 8) - absl::Seconds(1), {}, {}},
      {Utc(2026, 12, 8), {}, {"2026-11"}},
      {Utc(2027, 2, 20), {"2027-02", "2027-03"}, {"2026-12", "2027-01"}}};
  for (const auto& [now, made, destroyed] : rows) {
    const FeedKeyChange change = Rotate(now);
    EXPECT_EQ(change.made, made) << now;
    EXPECT_EQ(change.destroyed, destroyed) << now;
  }
}

TEST_F(FeedKeysTest, AKeyIsNeverReplacedAndAPastOneNeverMadeAgain) {
  Rotate(Utc(2026, 11, 24));
  const auto before = Load(Utc(2026, 11, 24)).PseudonymOf("case-1", Utc(2026, 12, 1));
  Rotate(Utc(2026, 12, 20));
  const FeedKeys keys = Load(Utc(2026, 12, 20));
  EXPECT_EQ(keys.PseudonymOf("case-1", Utc(2026, 12, 1)), before);
  EXPECT_EQ(keys.PseudonymOf("case-1", Utc(2026, 11, 24)), std::nullopt);
  EXPECT_THAT(Text(), Not(HasSubstr("2026-11")));
}

TEST_F(FeedKeysTest, AKeyPastItsGraceIsNotUsedThoughTheFileHasIt) {
  Write(absl::StrCat("pathways-feed-key-v1 2026-11 ", kHex, "\n"));
  const absl::Time end = Utc(2026, 12, 8);
  EXPECT_TRUE(Load(end - absl::Seconds(1)).PseudonymOf("case-1", Utc(2026, 11, 1)).has_value());
  EXPECT_FALSE(Load(end).PseudonymOf("case-1", Utc(2026, 11, 1)).has_value());
}

TEST_F(FeedKeysTest, TwoSitesHaveNoKeyInCommon) {
  Rotate(Utc(2026, 11, 24));
  const auto first = Load(Utc(2026, 11, 24)).PseudonymOf("case-1", Utc(2026, 11, 1));
  std::filesystem::remove(path_);
  Rotate(Utc(2026, 11, 24));
  EXPECT_NE(Load(Utc(2026, 11, 24)).PseudonymOf("case-1", Utc(2026, 11, 1)), first);
}

TEST_F(FeedKeysTest, WhatIsNoKeyFileIsRefusedAndKept) {
  const std::string good = absl::StrCat("pathways-feed-key-v1 2026-11 ", kHex, "\n");
  const std::pair<std::string, std::string> rows[] = {
      {good + good, "line 2: the month is there twice"},
      {absl::StrCat("pathways-feed-key-v1 2026-13 ", kHex), "line 1: 'pathways-feed-key-v1 <year>"},
      {"pathways-feed-key-v1 2026-11 00ff", "line 1: a key is 64 hex digits"},
      {absl::StrCat("pathways-master-key-v1 ", kHex), "line 1: 'pathways-feed-key-v1 <year>"}};
  for (const auto& [text, expected] : rows) {
    Write(text);
    const auto loaded = FeedKeys::Load(path_, Utc(2026, 11, 24));
    EXPECT_EQ(loaded.status().code(), absl::StatusCode::kInvalidArgument) << expected;
    EXPECT_THAT(std::string(loaded.status().message()), HasSubstr(expected));
    EXPECT_THAT(std::string(loaded.status().message()), Not(HasSubstr("00")));
    EXPECT_EQ(RotateFeedKeys(path_, Utc(2026, 11, 24)).status().code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(Text(), text);
  }
}

TEST_F(FeedKeysTest, TheFileIsPrivate) {
  Rotate(Utc(2026, 11, 24));
  EXPECT_EQ(std::filesystem::status(path_).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  ASSERT_EQ(chmod(path_.c_str(), 0640), 0);
  EXPECT_EQ(FeedKeys::Load(path_, Utc(2026, 11, 24)).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(FeedKeys::Load(path_ + "2", Utc(2026, 11, 24)).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace pathways::host
