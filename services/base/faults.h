// Crash points and mutants: places where a test build can be told to fail.
//
// PATHWAYS_CRASH_POINT("name") kills the process with SIGKILL on the n-th hit when the environment
// says PATHWAYS_CRASH_AT=name:n. PATHWAYS_MUTANT("name") is true when the environment has the name
// in PATHWAYS_MUTANT, several with commas between them: a deliberate fault that the history checker
// must catch, or a safety left out whose price is measured (bench/price.py). PATHWAYS_REPAIR=off
// keeps the services from mending what they find missing, so that a mutant is judged by what it
// does and not by what heals it. All compile to nothing unless PATHWAYS_FAULTS is set, which no
// preset does that makes what runs. The lists of both are in faults.cc; that of the crash points
// says where each lies, so that a test can walk all of them and knows which of them it must reach.
#ifndef PATHWAYS_SERVICES_BASE_FAULTS_H_
#define PATHWAYS_SERVICES_BASE_FAULTS_H_

#include <functional>
#include <string>
#include <vector>

#ifdef PATHWAYS_FAULTS

namespace pathways::base {

// What has a crash point, and so which services reach it.
enum class CrashPart {
  kEvery,      // Every service, on any bus.
  kFollower,   // A service that makes commands of another one's events.
  kProjector,  // A service that shows what others did.
  kKafka,      // Every service, where Kafka is the bus.
};

struct CrashPoint {
  std::string name;
  CrashPart part;
};

// Every crash point there is.
std::vector<CrashPoint> CrashPoints();
// The names of those that three services in one process reach, whose bus is inside it.
std::vector<std::string> EmbeddedCrashPoints();
void HitCrashPoint(const char* name);
// Of this thread: called at each crash point, instead of what the environment says. For a
// simulation, which throws what ends a process there, or lets others go on meanwhile. Empty: none.
void SetCrashHook(std::function<void(const char* name)> hook);
// A name in the environment that is no mutant ends the process.
bool MutantActive(const char* name);
bool RepairIsOff();

}  // namespace pathways::base

#define PATHWAYS_CRASH_POINT(name) ::pathways::base::HitCrashPoint(name)
// Asked once at each place: mutants stand on hot paths.
#define PATHWAYS_MUTANT(name)                                         \
  ([] {                                                               \
    static const bool kActive = ::pathways::base::MutantActive(name); \
    return kActive;                                                   \
  }())
#define PATHWAYS_REPAIR_OFF() ::pathways::base::RepairIsOff()

#else

#define PATHWAYS_CRASH_POINT(name) static_cast<void>(0)
#define PATHWAYS_MUTANT(name) false
#define PATHWAYS_REPAIR_OFF() false

#endif

#endif  // PATHWAYS_SERVICES_BASE_FAULTS_H_
