// Makes commands of intake's requests, and answers of its states.
//
// The adapter between the API's messages and the engine: it validates with the domain's rules,
// seals what is personal and names the request for the engine. No gRPC here, so the import and the
// single call take the same road. Nothing blocks but what says so.
#ifndef PATHWAYS_SERVICES_INTAKE_REQUESTS_H_
#define PATHWAYS_SERVICES_INTAKE_REQUESTS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pathways/intake/v1/case.pb.h"
#include "pathways/intake/v1/intake_service.pb.h"
#include "services/engine/domain.h"
#include "services/engine/engine.h"
#include "services/engine/store/event_store.h"
#include "services/host/keys.h"
#include "services/host/principal.h"
#include "services/intake/facts_in_force.h"

namespace pathways::intake {

// INVALID_ARGUMENT with reason INVALID_CASE and every bad field; where answers are among them the
// command says so, once the engine knows that they were held against the right catalogue. A
// household with a number looks up who holds it. A new case id each time; a repeated request is
// answered with the first one's. Its content is the same when it is so in the form that is stored:
// case of codes, spaces and the order of sets do not count.
absl::StatusOr<engine::Command> RegisterCommand(const v1::RegisterCaseRequest& request,
                                                const host::Principal& principal,
                                                const host::Keyring& keyring,
                                                const FactsVersion& facts, absl::Time now);

// A household of an import.
struct ImportedHousehold {
  engine::Command command;
  std::string content;  // Keyed hash of what it says.
};

// RegisterCommand, but that of a household with a number no request is remembered.
absl::StatusOr<ImportedHousehold> ImportCommand(const v1::ImportCasesRequest& request,
                                                const host::Principal& principal,
                                                const host::Keyring& keyring,
                                                const FactsVersion& facts, absl::Time now);

// Reads the case that holds the number of a household which is imported. On record, as every read
// for somebody.
engine::Command RecogniseCommand(absl::string_view case_id, const host::Principal& principal);

// What became of a household that has a case: withdrawn, known, or UNSPECIFIED for one that is
// registered with other content. DATA_LOSS: the state cannot be read.
absl::StatusOr<v1::ImportOutcome> OutcomeOf(const engine::StreamRow& row,
                                            absl::string_view content);

// Reads the case and its keys, where people are to be changed: what the mask does not name stays as
// it is then, and the command is refused as UNAVAILABLE if the case changes in between.
// INVALID_ARGUMENT likewise; NOT_FOUND with reason CASE_NOT_FOUND.
absl::StatusOr<engine::Command> UpdateCommand(const v1::UpdateCaseRequest& request,
                                              const host::Principal& principal,
                                              const host::Keyring& keyring,
                                              const FactsVersion& facts,
                                              const engine::Domain& domain,
                                              engine::EventReader& store, absl::Time now);

absl::StatusOr<engine::Command> WithdrawCommand(const v1::WithdrawCaseRequest& request,
                                                const host::Principal& principal,
                                                const host::Keyring& keyring);

// A read with identity: it takes the engine's road so that the audit row is durable before the
// answer.
absl::StatusOr<engine::Command> ReadCommand(const v1::GetCaseRequest& request,
                                            const host::Principal& principal);

// The case as shown, without identity. DATA_LOSS: the state cannot be read.
absl::StatusOr<v1::Case> CaseOf(absl::string_view case_id, const engine::StreamRow& row);

// Adds the identities to a case. DATA_LOSS: a key is missing or does not fit.
absl::Status AddIdentities(const host::Keyring& keyring, const std::vector<engine::KeyRow>& keys,
                           const engine::StreamRow& row, v1::Case& shown);

}  // namespace pathways::intake

#endif  // PATHWAYS_SERVICES_INTAKE_REQUESTS_H_
