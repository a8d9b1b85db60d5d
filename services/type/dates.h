// Civil dates with unknown parts, the age bands that follow from them, and times in messages.
//
// A pathways.type.v1.PartialDate stands for a range of days: a whole year, a month or one day.
// Everything here is pure; "today" is always a parameter. Ages are completed years by the civil
// calendar; a person born on 29 February completes a year on 1 March of a common year.
#ifndef PATHWAYS_SERVICES_TYPE_DATES_H_
#define PATHWAYS_SERVICES_TYPE_DATES_H_

#include <google/protobuf/timestamp.pb.h>

#include <optional>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "pathways/type/v1/date.pb.h"
#include "pathways/type/v1/person.pb.h"

namespace pathways::type {

// First and last day that a partial date may mean.
struct DayRange {
  absl::CivilDay first;
  absl::CivilDay last;
};

// True when the date is empty or names days that exist: year 1 to 9999, no day without month.
bool IsValid(const v1::PartialDate& date);

// True when nothing is known.
bool IsEmpty(const v1::PartialDate& date);

// The days a valid date may mean; nothing when it is empty.
std::optional<DayRange> RangeOf(const v1::PartialDate& date);

v1::PartialDate FromDay(absl::CivilDay day);

// The year and month, without a day.
v1::PartialDate FromMonth(absl::CivilMonth month);

// How well a valid date is known.
v1::DatePrecision PrecisionOf(const v1::PartialDate& date);

// Band of an age in completed years, 0 or more.
v1::AgeBand BandOfAge(int years);

// Completed years on `today` of somebody born on `birth`; 0 before birth.
int AgeOn(absl::CivilDay birth, absl::CivilDay today);

// Band on `today`: UNKNOWN when the days the birth date may mean give more than one band, or
// nothing is known.
v1::AgeBand BandOn(const v1::PartialDate& birth, absl::CivilDay today);

// First day after `today` on which BandOn changes. Nothing when it never does.
std::optional<absl::CivilDay> NextBandChange(const v1::PartialDate& birth, absl::CivilDay today);

// The point in time as messages hold it. Nanoseconds count forward from the second, also before
// 1970.
google::protobuf::Timestamp TimestampOf(absl::Time time);

}  // namespace pathways::type

#endif  // PATHWAYS_SERVICES_TYPE_DATES_H_
