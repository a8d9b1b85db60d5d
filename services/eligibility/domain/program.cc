#include "services/eligibility/domain/program.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "absl/strings/str_cat.h"

namespace pathways::eligibility {
namespace {

constexpr size_t kSetsMax = kWordBits;
constexpr size_t kCodeLengthMax = 8;
constexpr size_t kSlotsMin = 64;

// Codes have at most eight characters; a longer text is no code and equals none.
uint64_t Packed(absl::string_view code) {
  if (code.size() > kCodeLengthMax) return 0;
  uint64_t packed = 0;
  for (const char c : code) packed = packed << 8 | static_cast<uint8_t>(c);
  return packed;
}

std::string Unpacked(uint64_t packed) {
  std::string code;
  for (; packed != 0; packed >>= 8) code.insert(code.begin(), static_cast<char>(packed & 0xff));
  return code;
}

// What has been laid out so far, and whether there was room.
class Layout {
 public:
  explicit Layout(const v1::PolicyPack& pack) : pack_(pack) {}

  absl::StatusOr<Program> Make();

 private:
  // What a condition looks at.
  struct Seen {
    FactSet facts = 0;    // Of the person who is screened.
    FactSet members = 0;  // Of the people who are counted.
    uint64_t dates = 0;
    uint64_t calendars = 0;
  };

  Place Add(const v1::Predicate& predicate, Seen& seen);
  void AddAnswers();
  Place AddQuestion(const std::string& id, Seen& seen);
  Place AddCodes(const v1::CodeCondition& condition, Seen& seen);
  Place AddNumber(const v1::NumberCondition& condition, Seen& seen);
  // Which date of a person; looks at it.
  int LookAtDate(const std::string& name, Seen& seen);
  AnswerPlan* LookAt(const std::string& id, Seen& seen);
  Place AddDate(DateTest test, Seen& seen);
  Place AddWithin(const v1::Within& within, Seen& seen);
  Place AddMembers(const v1::MemberCount& members, Seen& seen);
  Place AddNode(Node::Kind kind, std::vector<Place> parts);
  Place AddList(Node::Kind kind, const v1::PredicateList& list, Seen& seen);
  Place AtCodes(Word word, const v1::StringSet& set, Fact fact, CodeTable& table, Seen& seen);
  Place AtSet(Word word, int bit, Fact fact, Seen& seen);
  CriterionPlan PlanOf(const v1::Criterion& criterion);
  PathwayPlan PlanOf(const v1::Pathway& pathway);
  template <typename Conditional>
  ConditionPlan PlanOf(const Conditional& conditional);

