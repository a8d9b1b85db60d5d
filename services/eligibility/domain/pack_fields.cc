#include "services/eligibility/domain/pack_fields.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "services/eligibility/domain/calendar.h"
#include "services/eligibility/domain/policy_check.h"
#include "services/eligibility/domain/predicate_check.h"
#include "services/type/names.h"

namespace pathways::eligibility {
namespace {

constexpr size_t kKeyLengthMax = 128;

bool IsId(absl::string_view text) {
  return type::IsId(text) && text.front() != '-' && text.back() != '-';
}

bool IsKey(absl::string_view text) {
  if (text.empty() || text.size() > kKeyLengthMax) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-' || c == '_' || c == '.';
  });
}

}  // namespace

PackChecker::PackChecker(const v1::PolicyPack& pack, type::Violations& violations)
    : pack_(pack), violations_(violations) {
  for (const v1::Source& source : pack.sources()) sources_.insert(source.id());
  for (const v1::Pathway& pathway : pack.pathways()) pathways_.insert(pathway.id());
  for (const v1::Step& step : pack.steps()) steps_.insert(step.id());
  for (const v1::Calendar& calendar : pack.calendars()) calendars_.insert(calendar.id());
  for (const type::v1::Fact& fact : pack.facts()) facts_[fact.id()] = &fact;
  for (const v1::Authority& authority : pack.authorities()) {
    authorities_[authority.id()] = authority.kind();
  }
}

v1::AuthorityKind PackChecker::KindOf(const std::string& authority) const {
  const auto found = authorities_.find(authority);
  return found == authorities_.end() ? v1::AUTHORITY_KIND_UNSPECIFIED : found->second;
}

void PackChecker::CheckId(const std::string& field, const std::string& id,
                          std::set<std::string>& ids) {
  if (!IsId(id)) {
    Add(field, "must be 1 to 64 characters a-z, 0-9 and - that begin and end without -");
  } else if (!ids.insert(id).second) {
    Add(field, "must be unique");
  }
}

void PackChecker::CheckKey(const std::string& field, const std::string& key) {
  if (!IsKey(key)) {
    Add(field, absl::StrCat("must be the key of a text: 1 to ", kKeyLengthMax,
                            " characters a-z, 0-9, -, _ and ."));
  }
}

void PackChecker::CheckText(const std::string& field, const std::string& text) {
  if (absl::StripAsciiWhitespace(text).empty() || text.size() > kTextBytesMax) {
    Add(field, absl::StrCat("must be 1 to ", kTextBytesMax, " bytes of text"));
  }
}

void PackChecker::CheckCount(const std::string& field, int count, int min, int max) {
  if (count < min || count > max) Add(field, absl::StrCat("must have ", min, " to ", max));
}

void PackChecker::CheckSource(const std::string& field, const std::string& source) {
  if (!sources_.contains(source)) Add(field, "must be the id of a source of the pack");
}

void PackChecker::CheckConfidence(const std::string& field, v1::Confidence confidence) {
  CheckEnum(field, confidence, v1::Confidence_IsValid(confidence),
            "must say how sure the source is");
}

void PackChecker::CheckEnum(const std::string& field, int number, bool valid,
                            absl::string_view expected) {
  if (number == 0 || !valid) Add(field, expected);
}

void PackChecker::CheckPeriods(const std::string& field, const v1::Period& in_force,
                               const v1::Period& known) {
  CheckPeriod(absl::StrCat(field, ".in_force"), in_force, true, violations_);
  type::Violations faults;
  const std::string known_field = absl::StrCat(field, ".known");
  CheckPeriod(known_field, known, true, faults);
  for (const type::v1::FieldViolation& fault : faults.found()) {
    Add(fault.field(), fault.description());
  }
  type::Violations of_pack;
  CheckDay("recorded_on", pack_.recorded_on(), of_pack);
  if (!faults.empty() || !of_pack.empty()) return;
  if (DayOf(known.from(), kFirstDay) > DayOf(pack_.recorded_on(), kLastDay)) {
    Add(absl::StrCat(known_field, ".from"), "is later than the day on which the pack was written");
  }
}

void PackChecker::CheckCondition(const std::string& field, const v1::Predicate& predicate) {
  CheckPredicate(field, predicate, calendars_, facts_, violations_);
}

bool Settles(v1::Confidence confidence) {
  return confidence == v1::CONFIDENCE_S1 || confidence == v1::CONFIDENCE_S2;
}

}  // namespace pathways::eligibility
