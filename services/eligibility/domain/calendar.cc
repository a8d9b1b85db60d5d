#include "services/eligibility/domain/calendar.h"

#include <algorithm>
#include <cstddef>

namespace pathways::eligibility {
namespace {

constexpr absl::CivilDay kEpoch(1970, 1, 1);

// From Monday on. 1970-01-01 was a Thursday.
size_t WeekdayOf(Day day) {
  constexpr Day kOfEpoch = 3;
  return static_cast<size_t>(((day + kOfEpoch) % 7 + 7) % 7);
}

}  // namespace

Day NumberOf(absl::CivilDay day) { return static_cast<Day>(day - kEpoch); }

absl::CivilDay CivilOf(Day day) { return kEpoch + day; }

Day DayOf(const type::v1::PartialDate& date, Day otherwise) {
  if (date.year() == 0) return otherwise;
  return NumberOf(absl::CivilDay(date.year(), date.month(), date.day()));
}

Span SpanOf(const v1::Period& period) {
  return {DayOf(period.from(), kFirstDay), DayOf(period.until(), kLastDay)};
}

void Earlier(Day candidate, Day after, std::optional<Day>& day) {
  if (candidate <= after || candidate == kLastDay) return;
  if (!day || candidate < *day) day = candidate;
}

BusinessCalendar::BusinessCalendar(const v1::Calendar& calendar, Day known)
    : all_days_(false), covers_(SpanOf(calendar.covers())) {
  for (const int weekday : calendar.business_weekdays()) {
    weekdays_.at(static_cast<size_t>(weekday - 1)) = true;
  }
  for (const type::v1::PartialDate& date : calendar.holidays()) {
    holidays_.push_back(DayOf(date, kFirstDay));
  }
  for (const v1::Suspension& suspension : calendar.suspensions()) {
    if (SpanOf(suspension.known()).Has(known)) {
      suspensions_.push_back(SpanOf(suspension.in_force()));
    }
  }
}

bool BusinessCalendar::Counts(Day day) const {
  if (all_days_) return true;
  return weekdays_[WeekdayOf(day)] &&
         !std::binary_search(holidays_.begin(), holidays_.end(), day) &&
         std::none_of(suspensions_.begin(), suspensions_.end(),
                      [day](const Span& span) { return span.Has(day); });
}

std::optional<Day> BusinessCalendar::LastOf(Day from, int days) const {
  if (all_days_) return from + days;
  if (from < covers_.from) return std::nullopt;
  Day day = from;
  while (days > 0) {
    ++day;
    if (day >= covers_.until) return std::nullopt;
    if (Counts(day)) --days;
  }
  return day;
}

std::optional<Day> BusinessCalendar::FirstWithin(Day day, int days) const {
  if (all_days_) return day - days;
  while (days > 0) {
    --day;
    if (day < covers_.from) return std::nullopt;
    if (Counts(day)) --days;
  }
  return day;
}

}  // namespace pathways::eligibility
