#include "services/eligibility/domain/policy_check.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "services/eligibility/domain/evaluate.h"
#include "services/type/dates.h"
#include "services/type/problem.h"

namespace pathways::eligibility {
namespace {

constexpr size_t kIdLengthMax = 64;
constexpr size_t kIsoDayLength = 10;  // YYYY-MM-DD
constexpr int kListMax = 20;
constexpr int kCodesMax = 300;

std::string At(absl::string_view field, int index) { return absl::StrCat(field, "[", index, "]"); }

bool IsId(absl::string_view text) {
  if (text.empty() || text.size() > kIdLengthMax) return false;
  if (text.front() == '-' || text.back() == '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
  });
}

bool IsCountryCode(absl::string_view text) {
  return text.size() == 3 &&
         std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isupper(c); });
}

// The parser forgives spaces and missing zeros; written back, the day shows whether it had to.
bool IsIsoDay(absl::string_view text) {
  absl::CivilDay day;
  return text.size() == kIsoDayLength && absl::ParseCivilTime(text, &day) &&
         absl::FormatCivilTime(day) == text;
}

void CheckId(absl::string_view field, const std::string& id, std::set<std::string>& ids,
             type::Violations& violations) {
  if (!IsId(id)) {
    violations.Add(field, "must be 1 to 64 characters a-z, 0-9 and - that begin and end without -");
  } else if (!ids.insert(id).second) {
    violations.Add(field, "must be unique");
  }
}

void CheckText(absl::string_view field, const std::string& text, type::Violations& violations) {
  if (absl::StripAsciiWhitespace(text).empty() || text.size() > kTextBytesMax) {
    violations.Add(field, absl::StrCat("must be 1 to ", kTextBytesMax, " bytes of text"));
  }
}

void CheckCount(absl::string_view field, int count, int max, type::Violations& violations) {
  if (count < 1 || count > max) violations.Add(field, absl::StrCat("must have 1 to ", max));
}

// Checks that each code of a set is right and stands there once.
template <typename Codes, typename IsRight>
void CheckSet(const std::string& field, const Codes& codes, int max, IsRight is_right,
              absl::string_view expected, type::Violations& violations) {
  CheckCount(field, codes.size(), max, violations);
  for (int i = 0; i < codes.size(); ++i) {
    if (!is_right(codes.Get(i))) {
      violations.Add(At(field, i), expected);
    } else if (std::find(codes.begin(), codes.begin() + i, codes.Get(i)) != codes.begin() + i) {
      violations.Add(At(field, i), "stands in the set already");
    }
  }
}

void CheckNationalities(const std::string& field, const v1::StringSet& set,
                        type::Violations& violations) {
  CheckSet(
      absl::StrCat(field, ".of"), set.of(), kCodesMax,
      [](const std::string& code) { return IsCountryCode(code); },
      "must be an ISO 3166-1 alpha-3 code in upper case, or XXA", violations);
}

void CheckAgeBands(const std::string& field, const v1::AgeBandSet& set,
                   type::Violations& violations) {
  // UNKNOWN in a set would never match: an unknown band makes the condition unknown.
  CheckSet(
      absl::StrCat(field, ".of"), set.of(), type::v1::AGE_BAND_60_PLUS,
      [](int band) { return band >= type::v1::AGE_BAND_0_4 && band <= type::v1::AGE_BAND_60_PLUS; },
      "must be a band of years", violations);
}

void CheckClaims(const std::string& field, const v1::RefugeeClaimSet& set,
                 type::Violations& violations) {
  CheckSet(
      absl::StrCat(field, ".of"), set.of(), type::v1::REFUGEE_CLAIM_REFUSED,
      [](int claim) {
        return claim >= type::v1::REFUGEE_CLAIM_NONE && claim <= type::v1::REFUGEE_CLAIM_REFUSED;
      },
      "must be a state of a claim", violations);
}

void CheckQuestion(const std::string& field, v1::QuestionFact question,
                   type::Violations& violations) {
  if (question == v1::QUESTION_FACT_UNSPECIFIED || !v1::QuestionFact_IsValid(question)) {
    violations.Add(field, "must name a question");
  }
}

void CheckDay(const std::string& field, const type::v1::PartialDate& date,
              type::Violations& violations) {
  if (!type::IsValid(date) || type::PrecisionOf(date) != type::v1::DATE_PRECISION_DAY) {
    violations.Add(field, "must be a day that exists, with year, month and day");
  }
}

void CheckPredicate(const std::string& field, const v1::Predicate& predicate, int depth,
                    type::Violations& violations);

