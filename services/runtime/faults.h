// Crash points and mutants: places where a test build can be told to fail.
//
// PATHWAYS_CRASH_POINT("name") kills the process with SIGKILL on the n-th hit when the environment
// says PATHWAYS_CRASH_AT=name:n. PATHWAYS_MUTANT("name") is true when PATHWAYS_MUTANT=name: a
// deliberate fault that the history checker must catch. Both compile to nothing unless
// PATHWAYS_FAULTS is set, which only test presets do. The list of names is in faults.cc, so that a
// test can walk all of them.
#ifndef PATHWAYS_SERVICES_RUNTIME_FAULTS_H_
#define PATHWAYS_SERVICES_RUNTIME_FAULTS_H_

#include <string>
#include <vector>

#ifdef PATHWAYS_FAULTS

namespace pathways::runtime {

// Every crash point there is.
std::vector<std::string> CrashPoints();
void HitCrashPoint(const char* name);
bool MutantActive(const char* name);

}  // namespace pathways::runtime

#define PATHWAYS_CRASH_POINT(name) ::pathways::runtime::HitCrashPoint(name)
#define PATHWAYS_MUTANT(name) ::pathways::runtime::MutantActive(name)

#else

#define PATHWAYS_CRASH_POINT(name) static_cast<void>(0)
#define PATHWAYS_MUTANT(name) false

#endif

#endif  // PATHWAYS_SERVICES_RUNTIME_FAULTS_H_
