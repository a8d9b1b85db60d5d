#include "services/eligibility/domain/predicate_check.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "services/eligibility/domain/calendar.h"
#include "services/type/dates.h"

namespace pathways::eligibility {
namespace {

constexpr int kListMax = 20;
constexpr int kCodesMax = 300;
constexpr int kPeopleMax = 50;
constexpr int kDaysMax = 36'500;

std::string At(absl::string_view field, int index) { return absl::StrCat(field, "[", index, "]"); }

bool IsUpper(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isupper(c); });
}

bool IsCountryCode(absl::string_view text) { return text.size() == 3 && IsUpper(text); }

// MX-CHP: the country and a part of one to three letters or digits.
bool IsStateCode(absl::string_view text) {
  if (text.size() < 4 || text.size() > 6 || !IsUpper(text.substr(0, 2)) || text[2] != '-') {
    return false;
  }
  const absl::string_view part = text.substr(3);
  return std::all_of(part.begin(), part.end(),
                     [](char c) { return absl::ascii_isupper(c) || absl::ascii_isdigit(c); });
}

// CR-CP.
bool IsNeedCode(absl::string_view text) {
  return text.size() == 5 && text[2] == '-' && IsUpper(text.substr(0, 2)) &&
         IsUpper(text.substr(3));
}

class Checker {
 public:
  Checker(const std::set<std::string>& calendars, type::Violations& violations)
      : calendars_(calendars), violations_(violations) {}

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

  const std::set<std::string>& calendars_;
  type::Violations& violations_;
  bool in_members_ = false;
};

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
  if (window.date() == v1::DATE_FACT_UNSPECIFIED || !v1::DateFact_IsValid(window.date())) {
    violations_.Add(absl::StrCat(field, ".date"), "must name a date");
  }
  v1::Period period;
  *period.mutable_from() = window.from();
  *period.mutable_until() = window.until();
  CheckPeriod(field, period, true, violations_);
  if (type::IsEmpty(window.from()) && type::IsEmpty(window.until())) {
    violations_.Add(field, "must have a beginning or an end");
  }
}

void Checker::CheckWithin(const std::string& field, const v1::Within& within) {
  if (within.date() != v1::DATE_FACT_ENTRY_DATE) {
    violations_.Add(absl::StrCat(field, ".date"), "must name a date of the person");
  }
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
      return CheckSet(at("nationality_in.of"), predicate.nationality_in().of(), kCodesMax,
                      IsCountryCode, "must be an ISO 3166-1 alpha-3 code in upper case, or XXA");
    case v1::Predicate::kStateIn:
      return CheckSet(at("state_in.of"), predicate.state_in().of(), kCodesMax, IsStateCode,
                      "must be an ISO 3166-2 code in upper case, for example MX-CHP");
    case v1::Predicate::kNeedIn:
      return CheckSet(at("need_in.of"), predicate.need_in().of(), kCodesMax, IsNeedCode,
                      "must be a code of a specific need, for example CR-CP");
    case v1::Predicate::kYes:
      if (predicate.yes() == v1::QUESTION_FACT_UNSPECIFIED ||
          !v1::QuestionFact_IsValid(predicate.yes())) {
        violations_.Add(at("yes"), "must name a question");
      }
      return;
    case v1::Predicate::kAgeBandIn:
      // UNKNOWN in a set would never match: an unknown band makes the condition unknown.
      return CheckNumbers(at("age_band_in"), predicate.age_band_in().of(),
                          type::v1::AGE_BAND_60_PLUS, "must be a band of years");
    case v1::Predicate::kRefugeeClaimIn:
      return CheckNumbers(at("refugee_claim_in"), predicate.refugee_claim_in().of(),
                          type::v1::REFUGEE_CLAIM_REFUSED, "must be a state of a claim");
    case v1::Predicate::kRelationshipIn:
      return CheckNumbers(at("relationship_in"), predicate.relationship_in().of(),
                          type::v1::RELATIONSHIP_NOT_RELATED, "must be a relationship");
    case v1::Predicate::kEnteredOnOrBefore:
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
                    const std::set<std::string>& calendars, type::Violations& violations) {
  Checker(calendars, violations).Check(field, predicate, 1);
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