void CheckList(const std::string& field, const v1::PredicateList& list, int depth,
               type::Violations& violations) {
  const std::string of = absl::StrCat(field, ".of");
  CheckCount(of, list.of_size(), kListMax, violations);
  for (int i = 0; i < list.of_size(); ++i) {
    CheckPredicate(At(of, i), list.of(i), depth + 1, violations);
  }
}

void CheckPredicate(const std::string& field, const v1::Predicate& predicate, int depth,
                    type::Violations& violations) {
  if (depth > kPredicateDepthMax) {
    violations.Add(field, absl::StrCat("lies deeper than ", kPredicateDepthMax, " conditions"));
    return;
  }
  const auto at = [&](absl::string_view kind) { return absl::StrCat(field, ".", kind); };
  switch (predicate.kind_case()) {
    case v1::Predicate::kAll:
      return CheckList(at("all"), predicate.all(), depth, violations);
    case v1::Predicate::kAny:
      return CheckList(at("any"), predicate.any(), depth, violations);
    case v1::Predicate::kNot:
      return CheckPredicate(at("not"), predicate.not_(), depth + 1, violations);
    case v1::Predicate::kNationalityIn:
      return CheckNationalities(at("nationality_in"), predicate.nationality_in(), violations);
    case v1::Predicate::kYes:
      return CheckQuestion(at("yes"), predicate.yes(), violations);
    case v1::Predicate::kAgeBandIn:
      return CheckAgeBands(at("age_band_in"), predicate.age_band_in(), violations);
    case v1::Predicate::kRefugeeClaimIn:
      return CheckClaims(at("refugee_claim_in"), predicate.refugee_claim_in(), violations);
    case v1::Predicate::kEnteredOnOrBefore:
      return CheckDay(at("entered_on_or_before"), predicate.entered_on_or_before(), violations);
    case v1::Predicate::kAskUnless:
      return CheckPredicate(at("ask_unless"), predicate.ask_unless(), depth + 1, violations);
    case v1::Predicate::KIND_NOT_SET:
      break;
  }
  violations.Add(field, "must have a kind");
}

void CheckCriterion(const std::string& field, const v1::Criterion& criterion,
                    std::set<std::string>& ids, type::Violations& violations) {
  const auto at = [&](absl::string_view name) { return absl::StrCat(field, ".", name); };
  CheckId(at("id"), criterion.id(), ids, violations);
  CheckPredicate(at("predicate"), criterion.predicate(), 1, violations);
  CheckText(at("citation"), criterion.citation(), violations);
  if (!IsIsoDay(criterion.source_date())) {
    violations.Add(at("source_date"), "must be a day that exists, as YYYY-MM-DD");
  }
  if (criterion.confidence() == v1::CONFIDENCE_UNSPECIFIED ||
      !v1::Confidence_IsValid(criterion.confidence())) {
    violations.Add(at("confidence"), "must say how sure the source is");
  }
  CheckText(at("when_met"), criterion.when_met(), violations);
  CheckText(at("when_not_met"), criterion.when_not_met(), violations);
  CheckText(at("when_unknown"), criterion.when_unknown(), violations);
}

void CheckPathway(const std::string& field, const v1::Pathway& pathway, std::set<std::string>& ids,
                  type::Violations& violations) {
  const auto at = [&](absl::string_view name) { return absl::StrCat(field, ".", name); };
  CheckId(at("id"), pathway.id(), ids, violations);
  CheckText(at("title"), pathway.title(), violations);
  if (pathway.unit() == v1::SCREENING_UNIT_UNSPECIFIED ||
      !v1::ScreeningUnit_IsValid(pathway.unit())) {
    violations.Add(at("unit"), "must say who is screened together");
  }
  const std::string criteria = at("criteria");
  CheckCount(criteria, pathway.criteria_size(), kCriteriaMax, violations);
  std::set<std::string> criterion_ids;
  for (int i = 0; i < pathway.criteria_size(); ++i) {
    CheckCriterion(At(criteria, i), pathway.criteria(i), criterion_ids, violations);
  }
}

}  // namespace

absl::Status CheckPack(const v1::PolicyPack& pack) {
  type::Violations violations;
  std::set<std::string> versions;
  CheckId("version", pack.version(), versions, violations);
  CheckText("title", pack.title(), violations);
  CheckCount("pathways", pack.pathways_size(), kPathwaysMax, violations);
  std::set<std::string> ids;
  for (int i = 0; i < pack.pathways_size(); ++i) {
    CheckPathway(At("pathways", i), pack.pathways(i), ids, violations);
  }
  return violations.ToStatus("INVALID_POLICY_PACK");
}

}  // namespace pathways::eligibility
