// Screening by the pack `current`, beside C++ written by hand for the same rules.
//
// Makes up cases, a part of them unlike any real one (no principal applicant, two nationalities,
// dates without a day), and screens them part by part, the two sides in turn, both from the message
// of facts to one outcome per pathway and unit. Writes --facts, one line a case, and --outcomes,
// one line a case with a digit per outcome: what other engines read and have to answer. Prints one
// line of JSON: the nanoseconds a case of each part and side, the bound of the filing period that
// other engines are told, and how many cases the two sides answered differently.
#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/eligibility/domain/evaluate.h"
#include "services/eligibility/domain/rules.h"
#include "services/eligibility/policy_file.h"
#include "services/type/dates.h"

ABSL_FLAG(int, cases, 100000, "Cases to screen");
ABSL_FLAG(int, parts, 10, "Parts of them, each measured by itself");
ABSL_FLAG(std::string, facts, "", "File that gets the facts");
ABSL_FLAG(std::string, outcomes, "", "File that gets the outcomes");

namespace pathways::bench {
namespace {

using eligibility::CaseRow;
using eligibility::Day;
using eligibility::NumberOf;
using eligibility::RulesOfDay;
using type::v1::CaseFacts;
using type::v1::PersonFacts;
using Outcome = eligibility::v1::Outcome;
using SteadyClock = std::chrono::steady_clock;
using Random = std::mt19937;

constexpr absl::CivilDay kAsOf(2026, 1, 15);
constexpr absl::CivilDay kStatement(2023, 7, 28);
constexpr int kFilingDays = 30;

// ---- Cases.

int Below(Random& random, int end) {
  return static_cast<int>(random() % static_cast<uint32_t>(end));
}

constexpr absl::string_view kJobPlace = "job_place";

PersonFacts MakePerson(Random& random, bool principal) {
  static constexpr const char* kCodes[] = {"CUB", "HTI", "NIC", "VEN", "HND", "GTM", "SLV",
                                           "COL", "ECU", "MEX", "BLZ", "ESP", "XXA"};
  static constexpr const char* kStates[] = {"MX-CHP", "MX-TAB", "MX-CMX", "MX-OAX"};
  PersonFacts person;
  person.set_relationship(principal ? type::v1::RELATIONSHIP_PRINCIPAL
                                    : static_cast<type::v1::Relationship>(2 + Below(random, 8)));
  const int nationalities = Below(random, 10);
  for (int i = 0; i < (nationalities == 0 ? 0 : nationalities == 9 ? 2 : 1); ++i) {
    person.add_nationalities(kCodes[Below(random, 13)]);
  }
  person.set_age_band(static_cast<type::v1::AgeBand>(Below(random, 8)));
  person.set_refugee_claim(static_cast<type::v1::RefugeeClaim>(Below(random, 5)));
  // In the order in which they are stored.
  for (const char* fact : {"crime_in_mexico", "in_mexico", "job_offer", "job_place",
                           "left_country_for_fear", "risk_on_return", "seeks_work",
                           "us_employer_petition", "us_family_petition", "work_papers"}) {
    const int said = Below(random, 3);
    if (said == 0) continue;
    type::v1::FactAnswer& answer = *person.add_answers();
    answer.set_fact(fact);
    if (fact == kJobPlace) {
      answer.set_code(kStates[Below(random, 4)]);
    } else {
      answer.set_yes(said == 1);
    }
  }
  if (Below(random, 4) > 0) person.set_state(kStates[Below(random, 4)]);
  if (const int known = Below(random, 8); known > 0) {
    person.mutable_entry_date()->set_year(2023 + Below(random, 4));
    if (known > 1) person.mutable_entry_date()->set_month(1 + Below(random, 12));
    if (known > 2) person.mutable_entry_date()->set_day(1 + Below(random, 28));
  }
  return person;
}

CaseFacts MakeCase(Random& random) {
  CaseFacts facts;
  const bool has_principal = Below(random, 50) > 0;
  const int people = 1 + Below(random, 4);
  for (int i = 0; i < people; ++i) {
    *facts.add_people() = MakePerson(random, i == 0 && has_principal);
  }
  return facts;
}

// ---- By hand: what a programmer would write who knows these rules and no others.

// Kleene's logic: and is the smaller, or the greater, not is kYes minus it.
using Answer3 = int;
constexpr Answer3 kNo = 0, kOpen = 1, kYes = 2;

Answer3 And(Answer3 a, Answer3 b) { return a < b ? a : b; }
Answer3 Or(Answer3 a, Answer3 b) { return a > b ? a : b; }
Answer3 Not(Answer3 a) { return kYes - a; }
Answer3 AskUnless(Answer3 a) { return a == kYes ? kYes : kOpen; }

enum Country : uint32_t {
  kCub = 1,
  kHti = 2,
  kNic = 4,
  kVen = 8,
  kHnd = 16,
  kGtm = 32,
  kSlv = 64,
  kCol = 128,
  kEcu = 256,
  kMex = 512,
  kBlz = 1024,
  kCri = 2048,
  kStateless = 4096,
};
constexpr uint32_t kFour = kCub | kHti | kNic | kVen;

constexpr uint32_t Letters(const char* code) {
  return static_cast<uint32_t>(code[0]) << 16 | static_cast<uint32_t>(code[1]) << 8 |
         static_cast<uint32_t>(code[2]);
}

uint32_t CountryOf(const std::string& code) {
  if (code.size() != 3) return 0;
  switch (Letters(code.data())) {
    case Letters("CUB"):
      return kCub;
    case Letters("HTI"):
      return kHti;
    case Letters("NIC"):
      return kNic;
    case Letters("VEN"):
      return kVen;
    case Letters("HND"):
      return kHnd;
    case Letters("GTM"):
      return kGtm;
    case Letters("SLV"):
      return kSlv;
    case Letters("COL"):
      return kCol;
    case Letters("ECU"):
      return kEcu;
    case Letters("MEX"):
      return kMex;
    case Letters("BLZ"):
      return kBlz;
    case Letters("CRI"):
      return kCri;
    case Letters("XXA"):
      return kStateless;
    default:
      return 0;
  }
}

struct Person {
  uint32_t countries = 0;
  bool has_countries = false;
  int band = 0;   // 0: unknown.
  int claim = 0;  // 0: unknown.
  Answer3 in_mexico = kOpen, fear = kOpen, work = kOpen, risk = kOpen, crime = kOpen, job = kOpen,
          family = kOpen, employer = kOpen, papers = kOpen;
  Answer3 south = kOpen;  // The work is in a state for border workers.
  Day entry_first = eligibility::kFirstDay;
  Day entry_last = eligibility::kLastDay;

