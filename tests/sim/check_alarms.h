// Whether operators were told of what they must know of, and of nothing else.
#ifndef PATHWAYS_TESTS_SIM_CHECK_ALARMS_H_
#define PATHWAYS_TESTS_SIM_CHECK_ALARMS_H_

#include "tests/sim/findings.h"
#include "tests/sim/world.h"

namespace pathways::sim {

// No alarm without a fault.
void CheckAlarms(World& world, Findings& findings);
// A service's sweeps tell of what the bus left out, and of what is later than they wait: of all of
// that, and of nothing else.
void CheckMissed(World& world, Service& service, Findings& findings);
// A service that lost what it published says so, and so does who follows one that lost it for good.
void CheckTails(World& world, Findings& findings);

}  // namespace pathways::sim

#endif  // PATHWAYS_TESTS_SIM_CHECK_ALARMS_H_
