#include "services/intake/requests.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pathways/intake/v1/state.pb.h"
#include "services/base/ids.h"
#include "services/base/serialize.h"
#include "services/base/status_macros.h"
#include "services/base/unicode.h"
#include "services/host/requests.h"
#include "services/intake/age_band.h"
#include "services/intake/domain/decide.h"
#include "services/intake/domain/validate.h"
#include "services/intake/sealing.h"
#include "services/intake/update_people.h"
#include "services/type/codes.h"
#include "services/type/desk.h"
#include "services/type/names.h"
#include "services/type/problem.h"
#include "services/type/text.h"

namespace pathways::intake {
namespace {

constexpr char kCaseNameForm[] = "must be cases/{case}";

absl::Status CannotBeRead() { return absl::DataLossError("a stored case cannot be read"); }

absl::Status NoSuchCase() {
  return type::Refuse(absl::StatusCode::kNotFound, "CASE_NOT_FOUND", "There is no such case.");
}

// The day at the desk of a case that is not checked yet.
absl::CivilDay DayAt(const v1::Case& input, absl::Time now) {
  for (const v1::Person& person : input.people()) {
    if (person.relationship() != type::v1::RELATIONSHIP_PRINCIPAL) continue;
    const std::optional<std::string> place = type::StateCode(type::Clean(person.state()).text);
    if (place) return type::DeskDay(*place, now);
  }
  return type::DeskDay(type::kDefaultPlace, now);
}

// What a registration says, in the form that is stored. The age band follows from the birth date
// and from the day, so it is no content, nor is the day of an answer: the same file says the same a
// year later.
std::string ContentOf(const NormalisedCase& normal) {
  type::v1::CaseFacts facts = normal.facts;
  for (type::v1::PersonFacts& person : *facts.mutable_people()) {
    person.clear_age_band();
    person.clear_age_precision();
    for (type::v1::FactAnswer& answer : *person.mutable_answers()) answer.clear_answered_on();
  }
  std::string content = base::SerializeDeterministic(facts);
  for (const NormalisedIdentity& identity : normal.identities) {
    const std::string bytes = base::SerializeDeterministic(identity.identity);
    absl::StrAppend(&content, bytes.size(), ":", bytes);
  }
  return content;
}

// The number that the desk gave the household, of the principal applicant. Empty: none.
std::string NumberOf(const NormalisedCase& normal) {
  for (int i = 0; i < normal.facts.people_size(); ++i) {
    if (normal.facts.people(i).relationship() == type::v1::RELATIONSHIP_PRINCIPAL) {
      return normal.identities[static_cast<size_t>(i)].identity.registration_number();
    }
  }
  return "";
}

// Empty: the household has no number.
std::string HouseholdKey(const host::Keyring& keyring, const std::string& site,
                         const std::string& number) {
  return number.empty() ? "" : keyring.RequestKey(site, "household", number);
}

// A case before it is changed.
struct CaseOnFile {
  std::string site;
  std::string household_key;
  type::v1::CaseFacts facts;
  v1::Case shown;  // With the identities that can be read.
  std::vector<engine::KeyRow> keys;
};

absl::StatusOr<CaseOnFile> ReadOnFile(const host::Keyring& keyring, engine::EventReader& store,
                                      absl::string_view case_id, const engine::StreamRow& row) {
  v1::IntakeState state;
  if (!state.ParseFromString(row.state.open)) return CannotBeRead();
  CaseOnFile on_file{
      .site = state.site(), .household_key = state.household_key(), .facts = state.facts()};
  ASSIGN_OR_RETURN(on_file.shown, CaseOf(case_id, row));
  ASSIGN_OR_RETURN(on_file.keys, store.ReadKeys(std::string(case_id)));
  v1::IntakeSealed sealed;
  if (!sealed.ParseFromString(row.state.sealed)) return CannotBeRead();
  for (int i = 0; i < std::min(sealed.people_size(), on_file.shown.people_size()); ++i) {
    // Another one was given since and lost: one field of it must not bring this one back.
    if (sealed.people(i).outdated()) continue;
    // Lost, or erased: the facts can be changed all the same.
    auto identity = OpenIdentity(keyring, on_file.keys, sealed.people(i));
    if (identity.ok()) *on_file.shown.mutable_people(i)->mutable_identity() = *std::move(identity);
  }
  return on_file;
}

// The principal applicant's number after the update. Nothing: the identity cannot be read.
std::optional<std::string> NumberAfter(const NormalisedPeople& people, const CaseOnFile& on_file) {
  for (int i = 0; i < people.facts.people_size(); ++i) {
    const type::v1::PersonFacts& facts = people.facts.people(i);
    if (facts.relationship() != type::v1::RELATIONSHIP_PRINCIPAL) continue;
    for (const NormalisedIdentity& identity : people.identities) {
      if (identity.person_id == facts.person_id()) return identity.identity.registration_number();
    }
    const v1::Person& known = on_file.shown.people(i);
    if (known.has_identity()) return known.identity().registration_number();
  }
  return std::nullopt;
}

// On which day an answer was given is for the service to say.
void ForgetDays(v1::Case& input) {
  for (v1::Person& person : *input.mutable_people()) {
    for (type::v1::FactAnswer& answer : *person.mutable_answers()) answer.clear_answered_on();
  }
}

// Only the engine knows whether the catalogue that answers were held against is the one in force,
// so it is the one to refuse them. The status, where nothing hangs on the catalogue.
absl::StatusOr<engine::Command> RefusalOf(const type::Violations& found, std::string stream,
                                          const FactsVersion& facts,
                                          const host::Principal& principal, std::string method) {
  const bool hangs_on_facts = std::any_of(
      found.found().begin(), found.found().end(),
      [](const auto& violation) { return absl::StrContains(violation.field(), "].answers"); });
  if (!hangs_on_facts) return found.ToStatus(kInvalidCase);
  v1::IntakeCommand payload;
  payload.mutable_refuse()->set_catalogue_number(facts.number);
  for (const type::v1::FieldViolation& violation : found.found()) {
    *payload.mutable_refuse()->add_violations() = violation;
  }
  engine::Command command;
  command.stream = std::move(stream);
  command.payload = base::SerializeDeterministic(payload);
  command.origin = engine::RequestOrigin{"", "", principal.Name(), std::move(method)};
  return command;
}

// The people as the request wants them. To be used only when no violation was found.
NormalisedPeople PeopleOf(const v1::UpdateCaseRequest& request, const UpdateMask& mask,
                          const CaseOnFile& on_file, const type::Facts& facts, absl::Time now,
                          type::Violations& violations) {
  v1::Case input = request.case_();
  base::NormaliseText(input);
  ForgetDays(input);
  const auto people = MergePeople(mask, input, on_file.shown, violations);
  if (!people) return {};
  const absl::CivilDay today = type::DeskDay(type::PlaceOf(on_file.facts), now);
  return CheckPeople(*people, on_file.facts, facts, today, violations);
}

}  // namespace

absl::StatusOr<engine::Command> RegisterCommand(const v1::RegisterCaseRequest& request,
                                                const host::Principal& principal,
                                                const host::Keyring& keyring,
                                                const FactsVersion& facts, absl::Time now) {
  type::Violations violations;
  v1::Case input = request.case_();
  base::NormaliseText(input);
  ForgetDays(input);
  NormalisedCase normal = CheckCase(input, *facts.facts, DayAt(input, now), violations);
  type::CheckRequestId(request.request_id(), violations);
  if (!request.site().empty() && !type::IsCode(request.site())) {
    violations.Add("site", "must be an upper-case code of 1 to 64 letters, digits and underscores");
  }
  const std::string case_id = base::NewUuid();
  if (!violations.empty()) {
    return RefusalOf(violations, case_id, facts, principal, "RegisterCase");
  }
  const std::string content =
      keyring.Fingerprint(absl::StrCat(request.site(), "/", ContentOf(normal)));
  ASSIGN_OR_RETURN(SealedIdentities sealed, SealNew(keyring, case_id, normal.identities));
  const std::string household = HouseholdKey(keyring, request.site(), NumberOf(normal));
  v1::IntakeCommand payload;
  v1::RegisterCaseCommand& registration = *payload.mutable_register_case();
  *registration.mutable_facts() = std::move(normal.facts);
  *registration.mutable_sealed() = std::move(sealed.sealed);
  registration.mutable_sealed()->set_content(content);
  registration.set_site(request.site());
  registration.set_household_key(household);
  registration.set_catalogue_number(facts.number);
  engine::Command command = host::RequestCommand(case_id, base::SerializeDeterministic(payload),
                                                 "RegisterCase", request, principal, keyring);
  std::get<engine::RequestOrigin>(command.origin).fingerprint = content;
  if (!household.empty()) command.lookup.uniques.push_back(HouseholdEntry(household));
  command.keys = std::move(sealed.keys);
  return command;
}

absl::StatusOr<ImportedHousehold> ImportCommand(const v1::ImportCasesRequest& request,
                                                const host::Principal& principal,
                                                const host::Keyring& keyring,
                                                const FactsVersion& facts, absl::Time now) {
  ImportedHousehold household;
  ASSIGN_OR_RETURN(household.command,
                   RegisterCommand(request.registration(), principal, keyring, facts, now));
  auto& origin = std::get<engine::RequestOrigin>(household.command.origin);
  household.content = origin.fingerprint;
  origin.method = "ImportCases";
  // The household's key says whether it is known, to whoever asks.
  if (!household.command.lookup.empty()) origin.key.clear();
  return household;
}

engine::Command RecogniseCommand(absl::string_view case_id, const host::Principal& principal) {
  v1::IntakeCommand payload;
  payload.mutable_read_case();
  engine::Command command;
  command.stream = std::string(case_id);
  command.payload = base::SerializeDeterministic(payload);
  command.origin = engine::RequestOrigin{"", "", principal.Name(), "ImportCases"};
  return command;
}

absl::StatusOr<v1::ImportOutcome> OutcomeOf(const engine::StreamRow& row,
                                            absl::string_view content) {
  v1::IntakeState state;
  v1::IntakeSealed sealed;
  if (!state.ParseFromString(row.state.open) || !sealed.ParseFromString(row.state.sealed)) {
    return CannotBeRead();
  }
  if (state.state() == v1::CASE_STATE_WITHDRAWN) return v1::IMPORT_OUTCOME_WITHDRAWN;
  return sealed.content() == content ? v1::IMPORT_OUTCOME_KNOWN : v1::IMPORT_OUTCOME_UNSPECIFIED;
}

absl::StatusOr<engine::Command> UpdateCommand(const v1::UpdateCaseRequest& request,
                                              const host::Principal& principal,
                                              const host::Keyring& keyring,
                                              const FactsVersion& facts,
                                              const engine::Domain& domain,
                                              engine::EventReader& store, absl::Time now) {
  type::Violations violations;
  type::CheckRequestId(request.request_id(), violations);
  const UpdateMask mask = ReadMask(request.update_mask(), violations);
  const std::optional<std::string> case_id = type::ParseCaseName(request.case_().name());
  if (!case_id) violations.Add("case.name", kCaseNameForm);
  if (mask.consent && !request.case_().has_consent()) {
    violations.Add("case.consent", kConsentRequired);
  }
  v1::IntakeCommand payload;
  v1::UpdateCaseCommand& change = *payload.mutable_update_case();
  change.set_etag(request.case_().etag());
  if (mask.consent) change.set_consent(request.case_().consent());
  std::vector<engine::KeyRow> new_keys;
  type::Lookup lookup;
  if (case_id && mask.ChangesPeople()) {
    ASSIGN_OR_RETURN(const engine::StreamRow row, engine::ReadFolded(domain, store, *case_id));
    if (row.version == 0) return NoSuchCase();
    ASSIGN_OR_RETURN(const CaseOnFile on_file, ReadOnFile(keyring, store, *case_id, row));
    const NormalisedPeople people = PeopleOf(request, mask, on_file, *facts.facts, now, violations);
    if (!violations.empty()) {
      return RefusalOf(violations, *case_id, facts, principal, "UpdateCase");
    }
    ASSIGN_OR_RETURN(SealedIdentities sealed,
                     SealAgain(keyring, *case_id, on_file.keys, people.identities));
    *change.mutable_facts() = people.facts;
    change.set_catalogue_number(facts.number);
    if (!people.identities.empty()) *change.mutable_sealed() = std::move(sealed.sealed);
    new_keys = std::move(sealed.keys);
    const auto number = NumberAfter(people, on_file);
    const std::string key = HouseholdKey(keyring, on_file.site, number.value_or(""));
    if (number && key != on_file.household_key) {
      change.set_household_key(key);
      if (!key.empty()) lookup.uniques.push_back(HouseholdEntry(key));
    }
    // What the request leaves as it is was read here, and must not undo what comes between.
    change.set_based_on(row.version);
  }
  RETURN_IF_ERROR(violations.ToStatus(kInvalidCase));
  engine::Command command = host::RequestCommand(*case_id, base::SerializeDeterministic(payload),
                                                 "UpdateCase", request, principal, keyring);
  command.keys = std::move(new_keys);
  command.lookup = std::move(lookup);
  return command;
}

absl::StatusOr<engine::Command> WithdrawCommand(const v1::WithdrawCaseRequest& request,
                                                const host::Principal& principal,
                                                const host::Keyring& keyring) {
  type::Violations violations;
  const std::optional<std::string> case_id = type::ParseCaseName(request.name());
  if (!case_id) violations.Add("name", kCaseNameForm);
  type::CheckRequestId(request.request_id(), violations);
  RETURN_IF_ERROR(violations.ToStatus(kInvalidCase));
  v1::IntakeCommand payload;
  payload.mutable_withdraw_case()->set_etag(request.etag());
  return host::RequestCommand(*case_id, base::SerializeDeterministic(payload), "WithdrawCase",
                              request, principal, keyring);
}

absl::StatusOr<engine::Command> ReadCommand(const v1::GetCaseRequest& request,
                                            const host::Principal& principal) {
  type::Violations violations;
  const std::optional<std::string> case_id = type::ParseCaseName(request.name());
  if (!case_id) violations.Add("name", kCaseNameForm);
  RETURN_IF_ERROR(violations.ToStatus(kInvalidCase));
  v1::IntakeCommand payload;
  payload.mutable_read_case();
  engine::Command command;
  command.stream = *case_id;
  command.payload = base::SerializeDeterministic(payload);
  command.origin = engine::RequestOrigin{"", "", principal.Name(), "GetCase"};
  return command;
}

absl::StatusOr<v1::Case> CaseOf(absl::string_view case_id, const engine::StreamRow& row) {
  v1::IntakeState state;
  if (!state.ParseFromString(row.state.open)) {
    return CannotBeRead();
  }
  v1::Case shown;
  shown.set_name(type::CaseName(case_id));
  shown.set_etag(absl::StrCat(row.version));
  shown.set_state(state.state());
  for (const type::v1::PersonFacts& facts : state.facts().people()) {
    *shown.add_people() = PersonOf(facts);
  }
  shown.set_consent(state.facts().consent());
  *shown.mutable_register_time() = state.register_time();
  *shown.mutable_update_time() = state.update_time();
  return shown;
}

absl::Status AddIdentities(const host::Keyring& keyring, const std::vector<engine::KeyRow>& keys,
                           const engine::StreamRow& row, v1::Case& shown) {
  v1::IntakeSealed sealed;
  if (!sealed.ParseFromString(row.state.sealed) || sealed.people_size() != shown.people_size()) {
    return CannotBeRead();
  }
  for (int i = 0; i < sealed.people_size(); ++i) {
    // Lost with a database and not asked for again yet: shown without.
    if (sealed.people(i).identity().empty()) continue;
    ASSIGN_OR_RETURN(*shown.mutable_people(i)->mutable_identity(),
                     OpenIdentity(keyring, keys, sealed.people(i)));
  }
  return absl::OkStatus();
}

}  // namespace pathways::intake
