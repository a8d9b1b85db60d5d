// The resume token of a watch: where in the log of which store it stands, made opaque.
//
// An agency sends it back, so it may be anything. Pure functions.
#ifndef PATHWAYS_SERVICES_REFERRAL_RESUME_TOKEN_H_
#define PATHWAYS_SERVICES_REFERRAL_RESUME_TOKEN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pathways::referral {

// `incarnation` is that of the store (EventReader::Incarnation).
std::string ResumeTokenOf(absl::string_view incarnation, int64_t position);

// The position in a token; 0 for an empty one and for one of another store. INVALID_ARGUMENT: it
// was never given out.
absl::StatusOr<int64_t> PositionOfResumeToken(absl::string_view token,
                                              absl::string_view incarnation);

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_RESUME_TOKEN_H_
