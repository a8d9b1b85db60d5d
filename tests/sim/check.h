// What must hold at the end of a simulation, whatever happened in it.
//
// Read from the stores, the topics, the answers that the actors got and the alarms that the loops
// raised. Knows how the services' events are read, and nothing of the scheduler.
#ifndef PATHWAYS_TESTS_SIM_CHECK_H_
#define PATHWAYS_TESTS_SIM_CHECK_H_

#include <string>
#include <vector>

namespace pathways::sim {

class World;

// What keeps the world from being settled: what was not applied, projected, published or fired.
// Empty: it is.
std::string WhatIsLeft(World& world);

// Everything that is not as it must be. Folds the stores again, so nothing may run any more.
std::vector<std::string> Check(World& world);

// The same where two histories of a service exist, which nobody can bring together: only who was
// told of it.
std::vector<std::string> CheckLoss(World& world);

}  // namespace pathways::sim

#endif  // PATHWAYS_TESTS_SIM_CHECK_H_
