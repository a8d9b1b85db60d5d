#include "tests/support/postgres_cluster.h"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace pathways::testing_support {
namespace {

using engine::PostgresDeadlineIn;

constexpr absl::Duration kStartMax = absl::Seconds(60);

void Require(bool holds, absl::string_view what) {
  if (holds) return;
  std::cerr << "postgres cluster: " << what << '\n';
  std::abort();
}

// The user that the server runs as when the test runs as root; null otherwise.
const passwd* ServerUser() {
  if (geteuid() != 0) return nullptr;
  const passwd* user = getpwnam("nobody");
  Require(user != nullptr, "there is no user 'nobody'");
  return user;
}

// Starts a program of the server, with its output in `log`.
pid_t Spawn(const std::vector<std::string>& words, const std::string& log) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const passwd* user = ServerUser();
  const pid_t child = fork();
  Require(child >= 0, "cannot fork");
  if (child > 0) return child;
  if (user != nullptr) {
    if (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0) {
      _exit(126);
    }
  }
  prctl(PR_SET_PDEATHSIG, SIGQUIT);  // After setuid, which clears it.
  const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  if (chdir("/") != 0) _exit(126);
  execv(arguments[0], arguments.data());
  _exit(127);
}

// Waits until a child ends; false when it does not in time.
bool WaitFor(pid_t child, absl::Duration limit, int& code) {
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  Require(handle >= 0, "cannot watch the server");
  pollfd one{handle, POLLIN, 0};
  const bool ended = poll(&one, 1, static_cast<int>(absl::ToInt64Milliseconds(limit))) == 1;
  close(handle);
  if (ended) waitpid(child, &code, 0);
  return ended;
}

// Every process of the server but the main one is its child, in a process group of its own.
std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(entry.path().filename().string(), &pid)) continue;
    std::ifstream file(entry.path() / "stat");
    std::string line;
    std::getline(file, line);
    // The name, in brackets, may hold anything; after it the state and the parent.
    const size_t name_end = line.rfind(')');
    if (name_end == std::string::npos || name_end + 4 >= line.size()) continue;
    if (std::atoi(line.c_str() + name_end + 4) == parent) children.push_back(pid);
  }
  return children;
}

std::string Program(const std::string& name) {
  return absl::StrCat(PATHWAYS_POSTGRES_BIN, "/", name);
}

}  // namespace

PostgresCluster::PostgresCluster() {
  const std::string log = folder_.path() + "/log";
  if (const passwd* user = ServerUser()) {
    Require(chown(folder_.path().c_str(), user->pw_uid, user->pw_gid) == 0, "cannot chown");
  }
  const pid_t made =
      Spawn({Program("initdb"), "--pgdata", folder_.path() + "/data", "--username", "pathways",
             "--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync"},
            log);
  int code = 1;
  Require(WaitFor(made, kStartMax, code) && code == 0, "initdb failed");
  Start();
}

PostgresCluster::~PostgresCluster() {
  int code = 0;
  Thaw();
  kill(server_, SIGINT);
  if (WaitFor(server_, absl::Seconds(20), code)) return;
  kill(server_, SIGQUIT);
  if (WaitFor(server_, absl::Seconds(20), code)) return;
  kill(server_, SIGKILL);
  (void)WaitFor(server_, absl::Seconds(20), code);
}

void PostgresCluster::Start() {
  server_ = Spawn({Program("postgres"), "-D", folder_.path() + "/data", "-k", folder_.path(), "-c",
                   "listen_addresses=", "-c", "max_connections=200", "-c", "shared_buffers=32MB",
                   "-c", "max_wal_size=256MB"},
                  folder_.path() + "/log");
  engine::PostgresPool pool({ConnectionTo("postgres"), kStartMax}, 1);
  const auto lease = pool.Acquire(PostgresDeadlineIn(kStartMax));
  if (lease.ok()) return;
  std::ifstream file(folder_.path() + "/log");
  std::cerr << file.rdbuf();
  Require(false, lease.status().message());
}

void PostgresCluster::Crash() {
  int code = 0;
  kill(server_, SIGQUIT);
  Require(WaitFor(server_, absl::Seconds(30), code), "the server does not stop");
}

void PostgresCluster::Freeze() {
  kill(server_, SIGSTOP);
  siginfo_t stopped{};
  Require(waitid(P_PID, static_cast<id_t>(server_), &stopped, WSTOPPED) == 0, "cannot be stopped");
  for (const pid_t child : ChildrenOf(server_)) kill(child, SIGSTOP);
}

void PostgresCluster::Thaw() {
  for (const pid_t child : ChildrenOf(server_)) kill(child, SIGCONT);
  kill(server_, SIGCONT);
}

void PostgresCluster::CutConnections() {
  Administer("postgres",
             "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
             "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()");
}

std::string PostgresCluster::ConnectionTo(const std::string& database) const {
  return absl::StrCat("host=", folder_.path(), " user=pathways dbname=", database);
}

void PostgresCluster::Administer(const std::string& database, const std::string& sql) {
  const auto deadline = PostgresDeadlineIn(kStartMax);
  auto connection = engine::PostgresConnection::Open({ConnectionTo(database), kStartMax}, deadline);
  Require(connection.ok(), connection.status().message());
  const absl::Status status = (*connection)->Execute(sql.c_str(), deadline);
  Require(status.ok(), status.message());
}

std::string PostgresCluster::NewDatabase() {
  if (empty_.empty()) {
    empty_.push_back(absl::StrCat("test", ++databases_));
    Administer("postgres", absl::StrCat("CREATE DATABASE ", empty_.back()));
  }
  used_.push_back(std::move(empty_.back()));
  empty_.pop_back();
  return ConnectionTo(used_.back());
}

std::string PostgresCluster::CopyOf(const std::string& connection) {
  const std::string original = connection.substr(connection.rfind('=') + 1);
  used_.push_back(absl::StrCat("test", ++databases_));
  Administer("postgres", absl::StrCat("CREATE DATABASE ", used_.back(), " TEMPLATE ", original));
  return ConnectionTo(used_.back());
}

void PostgresCluster::EmptyDatabases() {
  for (std::string& name : used_) {
    Administer(name, absl::StrCat("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                                  "datname = '",
                                  name, "' AND pid <> pg_backend_pid(); ALTER DATABASE ", name,
                                  " RESET ALL; DROP SCHEMA public CASCADE; CREATE SCHEMA public;"));
    empty_.push_back(std::move(name));
  }
  used_.clear();
}

namespace {

std::unique_ptr<PostgresCluster> the_cluster;  // NOLINT: ends with the tests, not with the process.

class AfterEachTest : public testing::EmptyTestEventListener {
  void OnTestEnd(const testing::TestInfo&) override {
    if (the_cluster) the_cluster->EmptyDatabases();
  }
  void OnTestProgramEnd(const testing::UnitTest&) override { the_cluster.reset(); }
};

}  // namespace

PostgresCluster& TheCluster() {
  if (!the_cluster) {
    the_cluster = std::make_unique<PostgresCluster>();
    testing::UnitTest::GetInstance()->listeners().Append(new AfterEachTest);
  }
  return *the_cluster;
}

}  // namespace pathways::testing_support
