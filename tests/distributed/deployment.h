// The three programs as they are deployed: over Kafka and PostgreSQL, one or more replicas of each.
//
// A deployment has its own topics, databases, keys and ports; broker and server are the binary's.
// Replica 1 is started first; what a service reads of another by gRPC it reads of the last replica.
// Kill and the const functions may be called from any thread, the rest from one.
#ifndef PATHWAYS_TESTS_DISTRIBUTED_DEPLOYMENT_H_
#define PATHWAYS_TESTS_DISTRIBUTED_DEPLOYMENT_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/distributed/child_process.h"
#include "tests/support/caller.h"
#include "tests/support/history.h"
#include "tests/support/stores.h"
#include "tests/support/temp_folder.h"

namespace pathways::testing_support {

// The services, in the order in which a case goes through them.
const std::vector<std::string>& ServiceNames();

struct DeploymentOptions {
  int replicas = 1;
  int replicas_max = 1;                  // Replicas above `replicas` are started by Launch alone.
  bool named = false;                    // Each replica has a name towards Kafka.
  std::vector<std::string> flags;        // Of every program.
  std::vector<std::string> environment;  // NAME=value, of every program.
  // Variables of a service's first replica, at its first start alone: where it is to crash.
  std::map<std::string, std::vector<std::string>> at_first;
  std::string kafka;  // Address of another broker than the binary's. Empty: that.
  std::vector<std::string> kafka_flags;  // Of every client of it.
};

class Deployment {
 public:
  explicit Deployment(DeploymentOptions options)
      : options_(std::move(options)), at_first_(options_.at_first) {}

  // Makes keys, topics and databases, and starts all. False: something failed; see Logs.
  bool Start();
  // SIGKILL; returns at once.
  void Kill(const std::string& service, int replica = 1);
  // Waits for the end of a killed replica. False: it was not the kill that ended it.
  bool WaitUntilKilled(const std::string& service, int replica = 1);
  // Starts a killed replica again on its address, and waits until it serves.
  bool Restart(const std::string& service, int replica = 1);
  // Starts a replica that does not run, and waits until it serves. `more` are variables of this
  // start alone, as NAME=value. False also when it dies before, as by a crash point.
  bool Launch(const std::string& service, int replica, const std::vector<std::string>& more = {});
  // SIGTERM; waits until it is gone. True when it exited with 0.
  bool Terminate(const std::string& service, int replica);
  // SIGSTOP or SIGCONT.
  void Signal(const std::string& service, int replica, int signal);
  bool IsRunning(const std::string& service, int replica);
  // The same to all that run; waits until they are gone.
  void KillAll() { running_.clear(); }
  // SIGTERM to all that run; true when each exited with 0.
  bool Terminate();

  // Runs the program `pathways`; what it printed, or nothing when it did not exit with 0.
  std::string Run(const std::vector<std::string>& arguments) const;
  // The same; its exit code (-1: killed), and what it printed and logged. It dies at `crash_at`,
  // unless that is empty.
  std::pair<int, std::string> Outcome(const std::vector<std::string>& arguments,
                                      const std::string& crash_at = "") const;
  std::string Address(const std::string& service, int replica = 1) const;
  Caller CallerTo(const std::string& service, int replica = 1,
                  const std::string& principal = "staff/desk") const;

  // Only on a started deployment.
  Verdict Check(const History& history) const;
  Databases databases() const;
  const std::string& prefix() const { return prefix_; }
  const std::string& database(const std::string& service) const { return databases_.at(service); }
  // What the service uses from its next start on: a backup, which is restored before it.
  void SetDatabase(const std::string& service, std::string database) {
    databases_.at(service) = std::move(database);
    set_back_.insert(service);
  }
  std::string tokens() const { return data() + "/keys/tokens"; }
  // Of a replica that runs.
  std::string Metrics(const std::string& service, int replica) const {
    return ScrapeMetrics(metrics_ports_.at({service, replica}));
  }
  std::string Logs() const { return ReadFile(folder_.path() + "/pathways.log") + ReadFile(log()); }

 private:
  using Replica = std::pair<std::string, int>;

  bool Prepare();
  // Flags with the address of Kafka.
  std::vector<std::string> Kafka() const;
  bool StartAll();
  std::vector<std::string> Arguments(const Replica& replica) const;
  std::string data() const { return folder_.path() + "/data"; }
  std::string log() const { return data() + "/programs.log"; }

  const DeploymentOptions options_;
  const TempFolder folder_;
  std::string prefix_;
  std::map<std::string, std::string> databases_;  // By service.
  std::set<std::string> set_back_;                // Services that were given a backup.
  std::map<Replica, int> ports_;
  std::map<Replica, int> metrics_ports_;
  std::map<Replica, std::unique_ptr<ChildProcess>> running_;
  std::map<std::string, std::vector<std::string>> at_first_;  // What is left of it.
};

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_DISTRIBUTED_DEPLOYMENT_H_
