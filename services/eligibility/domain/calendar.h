// Days as numbers, and the business calendars by which periods are counted.
//
// A day is counted from 1970-01-01, so that comparing and adding cost nothing. A business calendar
// is one of a pack as it was known on a day: a suspension learned later does not count. It answers
// only for the days it covers. Everything is pure.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_CALENDAR_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_CALENDAR_H_

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "absl/time/civil_time.h"
#include "pathways/eligibility/v1/policy.pb.h"
#include "pathways/type/v1/date.pb.h"

namespace pathways::eligibility {

// Days since 1970-01-01.
using Day = int32_t;

// Before and after every day that a date can name.
inline constexpr Day kFirstDay = std::numeric_limits<Day>::min() / 2;
inline constexpr Day kLastDay = std::numeric_limits<Day>::max() / 2;

Day NumberOf(absl::CivilDay day);
absl::CivilDay CivilOf(Day day);

// The day of a date with year, month and day. `otherwise` for an empty one.
Day DayOf(const type::v1::PartialDate& date, Day otherwise);

// Days from `from` to before `until`.
struct Span {
  Day from = kFirstDay;
  Day until = kLastDay;
  bool Has(Day day) const { return from <= day && day < until; }
};

// An empty period is every day.
Span SpanOf(const v1::Period& period);

// Makes `day` the candidate where that is later than `after` and earlier than `day`.
void Earlier(Day candidate, Day after, std::optional<Day>& day);

// Counts the days of one calendar. Copyable.
class BusinessCalendar {
 public:
  // Every day counts, and all are covered.
  BusinessCalendar() = default;
  // The calendar as it was known on `known`.
  BusinessCalendar(const v1::Calendar& calendar, Day known);

  const Span& covers() const { return covers_; }
  bool Counts(Day day) const;
  // The last of `days` counted days after `from`. Nothing where it is not covered.
  std::optional<Day> LastOf(Day from, int days) const;
  // The first day after which not more than `days` counted days have begun on `day`: of the days
  // before `day`, the last `days` counted ones begin with it. Nothing where so many are not
  // covered.
  std::optional<Day> FirstWithin(Day day, int days) const;

 private:
  bool all_days_ = true;
  std::array<bool, 7> weekdays_{};  // From Monday on.
  std::vector<Day> holidays_;       // Ascending.
  std::vector<Span> suspensions_;
  Span covers_;
};

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_CALENDAR_H_
