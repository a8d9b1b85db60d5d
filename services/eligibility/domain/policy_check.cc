#include "services/eligibility/domain/policy_check.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "services/eligibility/domain/calendar.h"
#include "services/eligibility/domain/pack_fields.h"
#include "services/eligibility/domain/parts_check.h"
#include "services/eligibility/domain/predicate_check.h"
#include "services/eligibility/domain/reach_check.h"
#include "services/type/problem.h"

namespace pathways::eligibility {
namespace {

constexpr int kStatusesMax = 50;
constexpr int kDocumentsMax = 20;

void CheckCriterion(const std::string& field, const v1::Criterion& criterion,
                    std::set<std::string>& ids, PackChecker& checker) {
  const auto at = [&](absl::string_view name) { return absl::StrCat(field, ".", name); };
  checker.CheckId(at("id"), criterion.id(), ids);
  checker.CheckCondition(at("predicate"), criterion.predicate());
  checker.CheckConfidence(at("confidence"), criterion.confidence());
  checker.CheckSource(at("source"), criterion.source());
  checker.CheckKey(at("message"), criterion.message());
  checker.CheckPeriods(field, criterion.in_force(), criterion.known());
}

bool Overlap(const Span& one, const Span& other) {
  return one.from < other.until && other.from < one.until;
}

// Only of periods that are right themselves: others are told of at their own place.
void CheckOverlaps(const std::string& field, const v1::Pathway& pathway, PackChecker& checker) {
  for (int i = 1; i < pathway.statuses_size(); ++i) {
    for (int j = 0; j < i; ++j) {
      const v1::StatusPeriod& later = pathway.statuses(i);
      const v1::StatusPeriod& earlier = pathway.statuses(j);
      if (Overlap(SpanOf(later.in_force()), SpanOf(earlier.in_force())) &&
          Overlap(SpanOf(later.known()), SpanOf(earlier.known()))) {
        checker.Add(
            absl::StrCat(At(field, i), ".in_force"),
            absl::StrCat("overlaps that of statuses[", j, "], on days on which both are known"));
      }
    }
  }
}

// The days on which one of the spans begins or ends, and the earliest beginning: the first day of
// each stretch within which nothing turns.
std::set<Day> Stretches(const std::vector<Span>& spans) {
  Day first = kLastDay;
  for (const Span& span : spans) first = std::min(first, span.from);
  std::set<Day> days = {first};
  for (const Span& span : spans) {
    days.insert(span.from);
    if (span.until < kLastDay) days.insert(span.until);
  }
  return days;
}

// A day of the stretch in words: the first, or the last where it has no first.
std::string DayOfStretch(const std::set<Day>& days, std::set<Day>::const_iterator day) {
  if (*day != kFirstDay) return absl::FormatCivilTime(CivilOf(*day));
  const auto next = std::next(day);
  return next == days.end() ? "any day" : absl::FormatCivilTime(CivilOf(*next - 1));
}

// From the first day on that a status is of and the first on which one was known, each day has a
// status as known on each. Of days in a row without one the first is named.
void CheckHoles(const std::string& field, const v1::Pathway& pathway, PackChecker& checker) {
  std::vector<Span> in_force;
  std::vector<Span> known;
  for (const v1::StatusPeriod& period : pathway.statuses()) {
    in_force.push_back(SpanOf(period.in_force()));
    known.push_back(SpanOf(period.known()));
  }
  const std::set<Day> days = Stretches(in_force);
  const std::set<Day> learned = Stretches(known);
  for (auto seen = learned.begin(); seen != learned.end(); ++seen) {
    bool hole_before = false;
    for (auto day = days.begin(); day != days.end(); ++day) {
      bool covered = false;
      for (size_t i = 0; i < known.size(); ++i) {
        covered |= known[i].Has(*seen) && in_force[i].Has(*day);
      }
      if (!covered && !hole_before) {
        checker.Add(field, absl::StrCat("must say what the pathway is on ", DayOfStretch(days, day),
                                        ", as known on ", DayOfStretch(learned, seen)));
      }
      hole_before = !covered;
    }
  }
}

void CheckStatus(const std::string& field, const v1::StatusPeriod& period, PackChecker& checker) {
  const auto at = [&](absl::string_view name) { return absl::StrCat(field, ".", name); };
  const v1::PathwayStatus status = period.status();
  checker.CheckEnum(at("status"), status, v1::PathwayStatus_IsValid(status),
                    "must say what the pathway is");
  checker.CheckPeriods(field, period.in_force(), period.known());
  checker.CheckSource(at("source"), period.source());
  checker.CheckConfidence(at("confidence"), period.confidence());
  if (!Settles(period.confidence()) && status != v1::PATHWAY_STATUS_PROPOSED &&
      status != v1::PATHWAY_STATUS_REPORTED) {
    checker.Add(at("status"), "must be PROPOSED or REPORTED where the source is S3 or K");
  }
  if (!period.message().empty()) checker.CheckKey(at("message"), period.message());
}

void CheckStatuses(const std::string& field, const v1::Pathway& pathway, PackChecker& checker) {
  checker.CheckCount(field, pathway.statuses_size(), 1, kStatusesMax);
  const size_t before = checker.violations().found().size();
  for (int i = 0; i < pathway.statuses_size(); ++i) {
    CheckStatus(At(field, i), pathway.statuses(i), checker);
  }
  if (checker.violations().found().size() != before) return;
  CheckOverlaps(field, pathway, checker);
  CheckHoles(field, pathway, checker);
}

void CheckAuthority(const std::string& field, const v1::Pathway& pathway, PackChecker& checker) {
  const v1::AuthorityKind kind = checker.KindOf(pathway.authority());
  if (kind == v1::AUTHORITY_KIND_UNSPECIFIED) {
    checker.Add(absl::StrCat(field, ".authority"), "must be the id of an authority of the pack");
  }
  checker.CheckEnum(absl::StrCat(field, ".mode"), pathway.mode(),
                    v1::ReferralMode_IsValid(pathway.mode()), "must say what follows");
  const bool controls =
      kind == v1::AUTHORITY_KIND_MIGRATION || kind == v1::AUTHORITY_KIND_ENFORCEMENT;
  if (controls && pathway.mode() == v1::REFERRAL_MODE_REFER) {
    checker.Add(
        absl::StrCat(field, ".mode"),
        "must be INFORM: nothing is sent to a body that controls migration or enforces law");
  }
}

void CheckPathway(const std::string& field, const v1::Pathway& pathway, std::set<std::string>& ids,
                  PackChecker& checker) {
  const auto at = [&](absl::string_view name) { return absl::StrCat(field, ".", name); };
  checker.CheckId(at("id"), pathway.id(), ids);
  checker.CheckText(at("title"), pathway.title());
  checker.CheckEnum(at("unit"), pathway.unit(), v1::ScreeningUnit_IsValid(pathway.unit()),
                    "must say who is screened together");
  const std::string criteria = at("criteria");
  checker.CheckCount(criteria, pathway.criteria_size(), 1, kCriteriaMax);
  std::set<std::string> criterion_ids;
  for (int i = 0; i < pathway.criteria_size(); ++i) {
    CheckCriterion(At(criteria, i), pathway.criteria(i), criterion_ids, checker);
  }
  CheckAuthority(field, pathway, checker);
  checker.CheckEnum(at("review"), pathway.review(), v1::ReviewRule_IsValid(pathway.review()),
                    "must say what a person looks at");
  CheckStatuses(at("statuses"), pathway, checker);
  checker.CheckCount(at("documents"), pathway.documents_size(), 0, kDocumentsMax);
  for (int i = 0; i < pathway.documents_size(); ++i) {
    checker.CheckKey(At(at("documents"), i), pathway.documents(i));
  }
  if (pathway.has_shown()) checker.Add(at("shown"), "is filled in when it is shown, not in a pack");
}

absl::Status Check(const v1::PolicyPack& pack, bool with_texts) {
  type::Violations violations;
  PackChecker checker(pack, violations);
  std::set<std::string> versions;
  checker.CheckId("version", pack.version(), versions);
  checker.CheckText("title", pack.title());
  CheckDay("recorded_on", pack.recorded_on(), violations);
  checker.CheckCount("pathways", pack.pathways_size(), 1, kPathwaysMax);
  std::set<std::string> ids;
  for (int i = 0; i < pack.pathways_size(); ++i) {
    CheckPathway(At("pathways", i), pack.pathways(i), ids, checker);
  }
  CheckSources(checker);
  CheckAuthorities(checker);
  CheckCalendars(checker);
  CheckSteps(checker);
  CheckFacts(checker);
  if (with_texts) CheckCatalogues(checker);
  // What can be reached is a question only of conditions that have a meaning.
  if (violations.empty()) CheckReach(pack, violations);
  return violations.ToStatus("INVALID_POLICY_PACK");
}

}  // namespace

absl::Status CheckPack(const v1::PolicyPack& pack) { return Check(pack, true); }

absl::Status CheckRules(const v1::PolicyPack& pack) { return Check(pack, false); }

}  // namespace pathways::eligibility
