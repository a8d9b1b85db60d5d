// What a deployment has logged and no fault of a chaos test explains.
//
// Whoever dies, freezes or is cut off makes others fail for a while, with codes that say so. Any
// other alarm says that something was lost, given up, or stopped by its own bound.
#ifndef PATHWAYS_TESTS_DISTRIBUTED_ALARMS_H_
#define PATHWAYS_TESTS_DISTRIBUTED_ALARMS_H_

#include <string>
#include <vector>

namespace pathways::testing_support {

// The lines of a log that are such alarms.
std::vector<std::string> UnexplainedAlarms(const std::string& log);

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_DISTRIBUTED_ALARMS_H_
