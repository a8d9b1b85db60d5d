#include "tests/distributed/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace pathways::testing_support {
namespace {

constexpr mode_t kPrivateFile = 0600;

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

// Without settings of the programs, which a developer may have set.
std::vector<std::string> Environment() {
  std::vector<std::string> all;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text(*variable);
    if (text.rfind("PATHWAYS_", 0) != 0) all.push_back(text);
  }
  return all;
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& arguments, const std::string& log,
                           const std::vector<std::string>& more) {
  std::vector<std::string> environment = Environment();
  environment.insert(environment.end(), more.begin(), more.end());
  const std::vector<char*> argument_pointers = Pointers(arguments);
  const std::vector<char*> environment_pointers = Pointers(environment);
  int ends[2];
  Require(pipe2(ends, O_CLOEXEC) == 0, "pipe");
  const int log_file = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kPrivateFile);
  Require(log_file >= 0, "log");
  pid_ = fork();
  if (pid_ == 0) {
    // Only what is safe here: other threads of the test may hold locks.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(ends[1], STDOUT_FILENO);
    dup2(log_file, STDERR_FILENO);
    execve(argument_pointers[0], argument_pointers.data(), environment_pointers.data());
    _exit(127);
  }
  Require(pid_ > 0, "fork");
  close(ends[1]);
  close(log_file);
  output_ = ends[0];
  pid_file_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  Require(pid_file_ >= 0, "pidfd_open");
}

ChildProcess::~ChildProcess() {
  if (!end_) {
    Kill();
    waitpid(pid_, nullptr, 0);
  }
  close(output_);
  close(pid_file_);
}

bool ChildProcess::ReadSome(absl::Duration limit) {
  pollfd readable{output_, POLLIN, 0};
  if (poll(&readable, 1, static_cast<int>(absl::ToInt64Milliseconds(limit))) <= 0) return false;
  char part[4096];
  const ssize_t count = read(output_, part, sizeof(part));
  if (count <= 0) return false;
  printed_.append(part, static_cast<size_t>(count));
  return true;
}

bool ChildProcess::WaitForLine(absl::Duration limit) {
  while (printed_.find('\n') == std::string::npos) {
    if (!ReadSome(limit)) return false;
  }
  return true;
}

std::optional<int> ChildProcess::WaitForEnd(absl::Duration limit) {
  if (end_) return end_;
  while (ReadSome(limit)) continue;
  pollfd ended{pid_file_, POLLIN, 0};
  if (poll(&ended, 1, static_cast<int>(absl::ToInt64Milliseconds(limit))) <= 0) return std::nullopt;
  int status = 0;
  if (waitpid(pid_, &status, 0) == pid_) end_ = status;
  return end_;
}

void ChildProcess::Signal(int signal) const {
  syscall(SYS_pidfd_send_signal, pid_file_, signal, nullptr, 0);
}

void ChildProcess::Kill() const { Signal(SIGKILL); }

bool ChildProcess::Terminate(absl::Duration limit) {
  Signal(SIGTERM);
  return ExitedWith(WaitForEnd(limit), 0);
}

}  // namespace pathways::testing_support
