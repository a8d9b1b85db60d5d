#include "tests/distributed/deployment.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "absl/strings/str_cat.h"
#include "services/host/principal.h"
#include "tests/kafka/kafka_suite.h"
#include "tests/support/free_port.h"
#include "tests/support/postgres_cluster.h"

namespace pathways::testing_support {
namespace {

constexpr int kStartsMax = 3;

bool WritePrivate(const std::string& path, const std::string& text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  return written;
}

}  // namespace

const std::vector<std::string>& ServiceNames() {
  static const auto& names = *new std::vector<std::string>{"intake", "eligibility", "referral"};
  return names;
}

std::string Deployment::Run(const std::vector<std::string>& arguments) const {
  std::vector<std::string> all = {PATHWAYS_PROGRAM};
  all.insert(all.end(), arguments.begin(), arguments.end());
  ChildProcess program(all, folder_.path() + "/pathways.log");
  if (!ExitedWith(program.WaitForEnd(2 * kPatience), 0)) return "";
  return program.printed();
}

std::pair<int, std::string> Deployment::Outcome(const std::vector<std::string>& arguments,
                                                const std::string& crash_at) const {
  // Settings of the program in the test's own environment do not reach a child.
  std::vector<std::string> all = {"/usr/bin/env", "PATHWAYS_CRASH_AT=" + crash_at,
                                  PATHWAYS_PROGRAM};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const std::string outcome = folder_.path() + "/outcome.log";
  unlink(outcome.c_str());
  ChildProcess program(all, outcome);
  const std::optional<int> status = program.WaitForEnd(2 * kPatience);
  const int code = status && WIFEXITED(*status) ? WEXITSTATUS(*status) : -1;
  return {code, program.printed() + ReadFile(outcome)};
}

bool Deployment::Prepare() {
  prefix_ = NewPrefix();
  if (Run({"keys", "init", "--data", data()}).empty()) return false;
  for (const std::string agency : {"unhcr-mx", "comar", "sne"}) {
    if (Run({"token", "add", "agency/" + agency, "--roles", "agency", "--data", data()}).empty()) {
      return false;
    }
  }
  const std::string token =
      Run({"token", "add", "service/pathways", "--roles", "service", "--data", data()});
  if (token.empty() || !WritePrivate(data() + "/keys/service-token", token)) return false;
  if (Run({"keys", "feed", "--file", data() + "/keys/feed-keys"}).empty()) return false;
  std::vector<std::string> topics = {"topics", "create", "--replicas", "1"};
  for (const std::string& flag : Kafka()) topics.push_back(flag);
  if (Run(topics).empty()) return false;
  for (const std::string& service : ServiceNames()) {
    databases_[service] = TheCluster().NewDatabase();
    if (Run({"migrate", "--service", service, "--database", databases_[service]}).empty()) {
      return false;
    }
  }
  return true;
}

std::vector<std::string> Deployment::Kafka() const {
  std::vector<std::string> flags = {
      "--kafka", options_.kafka.empty() ? SuiteKafka().bootstrap : options_.kafka, "--topic-prefix",
      prefix_};
  flags.insert(flags.end(), options_.kafka_flags.begin(), options_.kafka_flags.end());
  return flags;
}

bool Deployment::Start() {
  if (!Prepare()) return false;
  for (int i = 0; i < kStartsMax; ++i) {
    if (StartAll()) return true;
    running_.clear();
  }
  return false;
}

bool Deployment::StartAll() {
  const int most = std::max(options_.replicas, options_.replicas_max);
  for (int replica = 1; replica <= most; ++replica) {
    for (const std::string& service : ServiceNames()) {
      ports_[{service, replica}] = FreePort();
      metrics_ports_[{service, replica}] = FreePort();
    }
  }
  for (const auto& [replica, port] : ports_) {
    if (replica.second <= options_.replicas && !Launch(replica.first, replica.second)) return false;
  }
  return true;
}

bool Deployment::Launch(const std::string& service, int replica,
                        const std::vector<std::string>& more) {
  std::vector<std::string> variables = options_.environment;
  variables.insert(variables.end(), more.begin(), more.end());
  if (replica == 1) {
    for (std::string& variable : at_first_[service]) variables.push_back(std::move(variable));
    at_first_.erase(service);
  }
  std::unique_ptr<ChildProcess>& process = running_[{service, replica}];
  process = std::make_unique<ChildProcess>(Arguments({service, replica}), log(), variables);
  return process->WaitForLine();
}

std::vector<std::string> Deployment::Arguments(const Replica& replica) const {
  const std::string& service = replica.first;
  const std::string source(PATHWAYS_SOURCE_DIR);
  const auto flag_of = [&](const std::string& other) {
    return std::vector<std::string>{absl::StrCat("--", other, "-address"),
                                    Address(other, options_.replicas)};
  };
  std::vector<std::string> all = {absl::StrCat(PATHWAYS_SERVICES_DIR, "/", service, "/", service),
                                  "--listen",
                                  Address(service, replica.second),
                                  "--metrics-listen",
                                  absl::StrCat("127.0.0.1:", metrics_ports_.at(replica)),
                                  "--database",
                                  databases_.at(service),
                                  "--feed-keys",
                                  data() + "/keys/feed-keys",
                                  "--tokens",
                                  tokens(),
                                  "--master-key",
                                  data() + "/keys/master.key",
                                  "--service-token",
                                  data() + "/keys/service-token"};
  const auto add = [&](const std::vector<std::string>& more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  if (service != "intake") add(flag_of("intake"));
  if (service != "eligibility") add(flag_of("eligibility"));
  if (service == "intake") add(flag_of("referral"));
  if (service == "intake") add({"--facts", source + "/policies/facts"});
  if (service == "eligibility") add({"--policies", source + "/policies/2023-07-28"});
  if (service == "referral") add({"--agencies", source + "/samples/agencies.textproto"});
  add(Kafka());
  if (options_.named) add({"--kafka-instance", absl::StrCat(service, "-", replica.second)});
  add(options_.flags);
  return all;
}

void Deployment::Kill(const std::string& service, int replica) {
  running_.at({service, replica})->Kill();
}

bool Deployment::WaitUntilKilled(const std::string& service, int replica) {
  return EndedBy(running_.at({service, replica})->WaitForEnd(), SIGKILL);
}

bool Deployment::Restart(const std::string& service, int replica) {
  return WaitUntilKilled(service, replica) && Launch(service, replica);
}

bool Deployment::Terminate(const std::string& service, int replica) {
  return running_.at({service, replica})->Terminate();
}

void Deployment::Signal(const std::string& service, int replica, int signal) {
  running_.at({service, replica})->Signal(signal);
}

bool Deployment::IsRunning(const std::string& service, int replica) {
  const auto found = running_.find({service, replica});
  return found != running_.end() && !found->second->WaitForEnd(absl::ZeroDuration());
}

bool Deployment::Terminate() {
  bool all = true;
  for (const auto& [replica, process] : running_) {
    if (!process->WaitForEnd(absl::ZeroDuration())) all &= process->Terminate();
  }
  return all;
}

std::string Deployment::Address(const std::string& service, int replica) const {
  return absl::StrCat("127.0.0.1:", ports_.at({service, replica}));
}

Caller Deployment::CallerTo(const std::string& service, int replica,
                            const std::string& principal) const {
  return Caller(ports_.at({service, replica}), principal,
                host::ReadToken(tokens(), principal).value_or(""));
}

Databases Deployment::databases() const {
  return {databases_.at("intake"), databases_.at("eligibility"), databases_.at("referral"),
          set_back_};
}

Verdict Deployment::Check(const History& history) const {
  return CheckHistory(databases(), data(), log(), history);
}

}  // namespace pathways::testing_support
