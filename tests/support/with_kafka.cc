// Runs a command beside a real Kafka broker: with_kafka COMMAND [ARGUMENT...].
//
// The command finds the broker's address in KAFKA_BOOTSTRAP; the broker ends when the command does.
// The exit code is the command's; 2 when the broker does not start.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/support/kafka_broker.h"

int main(int count, char** arguments) {
  if (count < 2) {
    std::fputs("with_kafka COMMAND [ARGUMENT...]\n", stderr);
    return 2;
  }
  auto broker = pathways::testing_support::KafkaBroker::Start();
  if (!broker.ok()) {
    std::fprintf(stderr, "with_kafka: %s\n", std::string(broker.status().message()).c_str());
    return 2;
  }
  setenv("KAFKA_BOOTSTRAP", (*broker)->bootstrap().c_str(), 1);
  const pid_t child = fork();
  if (child == 0) {
    execvp(arguments[1], arguments + 1);
    _exit(127);
  }
  int result = 0;
  if (child < 0 || waitpid(child, &result, 0) != child) return 2;
  return WIFEXITED(result) ? WEXITSTATUS(result) : 128 + WTERMSIG(result);
}
