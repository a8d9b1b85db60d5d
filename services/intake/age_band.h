// Turns a due age-band timer into a command.
//
// The birth date is sealed, so the adapter opens it, works out the band of the day and the day of
// the next change, and lets go of it; the command and the event name bands only. The timer fires
// again at once for a second person who changes on the same day.
#ifndef PATHWAYS_SERVICES_INTAKE_AGE_BAND_H_
#define PATHWAYS_SERVICES_INTAKE_AGE_BAND_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "services/runtime/keys.h"
#include "services/runtime/store/event_store.h"
#include "services/runtime/timer_loop.h"

namespace pathways::intake {

// The ChangeAgeBandCommand of the person whose band changes first, serialised, and the version of
// the case it was made from. `now` is the store's time. DATA_LOSS: the case or its keys cannot be
// read.
absl::StatusOr<runtime::TimerLoop::Due> ChangeAgeBand(runtime::EventStore& store,
                                                      const runtime::Keyring& keyring,
                                                      const runtime::TimerRow& timer,
                                                      absl::Time now);

}  // namespace pathways::intake

#endif  // PATHWAYS_SERVICES_INTAKE_AGE_BAND_H_
