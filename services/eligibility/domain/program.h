// The conditions of a pack laid out flat.
//
// Every distinct condition has a place: one bit in a word, twice, once for true and once for false;
// where neither is set it is unknown. Words 0 to 7 hold what depends on a person's facts alone and
// are filled when facts are read (person_row.h), word 8 what also depends on the day, word 9 counts
// over people, and the nodes (all, any, ask_unless) follow in such an order that each looks only at
// places before its own. `not` has no place: it is a reference with the two bits swapped. Nothing
// here knows cases, results or texts.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_PROGRAM_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_PROGRAM_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pathways/eligibility/v1/policy.pb.h"
#include "services/eligibility/domain/calendar.h"
#include "services/eligibility/domain/facts.h"

namespace pathways::eligibility {

inline constexpr int kWordBits = 64;

// The words that facts alone fill, in their order, and those that follow.
enum Word : uint16_t {
  kQuestionWord,  // Answers of yes or no.
  kAnswerWord,    // Sets of codes, and bounds of numbers, of other answers.
  kNationalityWord,
  kAgeBandWord,
  kClaimWord,
  kStateWord,
  kNeedWord,
  kRelationshipWord,
  kRowWords,
  kDateWord = kRowWords,
  kMemberWord,
  kNodeWord,  // And all after it.
};
inline constexpr size_t kWordsMax = 32;

// The place that is never true and never false: bit 0 of the questions, which no question has.
struct Place {
  uint16_t word = kQuestionWord;
  uint16_t bit = 0;
  bool negated = false;
};

// Codes of a kind (countries, states, needs) and the sets of the pack that hold them.
class CodeTable {
 public:
  // Bit of the set: the same set again has the same bit, another gets `bit`.
  size_t Add(std::vector<std::string> codes, size_t bit);
  // One bit for each set that holds the code.
  uint64_t SetsOf(absl::string_view code) const;
  // One bit for each set.
  uint64_t all() const { return all_; }
  // Every distinct answer of SetsOf, and 0.
  std::vector<uint64_t> Classes() const;
  // The codes that are in these sets and in no other, sorted: none for 0, which is every code that
  // no set holds.
  std::vector<std::string> CodesOf(uint64_t sets) const;
  size_t sets() const { return sets_.size(); }

 private:
  struct Entry {
    uint64_t code;
    uint64_t sets;
  };
  // The entry of a code, new where there is none.
  Entry& EntryOf(uint64_t code);
  // Where a code is looked for first; the slots after it follow.
  size_t FirstSlot(uint64_t code) const;
  // Gives the entry of this number, counted from 1, the first free slot.
  void TakeSlot(size_t number);

  std::vector<Entry> entries_;
  std::vector<uint16_t> slots_;  // Numbers of entries by a hash of their codes; 0: free.
  struct Set {
    std::vector<std::string> codes;
    size_t bit;
  };
  std::vector<Set> sets_;
  uint64_t all_ = 0;
};

// Sets of small numbers (bands, claims, relationships): for each number the sets that hold it.
class NumberTable {
 public:
  int Add(uint32_t numbers);  // One bit per number below 16.
  uint64_t SetsOf(int number) const { return sets_of_[static_cast<size_t>(number)]; }
  uint64_t all() const { return all_; }

