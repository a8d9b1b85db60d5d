#include "services/eligibility/domain/person_row.h"

#include <algorithm>
#include <optional>

#include "services/type/dates.h"
#include "services/type/facts.h"

namespace pathways::eligibility {
namespace {

void SetSets(Word word, uint64_t sets, uint64_t all, PersonRow& row) {
  row.yes[word] = sets;
  row.no[word] = all & ~sets;
}

// Bits of one fact among those of others in the same word.
void SetBits(Word word, uint64_t yes, uint64_t all, PersonRow& row) {
  row.yes[word] = (row.yes[word] & ~all) | yes;
  row.no[word] = (row.no[word] & ~all) | (all & ~yes);
}

// A number of a newer intake is as unknown as one that says so.
void SetNumber(Word word, const NumberTable& table, int number, int last, PersonRow& row) {
  if (number >= 1 && number <= last) SetSets(word, table.SetsOf(number), table.all(), row);
}

void SetDate(const type::v1::PartialDate& date, int index, PersonRow& row) {
  if (!type::IsValid(date)) return;
  PersonRow::Days& known = row.dates[static_cast<size_t>(index)];
  if (date.day() > 0) {  // As nearly all are.
    known.first = known.last = DayOf(date, kFirstDay);
  } else if (const std::optional<type::DayRange> days = type::RangeOf(date)) {
    known = {NumberOf(days->first), NumberOf(days->last)};
  }
}

uint64_t BitsOfNumber(const AnswerPlan& plan, int64_t number) {
  uint64_t bits = 0;
  for (const NumberTest& test : plan.numbers) {
    if (number >= test.at_least && number <= test.at_most) bits |= test.bit;
  }
  return bits;
}

uint64_t BitsOfCodes(const AnswerPlan& plan, const type::v1::FactCodes& codes) {
  uint64_t bits = 0;
  for (const std::string& code : codes.of()) bits |= plan.codes.SetsOf(code);
  return bits;
}

// The first day on which an answer counts no more. Nothing: it holds for ever.
std::optional<Day> StaleFrom(const AnswerPlan& plan, const type::v1::FactAnswer& answer) {
  if (plan.stale_after_days == 0) return std::nullopt;
  const type::v1::PartialDate& given = answer.answered_on();
  if (given.day() > 0) return DayOf(given, kFirstDay) + plan.stale_after_days;
  const auto days = type::RangeOf(given);
  if (!days) return std::nullopt;
  return NumberOf(days->last) + plan.stale_after_days;
}

// An answer of another kind than the pack expects is as unknown as none.
void SetAnswer(const AnswerPlan& plan, const type::v1::FactAnswer& answer, PersonRow& row) {
  switch (answer.value_case()) {
    case type::v1::FactAnswer::kYes:
      return SetBits(kQuestionWord, answer.yes() ? plan.question : 0, plan.question, row);
    case type::v1::FactAnswer::kCode:
      return SetBits(kAnswerWord, plan.codes.SetsOf(answer.code()), plan.codes.all(), row);
    case type::v1::FactAnswer::kCodes:
      return SetBits(kAnswerWord, BitsOfCodes(plan, answer.codes()), plan.codes.all(), row);
    case type::v1::FactAnswer::kNumber:
      if (plan.numbers.empty()) return;
      return SetBits(kAnswerWord, BitsOfNumber(plan, answer.number()), plan.all, row);
    case type::v1::FactAnswer::kDate:
      if (plan.date >= 0) SetDate(answer.date(), plan.date, row);
      return;
    case type::v1::FactAnswer::VALUE_NOT_SET:
      return;
  }
}

void SetAnswers(const Program& program, const type::FactAnswers& answers, Day day, bool of_case,
                PersonRow& row) {
  for (const type::v1::FactAnswer& answer : answers) {
    const AnswerPlan* const plan = program.FindAnswer(answer.fact());
    if (plan == nullptr || (of_case && !plan->of_case)) continue;
    const std::optional<Day> stale = StaleFrom(*plan, answer);
    if (!stale || day < *stale) SetAnswer(*plan, answer, row);
  }
}

std::vector<PersonRow> WithSets(Word word, const std::vector<uint64_t>& classes, uint64_t all,
                                const PersonRow& row) {
  std::vector<PersonRow> rows;
  for (const uint64_t sets : classes) SetSets(word, sets, all, rows.emplace_back(row));
  return rows;
}

std::vector<PersonRow> WithNumbers(Word word, const NumberTable& table, int last,
                                   const PersonRow& row) {
  std::vector<uint64_t> classes;
  for (int number = 1; number <= last; ++number) classes.push_back(table.SetsOf(number));
  std::sort(classes.begin(), classes.end());
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  return WithSets(word, classes, table.all(), row);
}

// One row for every answer to a fact that conditions of the program tell apart.
std::vector<PersonRow> WithAnswers(const AnswerPlan& plan, const PersonRow& row) {
  std::vector<PersonRow> rows;
  const auto add = [&](Word word, uint64_t yes, uint64_t all) {
    SetBits(word, yes, all, rows.emplace_back(row));
  };
  if (plan.question != 0) {
    add(kQuestionWord, plan.question, plan.question);
    add(kQuestionWord, 0, plan.question);
  }
  if (!plan.numbers.empty()) {
    std::vector<uint64_t> classes;
    for (const NumberTest& test : plan.numbers) {
      for (const int64_t number :
           {test.at_least - 1, test.at_least, test.at_most, test.at_most + 1}) {
        classes.push_back(BitsOfNumber(plan, number));
      }
    }
    std::sort(classes.begin(), classes.end());
    classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
    for (const uint64_t bits : classes) add(kAnswerWord, bits, plan.all);
  } else if (plan.all != 0) {
    for (const uint64_t sets : plan.codes.Classes()) add(kAnswerWord, sets, plan.all);
  }
  return rows;
}

void ReadPerson(const Program& program, const type::v1::PersonFacts& facts, Day day,
                PersonRow& row) {
  SetAnswers(program, facts.answers(), day, /*of_case=*/false, row);
  if (!facts.nationalities().empty()) {
    uint64_t sets = 0;
    for (const std::string& code : facts.nationalities()) {
      sets |= program.nationalities.SetsOf(code);
    }
    SetSets(kNationalityWord, sets, program.nationalities.all(), row);
  }
  if (!facts.state().empty()) {
    SetSets(kStateWord, program.states.SetsOf(facts.state()), program.states.all(), row);
  }
  if (!facts.needs().empty()) {
    uint64_t sets = 0;
    for (const std::string& code : facts.needs()) sets |= program.needs.SetsOf(code);
    SetSets(kNeedWord, sets, program.needs.all(), row);
  }
  SetNumber(kAgeBandWord, program.age_bands, facts.age_band(), type::v1::AGE_BAND_60_PLUS, row);
  SetNumber(kClaimWord, program.claims, facts.refugee_claim(), type::v1::REFUGEE_CLAIM_REFUSED,
            row);
  SetNumber(kRelationshipWord, program.relationships, facts.relationship(),
            type::v1::RELATIONSHIP_NOT_RELATED, row);
  if (facts.has_entry_date()) SetDate(facts.entry_date(), 0, row);
}

// What is known in the one row replaces what is in the other.
void TakeAnswersOf(const PersonRow& answered, PersonRow& row) {
  for (const Word word : {kQuestionWord, kAnswerWord}) {
    SetBits(word, answered.yes[word], answered.yes[word] | answered.no[word], row);
  }
  for (size_t i = 0; i < row.dates.size(); ++i) {
    if (answered.dates[i] != PersonRow::Days()) row.dates[i] = answered.dates[i];
  }
}

}  // namespace

PersonRow RowOf(const Program& program, const type::v1::PersonFacts& facts, Day day) {
  PersonRow row;
  ReadPerson(program, facts, day, row);
  return row;
}

void ReadFacts(const Program& program, const type::v1::CaseFacts& facts, Day day, CaseRow& row) {
  row.people.clear();
  row.principal = -1;
  for (const type::v1::PersonFacts& person : facts.people()) {
    if (person.relationship() == type::v1::RELATIONSHIP_PRINCIPAL) {
      row.principal = static_cast<int>(row.people.size());
    }
    ReadPerson(program, person, day, row.people.emplace_back());
  }
  if (!program.has_case_answers || row.principal < 0) return;
  PersonRow answered;
  SetAnswers(program, facts.people(row.principal).answers(), day, /*of_case=*/true, answered);
  for (PersonRow& person : row.people) TakeAnswersOf(answered, person);
}

std::optional<Day> NextStaleDay(const Program& program, const type::v1::PersonFacts& facts,
                                FactSet looked_at, Day day) {
  std::optional<Day> next;
  for (size_t i = 0; i < program.answers.size(); ++i) {
    const AnswerPlan& plan = program.answers[i];
    if (plan.stale_after_days == 0 || !(looked_at & SetOf(kFieldFacts + static_cast<int>(i)))) {
      continue;
    }
    const type::v1::FactAnswer* const answer = type::FindAnswer(facts.answers(), plan.id);
    const auto stale = answer == nullptr ? std::nullopt : StaleFrom(plan, *answer);
    if (stale) Earlier(*stale, day, next);
  }
  return next;
}

std::vector<PersonRow> Alternatives(const Program& program, const PersonRow& row, Fact fact) {
  switch (fact) {
    case kNationalities:
      return WithSets(kNationalityWord, program.nationalities.Classes(),
                      program.nationalities.all(), row);
    case kState:
      return WithSets(kStateWord, program.states.Classes(), program.states.all(), row);
    case kNeeds:
      return WithSets(kNeedWord, program.needs.Classes(), program.needs.all(), row);
    case kAgeBand:
      return WithNumbers(kAgeBandWord, program.age_bands, type::v1::AGE_BAND_60_PLUS, row);
    case kRefugeeClaim:
      return WithNumbers(kClaimWord, program.claims, type::v1::REFUGEE_CLAIM_REFUSED, row);
    case kRelationship:
      return WithNumbers(kRelationshipWord, program.relationships,
                         type::v1::RELATIONSHIP_NOT_RELATED, row);
    case kEntryDate:
      return {};
    default:
      return WithAnswers(program.answers[static_cast<size_t>(fact - kFieldFacts)], row);
  }
}

bool IsKnown(const Program& program, const PersonRow& row, Fact number) {
  const auto has = [&](Word word, uint64_t bits) {
    return ((row.yes[word] | row.no[word]) & bits) != 0;
  };
  if (const int date = program.DateOf(number); date >= 0) {
    return row.dates[static_cast<size_t>(date)].first > kFirstDay;
  }
  switch (number) {
    case kAgeBand:
      return has(kAgeBandWord, program.age_bands.all());
    case kNationalities:
      return has(kNationalityWord, program.nationalities.all());
    case kNeeds:
      return has(kNeedWord, program.needs.all());
    case kRefugeeClaim:
      return has(kClaimWord, program.claims.all());
    case kRelationship:
      return has(kRelationshipWord, program.relationships.all());
    case kState:
      return has(kStateWord, program.states.all());
    default:
      break;
  }
  const AnswerPlan& plan = program.answers[static_cast<size_t>(number - kFieldFacts)];
  return has(kQuestionWord, plan.question) || has(kAnswerWord, plan.all);
}

}  // namespace pathways::eligibility
