// A program as a child process, for tests that kill it and start it again.
//
// It dies with the test program, however that ends, and with its object. What it prints first is
// read here; what it logs goes to the end of a file. No wait is without a deadline. One thread at a
// time, but Kill and Signal may be called from any.
#ifndef PATHWAYS_TESTS_DISTRIBUTED_CHILD_PROCESS_H_
#define PATHWAYS_TESTS_DISTRIBUTED_CHILD_PROCESS_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/support/serve_process.h"

namespace pathways::testing_support {

class ChildProcess {
 public:
  // Stops the test program when the process cannot be started.
  // `more` are variables beside those of the test, as NAME=value.
  ChildProcess(const std::vector<std::string>& arguments, const std::string& log,
               const std::vector<std::string>& more = {});
  // Kills it.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // True as soon as it has printed a line; false when it ended before or did not in time.
  bool WaitForLine(absl::Duration limit = kPatience);
  // All that it prints, and its status of waitpid(2), once it has ended.
  std::optional<int> WaitForEnd(absl::Duration limit = kPatience);
  const std::string& printed() const { return printed_; }

  void Signal(int signal) const;
  // SIGKILL, at once; WaitForEnd tells when it is gone.
  void Kill() const;
  // SIGTERM and the end; true when it exited with 0 in time.
  bool Terminate(absl::Duration limit = kPatience);

 private:
  // False: nothing more comes, or not in time.
  bool ReadSome(absl::Duration limit);

  pid_t pid_ = -1;
  int pid_file_ = -1;  // pidfd: a signal never goes to another process, even after the end.
  int output_ = -1;
  std::string printed_;
  std::optional<int> end_;
};

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_DISTRIBUTED_CHILD_PROCESS_H_
