// Crash points and mutants: places where a test build can be told to fail.
//
// PATHWAYS_CRASH_POINT("name") kills the process with SIGKILL on the n-th hit when the environment
// says PATHWAYS_CRASH_AT=name:n. PATHWAYS_MUTANT("name") is true when the environment has the name
// in PATHWAYS_MUTANT, several with commas between them: a deliberate fault that the history checker
// must catch, or a safety left out whose price is measured (bench/price.py). PATHWAYS_REPAIR=off
// keeps the services from mending what they find missing, so that a mutant is judged by what it
// does and not by what heals it. All compile to nothing unless PATHWAYS_FAULTS is set, which no
// preset does that makes what runs. The lists of both are in faults.cc.
#ifndef PATHWAYS_SERVICES_RUNTIME_FAULTS_H_
#define PATHWAYS_SERVICES_RUNTIME_FAULTS_H_

#include <string>
#include <vector>

#ifdef PATHWAYS_FAULTS

namespace pathways::runtime {

// Every crash point there is.
std::vector<std::string> CrashPoints();
void HitCrashPoint(const char* name);
// A name in the environment that is no mutant ends the process.
bool MutantActive(const char* name);
bool RepairIsOff();

}  // namespace pathways::runtime

#define PATHWAYS_CRASH_POINT(name) ::pathways::runtime::HitCrashPoint(name)
// Asked once at each place: mutants stand on hot paths.
#define PATHWAYS_MUTANT(name)                                            \
  ([] {                                                                  \
    static const bool kActive = ::pathways::runtime::MutantActive(name); \
    return kActive;                                                      \
  }())
#define PATHWAYS_REPAIR_OFF() ::pathways::runtime::RepairIsOff()

#else

#define PATHWAYS_CRASH_POINT(name) static_cast<void>(0)
#define PATHWAYS_MUTANT(name) false
#define PATHWAYS_REPAIR_OFF() false

#endif

#endif  // PATHWAYS_SERVICES_RUNTIME_FAULTS_H_
