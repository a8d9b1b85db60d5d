#include "tests/support/serve_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "services/host/keys.h"
#include "services/host/principal.h"

namespace pathways::testing_support {
namespace {

using Clock = std::chrono::steady_clock;

constexpr mode_t kPrivateFolder = 0700;
constexpr mode_t kPrivateFile = 0600;
constexpr absl::Duration kLook = absl::Milliseconds(10);

Clock::time_point DeadlineIn(absl::Duration limit) {
  return Clock::now() + absl::ToChronoMilliseconds(limit);
}

int MillisecondsUntil(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  return static_cast<int>(std::max<int64_t>(left.count(), 0));
}

// A test cannot go on without what this is called for.
void Require(bool holds, const char* what) {
  if (holds) return;
  std::perror(what);
  std::abort();
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// The test's own environment without settings of the program, which a developer may have set.
std::vector<std::string> Environment(const std::vector<std::string>& more) {
  std::vector<std::string> all = more;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text(*variable);
    if (text.rfind("PATHWAYS_", 0) != 0) all.push_back(text);
  }
  return all;
}

rlimit FileLimit(std::optional<int64_t> bytes) {
  rlimit limit{};
  // The hard limit stays, or an unprivileged process could never raise the soft one again.
  getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes ? static_cast<rlim_t>(*bytes) : limit.rlim_max;
  return limit;
}

// Between fork and exec only what is safe there: other threads of the test may hold locks.
[[noreturn]] void RunChild(char* const* arguments, char* const* environment, bool limited,
                           const rlimit& limit, int output, int log) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(output, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  if (limited) {
    // Ignored, the signal becomes an error of the write, as a full disk gives.
    std::signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  execve(arguments[0], arguments, environment);
  _exit(127);
}

}  // namespace

ServeFolder::ServeFolder() {
  const std::string keys = data() + "/keys";
  Require(mkdir(data().c_str(), kPrivateFolder) == 0, "data folder");
  Require(mkdir(keys.c_str(), kPrivateFolder) == 0, "key folder");
  Require(host::CreateMasterKey(keys + "/master.key").ok(), "master key");
  const std::vector<host::Principal> principals = {
      {"staff", "desk", {std::string(host::kRegistrar), std::string(host::kViewer)}},
      {"operator", "local", {std::string(host::kOperator)}},
      {"staff", "policy", {std::string(host::kPolicyOfficer)}},
      {"staff", "policy-2", {std::string(host::kPolicyOfficer)}},
      {"agency", "unhcr-mx", {std::string(host::kAgency)}},
      {"agency", "comar", {std::string(host::kAgency)}},
      {"agency", "sne", {std::string(host::kAgency)}},
  };
  for (const host::Principal& principal : principals) {
    Require(host::AddToken(keys + "/tokens", principal).ok(), "token");
  }
}

std::string ServeFolder::TokenOf(const std::string& principal) const {
  return host::ReadToken(data() + "/keys/tokens", principal).value_or("");
}

ServeProcess::ServeProcess(const ServeFolder& folder, const ServeOptions& options)
    : log_path_(folder.log()), log_start_(ReadFile(folder.log()).size()) {
  const std::string source(PATHWAYS_SOURCE_DIR);
  std::vector<std::string> arguments = {PATHWAYS_PROGRAM, "serve",
                                        "--data",         folder.data(),
                                        "--policies",     source + "/policies/2023-07-28",
                                        "--facts",        source + "/policies/facts",
                                        "--agencies",     source + "/samples/agencies.textproto",
                                        "--listen",       "127.0.0.1:0"};
  arguments.insert(arguments.end(), options.flags.begin(), options.flags.end());
  const std::vector<std::string> environment = Environment(options.environment);
  const std::vector<char*> argument_pointers = Pointers(arguments);
  const std::vector<char*> environment_pointers = Pointers(environment);
  const rlimit limit = FileLimit(options.file_bytes_max);
  int pipe_ends[2];
  Require(pipe2(pipe_ends, O_CLOEXEC) == 0, "pipe");
  const int log = open(log_path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kPrivateFile);
  Require(log >= 0, "log");
  pid_ = fork();
  if (pid_ == 0) {
    RunChild(argument_pointers.data(), environment_pointers.data(),
             options.file_bytes_max.has_value(), limit, pipe_ends[1], log);
  }
  Require(pid_ > 0, "fork");
  close(pipe_ends[1]);
  close(log);
  output_ = pipe_ends[0];
  pid_file_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  Require(pid_file_ >= 0, "pidfd_open");
}

ServeProcess::~ServeProcess() {
  if (!end_) {
    Signal(SIGKILL);
    int status = 0;
    waitpid(pid_, &status, 0);
  }
  close(output_);
  close(pid_file_);
}

bool ServeProcess::WaitUntilServing(absl::Duration limit) {
  const Clock::time_point deadline = DeadlineIn(limit);
  std::string text;
  while (text.find('\n') == std::string::npos) {
    pollfd readable{output_, POLLIN, 0};
    if (poll(&readable, 1, MillisecondsUntil(deadline)) <= 0) return false;
    char part[256];
    const ssize_t count = read(output_, part, sizeof(part));
    if (count <= 0) return false;  // It ended.
    text.append(part, static_cast<size_t>(count));
  }
  return ReadPorts(text);
}

bool ServeProcess::ReadPorts(const std::string& line) {
  return std::sscanf(line.c_str(), "serving gRPC on 127.0.0.1:%d, metrics on port %d", &port_,
                     &metrics_port_) == 2;
}

void ServeProcess::Signal(int signal) const {
  if (!end_) kill(pid_, signal);
}

std::optional<int> ServeProcess::WaitForEnd(absl::Duration limit) {
  if (end_) return end_;
  pollfd ended{pid_file_, POLLIN, 0};
  if (poll(&ended, 1, static_cast<int>(absl::ToInt64Milliseconds(limit))) <= 0) return std::nullopt;
  int status = 0;
  if (waitpid(pid_, &status, 0) == pid_) end_ = status;
  return end_;
}

bool ServeProcess::Terminate(absl::Duration limit) {
  Signal(SIGTERM);
  return ExitedWith(WaitForEnd(limit), 0);
}

bool ServeProcess::SetFileBytesMax(std::optional<int64_t> bytes) const {
  rlimit limit{};
  if (prlimit(pid_, RLIMIT_FSIZE, nullptr, &limit) != 0) return false;
  limit.rlim_cur = bytes ? static_cast<rlim_t>(*bytes) : limit.rlim_max;
  return prlimit(pid_, RLIMIT_FSIZE, &limit, nullptr) == 0;
}

std::string ServeProcess::Log() const { return ReadFile(log_path_).substr(log_start_); }

bool ServeProcess::WaitForLog(const std::string& text, absl::Duration limit) {
  const Clock::time_point deadline = DeadlineIn(limit);
  for (;;) {
    const bool ended = WaitForEnd(kLook).has_value();
    if (Log().find(text) != std::string::npos) return true;
    if (ended || Clock::now() >= deadline) return false;
  }
}

std::string ServeProcess::Metrics() const { return ScrapeMetrics(metrics_port_); }

std::string ScrapeMetrics(int port) {
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string text;
  if (connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
    const std::string request =
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    (void)!send(connection, request.data(), request.size(), MSG_NOSIGNAL);
    char part[4096];
    ssize_t count = 0;
    while ((count = recv(connection, part, sizeof(part), 0)) > 0) {
      text.append(part, static_cast<size_t>(count));
    }
  }
  close(connection);
  return text;
}

bool ExitedWith(std::optional<int> status, int code) {
  return status && WIFEXITED(*status) && WEXITSTATUS(*status) == code;
}

bool EndedBy(std::optional<int> status, int signal) {
  return status && WIFSIGNALED(*status) && WTERMSIG(*status) == signal;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace pathways::testing_support
