// Goal: every place has its own day, also where the clocks change. Method: tables of instants; the
// expected offsets are written out here once more, so that a row of the table that is wrong shows.
#include "services/type/desk.h"

#include <gtest/gtest.h>

namespace pathways::type {
namespace {

absl::Time Utc(int year, int month, int day, int hour) {
  return absl::FromCivil(absl::CivilHour(year, month, day, hour), absl::UTCTimeZone());
}

TEST(DeskDay, BeginsAtTheMidnightOfThePlace) {
  const struct {
    const char* place;
    int hour_in_winter;  // UTC, of local midnight.
    int hour_in_summer;
  } rows[] = {
      {"MX-AGU", 6, 6}, {"MX-BCN", 8, 7}, {"MX-BCS", 7, 7}, {"MX-CAM", 6, 6}, {"MX-CHH", 6, 6},
      {"MX-CHP", 6, 6}, {"MX-CMX", 6, 6}, {"MX-COA", 6, 6}, {"MX-COL", 6, 6}, {"MX-DUR", 6, 6},
      {"MX-GRO", 6, 6}, {"MX-GUA", 6, 6}, {"MX-HID", 6, 6}, {"MX-JAL", 6, 6}, {"MX-MEX", 6, 6},
      {"MX-MIC", 6, 6}, {"MX-MOR", 6, 6}, {"MX-NAY", 7, 7}, {"MX-NLE", 6, 6}, {"MX-OAX", 6, 6},
      {"MX-PUE", 6, 6}, {"MX-QUE", 6, 6}, {"MX-ROO", 5, 5}, {"MX-SIN", 7, 7}, {"MX-SLP", 6, 6},
      {"MX-SON", 7, 7}, {"MX-TAB", 6, 6}, {"MX-TAM", 6, 6}, {"MX-TLA", 6, 6}, {"MX-VER", 6, 6},
      {"MX-YUC", 6, 6}, {"MX-ZAC", 6, 6}, {"", 6, 6},       {"GT-GU", 6, 6},  {"mx-roo", 6, 6}};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.place);
    const absl::Time winter = Utc(2027, 1, 15, row.hour_in_winter);
    const absl::Time summer = Utc(2027, 7, 15, row.hour_in_summer);
    EXPECT_EQ(DeskMidnight(row.place, absl::CivilDay(2027, 1, 15)), winter);
    EXPECT_EQ(DeskMidnight(row.place, absl::CivilDay(2027, 7, 15)), summer);
    EXPECT_EQ(DeskDay(row.place, winter), absl::CivilDay(2027, 1, 15));
    EXPECT_EQ(DeskDay(row.place, winter - absl::Microseconds(1)), absl::CivilDay(2027, 1, 14));
    EXPECT_EQ(DeskDay(row.place, summer), absl::CivilDay(2027, 7, 15));
    EXPECT_EQ(DeskDay(row.place, summer - absl::Microseconds(1)), absl::CivilDay(2027, 7, 14));
  }
}

TEST(DeskDay, FollowsTheClocksOfBajaCalifornia) {
  const struct {
    absl::CivilDay day;
    int hour;  // UTC, of its midnight.
  } rows[] = {
      {absl::CivilDay(2027, 3, 13), 8}, {absl::CivilDay(2027, 3, 14), 8},
      {absl::CivilDay(2027, 3, 15), 7},  // 14 March is the Sunday.
      {absl::CivilDay(2027, 11, 6), 7}, {absl::CivilDay(2027, 11, 7), 7},
      {absl::CivilDay(2027, 11, 8), 8},  // 7 November is the Sunday.
      {absl::CivilDay(2026, 3, 8), 8},  {absl::CivilDay(2026, 3, 9), 7},
      {absl::CivilDay(2026, 11, 1), 7}, {absl::CivilDay(2026, 11, 2), 8},
  };
  for (const auto& row : rows) {
    const absl::Time midnight = DeskMidnight("MX-BCN", row.day);
    EXPECT_EQ(midnight, absl::FromCivil(row.day, absl::UTCTimeZone()) + absl::Hours(row.hour))
        << row.day;
    EXPECT_EQ(DeskDay("MX-BCN", midnight), row.day);
    EXPECT_EQ(DeskDay("MX-BCN", midnight - absl::Microseconds(1)), row.day - 1);
  }
}

TEST(PlaceOf, IsWhereThePrincipalApplicantIs) {
  v1::CaseFacts facts;
  EXPECT_EQ(PlaceOf(facts), kDefaultPlace);
  facts.add_people()->set_state("MX-ROO");
  v1::PersonFacts& principal = *facts.add_people();
  principal.set_relationship(v1::RELATIONSHIP_PRINCIPAL);
  EXPECT_EQ(PlaceOf(facts), kDefaultPlace) << "it is not known";
  principal.set_state("MX-SON");
  EXPECT_EQ(PlaceOf(facts), "MX-SON");
}

}  // namespace
}  // namespace pathways::type
