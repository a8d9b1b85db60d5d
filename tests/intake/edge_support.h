// What intake's adapters stand on, for their tests: a keyring of its own and a principal.
#ifndef PATHWAYS_TESTS_INTAKE_EDGE_SUPPORT_H_
#define PATHWAYS_TESTS_INTAKE_EDGE_SUPPORT_H_

#include <cstdlib>
#include <memory>
#include <string>

#include "services/host/keys.h"
#include "services/host/principal.h"
#include "tests/support/temp_folder.h"

namespace pathways::intake {

inline constexpr char kRequestId[] = "0f0e0d0c-0b0a-4908-8706-050403020100";
inline constexpr char kOtherRequestId[] = "1f0e0d0c-0b0a-4908-8706-050403020100";

inline std::unique_ptr<host::Keyring> NewKeyring() {
  const testing_support::TempFolder folder;
  const std::string path = folder.path() + "/master.key";
  if (!host::CreateMasterKey(path).ok()) std::abort();
  return *host::Keyring::Load(path);
}

inline host::Principal Desk() { return {"staff", "desk", {"registrar"}}; }

}  // namespace pathways::intake

#endif  // PATHWAYS_TESTS_INTAKE_EDGE_SUPPORT_H_
