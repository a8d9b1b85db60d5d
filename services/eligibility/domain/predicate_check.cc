#include "services/eligibility/domain/predicate_check.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "services/eligibility/domain/calendar.h"
#include "services/eligibility/domain/facts.h"
#include "services/type/codes.h"
#include "services/type/dates.h"
#include "services/type/facts.h"

namespace pathways::eligibility {
namespace {

constexpr int kListMax = 20;
constexpr int kCodesMax = 300;
constexpr int kPeopleMax = 50;
constexpr int kDaysMax = 36'500;

std::string At(absl::string_view field, int index) { return absl::StrCat(field, "[", index, "]"); }

// Whether an answer to the fact is among the answers of a person, or is only ever asked.
bool IsAnswered(const type::v1::Fact& fact) {
  return fact.storage() == type::v1::FACT_STORAGE_ANSWER ||
         fact.storage() == type::v1::FACT_STORAGE_NEVER;
}

// Codes as they are stored: of the lists by which intake takes them, so that no condition names one
// that nobody can have.
bool IsCountryCode(absl::string_view text) { return type::NationalityCode(text) == text; }
bool IsStateCode(absl::string_view text) { return type::StateCode(text) == text; }
bool IsNeedCode(absl::string_view text) { return type::NeedCode(text) == text; }

class Checker {
 public:
  Checker(const std::set<std::string>& calendars, const FactsOfPack& facts,
          type::Violations& violations)
      : calendars_(calendars), facts_(facts), violations_(violations) {}

  void Check(const std::string& field, const v1::Predicate& predicate, int depth);

 private:
  void CheckCount(absl::string_view field, int count, int max) {
    if (count < 1 || count > max) violations_.Add(field, absl::StrCat("must have 1 to ", max));
  }
  template <typename Codes, typename IsRight>
  void CheckSet(const std::string& field, const Codes& codes, int max, IsRight is_right,
                absl::string_view expected);
  template <typename Numbers>
  void CheckNumbers(const std::string& field, const Numbers& numbers, int last,
                    absl::string_view expected) {
    CheckSet(
        absl::StrCat(field, ".of"), numbers, last,
        [last](int number) { return number >= 1 && number <= last; }, expected);
  }
  void CheckList(const std::string& field, const v1::PredicateList& list, int depth);
  void CheckWindow(const std::string& field, const v1::DateWindow& window);
  void CheckWithin(const std::string& field, const v1::Within& within);
  void CheckMembers(const std::string& field, const v1::MemberCount& members, int depth);

  // The fact of a condition, which must be of the pack. Null: it is not, which is said.
  const type::v1::Fact* FactOf(const std::string& field, const std::string& id);
  void CheckCodes(const std::string& field, const v1::CodeCondition& condition);
  void CheckNumber(const std::string& field, const v1::NumberCondition& condition);
  void CheckDate(const std::string& field, const std::string& date);

