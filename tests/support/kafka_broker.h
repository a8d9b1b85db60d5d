// One real Kafka broker (KRaft, broker and controller in one process) for a test binary.
//
// Start runs the jars that cmake/kafka.sh resolved, or those of KAFKA_HOME, on free loopback ports
// with its data in a temporary folder, and returns once the broker answers. One broker serves a
// whole binary, because it takes seconds to start: every test makes its own topics under NewPrefix.
// The broker dies with this process, whatever ends it, and its folder goes with the object. A test
// may kill and restart it; what was acknowledged then survives in the page cache.
#ifndef PATHWAYS_TESTS_SUPPORT_KAFKA_BROKER_H_
#define PATHWAYS_TESTS_SUPPORT_KAFKA_BROKER_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "tests/support/kafka_tls.h"
#include "tests/support/temp_folder.h"

namespace pathways::testing_support {

class KafkaBroker {
 public:
  // Waits at most two minutes. UNAVAILABLE: it does not answer; the message ends with its log.
  // NOT_FOUND: there are no jars; ./dev test fetches them. With `tls` it listens with TLS too; what
  // `tls` points to must outlive it.
  static absl::StatusOr<std::unique_ptr<KafkaBroker>> Start(const KafkaTls* tls = nullptr);
  // A second broker of the cluster of `first`, which must outlive it. Errors as Start.
  static absl::StatusOr<std::unique_ptr<KafkaBroker>> Join(const KafkaBroker& first);
  // Kills.
  ~KafkaBroker();
  KafkaBroker(const KafkaBroker&) = delete;
  KafkaBroker& operator=(const KafkaBroker&) = delete;

  // host:port.
  const std::string& bootstrap() const { return bootstrap_; }
  // With `tls` only. The first asks for a client's certificate, the second for a login.
  std::string tls_bootstrap() const { return absl::StrCat("localhost:", tls_port_); }
  std::string login_bootstrap() const { return absl::StrCat("localhost:", login_port_); }

  // SIGKILL; waits until it is gone.
  void Kill();
  // SIGTERM; waits until it is gone. Its partitions have another leader, or none, before.
  void Stop();
  // SIGSTOP or SIGCONT.
  void Signal(int signal);
  // Starts the killed broker again on the same ports and data. Errors as Start.
  absl::Status Restart();
  // The same, without waiting for its answer.
  absl::Status Launch();
  absl::Status WaitUntilItAnswers();

 private:
  KafkaBroker() = default;
  absl::Status Prepare(const KafkaTls* tls);
  // Writes the settings beside those that all brokers have, and makes the empty log.
  absl::Status Format(const std::string& properties, const std::vector<std::string>& more = {});
  // Lines of the settings for both listeners with TLS.
  std::string TlsProperties(const KafkaTls& tls) const;
  absl::StatusOr<pid_t> Run(const std::vector<std::string>& java_arguments);
  std::string Log() const;

  TempFolder folder_;
  std::string class_path_;
  std::string bootstrap_;
  int controller_port_ = 0;
  int tls_port_ = 0;
  int login_port_ = 0;
  pid_t pid_ = -1;
};

// A prefix for the topics and groups of one test; never the same twice.
std::string NewPrefix();

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_SUPPORT_KAFKA_BROKER_H_
