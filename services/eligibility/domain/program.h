// The conditions of a pack laid out flat.
//
// Every distinct condition has a place: one bit in a word, twice, once for true and once for false;
// where neither is set it is unknown. Words 0 to 6 hold what depends on a person's facts alone and
// are filled when facts are read (person_row.h), word 7 what also depends on the day, word 8 counts
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
  kQuestionWord,
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
  // Bit of the set; the same set again has the same bit. Fewer than 0: there are 64 already.
  int Add(std::vector<std::string> codes);
  // One bit for each set that holds the code.
  uint64_t SetsOf(absl::string_view code) const;
  // One bit for each set.
  uint64_t all() const { return all_; }
  // Every distinct answer of SetsOf, and 0.
  std::vector<uint64_t> Classes() const;

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
  std::vector<std::vector<std::string>> sets_;
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

// A comparison of a date. Place: its index in word 7.
struct DateTest {
  enum Kind { kEntered, kAsOf, kWithin } kind = kEntered;
  Span window;        // kEntered, kAsOf.
  int days = 0;       // kWithin.
  int calendar = -1;  // kWithin: index in the pack. Fewer than 0: calendar days.
};

// A count over people. Place: its index in word 8.
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
};

// Lays out a pack that CheckPack accepts. INVALID_ARGUMENT: it holds more distinct conditions than
// there is room for (64 sets of a kind, dates or counts; 1408 nodes).
absl::StatusOr<Program> LayOut(const v1::PolicyPack& pack);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_PROGRAM_H_
