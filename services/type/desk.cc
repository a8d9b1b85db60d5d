#include "services/type/desk.h"

#include <algorithm>
#include <array>

#include "services/type/people.h"

namespace pathways::type {
namespace {

enum class Summer {
  kNone,
  // One hour ahead from the second Sunday of March, 2:00, to the first Sunday of November, 2:00 of
  // summer time: the days of the United States.
  kUnitedStates,
};

struct Zone {
  absl::string_view place;
  int hours_behind_utc;
  Summer summer;
};

// The law of time zones of Mexico of 28 October 2022 (Ley de los Husos Horarios en los Estados
// Unidos Mexicanos), by whole states and in order of their codes. All that are not listed are six
// hours behind, without summer time.
constexpr Zone kOther{"", 6, Summer::kNone};
constexpr std::array<Zone, 6> kZones = {{{"MX-BCN", 8, Summer::kUnitedStates},
                                         {"MX-BCS", 7, Summer::kNone},
                                         {"MX-NAY", 7, Summer::kNone},
                                         {"MX-ROO", 5, Summer::kNone},
                                         {"MX-SIN", 7, Summer::kNone},
                                         {"MX-SON", 7, Summer::kNone}}};

const Zone& ZoneOf(absl::string_view place) {
  const auto* const found = std::find_if(kZones.begin(), kZones.end(),
                                         [&](const Zone& zone) { return zone.place == place; });
  return found == kZones.end() ? kOther : *found;
}

// The `count`th Sunday of a month.
absl::CivilDay Sunday(absl::civil_year_t year, int month, int count) {
  return absl::NextWeekday(absl::CivilDay(year, month, 1) - 1, absl::Weekday::sunday) +
         7 * (count - 1);
}

// The day at which the clocks are one hour ahead when it begins. They change at 2:00, so the first
// day of summer time begins without it and the last one with it.
bool BeginsInSummer(Summer summer, absl::CivilDay day) {
  return summer == Summer::kUnitedStates && day > Sunday(day.year(), 3, 2) &&
         day <= Sunday(day.year(), 11, 1);
}

absl::Time MidnightIn(const Zone& zone, absl::CivilDay day) {
  const int ahead = BeginsInSummer(zone.summer, day) ? 1 : 0;
  return absl::FromCivil(day, absl::UTCTimeZone()) + absl::Hours(zone.hours_behind_utc - ahead);
}

}  // namespace

std::string PlaceOf(const v1::CaseFacts& facts) {
  const v1::PersonFacts* const principal = PrincipalOf(facts);
  return principal == nullptr || principal->state().empty() ? kDefaultPlace : principal->state();
}

absl::CivilDay DeskDay(absl::string_view place, absl::Time time) {
  const Zone& zone = ZoneOf(place);
  const absl::CivilDay day =
      absl::ToCivilDay(time - absl::Hours(zone.hours_behind_utc), absl::UTCTimeZone());
  // In summer the last hour of a day belongs to the next one.
  return time < MidnightIn(zone, day + 1) ? day : day + 1;
}

absl::Time DeskMidnight(absl::string_view place, absl::CivilDay day) {
  return MidnightIn(ZoneOf(place), day);
}

}  // namespace pathways::type
