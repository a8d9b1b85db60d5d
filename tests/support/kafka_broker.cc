#include "tests/support/kafka_broker.h"

#include <fcntl.h>
#include <librdkafka/rdkafka.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "services/base/ids.h"
#include "services/base/status_macros.h"
#include "tests/support/free_port.h"

namespace pathways::testing_support {
namespace {

constexpr std::chrono::seconds kStartMax{120};
constexpr size_t kLogBytesShown = 4000;

constexpr char kLog4j[] = R"(<Configuration status="WARN">
  <Appenders>
    <Console name="out"><PatternLayout pattern="%d{ISO8601} %p %c{1} %m%n"/></Console>
  </Appenders>
  <Loggers><Root level="WARN"><AppenderRef ref="out"/></Root></Loggers>
</Configuration>
)";

// The internal topics have one replica because there is one broker, and one partition because a
// test has one group: with the usual 50 the first join takes seconds.
constexpr char kProperties[] = R"(
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,TLS:SSL,LOGIN:SASL_SSL
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=2
log.cleaner.enable=false
)";

std::string KafkaFolder() {
  if (const char* home = std::getenv("KAFKA_HOME"); home != nullptr && *home != '\0') return home;
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0') {
    return absl::StrCat(cache, "/pathways/kafka");
  }
  const char* home = std::getenv("HOME");
  return absl::StrCat(home == nullptr ? "" : home, "/.cache/pathways/kafka");
}

void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::trunc) << text;
}

// In the child between fork and exec: only what is safe there.
[[noreturn]] void Exec(const std::string& log, std::vector<char*>& arguments) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  execvp("java", arguments.data());
  _exit(127);
}

// Waits a moment without a sleep: on a client that hears of nothing.
bool Answers(const std::string& bootstrap, int timeout_ms) {
  char error[256];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap.c_str(), error, sizeof(error));
  rd_kafka_conf_set(conf, "log_level", "0", error, sizeof(error));
  rd_kafka_conf_set(conf, "reconnect.backoff.max.ms", "200", error, sizeof(error));
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof(error));
  if (client == nullptr) {
    rd_kafka_conf_destroy(conf);
    return false;
  }
  const struct rd_kafka_metadata* metadata = nullptr;
  const auto result = rd_kafka_metadata(client, 1, nullptr, &metadata, timeout_ms);
  const bool answers = result == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->broker_cnt > 0;
  if (metadata != nullptr) rd_kafka_metadata_destroy(metadata);
  rd_kafka_destroy(client);
  return answers;
}

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaBroker>> KafkaBroker::Start(const KafkaTls* tls) {
  std::unique_ptr<KafkaBroker> broker(new KafkaBroker());
  RETURN_IF_ERROR(broker->Prepare(tls));
  RETURN_IF_ERROR(broker->Restart());
  return broker;
}

absl::StatusOr<std::unique_ptr<KafkaBroker>> KafkaBroker::Join(const KafkaBroker& first) {
  std::unique_ptr<KafkaBroker> broker(new KafkaBroker());
  broker->class_path_ = first.class_path_;
  broker->bootstrap_ = absl::StrCat("127.0.0.1:", FreePort());
  RETURN_IF_ERROR(broker->Format(
      absl::StrCat("process.roles=broker\nnode.id=2\nlisteners=PLAINTEXT://", broker->bootstrap_,
                   "\ncontroller.quorum.voters=1@127.0.0.1:", first.controller_port_, "\n")));
  RETURN_IF_ERROR(broker->Restart());
  return broker;
}

KafkaBroker::~KafkaBroker() { Kill(); }

std::string KafkaBroker::TlsProperties(const KafkaTls& tls) const {
  return absl::StrCat("ssl.keystore.type=PEM\nssl.keystore.location=", tls.broker(),
                      "\nssl.truststore.type=PEM\nssl.truststore.location=", tls.ca(),
                      "\nlistener.name.tls.ssl.client.auth=required",
                      "\nsasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN",
                      "\nlistener.name.login.scram-sha-512.sasl.jaas.config=",
                      "org.apache.kafka.common.security.scram.ScramLoginModule required;",
                      "\nlistener.name.login.plain.sasl.jaas.config=",
                      "org.apache.kafka.common.security.plain.PlainLoginModule required user_",
                      KafkaTls::kUser, "=\"", KafkaTls::kPassword, "\";\n");
}