  Answer3 Of(uint32_t any) const {
    return !has_countries ? kOpen : (countries & any) != 0 ? kYes : kNo;
  }
  Answer3 Band(int from, int to) const {
    return band == 0 ? kOpen : band >= from && band <= to ? kYes : kNo;
  }
  Answer3 Claim(int one, int other) const {
    return claim == 0 ? kOpen : claim == one || claim == other ? kYes : kNo;
  }
};

bool IsInSouth(const std::string& state) {
  return state == "MX-CHP" || state == "MX-TAB" || state == "MX-CAM" || state == "MX-ROO";
}

// By the length of the id and a letter that tells those of one length apart.
Answer3* FindAnswer(const std::string& fact, Person& person) {
  switch (fact.size()) {
    case 9:
      if (fact == "in_mexico") return &person.in_mexico;
      return fact == "job_offer" ? &person.job : nullptr;
    case 10:
      return fact == "seeks_work" ? &person.work : nullptr;
    case 11:
      return fact == "work_papers" ? &person.papers : nullptr;
    case 14:
      return fact == "risk_on_return" ? &person.risk : nullptr;
    case 15:
      return fact == "crime_in_mexico" ? &person.crime : nullptr;
    case 18:
      return fact == "us_family_petition" ? &person.family : nullptr;
    case 20:
      return fact == "us_employer_petition" ? &person.employer : nullptr;
    case 21:
      return fact == "left_country_for_fear" ? &person.fear : nullptr;
    default:
      return nullptr;
  }
}

Person ReadPerson(const PersonFacts& facts) {
  Person person;
  person.has_countries = facts.nationalities_size() > 0;
  for (const std::string& code : facts.nationalities()) person.countries |= CountryOf(code);
  if (facts.age_band() <= type::v1::AGE_BAND_60_PLUS) person.band = facts.age_band();
  person.claim = facts.refugee_claim();
  for (const type::v1::FactAnswer& answer : facts.answers()) {
    if (answer.has_yes()) {
      Answer3* const known = FindAnswer(answer.fact(), person);
      if (known != nullptr) *known = answer.yes() ? kYes : kNo;
    } else if (answer.fact() == kJobPlace) {
      person.south = IsInSouth(answer.code()) ? kYes : kNo;
    }
  }
  if (facts.has_entry_date() && type::IsValid(facts.entry_date())) {
    if (const auto days = type::RangeOf(facts.entry_date())) {
      person.entry_first = NumberOf(days->first);
      person.entry_last = NumberOf(days->last);
    }
  }
  return person;
}

// First day of entry from which 30 working days are not over on the day, and the day after the
// statement's.
struct Days {
  Day filing_from;
  Day after_statement;
};

bool IsWorkingDay(Day day) {
  return absl::GetWeekday(eligibility::CivilOf(day)) < absl::Weekday::saturday;
}

Days DaysAsOf(Day day) {
  for (int left = kFilingDays; left > 0;) left -= IsWorkingDay(--day) ? 1 : 0;
  return {day, NumberOf(kStatement) + 1};
}

Answer3 WorkingAge(const Person& p) {
  return And(Not(p.Band(type::v1::AGE_BAND_0_4, type::v1::AGE_BAND_5_11)),
             AskUnless(p.Band(type::v1::AGE_BAND_18_20, type::v1::AGE_BAND_60_PLUS)));
}

Answer3 RefugeeStatus(const Person& p, const Days& days) {
  using namespace type::v1;  // NOLINT(google-build-using-namespace): enumerators alone.
  const Answer3 claim = And(Not(p.Claim(REFUGEE_CLAIM_FILED, REFUGEE_CLAIM_RECOGNISED)),
                            AskUnless(p.Claim(REFUGEE_CLAIM_NONE, REFUGEE_CLAIM_NONE)));
  const Answer3 in_time = p.entry_first >= days.filing_from ? kYes : kOpen;
  return And(And(p.in_mexico, Not(p.Of(kMex))), And(And(p.fear, claim), in_time));
}

Answer3 ComplementaryProtection(const Person& p) {
  const auto recognised = type::v1::REFUGEE_CLAIM_RECOGNISED;
  return And(And(p.in_mexico, Not(p.Of(kMex))), And(p.risk, Not(p.Claim(recognised, recognised))));
}

Answer3 VisitorCard(const Person& p, Answer3 no_adult) {
  const auto filed = type::v1::REFUGEE_CLAIM_FILED;
  const Answer3 minor = p.Band(type::v1::AGE_BAND_0_4, type::v1::AGE_BAND_12_17);
  return AskUnless(Or(Or(p.crime, p.Claim(filed, filed)), And(minor, no_adult)));
}

Answer3 BorderWorker(const Person& p) {
  const Answer3 nationality = And(p.Of(kBlz | kGtm | kHnd | kSlv), AskUnless(p.Of(kBlz | kGtm)));
  return And(nationality, And(p.job, p.south));
}

Answer3 LocalIntegration(const Person& p) {
  const auto recognised = type::v1::REFUGEE_CLAIM_RECOGNISED;
  return And(p.Claim(recognised, recognised), WorkingAge(p));
}

Answer3 Labour(const Person& p) {
  return And(And(p.in_mexico, p.work), And(WorkingAge(p), p.papers));
}

Answer3 Resettlement(const Person& p, const Days& days) {
  const Answer3 present = p.entry_last < days.after_statement ? kYes : kOpen;
  return And(And(p.Of(kFour), p.in_mexico), present);
}

// Which of UNHCR's categories are met is weighed by people, so it is a question at best.
Answer3 UnhcrReferral(const Person& p, Answer3 some_recognised) {
  return And(Or(some_recognised, p.Of(kStateless)), kOpen);
}

// Nobody is asked for a supporter, and the bars of entry are questions at best.
Answer3 Parole(const Person& p) { return And(p.Of(kFour), kOpen); }

Answer3 FamilyReunification(const Person& p) {
  return And(p.Of(kCol | kCub | kEcu | kGtm | kHnd | kHti | kSlv), p.family);
}

// The list of countries is not sure, so it is a question.
Answer3 TemporaryWorker(const Person& p) {
  return And(And(p.employer, kOpen), AskUnless(Not(p.Of(kHti))));
}

void ScreenByHand(const CaseFacts& facts, const Days& days, std::vector<Person>& people,
                  std::vector<Outcome>& outcomes) {
  people.clear();
  const Person unknown;
  int principal = -1;
  int adults = 0, maybe_adults = 0, recognised = 0, maybe_recognised = 0;
  for (const PersonFacts& one : facts.people()) {
    if (one.relationship() == type::v1::RELATIONSHIP_PRINCIPAL) {
      principal = static_cast<int>(people.size());
    }
    const Person& person = people.emplace_back(ReadPerson(one));
    const Answer3 adult = person.Band(type::v1::AGE_BAND_18_20, type::v1::AGE_BAND_60_PLUS);
    adults += adult == kYes ? 1 : 0;
    maybe_adults += adult == kOpen ? 1 : 0;
    recognised += person.claim == type::v1::REFUGEE_CLAIM_RECOGNISED ? 1 : 0;
    maybe_recognised += person.claim == 0 ? 1 : 0;
  }
  const Answer3 no_adult = adults > 0 ? kNo : maybe_adults > 0 ? kOpen : kYes;
  const Answer3 some_recognised = recognised > 0 ? kYes : maybe_recognised > 0 ? kOpen : kNo;
  const Person& family = principal < 0 ? unknown : people[static_cast<size_t>(principal)];
  static constexpr Outcome kOutcomes[] = {eligibility::v1::OUTCOME_DOES_NOT_MEET,
                                          eligibility::v1::OUTCOME_NEEDS_INFORMATION,
                                          eligibility::v1::OUTCOME_MEETS};
  outcomes.clear();
  const auto add = [&](Answer3 answer) { outcomes.push_back(kOutcomes[answer]); };
  add(RefugeeStatus(family, days));
  add(ComplementaryProtection(family));
  for (const Person& p : people) add(VisitorCard(p, no_adult));
  for (const Person& p : people) add(BorderWorker(p));
  for (const Person& p : people) add(LocalIntegration(p));
  for (const Person& p : people) add(Labour(p));
  add(Resettlement(family, days));
  add(UnhcrReferral(family, some_recognised));
  for (const Person& p : people) add(Parole(p));
  for (const Person& p : people) add(FamilyReunification(p));
  for (const Person& p : people) add(TemporaryWorker(p));
}

// ---- Both sides.

std::string JobPlaceOf(const PersonFacts& facts) {
  for (const type::v1::FactAnswer& answer : facts.answers()) {
    if (answer.fact() == kJobPlace) return answer.code();
  }
  return "";
}

// Fields in the order that the peers read.
std::string LineOf(const CaseFacts& facts) {
  std::vector<std::string> people;
  for (const PersonFacts& one : facts.people()) {
    const Person p = ReadPerson(one);
    people.push_back(absl::StrCat(static_cast<int>(one.relationship()), ",", p.band, ",", p.claim,
                                  ",", p.in_mexico, ",", p.fear, ",", p.work, ",", p.risk, ",",
                                  p.crime, ",", p.job, ",", p.family, ",", p.employer, ",",
                                  p.papers, ",", p.entry_first, ",", p.entry_last, ",",
                                  JobPlaceOf(one), ",", absl::StrJoin(one.nationalities(), "|")));
  }
  return absl::StrJoin(people, ";");
}

std::string DigitsOf(const std::vector<Outcome>& outcomes) {
  std::string digits;
  for (const Outcome outcome : outcomes) absl::StrAppend(&digits, static_cast<int>(outcome));
  return digits;
}

class Sides {
 public:
  explicit Sides(const RulesOfDay& rules) : rules_(rules), days_(DaysAsOf(NumberOf(kAsOf))) {}

