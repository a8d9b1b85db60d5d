// The civil day at a desk, and when it begins.
//
// A day matters to people where they are: a child is an adult, a period ends, at midnight of their
// own place. Places are ISO 3166-2 codes of Mexican states, as facts hold them; the offset of each
// is a row of the table in desk.cc, so that equal inputs give equal days on every machine, whatever
// zone files it has (docs/adr). Everything here is pure. Only whole states are known: towns at the
// border that keep the time of the other side count as their state.
#ifndef PATHWAYS_SERVICES_TYPE_DESK_H_
#define PATHWAYS_SERVICES_TYPE_DESK_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "pathways/type/v1/person.pb.h"

namespace pathways::type {

// Where a desk is whose place is not known.
inline constexpr char kDefaultPlace[] = "MX-CHP";

// The place of a case: the state in which the principal applicant is, or kDefaultPlace.
std::string PlaceOf(const v1::CaseFacts& facts);

// The civil day at `place`. A place that is no Mexican state, or empty, counts as kDefaultPlace.
absl::CivilDay DeskDay(absl::string_view place, absl::Time time);

// When `day` begins at `place`.
absl::Time DeskMidnight(absl::string_view place, absl::CivilDay day);

}  // namespace pathways::type

#endif  // PATHWAYS_SERVICES_TYPE_DESK_H_
