// Goal: ages and bands are right at every boundary, also for dates whose parts are unknown. Method:
// tables.
#include "services/type/dates.h"

#include <gtest/gtest.h>

#include <tuple>

namespace pathways::type {
namespace {

v1::PartialDate Date(int year, int month = 0, int day = 0) {
  v1::PartialDate date;
  date.set_year(year);
  date.set_month(month);
  date.set_day(day);
  return date;
}

TEST(IsValid, AcceptsOnlyDatesThatExist) {
  const std::tuple<v1::PartialDate, bool> rows[] = {{Date(0), true},
                                                    {Date(1990), true},
                                                    {Date(1990, 4), true},
                                                    {Date(1990, 4, 17), true},
                                                    {Date(1990, 2, 29), false},
                                                    {Date(2000, 2, 29), true},
                                                    {Date(1900, 2, 29), false},
                                                    {Date(1990, 13), false},
                                                    {Date(1990, 0, 3), false},
                                                    {Date(1990, 4, 31), false},
                                                    {Date(10000), false},
                                                    {Date(-1), false},
                                                    {Date(1990, 4, -1), false},
                                                    {Date(1990, -4), false},
                                                    {Date(0, 4, 1), false},
                                                    {Date(1990, 4, 32), false},
                                                    {Date(9999, 12, 31), true}};
  for (const auto& [date, valid] : rows) {
    EXPECT_EQ(IsValid(date), valid) << date.ShortDebugString();
  }
}

TEST(BandOn, ChangesOnTheBirthday) {
  const absl::CivilDay today(2023, 7, 28);
  const std::tuple<v1::PartialDate, v1::AgeBand> rows[] = {
      {Date(2018, 7, 29), v1::AGE_BAND_0_4},   {Date(2018, 7, 28), v1::AGE_BAND_5_11},
      {Date(2011, 7, 29), v1::AGE_BAND_5_11},  {Date(2011, 7, 28), v1::AGE_BAND_12_17},
      {Date(2005, 7, 29), v1::AGE_BAND_12_17}, {Date(2005, 7, 28), v1::AGE_BAND_18_20},
      {Date(2002, 7, 29), v1::AGE_BAND_18_20}, {Date(2002, 7, 28), v1::AGE_BAND_21_59},
      {Date(1963, 7, 29), v1::AGE_BAND_21_59}, {Date(1963, 7, 28), v1::AGE_BAND_60_PLUS},
      {Date(2005), v1::AGE_BAND_UNKNOWN},      {Date(2005, 8), v1::AGE_BAND_12_17},
      {Date(2005, 7), v1::AGE_BAND_UNKNOWN},   {Date(1990), v1::AGE_BAND_21_59},
      {Date(0), v1::AGE_BAND_UNKNOWN}};
  for (const auto& [birth, band] : rows) {
    EXPECT_EQ(BandOn(birth, today), band) << birth.ShortDebugString();
  }
}

TEST(BandOn, LeapDayCompletesAYearOnTheFirstOfMarch) {
  EXPECT_EQ(BandOn(Date(2004, 2, 29), absl::CivilDay(2022, 2, 28)), v1::AGE_BAND_12_17);
  EXPECT_EQ(BandOn(Date(2004, 2, 29), absl::CivilDay(2022, 3, 1)), v1::AGE_BAND_18_20);
}

TEST(NextBandChange, IsTheFirstDayWithAnotherBand) {
  const v1::PartialDate births[] = {Date(2018, 7, 28), Date(2005, 7, 29), Date(2004, 2, 29),
                                    Date(2005),        Date(2005, 8),     Date(1963, 7, 29)};
  for (const v1::PartialDate& birth : births) {
    const absl::CivilDay today(2023, 7, 28);
    const auto next = NextBandChange(birth, today);
    ASSERT_TRUE(next.has_value());
    for (absl::CivilDay day = today; day < *next; ++day) {
      ASSERT_EQ(BandOn(birth, day), BandOn(birth, today)) << birth.ShortDebugString() << " " << day;
    }
    EXPECT_NE(BandOn(birth, *next), BandOn(birth, today)) << birth.ShortDebugString();
  }
  EXPECT_FALSE(NextBandChange(Date(0), absl::CivilDay(2023, 7, 28)).has_value());
  EXPECT_FALSE(NextBandChange(Date(1950), absl::CivilDay(2023, 7, 28)).has_value());
}

TEST(TimestampOf, CountsNanosecondsForwardFromTheSecond) {
  const struct {
    absl::Time time;
    int64_t seconds;
    int32_t nanos;
  } rows[] = {
      {absl::UnixEpoch(), 0, 0},
      {absl::FromUnixSeconds(1697500000) + absl::Nanoseconds(999'999'999), 1697500000, 999'999'999},
      {absl::UnixEpoch() - absl::Nanoseconds(1), -1, 999'999'999},
      {absl::FromUnixSeconds(-1), -1, 0},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(TimestampOf(row.time).seconds(), row.seconds) << row.time;
    EXPECT_EQ(TimestampOf(row.time).nanos(), row.nanos) << row.time;
  }
}

}  // namespace
}  // namespace pathways::type
