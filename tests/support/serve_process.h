// The program `pathways serve` as a child process, for tests that kill it, stop it or starve it.
//
// A ServeFolder is an empty data folder with keys and tokens, and the log of every process that
// used it. A ServeProcess runs the real program on it, on free ports; it is killed with its object,
// or when the test program ends however that ends. All waits have a deadline; none of them sleeps.
// One thread at a time.
#ifndef PATHWAYS_TESTS_SUPPORT_SERVE_PROCESS_H_
#define PATHWAYS_TESTS_SUPPORT_SERVE_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/support/temp_folder.h"

namespace pathways::testing_support {

// How long anything may take that takes a moment; only a failing test waits for so long.
inline constexpr absl::Duration kPatience = absl::Seconds(30);

class ServeFolder {
 public:
  // Makes master key and tokens: staff/desk, operator/local, staff/policy, and an agency for each
  // sample route.
  ServeFolder();

  std::string data() const { return folder_.path() + "/data"; }
  std::string log() const { return folder_.path() + "/serve.log"; }
  // Token of a principal, for example "agency/unhcr-mx".
  std::string TokenOf(const std::string& principal) const;

 private:
  TempFolder folder_;
};

struct ServeOptions {
  std::vector<std::string> flags;         // After those that every test needs.
  std::vector<std::string> environment;   // NAME=value.
  std::optional<int64_t> file_bytes_max;  // No file may grow beyond: as if the disk were full.
};

class ServeProcess {
 public:
  // Starts the program and does not wait for it.
  explicit ServeProcess(const ServeFolder& folder, const ServeOptions& options = {});
  // Kills it.
  ~ServeProcess();
  ServeProcess(const ServeProcess&) = delete;
  ServeProcess& operator=(const ServeProcess&) = delete;

  // False: it ended before it served, or did not serve in time.
  bool WaitUntilServing(absl::Duration limit = kPatience);
  int port() const { return port_; }
  int metrics_port() const { return metrics_port_; }
  pid_t pid() const { return pid_; }

  void Signal(int signal) const;
  // The status of waitpid(2), once it has ended. Also what to wait in between two looks.
  std::optional<int> WaitForEnd(absl::Duration limit);
  // SIGTERM and the end; true when it exited with 0 in time.
  bool Terminate(absl::Duration limit = kPatience);
  // Sets the limit of ServeOptions::file_bytes_max while it runs. Nothing: none.
  bool SetFileBytesMax(std::optional<int64_t> bytes) const;

  // What this process has logged so far.
  std::string Log() const;
  // False: it ended without such a line, or did not log it in time.
  bool WaitForLog(const std::string& text, absl::Duration limit = kPatience);
  // The text of /metrics, or what went wrong.
  std::string Metrics() const;

 private:
  bool ReadPorts(const std::string& line);

  const std::string log_path_;
  size_t log_start_ = 0;  // Where this process's lines begin.
  pid_t pid_ = -1;
  int pid_file_ = -1;  // pidfd: readable once the process has ended.
  int output_ = -1;
  std::optional<int> end_;
  int port_ = 0;
  int metrics_port_ = 0;
};

// What /metrics on a port of this machine says; empty: it did not answer.
std::string ScrapeMetrics(int port);

// True when `status` of WaitForEnd is the exit code.
bool ExitedWith(std::optional<int> status, int code);
// True when it is the end by a signal.
bool EndedBy(std::optional<int> status, int signal);

// The content of a file; empty when there is none.
std::string ReadFile(const std::string& path);

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_SUPPORT_SERVE_PROCESS_H_