  const std::set<std::string>& calendars_;
  const FactsOfPack& facts_;
  type::Violations& violations_;
  bool in_members_ = false;
};

const type::v1::Fact* Checker::FactOf(const std::string& field, const std::string& id) {
  const auto found = facts_.find(id);
  if (found != facts_.end()) return found->second;
  violations_.Add(field, "must be the id of a fact");
  return nullptr;
}

void Checker::CheckCodes(const std::string& field, const v1::CodeCondition& condition) {
  const type::v1::Fact* const fact = FactOf(absl::StrCat(field, ".fact"), condition.fact());
  if (fact == nullptr) return;
  if (!type::HasCodes(fact->kind()) || !IsAnswered(*fact)) {
    violations_.Add(absl::StrCat(field, ".fact"), "must be answered by codes");
    return;
  }
  const auto is_code = [&](const std::string& code) {
    if (fact->list() != type::v1::CODE_LIST_UNSPECIFIED) {
      return type::CodeIn(fact->list(), code) == code;
    }
    return std::any_of(fact->codes().begin(), fact->codes().end(),
                       [&](const auto& known) { return known.code() == code; });
  };
  CheckSet(absl::StrCat(field, ".of"), condition.of(), kCodesMax, is_code,
           "must be a code of the fact, in the form in which it is stored");
}

void Checker::CheckNumber(const std::string& field, const v1::NumberCondition& condition) {
  const type::v1::Fact* const fact = FactOf(absl::StrCat(field, ".fact"), condition.fact());
  if (fact == nullptr) return;
  if (fact->kind() != type::v1::FACT_KIND_NUMBER || !IsAnswered(*fact)) {
    violations_.Add(absl::StrCat(field, ".fact"), "must be answered by a number");
  } else if (condition.at_least() < fact->least() || condition.at_most() > fact->greatest() ||
             condition.at_least() > condition.at_most()) {
    violations_.Add(
        field, absl::StrCat("must be bounds within ", fact->least(), " to ", fact->greatest()));
  }
}

void Checker::CheckDate(const std::string& field, const std::string& date) {
  const type::v1::Fact* const fact = FactOf(field, date);
  if (fact == nullptr) return;
  const bool is_date =
      fact->kind() == type::v1::FACT_KIND_DATE || fact->kind() == type::v1::FACT_KIND_PARTIAL_DATE;
  if (!is_date) violations_.Add(field, "must be answered by a date");
}

// Checks that each code of a set is right and stands there once.
template <typename Codes, typename IsRight>
void Checker::CheckSet(const std::string& field, const Codes& codes, int max, IsRight is_right,
                       absl::string_view expected) {
  CheckCount(field, codes.size(), max);
  for (int i = 0; i < codes.size(); ++i) {
    if (!is_right(codes.Get(i))) {
      violations_.Add(At(field, i), expected);
    } else if (std::find(codes.begin(), codes.begin() + i, codes.Get(i)) != codes.begin() + i) {
      violations_.Add(At(field, i), "stands in the set already");
    }
  }
}

void Checker::CheckList(const std::string& field, const v1::PredicateList& list, int depth) {
  const std::string of = absl::StrCat(field, ".of");
  CheckCount(of, list.of_size(), kListMax);
  for (int i = 0; i < list.of_size(); ++i) Check(At(of, i), list.of(i), depth + 1);
}

void Checker::CheckWindow(const std::string& field, const v1::DateWindow& window) {
  if (window.date() != kAsOfDate) CheckDate(absl::StrCat(field, ".date"), window.date());
  v1::Period period;
  *period.mutable_from() = window.from();
  *period.mutable_until() = window.until();
  CheckPeriod(field, period, true, violations_);
  if (type::IsEmpty(window.from()) && type::IsEmpty(window.until())) {
    violations_.Add(field, "must have a beginning or an end");
  }
}

void Checker::CheckWithin(const std::string& field, const v1::Within& within) {
  CheckDate(absl::StrCat(field, ".date"), within.date());
  if (within.days() < 1 || within.days() > kDaysMax) {
    violations_.Add(absl::StrCat(field, ".days"), absl::StrCat("must be 1 to ", kDaysMax));
  }
  if (!within.calendar().empty() && !calendars_.contains(within.calendar())) {
    violations_.Add(absl::StrCat(field, ".calendar"), "must be the id of a calendar");
  }
}

void Checker::CheckMembers(const std::string& field, const v1::MemberCount& members, int depth) {
  if (in_members_) {
    violations_.Add(field, "must not stand within another count");
    return;
  }
  in_members_ = true;
  Check(absl::StrCat(field, ".where"), members.where(), depth + 1);
  in_members_ = false;
  if (members.at_least() < 0 || members.at_least() > kPeopleMax) {
    violations_.Add(absl::StrCat(field, ".at_least"), absl::StrCat("must be 0 to ", kPeopleMax));
  }
  const bool good = members.limited()
                        ? members.at_most() >= members.at_least() && members.at_most() <= kPeopleMax
                        : members.at_most() == 0;
  if (!good) {
    violations_.Add(absl::StrCat(field, ".at_most"),
                    absl::StrCat("must be at_least to ", kPeopleMax,
                                 ", or be left out where nothing is limited"));
  }
}

void Checker::Check(const std::string& field, const v1::Predicate& predicate, int depth) {
  if (depth > kPredicateDepthMax) {
    violations_.Add(field, absl::StrCat("lies deeper than ", kPredicateDepthMax, " conditions"));
    return;
  }
  const auto at = [&](absl::string_view kind) { return absl::StrCat(field, ".", kind); };
  switch (predicate.kind_case()) {
    case v1::Predicate::kAll:
      return CheckList(at("all"), predicate.all(), depth);
    case v1::Predicate::kAny:
      return CheckList(at("any"), predicate.any(), depth);
    case v1::Predicate::kNot:
      return Check(at("not"), predicate.not_(), depth + 1);
    case v1::Predicate::kAskUnless:
      return Check(at("ask_unless"), predicate.ask_unless(), depth + 1);
    case v1::Predicate::kNationalityIn:
      FactOf(at("nationality_in"), NameOfField(kNationalities));
      return CheckSet(at("nationality_in.of"), predicate.nationality_in().of(), kCodesMax,
                      IsCountryCode, "must be an ISO 3166-1 alpha-3 code in upper case, or XXA");
    case v1::Predicate::kStateIn:
      FactOf(at("state_in"), NameOfField(kState));
      return CheckSet(at("state_in.of"), predicate.state_in().of(), kCodesMax, IsStateCode,
                      "must be an ISO 3166-2 code in upper case, for example MX-CHP");
    case v1::Predicate::kNeedIn:
      FactOf(at("need_in"), NameOfField(kNeeds));
      return CheckSet(at("need_in.of"), predicate.need_in().of(), kCodesMax, IsNeedCode,
                      "must be a code of a specific need, for example CR-CP");
    case v1::Predicate::kYes: {
      const type::v1::Fact* const fact = FactOf(at("yes"), predicate.yes());
      if (fact != nullptr && fact->kind() != type::v1::FACT_KIND_YES_NO) {
        violations_.Add(at("yes"), "must be answered by yes or no");
      }
      return;
    }
    case v1::Predicate::kCodeIn:
      return CheckCodes(at("code_in"), predicate.code_in());
    case v1::Predicate::kNumberIn:
      return CheckNumber(at("number_in"), predicate.number_in());
    case v1::Predicate::kAgeBandIn:
      FactOf(at("age_band_in"), NameOfField(kAgeBand));
      // UNKNOWN in a set would never match: an unknown band makes the condition unknown.
      return CheckNumbers(at("age_band_in"), predicate.age_band_in().of(),
                          type::v1::AGE_BAND_60_PLUS, "must be a band of years");
    case v1::Predicate::kRefugeeClaimIn:
      FactOf(at("refugee_claim_in"), NameOfField(kRefugeeClaim));
      return CheckNumbers(at("refugee_claim_in"), predicate.refugee_claim_in().of(),
                          type::v1::REFUGEE_CLAIM_REFUSED, "must be a state of a claim");
    case v1::Predicate::kRelationshipIn:
      FactOf(at("relationship_in"), NameOfField(kRelationship));
      return CheckNumbers(at("relationship_in"), predicate.relationship_in().of(),
                          type::v1::RELATIONSHIP_NOT_RELATED, "must be a relationship");
    case v1::Predicate::kEnteredOnOrBefore:
      FactOf(at("entered_on_or_before"), NameOfField(kEntryDate));
      return CheckDay(at("entered_on_or_before"), predicate.entered_on_or_before(), violations_);
    case v1::Predicate::kDateIn:
      return CheckWindow(at("date_in"), predicate.date_in());
    case v1::Predicate::kWithin:
      return CheckWithin(at("within"), predicate.within());
    case v1::Predicate::kMembers:
      return CheckMembers(at("members"), predicate.members(), depth);
    case v1::Predicate::KIND_NOT_SET:
      break;
  }
  violations_.Add(field, "must have a kind");
}

}  // namespace

void CheckPredicate(const std::string& field, const v1::Predicate& predicate,
                    const std::set<std::string>& calendars, const FactsOfPack& facts,
                    type::Violations& violations) {
  Checker(calendars, facts, violations).Check(field, predicate, 1);
}

void CheckDay(const std::string& field, const type::v1::PartialDate& date,
              type::Violations& violations) {
  if (!type::IsValid(date) || type::PrecisionOf(date) != type::v1::DATE_PRECISION_DAY) {
    violations.Add(field, "must be a day that exists, with year, month and day");
  }
}

void CheckPeriod(const std::string& field, const v1::Period& period, bool open,
                 type::Violations& violations) {
  type::Violations found;
  if (!open || !type::IsEmpty(period.from())) {
    CheckDay(absl::StrCat(field, ".from"), period.from(), found);
  }
  if (!open || !type::IsEmpty(period.until())) {
    CheckDay(absl::StrCat(field, ".until"), period.until(), found);
  }
  if (found.empty() && DayOf(period.from(), kFirstDay) >= DayOf(period.until(), kLastDay)) {
    found.Add(field, "ends before it begins");
  }
  for (const type::v1::FieldViolation& violation : found.found()) {
    violations.Add(violation.field(), violation.description());
  }
}

}  // namespace pathways::eligibility
