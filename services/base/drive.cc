#include "services/base/drive.h"

#include <optional>

namespace pathways::base {

#ifdef PATHWAYS_FAULTS
namespace {

thread_local std::optional<SteadyTime> steady;
thread_local std::optional<absl::Time> wall;

}  // namespace

void SetSteadyNow(SteadyTime time) { steady = time; }

SteadyTime SteadyNow() { return steady ? *steady : std::chrono::steady_clock::now(); }

void SetSystemNow(absl::Time time) { wall = time; }

absl::Time SystemNow() { return wall ? *wall : absl::Now(); }
#endif

}  // namespace pathways::base