  template <typename Screen>
  double Nanoseconds(const std::vector<CaseFacts>& cases, const Screen& screen) {
    const auto start = SteadyClock::now();
    for (const CaseFacts& facts : cases) sum_ += static_cast<uint64_t>(screen(facts));
    const std::chrono::duration<double, std::nano> took = SteadyClock::now() - start;
    return took.count() / static_cast<double>(cases.size());
  }

  void Part(const std::vector<CaseFacts>& cases, std::ofstream& facts, std::ofstream& outcomes) {
    hand_.push_back(Nanoseconds(cases, [&](const CaseFacts& one) { return Hand(one).size(); }));
    ours_.push_back(Nanoseconds(cases, [&](const CaseFacts& one) { return Ours(one).size(); }));
    full_.push_back(Nanoseconds(
        cases, [&](const CaseFacts& one) { return rules_.Screen(one).determinations.size(); }));
    for (const CaseFacts& one : cases) {
      const std::string digits = DigitsOf(Ours(one));
      differ_ += digits != DigitsOf(Hand(one)) ? 1 : 0;
      facts << LineOf(one) << '\n';
      outcomes << digits << '\n';
    }
  }

  void Print() const {
    std::cout << "{\"hand_ns\": [" << absl::StrJoin(hand_, ", ") << "], \"ours_ns\": ["
              << absl::StrJoin(ours_, ", ") << "], \"full_ns\": [" << absl::StrJoin(full_, ", ")
              << "], \"filing_from\": " << days_.filing_from << ", \"differ\": " << differ_
              << ", \"outcomes\": " << sum_ << "}\n";
  }

