#include "services/intake/requests.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pathways/intake/v1/state.pb.h"
#include "services/base/ids.h"
#include "services/base/serialize.h"
#include "services/base/status_macros.h"
#include "services/host/requests.h"
#include "services/intake/age_band.h"
#include "services/intake/domain/answers.h"
#include "services/intake/domain/codes.h"
#include "services/intake/domain/validate.h"
#include "services/intake/sealing.h"
#include "services/type/desk.h"
#include "services/type/names.h"
#include "services/type/problem.h"
#include "services/type/text.h"

namespace pathways::intake {
namespace {

constexpr char kCaseNameForm[] = "must be cases/{case}";

absl::Status NoSuchCase() {
  return type::Refuse(absl::StatusCode::kNotFound, "CASE_NOT_FOUND", "There is no such case.");
}

v1::Person PersonOf(const type::v1::PersonFacts& facts) {
  v1::Person person;
  person.set_person_id(facts.person_id());
  person.set_relationship(facts.relationship());
  person.set_sex(facts.sex());
  *person.mutable_nationalities() = facts.nationalities();
  if (facts.has_entry_date()) *person.mutable_entry_date() = facts.entry_date();
  CopyAnswers(facts, person);
  person.set_state(facts.state());
  person.set_refugee_claim(facts.refugee_claim());
  *person.mutable_needs() = facts.needs();
  person.set_age_band(facts.age_band());
  return person;
}

// The day at the desk of a case that is not checked yet.
absl::CivilDay DayAt(const v1::Case& input, absl::Time now) {
  for (const v1::Person& person : input.people()) {
    if (person.relationship() != type::v1::RELATIONSHIP_PRINCIPAL) continue;
    const std::optional<std::string> place = StateCode(type::Clean(person.state()).text);
    if (place) return type::DeskDay(*place, now);
  }
  return type::DeskDay(type::kDefaultPlace, now);
}

// What a registration says, in the form that is stored. The age band follows from the birth date
// and from the day, so it is no content: the same file says the same a year later.
std::string ContentOf(const NormalisedCase& normal) {
  type::v1::CaseFacts facts = normal.facts;
  for (type::v1::PersonFacts& person : *facts.mutable_people()) {
    person.clear_age_band();
    person.clear_age_precision();
  }
  std::string content = base::SerializeDeterministic(facts);
  for (const NormalisedIdentity& identity : normal.identities) {
    const std::string bytes = base::SerializeDeterministic(identity.identity);
    absl::StrAppend(&content, bytes.size(), ":", bytes);
  }
  return content;
}

// The number that the desk gave the household. Empty: none.
std::string HouseholdNumberOf(const v1::Case& input) {
  for (const v1::Person& person : input.people()) {
    if (person.relationship() != type::v1::RELATIONSHIP_PRINCIPAL) continue;
    return type::Clean(person.identity().registration_number()).text;
  }
  return "";
}

}  // namespace

absl::StatusOr<engine::Command> RegisterCommand(const v1::RegisterCaseRequest& request,
                                                const host::Principal& principal,
                                                const host::Keyring& keyring, absl::Time now) {
  type::Violations violations;
  NormalisedCase normal = CheckCase(request.case_(), DayAt(request.case_(), now), violations);
  type::CheckRequestId(request.request_id(), violations);
  RETURN_IF_ERROR(violations.ToStatus(kInvalidCase));
  const std::string content = ContentOf(normal);
  const std::string case_id = base::NewUuid();
  ASSIGN_OR_RETURN(SealedIdentities sealed, SealNew(keyring, case_id, normal.identities));
  v1::IntakeCommand payload;
  *payload.mutable_register_case()->mutable_facts() = std::move(normal.facts);
  *payload.mutable_register_case()->mutable_sealed() = std::move(sealed.sealed);
  engine::Command command = host::RequestCommand(case_id, base::SerializeDeterministic(payload),
                                                 "RegisterCase", request, principal, keyring);
  std::get<engine::RequestOrigin>(command.origin).fingerprint = keyring.Fingerprint(content);
  command.keys = std::move(sealed.keys);
  return command;
}

absl::StatusOr<engine::Command> ImportCommand(const v1::ImportCasesRequest& request,
                                              const host::Principal& principal,
                                              const host::Keyring& keyring, absl::Time now) {
  if (!request.site().empty() && !type::IsCode(request.site())) {
    type::Violations violations;
    violations.Add("site", "must be an upper-case code of 1 to 64 letters, digits and underscores");
    return violations.ToStatus(kInvalidCase);
  }
  ASSIGN_OR_RETURN(engine::Command command,
                   RegisterCommand(request.registration(), principal, keyring, now));
  const std::string number = HouseholdNumberOf(request.registration().case_());
  if (!number.empty()) {
    std::get<engine::RequestOrigin>(command.origin).key =
        keyring.RequestKey(absl::StrCat("site/", request.site()), "ImportCases", number);
  }
  return command;
}

absl::StatusOr<engine::Command> UpdateCommand(const v1::UpdateCaseRequest& request,
                                              const host::Principal& principal,
                                              const host::Keyring& keyring,
                                              const engine::Domain& domain,
                                              engine::EventReader& store, absl::Time now) {
  type::Violations violations;
  type::CheckRequestId(request.request_id(), violations);
  const std::optional<std::string> case_id = type::ParseCaseName(request.case_().name());
  if (!case_id) {
    violations.Add("case.name", kCaseNameForm);
    return violations.ToStatus(kInvalidCase);
  }
  ASSIGN_OR_RETURN(const engine::StreamRow row, engine::ReadFolded(domain, store, *case_id));
  if (row.version == 0) return NoSuchCase();
  v1::IntakeState state;
  if (!state.ParseFromString(row.state.open)) {
    return absl::DataLossError("a stored case cannot be read");
  }
  const absl::CivilDay today = type::DeskDay(type::PlaceOf(state.facts()), now);
  NormalisedUpdate update = CheckUpdate(request, state.facts(), today, violations);
  RETURN_IF_ERROR(violations.ToStatus(kInvalidCase));
  v1::IntakeCommand payload;
  v1::UpdateCaseCommand& change = *payload.mutable_update_case();
  change.set_etag(request.case_().etag());
  if (update.facts) *change.mutable_facts() = *std::move(update.facts);
  if (update.consent) change.set_consent(*update.consent);
  std::vector<engine::KeyRow> new_keys;
  if (!update.identities.empty()) {
    ASSIGN_OR_RETURN(const std::vector<engine::KeyRow> keys, store.ReadKeys(*case_id));
    ASSIGN_OR_RETURN(SealedIdentities sealed,
                     SealAgain(keyring, *case_id, keys, update.identities));
    *change.mutable_sealed() = std::move(sealed.sealed);
    new_keys = std::move(sealed.keys);
  }
  engine::Command command = host::RequestCommand(*case_id, base::SerializeDeterministic(payload),
                                                 "UpdateCase", request, principal, keyring);
  command.keys = std::move(new_keys);
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
    return absl::DataLossError("a stored case cannot be read");
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
    return absl::DataLossError("a stored case cannot be read");
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
