// Seals identities before they become part of a command, and opens them for who may read.
//
// Each person has a data key of their own, made at registration and kept for the life of the case,
// wrapped by the master key in the store's keys. Without that key nothing of the person can be read
// again. Plain identities pass through these functions and go nowhere else.
#ifndef PATHWAYS_SERVICES_INTAKE_SEALING_H_
#define PATHWAYS_SERVICES_INTAKE_SEALING_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pathways/intake/v1/case.pb.h"
#include "pathways/intake/v1/state.pb.h"
#include "services/engine/store/event_store.h"
#include "services/host/keys.h"
#include "services/intake/domain/validate.h"

namespace pathways::intake {

// Sealed identities and the keys they are sealed with.
struct SealedIdentities {
  v1::IntakeSealed sealed;
  std::vector<engine::KeyRow> keys;
};

// Seals each identity with a new key: for people who are registered.
absl::StatusOr<SealedIdentities> SealNew(const host::Keyring& keyring, absl::string_view case_id,
                                         const std::vector<NormalisedIdentity>& identities);

// Seals each identity with the person's key in `keys`, or with a new one where there is none: after
// a restore that could not bring it back. Gives the new keys only.
absl::StatusOr<SealedIdentities> SealAgain(const host::Keyring& keyring, absl::string_view case_id,
                                           const std::vector<engine::KeyRow>& keys,
                                           const std::vector<NormalisedIdentity>& identities);

// The identity of one person of a stored case. DATA_LOSS: no key, or it does not fit.
absl::StatusOr<v1::Identity> OpenIdentity(const host::Keyring& keyring,
                                          const std::vector<engine::KeyRow>& keys,
                                          const v1::SealedPerson& person);

}  // namespace pathways::intake

#endif  // PATHWAYS_SERVICES_INTAKE_SEALING_H_
