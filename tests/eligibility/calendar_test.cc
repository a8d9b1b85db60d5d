// Goal: periods are counted by the days that count. Method: the calendar of the tree and small
// ones, with both sides of each end; LastOf and FirstWithin must agree on every day.
#include "services/eligibility/domain/calendar.h"

#include <gtest/gtest.h>

#include "services/eligibility/domain/evaluate.h"
#include "services/type/dates.h"
#include "tests/eligibility/builders.h"

namespace pathways::eligibility {
namespace {

Day On(int year, int month, int day) { return NumberOf(absl::CivilDay(year, month, day)); }

v1::Calendar Weekdays() {
  v1::Calendar calendar;
  for (int weekday = 1; weekday <= 5; ++weekday) calendar.add_business_weekdays(weekday);
  *calendar.mutable_covers()->mutable_from() = type::FromDay(absl::CivilDay(2023, 1, 1));
  *calendar.mutable_covers()->mutable_until() = type::FromDay(absl::CivilDay(2027, 1, 1));
  return calendar;
}

TEST(Calendar, CountsFromTheNextDayThatCounts) {
  const BusinessCalendar calendar(Weekdays(), On(2026, 1, 1));
  // 20 November 2026 is a Friday.
  EXPECT_EQ(calendar.LastOf(On(2026, 11, 20), 1), On(2026, 11, 23));
  EXPECT_EQ(calendar.LastOf(On(2026, 11, 19), 1), On(2026, 11, 20));
  EXPECT_EQ(calendar.LastOf(On(2026, 11, 21), 1), On(2026, 11, 23));
  EXPECT_EQ(calendar.LastOf(On(2026, 10, 12), 30), On(2026, 11, 23));
}

TEST(Calendar, LeavesOutHolidaysAndSuspensionsThatWereKnown) {
  v1::Calendar calendar = Weekdays();
  *calendar.add_holidays() = type::FromDay(absl::CivilDay(2026, 11, 24));
  v1::Suspension& suspension = *calendar.add_suspensions();
  *suspension.mutable_in_force()->mutable_from() = type::FromDay(absl::CivilDay(2026, 11, 25));
  *suspension.mutable_in_force()->mutable_until() = type::FromDay(absl::CivilDay(2026, 11, 27));
  *suspension.mutable_known()->mutable_from() = type::FromDay(absl::CivilDay(2026, 11, 20));
  EXPECT_EQ(BusinessCalendar(calendar, On(2026, 11, 19)).LastOf(On(2026, 11, 23), 1),
            On(2026, 11, 25));
  EXPECT_EQ(BusinessCalendar(calendar, On(2026, 11, 20)).LastOf(On(2026, 11, 23), 1),
            On(2026, 11, 27));
}

TEST(Calendar, KnowsNothingOutsideWhatItCovers) {
  const BusinessCalendar calendar(Weekdays(), On(2026, 1, 1));
  EXPECT_EQ(calendar.LastOf(On(2022, 12, 31), 1), std::nullopt);
  EXPECT_NE(calendar.LastOf(On(2023, 1, 1), 1), std::nullopt);
  EXPECT_EQ(calendar.LastOf(On(2026, 12, 30), 1), On(2026, 12, 31));
  EXPECT_EQ(calendar.LastOf(On(2026, 12, 31), 1), std::nullopt);
  EXPECT_EQ(calendar.FirstWithin(On(2023, 1, 3), 1), On(2023, 1, 2));
  EXPECT_EQ(calendar.FirstWithin(On(2023, 1, 2), 1), std::nullopt);
}

TEST(Calendar, AnEntryIsWithinThePeriodThroughItsLastDay) {
  const BusinessCalendar working(Weekdays(), On(2026, 1, 1));
  const BusinessCalendar every_day;
  for (const BusinessCalendar* const calendar : {&working, &every_day}) {
    for (Day day = On(2026, 3, 1); day < On(2026, 5, 1); ++day) {
      const Day first = *calendar->FirstWithin(day, 30);
      EXPECT_GE(*calendar->LastOf(first, 30), day) << day;
      EXPECT_LT(*calendar->LastOf(first - 1, 30), day) << day;
    }
  }
}

// The truth of "within 30 working days" for an entry on a day.
Truth Within(const v1::Calendar& calendar, Day entry, Day day) {
  v1::PolicyPack pack = PackOf(R"pb(
    within { date: 'entry_date' days: 30 calendar: "working" })pb");
  *pack.add_calendars() = calendar;
  pack.mutable_calendars(0)->set_id("working");
  const Program program = *LayOut(pack);
  type::v1::PersonFacts person;
  *person.mutable_entry_date() = type::FromDay(CivilOf(entry));
  Bits bits;
  Evaluate(program, PlanDay(pack, program, day, day), RowOf(program, person, day), {}, bits);
  return TruthAt(program.pathways[0].criteria[0].place, bits);
}

TEST(Within, IsUnknownOutsideTheCalendarAndFalseWhereItEndedBefore) {
  const v1::Calendar calendar = Weekdays();
  EXPECT_EQ(Within(calendar, On(2026, 11, 20), On(2026, 11, 24)), Truth::kTrue);
  EXPECT_EQ(Within(calendar, On(2026, 12, 20), On(2027, 1, 1)), Truth::kUnknown);
  EXPECT_EQ(Within(calendar, On(2026, 9, 1), On(2027, 6, 1)), Truth::kFalse);
  EXPECT_EQ(Within(calendar, On(2022, 12, 30), On(2023, 1, 5)), Truth::kUnknown);
  EXPECT_EQ(Within(calendar, On(2022, 12, 30), On(2023, 6, 1)), Truth::kFalse);
}

}  // namespace
}  // namespace pathways::eligibility
