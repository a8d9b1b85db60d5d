#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "services/intake/domain/decide.h"
#include "services/type/dates.h"
#include "services/type/desk.h"
#include "services/type/names.h"

namespace pathways::intake {
namespace {

constexpr char kAgeBandTimer[] = "age-band";
constexpr int64_t kRegistered = 1;  // Number of the event that registers a case.

bool SamePeople(const type::v1::CaseFacts& facts, const v1::IntakeSealed& sealed) {
  return std::equal(facts.people().begin(), facts.people().end(), sealed.people().begin(),
                    sealed.people().end(),
                    [](const type::v1::PersonFacts& a, const v1::SealedPerson& b) {
                      return a.person_id() == b.person_id();
                    });
}

absl::Status Open(CaseRecord& record, const CaseEvent& event, const type::EventContext& context) {
  if (record.open.state() != v1::CASE_STATE_UNSPECIFIED || context.number != kRegistered) {
    return absl::InternalError("a registration that is not the first event");
  }
  const type::v1::CaseFacts& facts = event.event.case_registered().facts();
  if (facts.people().empty() || !SamePeople(facts, event.sealed)) {
    return absl::InternalError("a registration whose facts and sealed data differ in people");
  }
  record.open.set_state(v1::CASE_STATE_OPEN);
  *record.open.mutable_facts() = facts;
  record.open.set_site(event.event.case_registered().site());
  record.open.set_household_key(event.event.case_registered().household_key());
  *record.open.mutable_register_time() = type::TimestampOf(context.time);
  record.sealed = event.sealed;
  return absl::OkStatus();
}

bool HasIdentity(const v1::SealedPerson& person) {
  return !person.identity().empty() && !person.outdated();
}

// The first day of the month in which next somebody changes band.
std::optional<absl::CivilDay> LooksFrom(const v1::IntakeSealed& sealed) {
  const auto month = type::RangeOf(sealed.band_changes_in());
  if (!month) return std::nullopt;
  return absl::CivilDay(absl::CivilMonth(month->first));
}

// Takes over the sealed column of an event after the first.
absl::Status MergeSealed(v1::IntakeSealed& state, const v1::IntakeSealed& changes) {
  for (const v1::SealedPerson& change : changes.people()) {
    const auto person = std::find_if(
        state.mutable_people()->begin(), state.mutable_people()->end(),
        [&](const v1::SealedPerson& entry) { return entry.person_id() == change.person_id(); });
    if (person == state.mutable_people()->end()) {
      return absl::InternalError("sealed data of an unknown person");
    }
    if (!change.identity().empty()) person->set_identity(change.identity());
    person->set_outdated(change.identity().empty());
  }
  if (changes.has_band_changes_in()) {
    *state.mutable_band_changes_in() = changes.band_changes_in();
  }
  return absl::OkStatus();
}

absl::Status Update(CaseRecord& record, const CaseEvent& event) {
  const type::v1::CaseFacts& facts = event.event.case_updated().facts();
  if (!SamePeople(facts, record.sealed)) {
    return absl::InternalError("an update of other people than the case has");
  }
  *record.open.mutable_facts() = facts;
  if (event.event.case_updated().has_household_key()) {
    record.open.set_household_key(event.event.case_updated().household_key());
  }
  return MergeSealed(record.sealed, event.sealed);
}

absl::Status ChangeAgeBand(CaseRecord& record, const CaseEvent& event) {
  const v1::AgeBandChanged& changed = event.event.age_band_changed();
  for (type::v1::PersonFacts& person : *record.open.mutable_facts()->mutable_people()) {
    if (person.person_id() != changed.person_id()) continue;
    person.set_age_band(changed.age_band());
    return MergeSealed(record.sealed, event.sealed);
  }
  return absl::InternalError("an unknown person changed age band");
}

absl::Status Apply(CaseRecord& record, const CaseEvent& event, const type::EventContext& context) {
  if (event.event.has_case_registered()) return Open(record, event, context);
  if (record.open.state() != v1::CASE_STATE_OPEN) {
    return absl::InternalError("an event of a case that is not open");
  }
  switch (event.event.kind_case()) {
    case v1::IntakeEvent::kCaseUpdated:
      return Update(record, event);
    case v1::IntakeEvent::kAgeBandChanged:
      return ChangeAgeBand(record, event);
    case v1::IntakeEvent::kCaseWithdrawn:
      record.open.set_state(v1::CASE_STATE_WITHDRAWN);
      return absl::OkStatus();
    case v1::IntakeEvent::kCaseRegistered:
    case v1::IntakeEvent::kFactsApplied:
    case v1::IntakeEvent::kFactsProposed:
    case v1::IntakeEvent::KIND_NOT_SET:
      break;
  }
  return absl::InternalError("an event of an unknown kind");
}

}  // namespace

v1::IntakeSealed GapOf(const v1::IntakeEvent& event) {
  v1::IntakeSealed gap;
  const type::v1::CaseFacts* facts = nullptr;
  if (event.has_case_registered()) facts = &event.case_registered().facts();
  if (event.case_updated().identity_changed()) facts = &event.case_updated().facts();
  if (facts == nullptr) return gap;
  for (const type::v1::PersonFacts& person : facts->people()) {
    gap.add_people()->set_person_id(person.person_id());
  }
  return gap;
}

absl::Status Evolve(CaseRecord& record, const CaseEvent& event, const type::EventContext& context) {
  if (event.event.case_id() != context.stream) {
    return absl::InternalError("an event of another case");
  }
  absl::Status status = Apply(record, event, context);
  if (status.ok()) *record.open.mutable_update_time() = type::TimestampOf(context.time);
  return status;
}

type::UniqueEntry HouseholdEntry(absl::string_view household_key) {
  return {kHouseholdIndex, absl::BytesToHexString(household_key)};
}

type::Folded Fold(const std::string& case_id, const CaseRecord& record) {
  type::Folded folded;
  if (record.open.state() == v1::CASE_STATE_UNSPECIFIED) return folded;
  folded.lists.push_back({kCasesIndex, case_id, kRegistered});
  if (!record.open.household_key().empty()) {
    folded.uniques.push_back(HouseholdEntry(record.open.household_key()));
  }
  if (record.open.state() == v1::CASE_STATE_WITHDRAWN) return folded;
  const auto& people = record.sealed.people();
  const auto from = LooksFrom(record.sealed);
  if (from && std::any_of(people.begin(), people.end(), HasIdentity)) {
    const absl::Time due = type::DeskMidnight(type::PlaceOf(record.open.facts()), *from);
    folded.timers.push_back({kAgeBandTimer, absl::ToUnixSeconds(due)});
  }
  return folded;
}

}  // namespace pathways::intake
