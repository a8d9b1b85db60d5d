#include "services/type/dates.h"

#include <algorithm>
#include <array>

namespace pathways::type {
namespace {

// Ages in completed years at which a new band begins.
constexpr std::array<int, 5> kBandStarts = {5, 12, 18, 21, 60};

// The day on which somebody born on `birth` completes `years`. CivilDay turns 29 February of a
// common year into 1 March.
absl::CivilDay Birthday(absl::CivilDay birth, int years) {
  return absl::CivilDay(birth.year() + years, birth.month(), birth.day());
}

}  // namespace

bool IsEmpty(const v1::PartialDate& date) {
  return date.year() == 0 && date.month() == 0 && date.day() == 0;
}

bool IsValid(const v1::PartialDate& date) {
  if (IsEmpty(date)) return true;
  if (date.year() < 1 || date.year() > 9999) return false;
  if (date.month() < 0 || date.month() > 12) return false;
  if (date.month() == 0) return date.day() == 0;
  if (date.day() == 0) return true;
  const absl::CivilDay day(date.year(), date.month(), date.day());
  return date.day() > 0 && date.day() <= 31 && day.month() == date.month();
}

std::optional<DayRange> RangeOf(const v1::PartialDate& date) {
  if (IsEmpty(date)) return std::nullopt;
  if (date.month() == 0) {
    return DayRange{absl::CivilDay(date.year(), 1, 1), absl::CivilDay(date.year(), 12, 31)};
  }
  if (date.day() == 0) {
    const absl::CivilMonth month(date.year(), date.month());
    return DayRange{absl::CivilDay(month), absl::CivilDay(month + 1) - 1};
  }
  const absl::CivilDay day(date.year(), date.month(), date.day());
  return DayRange{day, day};
}

v1::PartialDate FromDay(absl::CivilDay day) {
  v1::PartialDate date = FromMonth(absl::CivilMonth(day));
  date.set_day(day.day());
  return date;
}

v1::PartialDate FromMonth(absl::CivilMonth month) {
  v1::PartialDate date;
  date.set_year(static_cast<int32_t>(month.year()));
  date.set_month(month.month());
  return date;
}

v1::DatePrecision PrecisionOf(const v1::PartialDate& date) {
  if (IsEmpty(date)) return v1::DATE_PRECISION_NONE;
  if (date.month() == 0) return v1::DATE_PRECISION_YEAR;
  if (date.day() == 0) return v1::DATE_PRECISION_MONTH;
  return v1::DATE_PRECISION_DAY;
}

v1::AgeBand BandOfAge(int years) {
  if (years < 5) return v1::AGE_BAND_0_4;
  if (years < 12) return v1::AGE_BAND_5_11;
  if (years < 18) return v1::AGE_BAND_12_17;
  if (years < 21) return v1::AGE_BAND_18_20;
  if (years < 60) return v1::AGE_BAND_21_59;
  return v1::AGE_BAND_60_PLUS;
}

int AgeOn(absl::CivilDay birth, absl::CivilDay today) {
  if (today < birth) return 0;
  const int years = static_cast<int>(today.year() - birth.year());
  return Birthday(birth, years) <= today ? years : years - 1;
}

v1::AgeBand BandOn(const v1::PartialDate& birth, absl::CivilDay today) {
  const std::optional<DayRange> range = RangeOf(birth);
  if (!range) return v1::AGE_BAND_UNKNOWN;
  const v1::AgeBand oldest = BandOfAge(AgeOn(range->first, today));
  const v1::AgeBand youngest = BandOfAge(AgeOn(range->last, today));
  return oldest == youngest ? oldest : v1::AGE_BAND_UNKNOWN;
}

std::optional<absl::CivilDay> NextBandChange(const v1::PartialDate& birth, absl::CivilDay today) {
  const std::optional<DayRange> range = RangeOf(birth);
  if (!range) return std::nullopt;
  std::optional<absl::CivilDay> next;
  // The band can change only on a birthday that starts one, counted from either end of the range.
  for (const absl::CivilDay end : {range->first, range->last}) {
    for (const int years : kBandStarts) {
      const absl::CivilDay day = Birthday(end, years);
      if (day > today && (!next || day < *next)) next = day;
    }
  }
  return next;
}

google::protobuf::Timestamp TimestampOf(absl::Time time) {
  const timespec parts = absl::ToTimespec(time);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(parts.tv_sec);
  timestamp.set_nanos(static_cast<int32_t>(parts.tv_nsec));
  return timestamp;
}

}  // namespace pathways::type