 private:
  const std::vector<Outcome>& Hand(const CaseFacts& facts) {
    ScreenByHand(facts, days_, people_, outcomes_);
    return outcomes_;
  }
  const std::vector<Outcome>& Ours(const CaseFacts& facts) {
    ReadFacts(rules_.rules().program(), facts, rules_.plan().day, row_);
    rules_.Outcomes(row_, outcomes_);
    return outcomes_;
  }

  const RulesOfDay& rules_;
  const Days days_;
  std::vector<Person> people_;
  CaseRow row_;
  std::vector<Outcome> outcomes_;
  std::vector<double> hand_, ours_, full_;
  uint64_t sum_ = 0;  // Printed, so that nothing measured is left out as unused.
  int64_t differ_ = 0;
};

int Main() {
  const auto rules = eligibility::LoadRules("policies/current");
  if (!rules.ok()) {
    std::cerr << rules.status() << '\n';
    return 1;
  }
  const RulesOfDay of_day = (*rules)->On({kAsOf, kAsOf});
  Sides sides(of_day);
  std::ofstream facts(absl::GetFlag(FLAGS_facts));
  std::ofstream outcomes(absl::GetFlag(FLAGS_outcomes));
  Random random(1);  // The same cases each time.
  const int parts = absl::GetFlag(FLAGS_parts);
  for (int part = 0; part < parts; ++part) {
    std::vector<CaseFacts> cases;
    for (int i = absl::GetFlag(FLAGS_cases) / parts; i > 0; --i) cases.push_back(MakeCase(random));
    sides.Part(cases, facts, outcomes);
  }
  sides.Print();
  return 0;
}

}  // namespace
}  // namespace pathways::bench

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  return pathways::bench::Main();
}