 private:
  std::array<uint64_t, 16> sets_of_{};
  std::vector<uint32_t> sets_;
  uint64_t all_ = 0;
};

// Dates of a person that one program can look at: that of entry, and answers.
inline constexpr int kPersonDatesMax = 4;

// A comparison of a date. Place: its index in word 8.
struct DateTest {
  enum Kind { kInWindow, kAsOf, kWithin } kind = kInWindow;
  int date = 0;       // kInWindow, kWithin: which of the person's dates; 0 is that of entry.
  Span window;        // kInWindow, kAsOf.
  int days = 0;       // kWithin.
  int calendar = -1;  // kWithin: index in the pack. Fewer than 0: calendar days.
};

// Bounds of an answer that is a number.
struct NumberTest {
  int64_t at_least = 0;
  int64_t at_most = 0;
  uint64_t bit = 0;  // In kAnswerWord.
};

// What a program looks at in the answer to one fact.
struct AnswerPlan {
  std::string id;
  type::v1::FactKind kind = type::v1::FACT_KIND_UNSPECIFIED;
  bool of_case = false;      // Asked of the principal applicant for everybody.
  int stale_after_days = 0;  // 0: never.
  uint64_t question = 0;     // YES_NO: its bit in kQuestionWord.
  uint64_t all = 0;          // Its bits in kAnswerWord.
  CodeTable codes;           // Those of codes.
  std::vector<NumberTest> numbers;
  int date = -1;  // DATE, PARTIAL_DATE: which of the person's dates.
};

// A count over people. Place: its index in word 9.
struct MemberTest {
  Place where;
  int at_least = 0;
  int at_most = 0;
};

// A look at places of one word: true where all of `positive` are true and all of `negative` false.
struct Look {
  uint16_t word = 0;
  uint64_t positive = 0;
  uint64_t negative = 0;
};

// Looks begin to end of Program::looks.
struct Looks {
  uint32_t begin = 0;
  uint32_t end = 0;
};

struct Node {
  enum Kind : uint8_t { kAll, kAny, kAskUnless } kind = kAll;
  Looks looks;
  std::vector<Place> parts;  // The same, one by one: what is missing is found through them.
};

struct CriterionPlan {
  Place place;       // What the condition comes to.
  bool sure = true;  // False: only ever a question.
  Span in_force;
  Span known;
  FactSet facts = 0;         // What it looks at: the two together.
  FactSet own_facts = 0;     // Of the person who is screened.
  FactSet member_facts = 0;  // Of the people whom it counts.
  uint64_t dates = 0;        // One bit per DateTest it looks at, for the people it is about.
  uint64_t calendars = 0;    // One bit per calendar of the pack.
};

struct StatusPlan {
  v1::PathwayStatus status = v1::PATHWAY_STATUS_UNSPECIFIED;
  Span in_force;
  Span known;
};

struct PathwayPlan {
  bool family = false;
  std::vector<CriterionPlan> criteria;
  std::vector<StatusPlan> statuses;
};

// A step or an interaction: when it applies.
struct ConditionPlan {
  bool always = true;
  Place place;
};

struct Program {
  // By id, at most kAnswersMax. The fact of answers[i] is kFieldFacts + i.
  std::vector<AnswerPlan> answers;
  bool has_case_answers = false;
  FactSet asked_alone = 0;     // Facts that it hurts or endangers to be asked.
  FactSet never_recorded = 0;  // Facts that are only ever asked.
  std::vector<int> order;      // Of asking; by Fact.
  CodeTable nationalities;
  CodeTable states;
  CodeTable needs;
  NumberTable age_bands;
  NumberTable claims;
  NumberTable relationships;
  std::vector<DateTest> dates;
  std::vector<MemberTest> members;
  uint64_t member_dates = 0;   // Dates that counts over people look at.
  FactSet member_facts = 0;    // Facts that they look at.
  bool members_by_row = true;  // Whether facts alone tell what they count: no date and no node.
  std::vector<Node> nodes;     // Place of node i: bit i % 64 of word kNodeWord + i / 64.
  std::vector<Look> looks;
  std::vector<PathwayPlan> pathways;  // As in the pack.
  std::vector<ConditionPlan> steps;
  std::vector<ConditionPlan> interactions;

  // Which fact a place of kQuestionWord or kAnswerWord looks at; which of the dates of a person a
  // fact is, fewer than 0 for none.
  Fact FactAt(Word word, uint16_t bit) const;
  int DateOf(Fact fact) const;
  // For example "age_band" or "job_offer". Lives as long as the program.
  const char* NameOf(Fact fact) const;
  // The names of a set, sorted.
  std::vector<std::string> NamesOf(FactSet facts) const;
  // The plan of the fact with this id; null when the program looks at none such.
  const AnswerPlan* FindAnswer(absl::string_view id) const {
    if (slots.empty()) return nullptr;
    for (size_t slot = FirstSlot(id); slots[slot] != 0; slot = (slot + 1) & (slots.size() - 1)) {
      const AnswerPlan& plan = answers[slots[slot] - 1U];
      if (plan.id == id) return &plan;
    }
    return nullptr;
  }

  // Numbers of answers, counted from 1, by a hash of their ids; 0: free. A power of two.
  std::vector<uint8_t> slots;
  size_t FirstSlot(absl::string_view id) const;
};

// Lays out a pack that CheckPack accepts. INVALID_ARGUMENT: it holds more distinct conditions than
// there is room for (64 sets of a kind, dates or counts; 57 answers; 1344 nodes).
absl::StatusOr<Program> LayOut(const v1::PolicyPack& pack);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_PROGRAM_H_
