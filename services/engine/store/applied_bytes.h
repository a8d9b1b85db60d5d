// What a stream has applied of each upstream, as the bytes of one column.
//
// For each upstream, in order of name: the length of the name (one byte), the name, the last number
// (eight bytes, the highest first), the length of the fingerprints (four bytes, the highest first)
// and the fingerprints. The view `applied` of the PostgreSQL schema reads the same form.
#ifndef PATHWAYS_SERVICES_ENGINE_STORE_APPLIED_BYTES_H_
#define PATHWAYS_SERVICES_ENGINE_STORE_APPLIED_BYTES_H_

#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "services/engine/store/rows.h"

namespace pathways::engine {

// Names of upstreams have at most 255 bytes.
std::string AppliedBytes(const std::map<std::string, Applied>& applied);

// False when they are not of that form; then `applied` holds what comes before the fault.
bool ParseApplied(absl::string_view bytes, std::map<std::string, Applied>& applied);

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_STORE_APPLIED_BYTES_H_
