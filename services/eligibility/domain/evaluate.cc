#include "services/eligibility/domain/evaluate.h"

#include <algorithm>
#include <limits>

namespace pathways::eligibility {
namespace {

constexpr Day kNever = std::numeric_limits<Day>::max();
constexpr Day kAlways = std::numeric_limits<Day>::min();

constexpr DateBounds kTrueBounds = {kAlways, kNever, kAlways, kNever, 0};
constexpr DateBounds kFalseBounds = {kNever, kNever, kNever, kAlways, 0};

const BusinessCalendar& CalendarOf(const DayPlan& plan, const DateTest& test) {
  static const BusinessCalendar kEveryDay;
  return test.calendar < 0 ? kEveryDay : plan.calendars[static_cast<size_t>(test.calendar)];
}

// From a date on `first` on, the period still runs on the day; before, it is over. What the
// calendar does not cover is neither.
DateBounds WithinBounds(const BusinessCalendar& calendar, int days, Day day, int date) {
  const bool covered = day < calendar.covers().until;
  const std::optional<Day> first =
      calendar.FirstWithin(std::min(day, calendar.covers().until), days);
  return {covered ? first.value_or(calendar.covers().from) : kNever, kNever,
          first.value_or(kAlways), kNever, date};
}

DateBounds BoundsOf(const DayPlan& plan, const DateTest& test) {
  switch (test.kind) {
    case DateTest::kAsOf:
      return test.window.Has(plan.day) ? kTrueBounds : kFalseBounds;
    case DateTest::kWithin:
      return WithinBounds(CalendarOf(plan, test), test.days, plan.day, test.date);
    case DateTest::kInWindow:
      break;
  }
  return {test.window.from, test.window.until, test.window.from, test.window.until, test.date};
}

void CopyRow(const PersonRow& row, Bits& bits) {
  std::copy(row.yes.begin(), row.yes.end(), bits.yes.begin());
  std::copy(row.no.begin(), row.no.end(), bits.no.begin());
}

void CompareDates(const DayPlan& plan, const PersonRow& row, Bits& bits) {
  uint64_t yes = 0;
  uint64_t no = 0;
  uint64_t bit = 1;
  for (const DateBounds& bounds : plan.dates) {
    const auto [first, last] = row.dates[static_cast<size_t>(bounds.date)];
    if (first >= bounds.true_from && last < bounds.true_until) yes |= bit;
    if (last < bounds.false_before || first >= bounds.false_from) no |= bit;
    bit <<= 1;
  }
  bits.yes[kDateWord] = yes;
  bits.no[kDateWord] = no;
}

// All is false where one part is, and open where one is not true. No branch looks at what a person
// says: cases differ in any order, and a wrong guess of the processor costs more than all the
// masks.
Truth AllOf(const Look* begin, const Look* end, const Bits& bits) {
  uint64_t failed = 0;
  uint64_t missing = 0;
  for (const Look* look = begin; look != end; ++look) {
    const uint64_t yes = bits.yes[look->word];
    const uint64_t no = bits.no[look->word];
    failed |= (no & look->positive) | (yes & look->negative);
    missing |= (look->positive & ~yes) | (look->negative & ~no);
  }
  return TruthOfAll(failed, missing);
}

// Any is all with the bits swapped, and the result swapped back.
Truth AnyOf(const Look* begin, const Look* end, const Bits& bits) {
  uint64_t held = 0;
  uint64_t open = 0;
  for (const Look* look = begin; look != end; ++look) {
    const uint64_t yes = bits.yes[look->word];
    const uint64_t no = bits.no[look->word];
    held |= (yes & look->positive) | (no & look->negative);
    open |= (look->positive & ~no) | (look->negative & ~yes);
  }
  return Negated(TruthOfAll(held, open));
}

Truth TruthOf(const Node& node, const Look* looks, const Bits& bits) {
  const Look* const begin = looks + node.looks.begin;
  const Look* const end = looks + node.looks.end;
  switch (node.kind) {
    case Node::kAll:
      return AllOf(begin, end, bits);
    case Node::kAny:
      return AnyOf(begin, end, bits);
    case Node::kAskUnless:
      break;
  }
  return std::max(AllOf(begin, end, bits), Truth::kUnknown);
}

void ClearNodes(const Program& program, Bits& bits) {
  const size_t words = (program.nodes.size() + kWordBits - 1) / kWordBits;
  std::fill_n(bits.yes.begin() + kNodeWord, words, 0);
  std::fill_n(bits.no.begin() + kNodeWord, words, 0);
}

void ComputeNode(const Program& program, size_t node, Bits& bits) {
  const Truth truth = TruthOf(program.nodes[node], program.looks.data(), bits);
  const size_t word = kNodeWord + node / kWordBits;
  bits.yes[word] |= uint64_t{truth == Truth::kTrue} << node % kWordBits;
  bits.no[word] |= uint64_t{truth == Truth::kFalse} << node % kWordBits;
}

void FillWords(const DayPlan& plan, const PersonRow& row, const MemberBits& members, Bits& bits) {
  CopyRow(row, bits);
  CompareDates(plan, row, bits);
  bits.yes[kMemberWord] = members.yes;
  bits.no[kMemberWord] = members.no;
}

Fact FactAt(const Program& program, const Place& place) {
  switch (place.word) {
    case kQuestionWord:
    case kAnswerWord:
      return program.FactAt(static_cast<Word>(place.word), place.bit);
    case kDateWord: {
      const int date = program.dates[place.bit].date;
      if (date == 0) return kEntryDate;
      const auto found =
          std::find_if(program.answers.begin(), program.answers.end(),
                       [&](const AnswerPlan& answer) { return answer.date == date; });
      return kFieldFacts + static_cast<int>(found - program.answers.begin());
    }
    case kNationalityWord:
      return kNationalities;
    case kAgeBandWord:
      return kAgeBand;
    case kClaimWord:
      return kRefugeeClaim;
    case kStateWord:
      return kState;
    case kNeedWord:
      return kNeeds;
    case kRelationshipWord:
      return kRelationship;
    default:
      return kEntryDate;
  }
}

// A comparison with the day that is unknown misses nothing; one with a date that is known to the
// day is outside a calendar, which nobody can be asked for either.
FactSet MissingAtom(const Program& program, const Place& place) {
  if (place.word == kQuestionWord && place.bit == 0) return 0;
  return SetOf(FactAt(program, place));
}

}  // namespace

DayPlan PlanDay(const v1::PolicyPack& pack, const Program& program, Day day, Day known) {
  DayPlan plan;
  plan.day = day;
  for (const v1::Calendar& calendar : pack.calendars()) {
    plan.calendars.emplace_back(calendar, known);
  }
  for (const DateTest& test : program.dates) plan.dates.push_back(BoundsOf(plan, test));
  return plan;
}

void CountPerson(const Program& program, const DayPlan& plan, const PersonRow& person, int by,
                 MemberCounts& counts) {
  Bits bits;
  if (!program.members_by_row) Evaluate(program, plan, person, {}, bits);
  for (size_t i = 0; i < program.members.size(); ++i) {
    const Place& where = program.members[i].where;
    const Truth truth = program.members_by_row
                            ? TruthAt(where, person.yes[where.word], person.no[where.word])
                            : TruthAt(where, bits);
    counts.yes[i] += truth == Truth::kTrue ? by : 0;
    counts.unknown[i] += truth == Truth::kUnknown ? by : 0;
  }
}

MemberBits BitsOf(const Program& program, const MemberCounts& counts) {
  MemberBits members;
  for (size_t i = 0; i < program.members.size(); ++i) {
    const MemberTest& test = program.members[i];
    const uint64_t bit = uint64_t{1} << i;
    const int most = counts.yes[i] + counts.unknown[i];
    if (counts.yes[i] >= test.at_least && most <= test.at_most) members.yes |= bit;
    if (most < test.at_least || counts.yes[i] > test.at_most) members.no |= bit;
  }
  return members;
}

MemberBits CountMembers(const Program& program, const DayPlan& plan, const CaseRow& row) {
  if (program.members.empty()) return {};
  MemberCounts counts;
  for (const PersonRow& person : row.people) CountPerson(program, plan, person, 1, counts);
  return BitsOf(program, counts);
}

void Evaluate(const Program& program, const DayPlan& plan, const PersonRow& row,
              const MemberBits& members, Bits& bits) {
  FillWords(plan, row, members, bits);
  ClearNodes(program, bits);
  for (size_t node = 0; node < program.nodes.size(); ++node) ComputeNode(program, node, bits);
}

void EvaluateNodes(const Program& program, const DayPlan& plan, const PersonRow& row,
                   const MemberBits& members, const std::vector<uint16_t>& nodes, Bits& bits) {
  FillWords(plan, row, members, bits);
  ClearNodes(program, bits);
  for (const uint16_t node : nodes) ComputeNode(program, node, bits);
}

FactSet MissingAt(const Program& program, const Place& place, const Bits& bits,
                  const std::vector<Bits>& people) {
  if (TruthAt(place, bits) != Truth::kUnknown) return 0;
  FactSet missing = 0;
  if (place.word == kMemberWord) {
    const Place where = program.members[place.bit].where;
    for (const Bits& person : people) missing |= MissingAt(program, where, person, people);
    return missing;
  }
  if (place.word < kNodeWord) return MissingAtom(program, place);
  const size_t node = static_cast<size_t>(place.word - kNodeWord) * kWordBits + place.bit;
  for (const Place& part : program.nodes[node].parts) {
    missing |= MissingAt(program, part, bits, people);
  }
  return missing;
}

std::optional<Day> NextDateChange(const Program& program, const DayPlan& plan, const PersonRow& row,
                                  uint64_t tests) {
  std::optional<Day> next;
  for (size_t i = 0; i < program.dates.size(); ++i) {
    const DateTest& test = program.dates[i];
    if ((tests >> i & 1) == 0 || test.kind == DateTest::kInWindow) continue;
    if (test.kind == DateTest::kAsOf) {
      Earlier(test.window.from, plan.day, next);
      Earlier(test.window.until, plan.day, next);
      continue;
    }
    const BusinessCalendar& calendar = CalendarOf(plan, test);
    const auto [first_day, last_day] = row.dates[static_cast<size_t>(test.date)];
    for (const Day day : {first_day, last_day}) {
      if (day == kFirstDay || day == kLastDay) continue;
      const std::optional<Day> last = calendar.LastOf(day, test.days);
      Earlier(last ? *last + 1 : calendar.covers().until, plan.day, next);
    }
  }
  return next;
}

}  // namespace pathways::eligibility
