// The people of a simulation: a desk that registers and changes cases, agencies that answer, and an
// officer who changes the policies.
//
// Each call is made with a request id of its own and, until it is answered, again with the same
// one: to any replica, after a crash, after a reply that was lost, now and then also after an
// answer. What an actor knows of a case may be stale. Actors use the services' own code for their
// requests, and remember every answer, for the check at the end. All people are synthetic.
#ifndef PATHWAYS_TESTS_SIM_ACTORS_H_
#define PATHWAYS_TESTS_SIM_ACTORS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/base/drive.h"
#include "services/engine/engine.h"
#include "services/host/keys.h"
#include "services/type/ledger.h"
#include "tests/sim/ground.h"
#include "tests/sim/process.h"
#include "tests/sim/surroundings.h"

namespace pathways::sim {

// One request and what became of it.
struct Call {
  std::string service;
  std::string request_key;  // Under which the service remembers it.
  bool registers = false;
  std::function<absl::StatusOr<engine::Command>(Process&, absl::Time now)> make;
  std::optional<absl::Status> answered;  // The first answer that settles it.
  std::string stream;                    // Of that answer.
  bool waits = false;                    // For an answer,
  base::SteadyTime until;                // until then.
  int tries = 0;
  std::function<void()> then;  // What follows once it is accepted. Empty: nothing.
};

// A ledger of a service, as those see it who change it.
struct Ledger {
  std::string service;
  const type::LedgerKind& kind;
  std::vector<std::string> looks_up;
  std::string (*command)(const type::v1::LedgerCommand&);
};

class Actors {
 public:
  // `find` gives a process of a service that takes calls and the time by its clock, or null.
  using Find = std::function<Process*(const std::string& service, absl::Time& now)>;

  // The stores of intake and referral may be replaced meanwhile.
  Actors(Surroundings& around, const Ground& ground, const std::unique_ptr<MemoryStore>& intake,
         const std::unique_ptr<MemoryStore>& referral, Find find);

  // One of them does something.
  void Step();
  // They begin nothing new, and only end what they began.
  void Finish() { finishing_ = true; }
  // Nobody waits for an answer.
  bool AreDone() const;
  // What an answer that contradicts another one was. Empty: there was none.
  const std::vector<std::string>& contradictions() const { return contradictions_; }
  const std::vector<std::unique_ptr<Call>>& calls() const { return calls_; }

 private:
  void Register();
  void Update(const std::string& id);
  void Withdraw(const std::string& id);
  void Act(const std::string& id);
  void ChangePolicy();
  void ChangeFacts();
  void ChangeRoutes();
  // One officer proposes, and once that is accepted another one confirms.
  void ApplyAsTwo(const Ledger& ledger, const std::string& version, std::string content);
  engine::Command LedgerRequest(const std::string& stream, std::string payload,
                                const std::string& principal, const std::string& method);
  Call& AddLedgerCall(const std::string& service, engine::Command command);
  Call& Add(const std::string& service, const std::string& method);
  void Try(Call& call);
  void Hear(Call& call, const engine::Answer& answer);
  std::string RequestId();

  Surroundings& around_;
  const Ground& ground_;
  const host::Keyring& keyring_;
  const std::unique_ptr<MemoryStore>& intake_;
  const std::unique_ptr<MemoryStore>& referral_;
  const Find find_;
  bool finishing_ = false;
  int requests_ = 0;
  int64_t cases_max_ = 0;
  int64_t changes_max_ = 0;
  int policies_ = 0;  // Versions applied after the first.
  int64_t policies_max_ = 0;
  int catalogues_ = 0;  // Versions of the fact catalogue applied after the first.
  int routes_ = 0;      // Versions of the routes applied after the first.
  std::vector<std::unique_ptr<Call>> calls_;
  std::vector<std::string> cases_;                   // Registered, as far as the desk knows.
  std::map<std::string, engine::StreamRow> copies_;  // Of what was read, by service and case.
  std::vector<std::string> contradictions_;
};

}  // namespace pathways::sim

#endif  // PATHWAYS_TESTS_SIM_ACTORS_H_