  const v1::PolicyPack& pack_;
  Program program_;
  size_t answer_bits_ = 0;  // Taken of kAnswerWord.
  bool fits_ = true;
};

template <typename Codes>
uint32_t NumbersOf(const Codes& codes) {
  uint32_t numbers = 0;
  for (const int code : codes) numbers |= uint32_t{1} << code;
  return numbers;
}

Place Layout::AtSet(Word word, int bit, Fact fact, Seen& seen) {
  seen.facts |= SetOf(fact);
  if (bit < 0) fits_ = false;
  return {word, static_cast<uint16_t>(std::max(bit, 0)), false};
}

Place Layout::AtCodes(Word word, const v1::StringSet& set, Fact fact, CodeTable& table,
                      Seen& seen) {
  const size_t bit = table.Add({set.of().begin(), set.of().end()}, table.sets());
  return AtSet(word, bit < kSetsMax ? static_cast<int>(bit) : -1, fact, seen);
}

void Layout::AddAnswers() {
  uint16_t questions = 0;
  int dates = 1;  // 0 is that of entry.
  program_.order.assign(kFieldFacts + kAnswersMax, 0);
  const std::set<std::string> named = FactsNamedIn(pack_);
  for (const type::v1::Fact& fact : pack_.facts()) {
    if (!named.contains(fact.id())) continue;
    const bool is_alone = fact.setting() == type::v1::FACT_SETTING_ALONE;
    const auto is_field = [&](int field) {
      return NameOfField(static_cast<FieldFact>(field)) == fact.id();
    };
    Fact number = kFieldFacts + static_cast<int>(program_.answers.size());
    for (int field = 0; field < kFieldFacts; ++field) {
      if (is_field(field)) number = field;
    }
    if (number >= kFieldFacts + kAnswersMax) {
      fits_ = false;
      return;
    }
    program_.order[static_cast<size_t>(number)] = fact.order();
    if (is_alone) program_.asked_alone |= SetOf(number);
    if (fact.storage() == type::v1::FACT_STORAGE_NEVER) program_.never_recorded |= SetOf(number);
    if (number < kFieldFacts) continue;
    AnswerPlan& plan = program_.answers.emplace_back();
    plan.id = fact.id();
    plan.kind = fact.kind();
    plan.of_case = fact.scope() == type::v1::FACT_SCOPE_CASE;
    plan.stale_after_days = fact.stale_after_days();
    program_.has_case_answers |= plan.of_case;
    if (fact.kind() == type::v1::FACT_KIND_YES_NO) plan.question = uint64_t{1} << ++questions;
    const bool is_date =
        fact.kind() == type::v1::FACT_KIND_DATE || fact.kind() == type::v1::FACT_KIND_PARTIAL_DATE;
    if (is_date) plan.date = dates++;
    fits_ &= dates <= kPersonDatesMax;
  }
  size_t slots = 1;
  while (slots < program_.answers.size() * 4) slots *= 2;
  program_.slots.assign(slots, 0);
  for (size_t i = 0; i < program_.answers.size(); ++i) {
    size_t slot = program_.FirstSlot(program_.answers[i].id);
    while (program_.slots[slot] != 0) slot = (slot + 1) & (slots - 1);
    program_.slots[slot] = static_cast<uint8_t>(i + 1);
  }
}

AnswerPlan* Layout::LookAt(const std::string& id, Seen& seen) {
  for (size_t i = 0; i < program_.answers.size(); ++i) {
    if (program_.answers[i].id != id) continue;
    seen.facts |= SetOf(kFieldFacts + static_cast<int>(i));
    return &program_.answers[i];
  }
  fits_ = false;  // CheckPack accepts no such condition.
  return nullptr;
}

Place Layout::AddQuestion(const std::string& id, Seen& seen) {
  const AnswerPlan* const plan = LookAt(id, seen);
  if (plan == nullptr || plan->question == 0) return {};
  uint16_t bit = 0;
  while (plan->question >> bit != 1) ++bit;
  return {kQuestionWord, bit, false};
}

Place Layout::AddCodes(const v1::CodeCondition& condition, Seen& seen) {
  AnswerPlan* const plan = LookAt(condition.fact(), seen);
  if (plan == nullptr) return {};
  const size_t bit = plan->codes.Add({condition.of().begin(), condition.of().end()}, answer_bits_);
  if (bit >= kSetsMax) {
    fits_ = false;
    return {};
  }
  answer_bits_ = std::max(answer_bits_, bit + 1);
  plan->all |= uint64_t{1} << bit;
  return {kAnswerWord, static_cast<uint16_t>(bit), false};
}

Place Layout::AddNumber(const v1::NumberCondition& condition, Seen& seen) {
  AnswerPlan* const plan = LookAt(condition.fact(), seen);
  if (plan == nullptr || answer_bits_ >= kSetsMax) {
    fits_ = false;
    return {};
  }
  const size_t bit = answer_bits_++;
  plan->all |= uint64_t{1} << bit;
  plan->numbers.push_back({condition.at_least(), condition.at_most(), uint64_t{1} << bit});
  return {kAnswerWord, static_cast<uint16_t>(bit), false};
}

int Layout::LookAtDate(const std::string& name, Seen& seen) {
  if (name == kEntryDateName) {
    seen.facts |= SetOf(kEntryDate);
    return 0;
  }
  const AnswerPlan* const plan = LookAt(name, seen);
  return plan == nullptr ? 0 : plan->date;
}

Place Layout::AddDate(DateTest test, Seen& seen) {
  const auto same = [&](const DateTest& other) {
    return other.kind == test.kind && other.date == test.date &&
           other.window.from == test.window.from && other.window.until == test.window.until &&
           other.days == test.days && other.calendar == test.calendar;
  };
  std::vector<DateTest>& dates = program_.dates;
  const auto found = std::find_if(dates.begin(), dates.end(), same);
  const size_t bit = static_cast<size_t>(found - dates.begin());
  if (bit >= kSetsMax) {
    fits_ = false;
    return {};
  }
  if (found == dates.end()) dates.push_back(test);
  seen.dates |= uint64_t{1} << bit;
  return {kDateWord, static_cast<uint16_t>(bit), false};
}

Place Layout::AddWithin(const v1::Within& within, Seen& seen) {
  DateTest test{DateTest::kWithin, LookAtDate(within.date(), seen), {}, within.days(), -1};
  for (int i = 0; i < pack_.calendars_size(); ++i) {
    if (pack_.calendars(i).id() != within.calendar()) continue;
    test.calendar = i;
    seen.calendars |= uint64_t{1} << i;
  }
  return AddDate(test, seen);
}

Place Layout::AddMembers(const v1::MemberCount& members, Seen& seen) {
  Seen inner;
  const Place where = Add(members.where(), inner);
  constexpr int kNoLimit = 1 << 20;
  const MemberTest test{where, members.at_least(),
                        members.limited() ? members.at_most() : kNoLimit};
  seen.members |= inner.facts;
  seen.dates |= inner.dates;
  seen.calendars |= inner.calendars;
  program_.member_dates |= inner.dates;
  program_.member_facts |= inner.facts;
  program_.members_by_row &= where.word < kRowWords;
  const size_t bit = program_.members.size();
  if (bit >= kSetsMax) {
    fits_ = false;
    return {};
  }
  program_.members.push_back(test);
  return {kMemberWord, static_cast<uint16_t>(bit), false};
}

Place Layout::AddNode(Node::Kind kind, std::vector<Place> parts) {
  const size_t index = program_.nodes.size();
  if (index >= (kWordsMax - kNodeWord) * kWordBits) {
    fits_ = false;
    return {};
  }
  std::vector<Look> looks;
  for (const Place& part : parts) {
    const auto same_word = [&](const Look& look) { return look.word == part.word; };
    auto look = std::find_if(looks.begin(), looks.end(), same_word);
    if (look == looks.end()) look = looks.insert(looks.end(), Look{part.word, 0, 0});
    (part.negated ? look->negative : look->positive) |= uint64_t{1} << part.bit;
  }
  const auto begin = static_cast<uint32_t>(program_.looks.size());
  program_.looks.insert(program_.looks.end(), looks.begin(), looks.end());
  program_.nodes.push_back(
      {kind, {begin, static_cast<uint32_t>(program_.looks.size())}, std::move(parts)});
  return {static_cast<uint16_t>(kNodeWord + index / kWordBits),
          static_cast<uint16_t>(index % kWordBits), false};
}

Place Layout::AddList(Node::Kind kind, const v1::PredicateList& list, Seen& seen) {
  std::vector<Place> parts;
  for (const v1::Predicate& part : list.of()) parts.push_back(Add(part, seen));
  return parts.size() == 1 ? parts.front() : AddNode(kind, std::move(parts));
}

Place Layout::Add(const v1::Predicate& predicate, Seen& seen) {
  switch (predicate.kind_case()) {
    case v1::Predicate::kAll:
      return AddList(Node::kAll, predicate.all(), seen);
    case v1::Predicate::kAny:
      return AddList(Node::kAny, predicate.any(), seen);
    case v1::Predicate::kNot: {
      Place place = Add(predicate.not_(), seen);
      place.negated = !place.negated;
      return place;
    }
    case v1::Predicate::kAskUnless:
      return AddNode(Node::kAskUnless, {Add(predicate.ask_unless(), seen)});
    case v1::Predicate::kYes:
      return AddQuestion(predicate.yes(), seen);
    case v1::Predicate::kNationalityIn:
      return AtCodes(kNationalityWord, predicate.nationality_in(), kNationalities,
                     program_.nationalities, seen);
    case v1::Predicate::kStateIn:
      return AtCodes(kStateWord, predicate.state_in(), kState, program_.states, seen);
    case v1::Predicate::kNeedIn:
      return AtCodes(kNeedWord, predicate.need_in(), kNeeds, program_.needs, seen);
    case v1::Predicate::kAgeBandIn:
      return AtSet(kAgeBandWord, program_.age_bands.Add(NumbersOf(predicate.age_band_in().of())),
                   kAgeBand, seen);
    case v1::Predicate::kRefugeeClaimIn:
      return AtSet(kClaimWord, program_.claims.Add(NumbersOf(predicate.refugee_claim_in().of())),
                   kRefugeeClaim, seen);
    case v1::Predicate::kRelationshipIn:
      return AtSet(kRelationshipWord,
                   program_.relationships.Add(NumbersOf(predicate.relationship_in().of())),
                   kRelationship, seen);
    case v1::Predicate::kEnteredOnOrBefore:
      return AddDate({DateTest::kInWindow,
                      LookAtDate(std::string(kEntryDateName), seen),
                      {kFirstDay, DayOf(predicate.entered_on_or_before(), 0) + 1},
                      0,
                      -1},
                     seen);
    case v1::Predicate::kDateIn: {
      const v1::DateWindow& window = predicate.date_in();
      const bool is_as_of = window.date() == kAsOfDate;
      return AddDate({is_as_of ? DateTest::kAsOf : DateTest::kInWindow,
                      is_as_of ? 0 : LookAtDate(window.date(), seen),
                      {DayOf(window.from(), kFirstDay), DayOf(window.until(), kLastDay)},
                      0,
                      -1},
                     seen);
    }
    case v1::Predicate::kWithin:
      return AddWithin(predicate.within(), seen);
    case v1::Predicate::kMembers:
      return AddMembers(predicate.members(), seen);
    case v1::Predicate::kCodeIn:
      return AddCodes(predicate.code_in(), seen);
    case v1::Predicate::kNumberIn:
      return AddNumber(predicate.number_in(), seen);
    case v1::Predicate::KIND_NOT_SET:
      break;
  }
  return {};
}

CriterionPlan Layout::PlanOf(const v1::Criterion& criterion) {
  CriterionPlan plan;
  Seen seen;
  plan.place = Add(criterion.predicate(), seen);
  plan.sure =
      criterion.confidence() == v1::CONFIDENCE_S1 || criterion.confidence() == v1::CONFIDENCE_S2;
  plan.in_force = SpanOf(criterion.in_force());
  plan.known = SpanOf(criterion.known());
  plan.facts = seen.facts | seen.members;
  plan.own_facts = seen.facts;
  plan.member_facts = seen.members;
  plan.dates = seen.dates;
  plan.calendars = seen.calendars;
  return plan;
}

PathwayPlan Layout::PlanOf(const v1::Pathway& pathway) {
  PathwayPlan plan;
  plan.family = pathway.unit() == v1::SCREENING_UNIT_FAMILY;
  for (const v1::Criterion& criterion : pathway.criteria()) {
    plan.criteria.push_back(PlanOf(criterion));
  }
  for (const v1::StatusPeriod& period : pathway.statuses()) {
    plan.statuses.push_back({period.status(), SpanOf(period.in_force()), SpanOf(period.known())});
  }
  return plan;
}

template <typename Conditional>
ConditionPlan Layout::PlanOf(const Conditional& conditional) {
  ConditionPlan plan;
  if (!conditional.has_when()) return plan;
  Seen seen;
  plan.always = false;
  plan.place = Add(conditional.when(), seen);
  return plan;
}

absl::StatusOr<Program> Layout::Make() {
  AddAnswers();
  for (const v1::Pathway& pathway : pack_.pathways()) {
    program_.pathways.push_back(PlanOf(pathway));
  }
  for (const v1::Step& step : pack_.steps()) program_.steps.push_back(PlanOf(step));
  for (const v1::Interaction& interaction : pack_.interactions()) {
    program_.interactions.push_back(PlanOf(interaction));
  }
  if (fits_) return std::move(program_);
  return absl::InvalidArgumentError(
      absl::StrCat("the pack has more than ", kWordBits,
                   " different sets of a kind, dates or counts, or too many facts or conditions"));
}

}  // namespace

Fact Program::FactAt(Word word, uint16_t bit) const {
  const uint64_t mask = uint64_t{1} << bit;
  for (size_t i = 0; i < answers.size(); ++i) {
    if ((word == kQuestionWord ? answers[i].question : answers[i].all) & mask) {
      return kFieldFacts + static_cast<int>(i);
    }
  }
  return kEntryDate;  // No place is laid out without its fact.
}

int Program::DateOf(Fact fact) const {
  if (fact == kEntryDate) return 0;
  return fact < kFieldFacts ? -1 : answers[static_cast<size_t>(fact - kFieldFacts)].date;
}

const char* Program::NameOf(Fact fact) const {
  return fact < kFieldFacts ? NameOfField(static_cast<FieldFact>(fact))
                            : answers[static_cast<size_t>(fact - kFieldFacts)].id.c_str();
}

std::vector<std::string> Program::NamesOf(FactSet facts) const {
  std::vector<std::string> names;
  for (const Fact fact : FactsIn(facts)) names.emplace_back(NameOf(fact));
  std::sort(names.begin(), names.end());
  return names;
}

size_t Program::FirstSlot(absl::string_view id) const {
  constexpr uint64_t kSpread = 0x9e3779b97f4a7c15;  // 2^64 by the golden ratio.
  uint64_t hash = 0;
  if (id.size() >= sizeof(hash)) {
    std::memcpy(&hash, id.data(), sizeof(hash));  // One load; a copy of a varying size is a call.
  } else {
    for (const char c : id) hash = hash << 8 | static_cast<uint8_t>(c);
  }
  hash ^= id.size();
  return hash * kSpread >> 32 & (slots.size() - 1);
}

size_t CodeTable::Add(std::vector<std::string> codes, size_t bit) {
  std::sort(codes.begin(), codes.end());
  for (const Set& set : sets_) {
    if (set.codes == codes) return set.bit;
  }
  if (bit >= kSetsMax) return bit;
  all_ |= uint64_t{1} << bit;
  for (const std::string& code : codes) EntryOf(Packed(code)).sets |= uint64_t{1} << bit;
  sets_.push_back({std::move(codes), bit});
  return bit;
}

CodeTable::Entry& CodeTable::EntryOf(uint64_t code) {
  for (Entry& entry : entries_) {
    if (entry.code == code) return entry;
  }
  entries_.push_back({code, 0});
  if (entries_.size() * 4 <= slots_.size()) {
    TakeSlot(entries_.size());
  } else {
    slots_.assign(std::max(kSlotsMin, slots_.size() * 2), 0);
    for (size_t i = 1; i <= entries_.size(); ++i) TakeSlot(i);
  }
  return entries_.back();
}

size_t CodeTable::FirstSlot(uint64_t code) const {
  constexpr uint64_t kSpread = 0x9e3779b97f4a7c15;  // 2^64 by the golden ratio.
  return code * kSpread >> 32 & (slots_.size() - 1);
}

void CodeTable::TakeSlot(size_t number) {
  size_t slot = FirstSlot(entries_[number - 1].code);
  while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
  slots_[slot] = static_cast<uint16_t>(number);
}

uint64_t CodeTable::SetsOf(absl::string_view code) const {
  if (slots_.empty()) return 0;
  const uint64_t packed = Packed(code);
  for (size_t slot = FirstSlot(packed); slots_[slot] != 0;
       slot = (slot + 1) & (slots_.size() - 1)) {
    const Entry& entry = entries_[slots_[slot] - 1U];
    if (entry.code == packed) return entry.sets;
  }
  return 0;
}

std::vector<uint64_t> CodeTable::Classes() const {
  std::vector<uint64_t> classes = {0};
  for (const Entry& entry : entries_) classes.push_back(entry.sets);
  std::sort(classes.begin(), classes.end());
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  return classes;
}

std::vector<std::string> CodeTable::CodesOf(uint64_t sets) const {
  std::vector<std::string> codes;
  for (const Entry& entry : entries_) {
    if (entry.sets == sets) codes.push_back(Unpacked(entry.code));
  }
  std::sort(codes.begin(), codes.end());
  return codes;
}

int NumberTable::Add(uint32_t numbers) {
  const auto found = std::find(sets_.begin(), sets_.end(), numbers);
  const auto bit = static_cast<size_t>(found - sets_.begin());
  if (found != sets_.end()) return static_cast<int>(bit);
  if (bit >= kSetsMax) return -1;
  all_ |= uint64_t{1} << bit;
  for (size_t number = 0; number < sets_of_.size(); ++number) {
    if (numbers >> number & 1) sets_of_[number] |= uint64_t{1} << bit;
  }
  sets_.push_back(numbers);
  return static_cast<int>(bit);
}

absl::StatusOr<Program> LayOut(const v1::PolicyPack& pack) { return Layout(pack).Make(); }

}  // namespace pathways::eligibility
