#include "services/intake/domain/decide.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/intake/domain/validate.h"
#include "services/type/dates.h"
#include "services/type/names.h"
#include "services/type/problem.h"

namespace pathways::intake {
namespace {

using Events = std::vector<CaseEvent>;

CaseEvent NewEvent(const type::DecideContext& context) {
  CaseEvent event;
  event.event.set_case_id(context.stream);
  return event;
}

absl::Status NotFound() {
  return type::Refuse(absl::StatusCode::kNotFound, "CASE_NOT_FOUND", "There is no such case.");
}

bool IsWithdrawn(const CaseRecord& record) {
  return record.open.state() == v1::CASE_STATE_WITHDRAWN;
}

absl::Status CheckEtag(const std::string& etag, const type::DecideContext& context) {
  if (etag.empty() || etag == absl::StrCat(context.version)) return absl::OkStatus();
  return type::Refuse(absl::StatusCode::kAborted, "ETAG_MISMATCH",
                      "The case has changed since it was read: read it again, then repeat.");
}

// No ABORTED: whoever gets that may take it that no copy of the request is ever accepted, and a
// copy that was made earlier or later is based on another version.
absl::Status CheckBasedOn(int64_t version, const type::DecideContext& context) {
  if (version == 0 || version == context.version) return absl::OkStatus();
  return type::Refuse(absl::StatusCode::kUnavailable, "CHANGED_MEANWHILE",
                      "The case changed while the service read it: send the same request again.");
}

const v1::SealedPerson* FindSealed(const v1::IntakeSealed& sealed, const std::string& person_id) {
  for (const v1::SealedPerson& person : sealed.people()) {
    if (person.person_id() == person_id) return &person;
  }
  return nullptr;
}

// Deterministic for these messages: they hold no map.
template <typename Message>
bool SameBytes(const Message& a, const Message& b) {
  return a.SerializeAsString() == b.SerializeAsString();
}

// A household is registered once.
absl::Status CheckHousehold(const std::string& key, const type::DecideContext& context) {
  if (key.empty()) return absl::OkStatus();
  const auto holder = context.found.holders.find(HouseholdEntry(key));
  if (holder == context.found.holders.end()) {
    return absl::InternalError("a household that was not looked up");
  }
  if (holder->second.empty() || holder->second == context.stream) return absl::OkStatus();
  const std::string name = type::CaseName(holder->second);
  return type::RefuseFor(
      absl::StatusCode::kAlreadyExists, "HOUSEHOLD_REGISTERED",
      absl::StrCat("A household with this number of this site is registered as ", name, "."), name);
}

// The answers were held against a version of the fact catalogue, which must be that in force.
absl::Status CheckCatalogue(int64_t number, int64_t in_force) {
  if (number == in_force) return absl::OkStatus();
  return type::Refuse(absl::StatusCode::kUnavailable, "CHANGED_MEANWHILE",
                      "What people are asked changed meanwhile: send the same request again.");
}

absl::StatusOr<Events> Register(const v1::RegisterCaseCommand& command, int64_t catalogue_number,
                                const type::DecideContext& context) {
  if (context.version > 0) return absl::InternalError("a case was registered under a used id");
  absl::Status status = CheckCatalogue(command.catalogue_number(), catalogue_number);
  if (status.ok()) status = CheckHousehold(command.household_key(), context);
  if (!status.ok()) return status;
  CaseEvent event = NewEvent(context);
  v1::CaseRegistered& registered = *event.event.mutable_case_registered();
  *registered.mutable_facts() = command.facts();
  registered.set_site(command.site());
  registered.set_household_key(command.household_key());
  event.sealed = command.sealed();
  return Events{std::move(event)};
}

// The facts after an update: what the command brings over what the state has.
absl::StatusOr<type::v1::CaseFacts> Merge(const CaseRecord& record,
                                          const v1::UpdateCaseCommand& command) {
  const type::v1::CaseFacts& before = record.open.facts();
  type::v1::CaseFacts facts = command.has_facts() ? command.facts() : before;
  if (facts.people_size() != before.people_size()) {
    return absl::InternalError("an update of other people than the case has");
  }
  for (int i = 0; i < facts.people_size(); ++i) {
    type::v1::PersonFacts& person = *facts.mutable_people(i);
    if (person.person_id() != before.people(i).person_id()) {
      return absl::InternalError("an update of other people than the case has");
    }
    if (FindSealed(command.sealed(), person.person_id()) != nullptr) continue;
    person.set_age_band(before.people(i).age_band());
    person.set_age_precision(before.people(i).age_precision());
  }
  facts.set_consent(command.has_consent() ? command.consent() : before.consent());
  return facts;
}

// The month of the case after an update. Whose the month on file is, is not known: unless all
// people get another identity it stays when it is the earlier one, and is too early at worst. So
// the event tells nothing of those who do not change first.
type::v1::PartialDate MonthAfter(const v1::IntakeSealed& before, const v1::IntakeSealed& changes) {
  const auto on_file = type::RangeOf(before.band_changes_in());
  const auto brought = type::RangeOf(changes.band_changes_in());
  const bool all = changes.people_size() == before.people_size();
  if (!all && on_file && (!brought || on_file->first <= brought->first)) {
    return before.band_changes_in();
  }
  return changes.band_changes_in();
}

absl::StatusOr<Events> Update(const CaseRecord& record, const v1::UpdateCaseCommand& command,
                              int64_t catalogue_number, const type::DecideContext& context) {
  if (context.version == 0) return NotFound();
  if (IsWithdrawn(record)) {
    return type::Refuse(absl::StatusCode::kFailedPrecondition, "CASE_WITHDRAWN",
                        "The case is withdrawn and cannot be changed.");
  }
  absl::Status status = CheckEtag(command.etag(), context);
  if (status.ok()) status = CheckBasedOn(command.based_on(), context);
  if (status.ok() && command.has_facts()) {
    status = CheckCatalogue(command.catalogue_number(), catalogue_number);
  }
  if (status.ok()) status = CheckHousehold(command.household_key(), context);
  if (!status.ok()) return status;
  absl::StatusOr<type::v1::CaseFacts> facts = Merge(record, command);
  if (!facts.ok()) return facts.status();
  const bool identity_changed = !command.sealed().people().empty();
  const bool number_changed =
      command.has_household_key() && command.household_key() != record.open.household_key();
  if (!identity_changed && !number_changed && SameBytes(*facts, record.open.facts())) {
    return Events{};
  }
  CaseEvent event = NewEvent(context);
  *event.event.mutable_case_updated()->mutable_facts() = *std::move(facts);
  event.event.mutable_case_updated()->set_identity_changed(identity_changed);
  if (number_changed) {
    event.event.mutable_case_updated()->set_household_key(command.household_key());
  }
  event.sealed = command.sealed();
  if (identity_changed) {
    *event.sealed.mutable_band_changes_in() = MonthAfter(record.sealed, command.sealed());
  }
  return Events{std::move(event)};
}

absl::StatusOr<Events> Withdraw(const CaseRecord& record, const v1::WithdrawCaseCommand& command,
                                const type::DecideContext& context) {
  if (context.version == 0) return NotFound();
  // Before the etag: whoever repeats a withdrawal holds the etag from before it.
  if (IsWithdrawn(record)) return Events{};
  absl::Status status = CheckEtag(command.etag(), context);
  if (!status.ok()) return status;
  CaseEvent event = NewEvent(context);
  event.event.mutable_case_withdrawn();
  return Events{std::move(event)};
}

absl::Status Refuse(const v1::RefuseCommand& command, int64_t catalogue_number) {
  absl::Status status = CheckCatalogue(command.catalogue_number(), catalogue_number);
  if (!status.ok()) return status;
  type::Violations violations;
  for (const type::v1::FieldViolation& found : command.violations()) {
    violations.Add(found.field(), found.description());
  }
  return violations.ToStatus(kInvalidCase);
}

absl::StatusOr<Events> ChangeAgeBand(const CaseRecord& record,
                                     const v1::ChangeAgeBandCommand& command,
                                     const type::DecideContext& context) {
  if (IsWithdrawn(record)) return Events{};
  const type::v1::PersonFacts* facts = nullptr;
  for (const type::v1::PersonFacts& person : record.open.facts().people()) {
    if (person.person_id() == command.person_id()) facts = &person;
  }
  if (facts == nullptr) {
    return absl::InternalError("an unknown person changes age band");
  }
  if (facts->age_band() == command.age_band()) return Events{};
  CaseEvent event = NewEvent(context);
  event.event.mutable_age_band_changed()->set_person_id(command.person_id());
  event.event.mutable_age_band_changed()->set_age_band(command.age_band());
  *event.sealed.mutable_band_changes_in() = command.band_changes_in();
  return Events{std::move(event)};
}

}  // namespace

absl::StatusOr<std::vector<CaseEvent>> Decide(const CaseRecord& record,
                                              const v1::IntakeCommand& command,
                                              int64_t catalogue_number,
                                              const type::DecideContext& context) {
  switch (command.kind_case()) {
    case v1::IntakeCommand::kRegisterCase:
      return Register(command.register_case(), catalogue_number, context);
    case v1::IntakeCommand::kUpdateCase:
      return Update(record, command.update_case(), catalogue_number, context);
    case v1::IntakeCommand::kWithdrawCase:
      return Withdraw(record, command.withdraw_case(), context);
    case v1::IntakeCommand::kChangeAgeBand:
      return ChangeAgeBand(record, command.change_age_band(), context);
    case v1::IntakeCommand::kReadCase:
      if (context.version == 0) return NotFound();
      return Events{};
    case v1::IntakeCommand::kRefuse:
      return Refuse(command.refuse(), catalogue_number);
    case v1::IntakeCommand::kLedger:
      return absl::InternalError("a command of the fact catalogue for a case");
    case v1::IntakeCommand::KIND_NOT_SET:
      break;
  }
  return absl::InternalError("a command of an unknown kind");
}

}  // namespace pathways::intake
