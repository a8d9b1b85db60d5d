#include "services/eligibility/domain/person_row.h"

#include <algorithm>
#include <optional>

#include "services/type/dates.h"

namespace pathways::eligibility {
namespace {

void SetSets(Word word, uint64_t sets, uint64_t all, PersonRow& row) {
  row.yes[word] = sets;
  row.no[word] = all & ~sets;
}

void SetAnswer(v1::QuestionFact question, type::v1::Answer answer, PersonRow& row) {
  const uint64_t bit = uint64_t{1} << question;
  row.yes[kQuestionWord] &= ~bit;
  row.no[kQuestionWord] &= ~bit;
  if (answer == type::v1::ANSWER_YES) row.yes[kQuestionWord] |= bit;
  if (answer == type::v1::ANSWER_NO) row.no[kQuestionWord] |= bit;
}

void SetAnswers(const type::v1::PersonFacts& facts, PersonRow& row) {
  uint64_t yes = 0;
  uint64_t no = 0;
  const auto set = [&](v1::QuestionFact question, type::v1::Answer answer) {
    yes |= uint64_t{answer == type::v1::ANSWER_YES} << question;
    no |= uint64_t{answer == type::v1::ANSWER_NO} << question;
  };
  set(v1::QUESTION_FACT_IN_MEXICO, facts.in_mexico());
  set(v1::QUESTION_FACT_LEFT_COUNTRY_FOR_FEAR, facts.left_country_for_fear());
  set(v1::QUESTION_FACT_SEEKS_WORK, facts.seeks_work());
  set(v1::QUESTION_FACT_RISK_ON_RETURN, facts.risk_on_return());
  set(v1::QUESTION_FACT_CRIME_IN_MEXICO, facts.crime_in_mexico());
  set(v1::QUESTION_FACT_JOB_OFFER, facts.job_offer());
  set(v1::QUESTION_FACT_US_FAMILY_PETITION, facts.us_family_petition());
  set(v1::QUESTION_FACT_US_EMPLOYER_PETITION, facts.us_employer_petition());
  set(v1::QUESTION_FACT_WORK_PAPERS, facts.work_papers());
  row.yes[kQuestionWord] = yes;
  row.no[kQuestionWord] = no;
}

// A number of a newer intake is as unknown as one that says so.
void SetNumber(Word word, const NumberTable& table, int number, int last, PersonRow& row) {
  if (number >= 1 && number <= last) SetSets(word, table.SetsOf(number), table.all(), row);
}

void SetEntry(const type::v1::PartialDate& date, PersonRow& row) {
  if (!type::IsValid(date)) return;
  const std::optional<type::DayRange> days = type::RangeOf(date);
  if (!days) return;
  row.entry_first = NumberOf(days->first);
  row.entry_last = NumberOf(days->last);
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

std::vector<PersonRow> WithAnswers(Fact fact, const PersonRow& row) {
  std::vector<PersonRow> rows;
  for (int question = 1; question <= v1::QuestionFact_MAX; ++question) {
    const auto asked = static_cast<v1::QuestionFact>(question);
    if (FactOf(asked) != fact) continue;
    SetAnswer(asked, type::v1::ANSWER_YES, rows.emplace_back(row));
    SetAnswer(asked, type::v1::ANSWER_NO, rows.emplace_back(row));
  }
  return rows;
}

void ReadPerson(const Program& program, const type::v1::PersonFacts& facts, PersonRow& row) {
  SetAnswers(facts, row);
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
  if (facts.has_entry_date()) SetEntry(facts.entry_date(), row);
}

}  // namespace

PersonRow RowOf(const Program& program, const type::v1::PersonFacts& facts) {
  PersonRow row;
  ReadPerson(program, facts, row);
  return row;
}

void ReadFacts(const Program& program, const type::v1::CaseFacts& facts, CaseRow& row) {
  row.people.clear();
  row.principal = -1;
  for (const type::v1::PersonFacts& person : facts.people()) {
    if (person.relationship() == type::v1::RELATIONSHIP_PRINCIPAL) {
      row.principal = static_cast<int>(row.people.size());
    }
    ReadPerson(program, person, row.people.emplace_back());
  }
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
      return {};  // Depends on the day: see RulesOfDay.
    default:
      return WithAnswers(fact, row);
  }
}

}  // namespace pathways::eligibility
