// The whole system under one scheduler and one seed.
//
// Three services with two replicas each, their stores, the bus between them and the people around
// them, in one thread: every step of every loop is chosen by the seed, as is every fault, and time
// passes only when the scheduler says so. First faults happen for a while; then all of them end,
// everybody is driven until nothing is left to do, and what has come of it is checked (check.h).
// Used once. One World at a time on a thread; the random bytes of the whole process come of the
// seed meanwhile.
#ifndef PATHWAYS_TESTS_SIM_WORLD_H_
#define PATHWAYS_TESTS_SIM_WORLD_H_

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/host/keys.h"
#include "tests/sim/actors.h"
#include "tests/sim/faults.h"
#include "tests/sim/ground.h"
#include "tests/sim/loss.h"
#include "tests/sim/process.h"
#include "tests/sim/surroundings.h"

namespace pathways::sim {

// Name in the audit trail of what begins a ledger, which nobody asked for.
inline constexpr char kBeginLedger[] = "BeginLedger";

class World : public Surroundings {
 public:
  // `ground` must outlive the world.
  World(uint64_t seed, const Faults& faults, const Ground& ground);
  ~World() override;

  // Plays, settles and checks. What was found wrong; empty: nothing.
  std::vector<std::string> Run();

  void LetOthersRun() override;

  // For the check.
  std::array<Service, 3>& services() { return services_; }
  Service& service(const std::string& name);
  const Actors& actors() const { return *actors_; }
  const Loss& loss() const { return loss_; }
  // Whether the store of that service was set back.
  bool HasLost(const std::string& service) const {
    return loss_.victim != nullptr && loss_.victim->name == service;
  }
  const std::vector<Alarm>& alarms() const { return alarms_; }
  const host::Keyring& keyring() const { return *ground_.keyring; }
  // What the seed began with; its faults are over by now.
  const Faults& planted() const { return planted_; }

 private:
  static constexpr int kReplicas = 2;
  // A place where a process of a service runs, or will again.
  struct Place {
    Service* service = nullptr;
    int replica = 0;
    int release = 0;
    std::unique_ptr<Process> process;  // Null: it has crashed.
    base::SteadyTime back_at;          // When another one is started, or this one goes on.
    bool is_frozen = false;
    std::string running;  // Step that is on the stack now. Empty: none.
    std::unique_ptr<base::ManualClock> clock;
  };

  void Connect(const std::string& from, const std::string& to, bool shows);
  void MakeServices();
  // The releases that a service has, and the places where it runs.
  void Deploy(Service& service, const engine::Domain& domain);
  void Start(Place& place);
  void ShareOut();
  void BeginLedgers();
  void BeginLedger(const std::string& name, const std::string& stream, const std::string& payload);
  // One choice of the scheduler.
  void Turn();
  void RunStep(Place& place, Process::Step& step);
  // Runs one step that no turn came to for so long that the machine itself would be at fault, if
  // there is one: what comes late is told by alarms, and those must have a fault.
  bool RunStarved();
  // One step of a process that may run. `nested`: others have a step on the stack.
  void RunAny(bool nested);
  void Crash(Place& place);
  void Disturb();
  // Ends a process and starts another release in its place.
  void Replace(Place& place, int release);
  void MoveClocks();
  void PlantPoison();
  // Sets a store back, and later brings back what its topic has.
  void LoseTail();
  void Mend();
  void NoteIfItWentOn();
  void AtCrashPoint(const std::string& name);
  Process* Find(const std::string& service, absl::Time& now);
  bool Settle(int rounds_max);
  bool IsSettled();
  bool HasApplied(const Service& service, const Followed& upstream);
  void Pass(absl::Duration time);
  void EndFaults();

  const Ground& ground_;
  const Faults planted_;
  std::array<Service, 3> services_;
  std::vector<Place> places_;
  std::unique_ptr<Actors> actors_;
  std::vector<Alarm> alarms_;
  Loss loss_;
  int64_t turn_ = 0;
  int64_t lose_at_ = 0;  // The turn; and
  int64_t mend_at_ = 0;  // that of the operator. 0: there is none.
  std::vector<std::string> findings_;
  base::SteadyTime steady_;
  absl::Time true_time_;
  std::vector<Place*> stack_;  // Whose step runs, the innermost last.
};

}  // namespace pathways::sim

#endif  // PATHWAYS_TESTS_SIM_WORLD_H_
