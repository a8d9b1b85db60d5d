#include "services/runtime/rpc/service_program.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/runtime/bus/kafka_publisher.h"
#include "services/runtime/bus/kafka_reader.h"
#include "services/runtime/bus/kafka_record.h"
#include "services/runtime/bus/kafka_security.h"
#include "services/runtime/bus/kafka_subscription.h"
#include "services/runtime/bus/kafka_topics.h"
#include "services/runtime/faults.h"
#include "services/runtime/keys.h"
#include "services/runtime/lifecycle.h"
#include "services/runtime/log.h"
#include "services/runtime/metrics.h"
#include "services/runtime/metrics_http.h"
#include "services/runtime/principal.h"
#include "services/runtime/private_file.h"
#include "services/runtime/program_flags.h"
#include "services/runtime/rpc/front.h"
#include "services/runtime/rpc/grpc_log.h"
#include "services/runtime/rpc/stream_client.h"
#include "services/runtime/status_macros.h"
#include "services/runtime/store/postgres_conninfo.h"
#include "services/runtime/store/postgres_store.h"
#include "services/runtime/tail_check.h"

namespace pathways::runtime {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr mode_t kPrivateUmask = 0077;
constexpr size_t kReadsWaitingMax = 1024;
constexpr size_t kTokenBytesMax = 4096;
constexpr size_t kInstanceBytesMax = 249;
// How often a database that cannot be reached at the start is tried again.
constexpr absl::Duration kRetryEvery = absl::Seconds(1);
// How long a start, and a stop in the midst of it, may wait for Kafka to compare its topic.
constexpr absl::Duration kTopicPatience = absl::Seconds(5);
// What the stop may take beyond the drain time, before the watchdog ends the process.
constexpr absl::Duration kStopMargin = absl::Seconds(15);

std::vector<Setting> SettingsOf(const ServiceProgram& program) {
  std::vector<Setting> table = {
      {"listen", "Address of the gRPC API; other than loopback it needs TLS", ""},
      {"tls-certificate", "Certificate of the service, PEM with its chain; empty: plain text", ""},
      {"tls-key", "Key of that certificate, PEM", ""},
      {"tls-client-ca", "Certificates a client's must come from; empty: tokens alone", ""},
      {"tls-ca", "Certificates the other services' must come from; empty: plain text", ""},
      {"health-listen", "Plain-text address that serves gRPC health alone; empty: none", ""},
      {"metrics-listen", "Address of /metrics, /healthz and /readyz", ""},
      {"database", "PostgreSQL connection string, without a password (PGPASSFILE)", ""},
      {"kafka", "Kafka bootstrap servers, host:port, more after commas", ""},
      {"topic-prefix", "Before the names of all topics", ""},
      {"feed-keys", "Keys of the dashboards' feed, the same for all services; empty: no feed", ""},
      {"tokens", "Token file of those who call", ""},
      {"master-key", "Master key file", ""},
      {"service-token", "File with the token for calls to other services", ""},
      {"reflection", "gRPC reflection, on or off", "off"},
      {"log-level", "info, warning or error", "info"},
      {"drain-seconds", "How long running calls may take after SIGTERM", "10"},
      {"batch-max", "Commands in one transaction; 1 for a transaction per call", "256"},
      {"queue-max", "Requests that may wait", "4096"},
      {"queue-bytes-max", "Bytes of requests that are not answered yet", "67108864"},
      {"message-bytes-max", "Largest request in bytes", "1048576"},
      {"connections-max", "Connections to the gRPC API; more are closed as they come", "256"},
      {"read-threads", "Threads for reads", "2"},
      {"sweep-seconds", "How often what was applied is compared with the other service", "300"},
      {"timers-seconds", "How often due timers are looked for", "10"},
      {"kafka-instance", "Name of this replica towards Kafka, of no other; empty: none", ""},
      {"group-session-seconds", "After how long without a sign its partitions go to others", "10"},
      {"stuck-hours", "Hours without progress after which a case counts as stuck", "72"},
  };
  const std::vector<Setting> security = KafkaSecuritySettings();
  table.insert(table.end(), security.begin(), security.end());
  for (const std::vector<std::string>* names : {&program.follows, &program.projected}) {
    for (const std::string& name : *names) {
      table.push_back({name + "-address", absl::StrCat("host:port of ", name, "'s gRPC API"), ""});
    }
  }
  table.insert(table.end(), program.settings.begin(), program.settings.end());
  return table;
}

struct Options {
  RpcOptions rpc;
  std::string health_listen;
  Address metrics;
  std::string database;
  std::string kafka;
  KafkaSecurityFiles kafka_security;
  std::string kafka_instance;
  std::string topic_prefix;
  std::string feed_keys_file;
  std::string tokens_file;
  std::string master_key_file;
  std::string service_token_file;
  std::string tls_ca;
  std::vector<std::string> upstream_addresses;  // As follows, then projected.
  LogLevel log_level = LogLevel::kInfo;
  absl::Duration drain;
  EngineOptions engine;
  int read_threads = 2;
  absl::Duration sweep_every;
  absl::Duration group_session;
  absl::Duration timers_every;
  absl::Duration stuck_after;
};

std::string TextOf(const Address& address) {
  if (address.host.empty()) return "";
  const bool is_v6 = address.host.find(':') != std::string::npos;
  return is_v6 ? absl::StrCat("[", address.host, "]:", address.port)
               : absl::StrCat(address.host, ":", address.port);
}

// Brokers take the names that they take for topics, and refuse others only when a group is joined.
std::string InstanceOf(Settings& settings) {
  std::string name = settings.Text("kafka-instance", Presence::kOptional);
  const bool is_legal = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
  });
  if (!is_legal || name.size() > kInstanceBytesMax || name == "." || name == "..") {
    settings.Expect("kafka-instance", "at most 249 letters, digits, dots, dashes and underscores");
  }
  return name;
}

