// Runs a command of the shell and waits for its end.
#ifndef PATHWAYS_TESTS_SUPPORT_RUN_IN_SHELL_H_
#define PATHWAYS_TESTS_SUPPORT_RUN_IN_SHELL_H_

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <string>
#include <utility>

namespace pathways::testing_support {

// What it prints, and its exit code; -1 if it was killed.
inline std::pair<std::string, int> RunInShell(const std::string& command) {
  FILE* const output = popen(command.c_str(), "r");
  EXPECT_NE(output, nullptr);
  if (output == nullptr) return {"", -1};
  std::string printed;
  char part[4096];
  for (size_t count = 0; (count = fread(part, 1, sizeof(part), output)) > 0;) {
    printed.append(part, count);
  }
  const int status = pclose(output);
  return {printed, WIFEXITED(status) ? WEXITSTATUS(status) : -1};
}

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_SUPPORT_RUN_IN_SHELL_H_
