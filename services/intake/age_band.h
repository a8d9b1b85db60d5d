// Turns a due age-band timer into a command.
//
// The timer says in which month somebody of the case changes band, and no more, for it lies in the
// clear. On which day, the sealed birth dates tell: so the adapter opens them, compares the bands
// of today with those on file, and lets go of them. While nobody has changed it asks to be called
// again when the next day begins at the case's place; that is kept in the loop's memory alone, so a
// look leaves no trace. Command and event name bands and a month only. A second person who changes
// on the same day comes with the next look.
#ifndef PATHWAYS_SERVICES_INTAKE_AGE_BAND_H_
#define PATHWAYS_SERVICES_INTAKE_AGE_BAND_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "services/engine/domain.h"
#include "services/engine/store/event_store.h"
#include "services/follow/timer_loop.h"
#include "services/host/keys.h"

namespace pathways::intake {

// The ChangeAgeBandCommand of the first person whose band has changed, serialised, and the version
// of the case it was made from; or the time at which the next day begins. Who cannot be opened is
// passed over as long as another has changed. DATA_LOSS: the case, or an identity, cannot be read,
// or there is none. `now` is the store's time.
absl::StatusOr<follow::TimerLoop::Due> ChangeAgeBand(const engine::Domain& domain,
                                                     engine::EventReader& store,
                                                     const host::Keyring& keyring,
                                                     const engine::TimerRow& timer, absl::Time now);

}  // namespace pathways::intake

#endif  // PATHWAYS_SERVICES_INTAKE_AGE_BAND_H_