Options ReadOptions(Settings& settings, const ServiceProgram& program) {
  Options read;
  read.rpc.listen = TextOf(settings.HostPort("listen", Presence::kRequired));
  read.rpc.tls.certificate = settings.File("tls-certificate", Presence::kOptional);
  read.rpc.tls.key = settings.File("tls-key", Presence::kOptional);
  read.rpc.tls.client_ca = settings.File("tls-client-ca", Presence::kOptional);
  read.tls_ca = settings.File("tls-ca", Presence::kOptional);
  ExpectTls(settings, program.follows);
  ExpectTls(settings, program.projected);
  read.health_listen = TextOf(settings.HostPort("health-listen", Presence::kOptional));
  read.metrics = settings.HostPort("metrics-listen", Presence::kRequired);
  read.database = settings.Text("database", Presence::kRequired);
  read.kafka = settings.Text("kafka", Presence::kRequired);
  read.kafka_security = ReadKafkaSecuritySettings(settings);
  read.kafka_instance = InstanceOf(settings);
  read.topic_prefix = settings.Text("topic-prefix", Presence::kOptional);
  read.feed_keys_file = settings.File("feed-keys", Presence::kOptional);
  read.tokens_file = settings.File("tokens", Presence::kRequired);
  read.master_key_file = settings.File("master-key", Presence::kRequired);
  const bool has_upstreams = !program.follows.empty() || !program.projected.empty();
  read.service_token_file =
      settings.File("service-token", has_upstreams ? Presence::kRequired : Presence::kOptional);
  for (const std::vector<std::string>* names : {&program.follows, &program.projected}) {
    for (const std::string& name : *names) {
      read.upstream_addresses.push_back(
          TextOf(settings.HostPort(name + "-address", Presence::kRequired)));
    }
  }
  read.rpc.reflection = settings.Word("reflection", {"on", "off"}) == "on";
  read.log_level = LogLevelOf(settings.Word("log-level", {"info", "warning", "error"}))
                       .value_or(LogLevel::kInfo);
  read.drain = settings.Seconds("drain-seconds", absl::Seconds(1), absl::Minutes(10));
  read.engine.batch_max = static_cast<size_t>(settings.Integer("batch-max", 1, 10'000));
  read.engine.queue_max = static_cast<size_t>(settings.Integer("queue-max", 1, 1'000'000));
  read.engine.queue_bytes_max =
      static_cast<size_t>(settings.Integer("queue-bytes-max", 1 << 20, int64_t{4} << 30));
  read.rpc.message_bytes_max =
      static_cast<int>(settings.Integer("message-bytes-max", 1024, 64 << 20));
  read.rpc.connections_max = static_cast<int>(settings.Integer("connections-max", 8, 10'000));
  read.read_threads = static_cast<int>(settings.Integer("read-threads", 1, 64));
  read.sweep_every = settings.Seconds("sweep-seconds", absl::Seconds(1), absl::Hours(24));
  read.group_session =
      settings.Seconds("group-session-seconds", absl::Seconds(6), absl::Minutes(5));
  read.timers_every = settings.Seconds("timers-seconds", absl::Seconds(1), absl::Hours(1));
  read.stuck_after = absl::Hours(settings.Integer("stuck-hours", 1, 8760));
  return read;
}

// "intake" is pathways.intake.v1.IntakeEvent on the wire.
std::string SchemaOf(const std::string& service) {
  std::string message = service + "Event";
  message.front() = absl::ascii_toupper(static_cast<unsigned char>(message.front()));
  return absl::StrCat("pathways.", service, ".v1.", message);
}

// One service whose topic this process reads.
struct Followed {
  std::string name;
  std::unique_ptr<KafkaSubscription> subscription;
  std::unique_ptr<StreamClient> streams;
};

// The running service, in order of construction: each part stands on those above it.
class Process {
 public:
  Process(const ServiceProgram& program, Options options)
      : program_(program), options_(std::move(options)), log_(options_.log_level, clock_) {}

  Logger& log() { return log_; }
  const Options& options() const { return options_; }

  // Reads the files of secrets and certificates. All faults at once.
  absl::Status ReadFiles();
  // Health, before anything that may be long in coming.
  absl::Status ListenForHealth();
  // UNAVAILABLE: the database cannot be reached yet.
  absl::Status OpenStore();
  absl::Status Start(std::unique_ptr<Domain> domain);
  void Stop();

  int port() const { return front_->port(); }

 private:
  absl::Status ReadKafka();
  absl::Status Follow(const std::string& name, const std::string& address, bool is_projected);
  KafkaPublisherOptions Publishing() const;
  absl::StatusOr<EngineOptions> EngineWithMutants();
  absl::Status StartPublishing();
  // Before any command is taken: whether the database lost what the topic has.
  void CompareWithTopic();

  const ServiceProgram& program_;
  const Options options_;
  const SystemClock clock_;
  Logger log_;
  const GrpcLog grpc_log_{log_, clock_};
  Metrics metrics_;
  std::unique_ptr<Keyring> keyring_;
  std::unique_ptr<TokenFile> tokens_;
  std::string service_token_;
  KafkaSettings kafka_;
  std::unique_ptr<KafkaFeed> feed_;  // None: no feed.
  std::unique_ptr<RpcServer> health_;
  std::unique_ptr<EventStore> store_;  // Until the core takes it.
  std::unique_ptr<ReadPool> pool_;
  std::unique_ptr<Edge> edge_;
  std::vector<Followed> followed_;
  std::unique_ptr<KafkaPublisher> publisher_;
#ifdef PATHWAYS_FAULTS
  std::unique_ptr<KafkaPublisher> early_publisher_;  // Of the mutant publish_before_commit.
#endif
  std::unique_ptr<TailCheck> tail_check_;
  std::unique_ptr<ServiceCore> core_;
  std::unique_ptr<ServiceAssembly> assembly_;
  std::unique_ptr<Front> front_;
  std::unique_ptr<MetricsHttp> http_;
};

absl::Status Process::ReadFiles() {
  auto keyring = Keyring::Load(options_.master_key_file);
  auto tokens = TokenFile::Load(options_.tokens_file);
  absl::StatusOr<std::string> token = std::string();
  if (!options_.service_token_file.empty()) {
    token = ReadPrivateFile(options_.service_token_file, kTokenBytesMax);
  }
  absl::StatusOr<std::unique_ptr<KafkaFeed>> feed = std::unique_ptr<KafkaFeed>();
  if (!options_.feed_keys_file.empty()) {
    feed = KafkaFeed::Open(options_.feed_keys_file, program_.tell_feed, clock_, log_);
  }
  std::string faults;
  for (const absl::Status& status :
       {keyring.status(), tokens.status(), token.status(), feed.status(), ReadKafka(),
        CheckTlsFiles(options_.rpc.tls), CheckConnectionString(options_.database)}) {
    if (!status.ok())
      absl::StrAppend(&faults, faults.empty() ? "" : "\n", std::string(status.message()));
  }
  if (!faults.empty()) return absl::InvalidArgumentError(faults);
  feed_ = *std::move(feed);
  keyring_ = *std::move(keyring);
  tokens_ = std::make_unique<TokenFile>(*std::move(tokens));
  service_token_ = std::string(absl::StripAsciiWhitespace(*token));
  return absl::OkStatus();
}

absl::Status Process::ReadKafka() {
  kafka_.bootstrap = options_.kafka;
  kafka_.client_id = program_.name;
  ASSIGN_OR_RETURN(kafka_.security, ReadKafkaSecurity(options_.kafka_security));
  // A client that is made and not used: what it cannot read is found now, not after the database.
  return KafkaAdmin::Open(kafka_, log_).status();
}

absl::Status Process::ListenForHealth() {
  if (options_.health_listen.empty()) return absl::OkStatus();
  RpcOptions options;
  options.listen = options_.health_listen;
  options.on_unreachable = options_.rpc.on_unreachable;
  ASSIGN_OR_RETURN(health_, RpcServer::Start(options, {}));
  return absl::OkStatus();
}

absl::Status Process::OpenStore() {
  PostgresStoreOptions options;
  options.postgres.connection = options_.database;
  ASSIGN_OR_RETURN(store_, PostgresStore::Open(std::move(options)));
  return absl::OkStatus();
}

absl::Status Process::Follow(const std::string& name, const std::string& address,
                             bool is_projected) {
  KafkaSubscriptionOptions options;
  options.kafka = kafka_;
  options.topic = EventsTopic(options_.topic_prefix, name);
  options.group = absl::StrCat(options_.topic_prefix, "pathways.", program_.name, ".", name);
  options.source = KafkaSourceOf(name);
  options.instance_id = options_.kafka_instance;  // Two followed services are two groups.
  options.session_timeout = options_.group_session;
  // Nobody waits for what is only shown as for what leads on.
  options.collects = is_projected;
  Followed& followed = followed_.emplace_back();
  followed.name = name;
  ASSIGN_OR_RETURN(followed.subscription, KafkaSubscription::Open(std::move(options), log_));
  StreamClientOptions streams;
  streams.service = name;
  streams.address = address;
  streams.token = service_token_;
  streams.ca_file = options_.tls_ca;
  streams.certificate_file = options_.rpc.tls.certificate;
  streams.key_file = options_.rpc.tls.key;
  ASSIGN_OR_RETURN(followed.streams, StreamClient::Make(std::move(streams)));
  return absl::OkStatus();
}

void Process::CompareWithTopic() {
  KafkaReaderOptions topic;
  topic.kafka = kafka_;
  topic.topic = EventsTopic(options_.topic_prefix, program_.name);
  topic.source = KafkaSourceOf(program_.name);
  topic.patience = kTopicPatience;
  tail_check_ = std::make_unique<TailCheck>(program_.name, std::move(topic), core_->store(), log_);
  if (PATHWAYS_MUTANT("no_tail_check")) return;
  const absl::Status compared =
      core_->CheckTopic([this] { return tail_check_->Run(TopicCheck::kWhole); });
  if (compared.ok() || absl::IsDataLoss(compared)) return;
  // Registering must not wait for Kafka. Nothing is published before it was compared.
  log_.Warning("own_topic_not_compared", {{"code", absl::StatusCodeToString(compared.code())},
                                          {"what", std::string(compared.message())}});
}

KafkaPublisherOptions Process::Publishing() const {
  KafkaPublisherOptions options;
  options.kafka = kafka_;
  options.topic = EventsTopic(options_.topic_prefix, program_.name);
  options.source = {KafkaSourceOf(program_.name), SchemaOf(program_.name)};
  return options;
}

absl::StatusOr<EngineOptions> Process::EngineWithMutants() {
  EngineOptions engine = options_.engine;
#ifdef PATHWAYS_FAULTS
  if (MutantActive("publish_before_commit")) {
    ASSIGN_OR_RETURN(early_publisher_, KafkaPublisher::Open(Publishing(), log_));
    engine.publish_early = [this](const BatchWrite& write) {
      std::vector<EventRow> events;
      for (const StreamWrite& stream : write.streams) {
        events.insert(events.end(), stream.events.begin(), stream.events.end());
      }
      if (!early_publisher_->Publish(events).ok()) log_.Warning("not_published_early");
    };
  }
#endif
  return engine;
}

absl::Status Process::StartPublishing() {
  KafkaPublisherOptions options = Publishing();
  if (feed_) {
    options.feed_topic = FeedTopic(options_.topic_prefix);
    options.feed = [this](const EventRow& event) { return feed_->MessagesOf(event); };
  }
  ASSIGN_OR_RETURN(publisher_, KafkaPublisher::Open(std::move(options), log_));
  const auto cancel = [this] {
    publisher_->Cancel();
    tail_check_->Cancel();
  };
  Relay::CheckTopic check = [this](TopicCheck what) { return tail_check_->Run(what); };
  if (PATHWAYS_MUTANT("no_tail_check")) check = nullptr;
  core_->StartRelay(*publisher_, std::move(check), cancel);
  return absl::OkStatus();
}

absl::Status Process::Start(std::unique_ptr<Domain> domain) {
  size_t next = 0;
  for (const std::string& name : program_.follows) {
    RETURN_IF_ERROR(Follow(name, options_.upstream_addresses[next++], /*is_projected=*/false));
  }
  for (const std::string& name : program_.projected) {
    RETURN_IF_ERROR(Follow(name, options_.upstream_addresses[next++], /*is_projected=*/true));
  }
  pool_ = std::make_unique<ReadPool>(options_.read_threads, kReadsWaitingMax);
  edge_ = std::make_unique<Edge>(
      *tokens_, *pool_, [this](const char* method, absl::StatusCode code, absl::Duration took) {
        metrics_.CountCall(method, code, took);
      });
  ASSIGN_OR_RETURN(EngineOptions engine, EngineWithMutants());
  ASSIGN_OR_RETURN(core_, ServiceCore::Start(program_.name, std::move(store_), std::move(domain),
                                             std::move(engine), log_, metrics_));
  CompareWithTopic();
  if (program_.prepare) RETURN_IF_ERROR(program_.prepare(*core_, log_));
  std::vector<ProjectionSource> projected;
  for (size_t i = program_.follows.size(); i < followed_.size(); ++i) {
    projected.push_back({followed_[i].name, *followed_[i].subscription, *followed_[i].streams});
  }
  assembly_ = program_.assemble({*core_, *edge_, *keyring_, clock_, std::move(projected),
                                 options_.sweep_every, options_.timers_every});
  for (size_t i = 0; i < program_.follows.size(); ++i) {
    core_->Follow({followed_[i].name, *followed_[i].subscription, *followed_[i].streams},
                  options_.sweep_every);
  }
  for (Followed& followed : followed_) RETURN_IF_ERROR(followed.subscription->Start());
  RETURN_IF_ERROR(StartPublishing());
  ASSIGN_OR_RETURN(front_, Front::Start(options_.rpc, {*edge_,
                                                       clock_,
                                                       metrics_,
                                                       {{core_.get(), assembly_.get()}},
                                                       options_.stuck_after,
                                                       health_.get()}));
  ASSIGN_OR_RETURN(http_, MetricsHttp::Start({options_.metrics, [this] { return metrics_.Text(); },
                                              [this] { return front_->IsReady(); },
                                              [this] { return front_->IsAlive(); }}));
  return absl::OkStatus();
}

void Process::Stop() {
  // Before what its functions look at.
  if (http_) http_->Stop();
  // Calls that are answered meanwhile are published by the relay, which ends last.
  if (front_) front_->Stop(options_.drain);
  if (core_) core_->StopEngine();  // Also where the front could not start.
  // Together: each waits some seconds for the broker to let it go.
  std::vector<std::thread> leaving;
  for (Followed& followed : followed_) {
    leaving.emplace_back([&followed] { followed.subscription->Stop(); });
  }
  for (std::thread& thread : leaving) thread.join();
  if (health_) health_->Shutdown(absl::ZeroDuration());
}

int Fail(const absl::Status& status) {
  for (absl::string_view line : absl::StrSplit(status.message(), '\n')) {
    std::cerr << line << "\n";
  }
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status) ? kExitUsage : kExitFailed;
}

// Waits for the database, serves, and waits for the stop. What went wrong.
absl::Status Serve(Process& process, std::unique_ptr<Domain> domain, Signal& stop) {
  RETURN_IF_ERROR(process.ReadFiles());
  RETURN_IF_ERROR(process.ListenForHealth());
  absl::Status opened = process.OpenStore();
  if (absl::IsUnavailable(opened)) process.log().Warning("waiting_for_database");
  while (absl::IsUnavailable(opened) && stop.Wait(kRetryEvery)) opened = process.OpenStore();
  if (stop.stopped()) return absl::OkStatus();
  RETURN_IF_ERROR(opened);
  RETURN_IF_ERROR(process.Start(std::move(domain)));
  std::cout << "serving gRPC on port " << process.port() << "\n";
  std::cout.flush();
  process.log().Info("serving", {{"port", process.port()}});
  while (stop.Wait(absl::Hours(1))) continue;
  return absl::OkStatus();
}

std::vector<std::string> OtherVariables() {
#ifdef PATHWAYS_FAULTS
  return {"PATHWAYS_CRASH_AT", "PATHWAYS_MUTANT", "PATHWAYS_REPAIR"};
#else
  return {};
#endif
}

}  // namespace

int RunService(int argc, const char* const* argv, const ServiceProgram& program) {
  umask(kPrivateUmask);
  KeepMemoryPrivate();
  SignalWatch signals;  // Before any thread.
  RaiseDescriptorLimit();
  Settings settings(SettingsOf(program));
  const std::optional<int> ended =
      ParseFlags(argc, argv, program.name, program.description, settings);
  if (ended) return *ended;
  settings.FromEnvironment(environ, OtherVariables());
  Options options = ReadOptions(settings, program);
  absl::StatusOr<std::unique_ptr<Domain>> domain = program.make_domain(settings);
  if (const absl::Status checked = settings.Check(); !checked.ok()) return Fail(checked);
  if (!domain.ok()) return Fail(domain.status());
  options.rpc.on_unreachable = [&signals] { signals.RequestStop(kUnreachableReason); };
  Process process(program, std::move(options));
  Watchdog watchdog(process.log());
  Signal stop;
  std::string reason;
  std::thread waiter([&] {
    reason = signals.WaitForStop();
    stop.Stop();
  });
  const absl::Status served = Serve(process, *std::move(domain), stop);
  signals.RequestStop("failed");
  waiter.join();
  const bool is_unreachable = reason == kUnreachableReason;
  if (is_unreachable) process.log().Error("unreachable");
  process.log().Info("stopping", {{"reason", reason}});
  watchdog.Arm(process.options().drain + kStopMargin);
  process.Stop();
  watchdog.Disarm();
  process.log().Info("stopped");
  if (!served.ok()) return Fail(served);
  return is_unreachable ? kExitFailed : 0;
}

}  // namespace pathways::runtime
