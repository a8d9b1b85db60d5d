#include "services/intake/sealing.h"

#include <utility>

#include "services/base/serialize.h"
#include "services/base/status_macros.h"

namespace pathways::intake {
namespace {

absl::Status SealOne(const host::Keyring& keyring, const engine::KeyRow& key,
                     const NormalisedIdentity& identity, v1::IntakeSealed& sealed) {
  ASSIGN_OR_RETURN(std::string text,
                   keyring.Seal(key, base::SerializeDeterministic(identity.identity)));
  v1::SealedPerson& person = *sealed.add_people();
  person.set_person_id(identity.person_id);
  person.set_identity(std::move(text));
  return absl::OkStatus();
}

absl::StatusOr<engine::KeyRow> KeyOf(const std::vector<engine::KeyRow>& keys,
                                     const std::string& person_id) {
  for (const engine::KeyRow& key : keys) {
    if (key.person_id == person_id) return key;
  }
  return absl::DataLossError("a person has no key: what is sealed cannot be read");
}

}  // namespace

absl::StatusOr<SealedIdentities> SealNew(const host::Keyring& keyring, absl::string_view case_id,
                                         const std::vector<NormalisedIdentity>& identities) {
  SealedIdentities result;
  for (const NormalisedIdentity& identity : identities) {
    result.keys.push_back(keyring.NewPersonKey(case_id, identity.person_id));
    RETURN_IF_ERROR(SealOne(keyring, result.keys.back(), identity, result.sealed));
  }
  *result.sealed.mutable_band_changes_in() = FirstBandChange(identities);
  return result;
}

absl::StatusOr<SealedIdentities> SealAgain(const host::Keyring& keyring, absl::string_view case_id,
                                           const std::vector<engine::KeyRow>& keys,
                                           const std::vector<NormalisedIdentity>& identities) {
  SealedIdentities result;
  for (const NormalisedIdentity& identity : identities) {
    absl::StatusOr<engine::KeyRow> key = KeyOf(keys, identity.person_id);
    if (!key.ok()) {
      key = keyring.NewPersonKey(case_id, identity.person_id);
      result.keys.push_back(*key);
    }
    RETURN_IF_ERROR(SealOne(keyring, *key, identity, result.sealed));
  }
  *result.sealed.mutable_band_changes_in() = FirstBandChange(identities);
  return result;
}

absl::StatusOr<v1::Identity> OpenIdentity(const host::Keyring& keyring,
                                          const std::vector<engine::KeyRow>& keys,
                                          const v1::SealedPerson& person) {
  ASSIGN_OR_RETURN(const engine::KeyRow key, KeyOf(keys, person.person_id()));
  ASSIGN_OR_RETURN(const std::string text, keyring.Open(key, person.identity()));
  v1::Identity identity;
  if (!identity.ParseFromString(text)) return absl::DataLossError("a sealed identity is damaged");
  return identity;
}

}  // namespace pathways::intake
