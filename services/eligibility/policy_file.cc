#include "services/eligibility/policy_file.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "services/base/policy_pack_files.h"
#include "services/base/status_macros.h"
#include "services/eligibility/domain/facts.h"
#include "services/eligibility/domain/policy_check.h"
#include "services/eligibility/domain/text_keys.h"
#include "services/eligibility/text_pattern.h"
#include "services/type/languages.h"
#include "services/type/problem.h"

namespace pathways::eligibility {
namespace {

template <typename Items, typename IsUsed>
void KeepUsed(Items& items, IsUsed is_used) {
  items.erase(
      std::remove_if(items.begin(), items.end(), [&](const auto& item) { return !is_used(item); }),
      items.end());
}

void AddCalendars(const v1::Predicate& predicate, std::set<std::string>& ids) {
  for (const v1::Predicate& part : predicate.all().of()) AddCalendars(part, ids);
  for (const v1::Predicate& part : predicate.any().of()) AddCalendars(part, ids);
  if (predicate.has_not_()) AddCalendars(predicate.not_(), ids);
  if (predicate.has_ask_unless()) AddCalendars(predicate.ask_unless(), ids);
  if (predicate.has_members()) AddCalendars(predicate.members().where(), ids);
  if (predicate.has_within()) ids.insert(predicate.within().calendar());
}

std::set<std::string> SourcesOf(const v1::PolicyPack& pack) {
  std::set<std::string> ids;
  for (const v1::Pathway& pathway : pack.pathways()) {
    for (const v1::Criterion& criterion : pathway.criteria()) ids.insert(criterion.source());
    for (const v1::StatusPeriod& period : pathway.statuses()) ids.insert(period.source());
  }
  for (const v1::Interaction& interaction : pack.interactions()) ids.insert(interaction.source());
  for (const v1::Calendar& calendar : pack.calendars()) {
    ids.insert(calendar.source());
    for (const v1::Suspension& suspension : calendar.suspensions()) {
      ids.insert(suspension.source());
    }
  }
  return ids;
}

// A change of a shared file is then a change only of the packs that use it.
void LeaveOutUnused(v1::PolicyPack& pack) {
  std::set<std::string> calendars;
  for (const v1::Pathway& pathway : pack.pathways()) {
    for (const v1::Criterion& criterion : pathway.criteria()) {
      AddCalendars(criterion.predicate(), calendars);
    }
  }
  for (const v1::Step& step : pack.steps()) AddCalendars(step.when(), calendars);
  for (const v1::Interaction& interaction : pack.interactions()) {
    AddCalendars(interaction.when(), calendars);
  }
  KeepUsed(*pack.mutable_calendars(),
           [&](const v1::Calendar& calendar) { return calendars.contains(calendar.id()); });
  const std::set<std::string> sources = SourcesOf(pack);
  KeepUsed(*pack.mutable_sources(),
           [&](const v1::Source& source) { return sources.contains(source.id()); });
  std::set<std::string> keys;
  for (const NeededText& needed : NeededTexts(pack)) keys.insert(needed.key);
  for (v1::Catalogue& catalogue : *pack.mutable_catalogues()) {
    KeepUsed(*catalogue.mutable_texts(),
             [&](const v1::Text& text) { return keys.contains(text.key()); });
  }
  const std::set<std::string> facts = FactsNamedIn(pack);
  KeepUsed(*pack.mutable_facts(),
           [&](const type::v1::Fact& fact) { return facts.contains(fact.id()); });
  std::sort(pack.mutable_facts()->begin(), pack.mutable_facts()->end(),
            [](const auto& a, const auto& b) { return a.id() < b.id(); });
}

// One catalogue per language, texts by key: the order of files must not show in the bytes.
void SortTexts(v1::PolicyPack& pack) {
  google::protobuf::RepeatedPtrField<v1::Catalogue> sorted;
  for (const std::string& language : type::Languages()) {
    v1::Catalogue& whole = *sorted.Add();
    whole.set_language(language);
    for (v1::Catalogue& catalogue : *pack.mutable_catalogues()) {
      if (catalogue.language() == language) whole.MergeFrom(catalogue);
    }
    std::sort(whole.mutable_texts()->begin(), whole.mutable_texts()->end(),
              [](const v1::Text& a, const v1::Text& b) { return a.key() < b.key(); });
  }
  pack.mutable_catalogues()->Swap(&sorted);
}

}  // namespace

absl::StatusOr<v1::PolicyPack> CheckedPack(v1::PolicyPack pack) {
  const absl::Status checked = CheckPack(pack);
  const type::v1::Problem problem = type::ProblemOf(checked);
  if (!checked.ok() && problem.violations().empty()) return checked;
  type::Violations faults;
  for (const type::v1::FieldViolation& fault : problem.violations()) {
    faults.Add(fault.field(), fault.description());
  }
  CheckPatterns(pack, faults);
  RETURN_IF_ERROR(faults.ToStatus("INVALID_POLICY_PACK"));
  LeaveOutUnused(pack);
  SortTexts(pack);
  return pack;
}

absl::StatusOr<v1::PolicyPack> LoadPack(const std::string& folder) {
  ASSIGN_OR_RETURN(const base::PolicyPackFiles files, base::PolicyPackFiles::Read(folder));
  absl::StatusOr<v1::PolicyPack> pack = CheckedPack(files.pack());
  const type::v1::Problem problem = type::ProblemOf(pack.status());
  if (problem.violations().empty()) return pack;
  absl::Status located(pack.status().code(), files.Locate(problem.violations()));
  pack.status().ForEachPayload(
      [&](absl::string_view url, const absl::Cord& payload) { located.SetPayload(url, payload); });
  return located;
}

absl::StatusOr<std::shared_ptr<const Rules>> LoadRules(const std::string& folder) {
  ASSIGN_OR_RETURN(const v1::PolicyPack pack, LoadPack(folder));
  return Rules::Compile(pack);
}

}  // namespace pathways::eligibility