absl::Status KafkaBroker::Prepare(const KafkaTls* tls) {
  const std::string jars = absl::StrCat(KafkaFolder(), "/libs");
  if (!std::filesystem::is_directory(jars)) {
    return absl::NotFoundError(absl::StrCat(jars, " is no folder; run ./dev test once"));
  }
  class_path_ = absl::StrCat(jars, "/*");
  bootstrap_ = absl::StrCat("127.0.0.1:", FreePort());
  controller_port_ = FreePort();
  std::string more;
  std::string more_advertised;
  std::vector<std::string> scram;
  if (tls != nullptr) {
    tls_port_ = FreePort();
    login_port_ = FreePort();
    more = absl::StrCat(",TLS://127.0.0.1:", tls_port_, ",LOGIN://127.0.0.1:", login_port_);
    more_advertised = absl::StrCat(",TLS://", tls_bootstrap(), ",LOGIN://", login_bootstrap());
    scram = {"--add-scram", absl::StrCat("SCRAM-SHA-512=[name=", KafkaTls::kUser,
                                         ",password=", KafkaTls::kPassword, "]")};
  }
  return Format(absl::StrCat("process.roles=broker,controller\nnode.id=1\nlisteners=PLAINTEXT://",
                             bootstrap_, ",CONTROLLER://127.0.0.1:", controller_port_, more,
                             "\nadvertised.listeners=PLAINTEXT://", bootstrap_, more_advertised,
                             "\ncontroller.quorum.voters=1@127.0.0.1:", controller_port_, "\n",
                             tls == nullptr ? "" : TlsProperties(*tls)),
                scram);
}

absl::Status KafkaBroker::Format(const std::string& properties,
                                 const std::vector<std::string>& more) {
  const std::string& at = folder_.path();
  WriteFile(at + "/log4j2.xml", kLog4j);
  WriteFile(at + "/server.properties",
            absl::StrCat(kProperties, properties, "log.dirs=", at, "/data\n"));
  std::vector<std::string> arguments = {
      "kafka.tools.StorageTool", "format", "-t",
      "cGF0aHdheXMtdGVzdC0xMA",  "-c",     at + "/server.properties"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  ASSIGN_OR_RETURN(const pid_t format, Run(arguments));
  int result = 0;
  waitpid(format, &result, 0);
  if (result == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("the broker's storage is not formatted: ", Log()));
}

absl::StatusOr<pid_t> KafkaBroker::Run(const std::vector<std::string>& java_arguments) {
  // One compiler tier and the serial collector: it starts in half the time and shares two cores.
  std::vector<std::string> all = {
      "java",
      "-Xmx512m",
      "-Xshare:auto",
      "-XX:+UseSerialGC",
      "-XX:TieredStopAtLevel=1",
      absl::StrCat("-Dlog4j2.configurationFile=", folder_.path(), "/log4j2.xml"),
      "-cp",
      class_path_};
  all.insert(all.end(), java_arguments.begin(), java_arguments.end());
  std::vector<char*> arguments;
  for (std::string& argument : all) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  const std::string log = folder_.path() + "/broker.log";
  const pid_t pid = fork();
  if (pid == 0) Exec(log, arguments);
  if (pid < 0) return absl::UnavailableError("fork failed");
  return pid;
}

void KafkaBroker::Kill() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void KafkaBroker::Stop() {
  if (pid_ < 0) return;
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void KafkaBroker::Signal(int signal) { kill(pid_, signal); }

absl::Status KafkaBroker::Launch() {
  ASSIGN_OR_RETURN(pid_, Run({"kafka.Kafka", folder_.path() + "/server.properties"}));
  return absl::OkStatus();
}

absl::Status KafkaBroker::WaitUntilItAnswers() {
  const auto deadline = std::chrono::steady_clock::now() + kStartMax;
  while (std::chrono::steady_clock::now() < deadline) {
    if (Answers(bootstrap_, 1000)) return absl::OkStatus();
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      break;
    }
  }
  return absl::UnavailableError(absl::StrCat("the broker does not answer: ", Log()));
}

absl::Status KafkaBroker::Restart() {
  RETURN_IF_ERROR(Launch());
  return WaitUntilItAnswers();
}

std::string KafkaBroker::Log() const {
  std::ifstream file(folder_.path() + "/broker.log");
  std::ostringstream text;
  text << file.rdbuf();
  const std::string all = text.str();
  return all.size() <= kLogBytesShown ? all : all.substr(all.size() - kLogBytesShown);
}

std::string NewPrefix() { return absl::StrCat("t", base::NewUuid().substr(0, 8), "."); }

}  // namespace pathways::testing_support
