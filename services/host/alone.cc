#include "services/host/alone.h"

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
#include "services/base/faults.h"
#include "services/base/log.h"
#include "services/base/private_file.h"
#include "services/base/status_macros.h"
#include "services/engine/store/postgres_conninfo.h"
#include "services/engine/store/postgres_store.h"
#include "services/follow/bus/kafka_publisher.h"
#include "services/follow/bus/kafka_reader.h"
#include "services/follow/bus/kafka_record.h"
#include "services/follow/bus/kafka_subscription.h"
#include "services/follow/bus/kafka_topics.h"
#include "services/follow/tail_check.h"
#include "services/host/grpc/grpc_log.h"
#include "services/host/grpc/stream_client.h"
#include "services/host/host_settings.h"
#include "services/host/kafka_feed.h"
#include "services/host/kafka_security.h"
#include "services/host/keys.h"
#include "services/host/lifecycle.h"
#include "services/host/metrics.h"
#include "services/host/metrics_http.h"
#include "services/host/principal.h"
#include "services/host/program_flags.h"
#include "services/host/running_service.h"
#include "services/host/server_host.h"

namespace pathways::host {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr mode_t kPrivateUmask = 0077;
constexpr size_t kTokenBytesMax = 4096;
constexpr size_t kInstanceBytesMax = 249;
// How often a database that cannot be reached at the start is tried again.
constexpr absl::Duration kRetryEvery = absl::Seconds(1);
// How long a start, and a stop in the midst of it, may wait for Kafka to compare its topic.
constexpr absl::Duration kTopicPatience = absl::Seconds(5);
// What the stop may take beyond the drain time, before the watchdog ends the process.
constexpr absl::Duration kStopMargin = absl::Seconds(15);

std::vector<Setting> SettingsOf(const Service& service) {
  std::vector<Setting> table = HostSettingsTable();
  const std::vector<Setting> own = {
      {"tls-certificate", "Certificate of the service, PEM with its chain; empty: plain text", ""},
      {"tls-key", "Key of that certificate, PEM", ""},
      {"tls-client-ca", "Certificates a client's must come from; empty: tokens alone", ""},
      {"tls-ca", "Certificates the other services' must come from; empty: plain text", ""},
      {"health-listen", "Plain-text address that serves gRPC health alone; empty: none", ""},
      {"database", "PostgreSQL connection string, without a password (PGPASSFILE)", ""},
      {"kafka", "Kafka bootstrap servers, host:port, more after commas", ""},
      {"topic-prefix", "Before the names of all topics", ""},
      {"feed-keys", "Keys of the dashboards' feed, the same for all services; empty: no feed", ""},
      {"service-token", "File with the token for calls to other services", ""},
      {"kafka-instance", "Name of this replica towards Kafka, of no other; empty: none", ""},
      {"group-session-seconds", "After how long without a sign its partitions go to others", "10"},
  };
  const std::vector<Setting> security = KafkaSecuritySettings();
  table.insert(table.end(), own.begin(), own.end());
  table.insert(table.end(), security.begin(), security.end());
  for (const std::vector<std::string>* names : {&service.follows, &service.projects}) {
    for (const std::string& name : *names) {
      table.push_back({name + "-address", absl::StrCat("host:port of ", name, "'s gRPC API"), ""});
    }
  }
  table.insert(table.end(), service.settings.begin(), service.settings.end());
  return table;
}

struct Options {
  HostSettings host;
  std::string health_listen;
  std::string database;
  std::string kafka;
  KafkaSecurityFiles kafka_security;
  std::string kafka_instance;
  std::string topic_prefix;
  std::string feed_keys_file;
  std::string service_token_file;
  std::string tls_ca;
  std::vector<std::string> upstream_addresses;  // As follows, then projects.
  absl::Duration group_session;
};

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

Options ReadOptions(Settings& settings, const Service& service) {
  Options read;
  read.host = ReadHostSettings(settings, Presence::kRequired);
  read.host.rpc.tls.certificate = settings.File("tls-certificate", Presence::kOptional);
  read.host.rpc.tls.key = settings.File("tls-key", Presence::kOptional);
  read.host.rpc.tls.client_ca = settings.File("tls-client-ca", Presence::kOptional);
  read.tls_ca = settings.File("tls-ca", Presence::kOptional);
  ExpectTls(settings, service.follows);
  ExpectTls(settings, service.projects);
  read.health_listen = TextOf(settings.HostPort("health-listen", Presence::kOptional));
  read.database = settings.Text("database", Presence::kRequired);
  read.kafka = settings.Text("kafka", Presence::kRequired);
  read.kafka_security = ReadKafkaSecuritySettings(settings);
  read.kafka_instance = InstanceOf(settings);
  read.topic_prefix = settings.Text("topic-prefix", Presence::kOptional);
  read.feed_keys_file = settings.File("feed-keys", Presence::kOptional);
  const bool has_upstreams = !service.follows.empty() || !service.projects.empty();
  read.service_token_file =
      settings.File("service-token", has_upstreams ? Presence::kRequired : Presence::kOptional);
  for (const std::vector<std::string>* names : {&service.follows, &service.projects}) {
    for (const std::string& name : *names) {
      read.upstream_addresses.push_back(
          TextOf(settings.HostPort(name + "-address", Presence::kRequired)));
    }
  }
  read.group_session =
      settings.Seconds("group-session-seconds", absl::Seconds(6), absl::Minutes(5));
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
  std::unique_ptr<follow::KafkaSubscription> subscription;
  std::unique_ptr<StreamClient> streams;
};

// The running service, in order of construction: each part stands on those above it.
class Process {
 public:
  Process(const Service& service, Options options)
      : service_(service), options_(std::move(options)), log_(options_.host.log_level, clock_) {}

  base::Logger& log() { return log_; }
  const Options& options() const { return options_; }

  // Reads the files of secrets and certificates. All faults at once.
  absl::Status ReadFiles();
  // Health, before anything that may be long in coming.
  absl::Status ListenForHealth();
  // UNAVAILABLE: the database cannot be reached yet.
  absl::Status OpenStore();
  absl::Status Start(std::unique_ptr<engine::Domain> domain);
  void Stop();

  int port() const { return server_->port(); }

 private:
  ServiceCore& core() { return running_->core(); }
  absl::Status ReadKafka();
  absl::Status Follow(const std::string& name, const std::string& address, bool is_projected);
  follow::KafkaPublisherOptions Publishing() const;
  absl::StatusOr<engine::EngineOptions> EngineWithMutants();
  absl::Status StartPublishing();
  // Starts what the service does beside its engine, and follows the others.
  void Connect();
  // Before any command is taken: whether the database lost what the topic has.
  void CompareWithTopic();

  const Service& service_;
  const Options options_;
  const base::SystemClock clock_;
  base::Logger log_;
  const GrpcLog grpc_log_{log_, clock_};
  Metrics metrics_;
  std::unique_ptr<Keyring> keyring_;
  std::unique_ptr<TokenFile> tokens_;
  std::string service_token_;
  follow::KafkaSettings kafka_;
  std::unique_ptr<KafkaFeed> feed_;  // None: no feed.
  std::unique_ptr<RpcServer> health_;
  std::unique_ptr<engine::EventStore> store_;  // Until the core takes it.
  std::vector<Followed> followed_;
  std::unique_ptr<follow::KafkaPublisher> publisher_;
#ifdef PATHWAYS_FAULTS
  std::unique_ptr<follow::KafkaPublisher> early_publisher_;  // Of the mutant publish_before_commit.
#endif
  std::unique_ptr<follow::TailCheck> tail_check_;
  std::unique_ptr<RunningService> running_;
  std::unique_ptr<TokenAuthenticator> authenticator_;
  std::unique_ptr<ServerHost> server_;
  std::unique_ptr<MetricsHttp> http_;
};

absl::Status Process::ReadFiles() {
  auto keyring = Keyring::Load(options_.host.master_key_file);
  auto tokens = TokenFile::Load(options_.host.tokens_file);
  absl::StatusOr<std::string> token = std::string();
  if (!options_.service_token_file.empty()) {
    token = base::ReadPrivateFile(options_.service_token_file, kTokenBytesMax);
  }
  absl::StatusOr<std::unique_ptr<KafkaFeed>> feed = std::unique_ptr<KafkaFeed>();
  if (!options_.feed_keys_file.empty()) {
    feed = KafkaFeed::Open(options_.feed_keys_file, service_.feed, clock_, log_);
  }
  std::string faults;
  for (const absl::Status& status :
       {keyring.status(), tokens.status(), token.status(), feed.status(), ReadKafka(),
        CheckTlsFiles(options_.host.rpc.tls), engine::CheckConnectionString(options_.database)}) {
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
  kafka_.client_id = service_.name;
  ASSIGN_OR_RETURN(kafka_.security, ReadKafkaSecurity(options_.kafka_security));
  // A client that is made and not used: what it cannot read is found now, not after the database.
  return follow::KafkaAdmin::Open(kafka_, log_).status();
}

absl::Status Process::ListenForHealth() {
  if (options_.health_listen.empty()) return absl::OkStatus();
  RpcOptions options;
  options.listen = options_.health_listen;
  options.on_unreachable = options_.host.rpc.on_unreachable;
  ASSIGN_OR_RETURN(health_, RpcServer::Start(options, {}));
  return absl::OkStatus();
}

absl::Status Process::OpenStore() {
  engine::PostgresStoreOptions options;
  options.postgres.connection = options_.database;
  ASSIGN_OR_RETURN(store_, engine::PostgresStore::Open(std::move(options)));
  return absl::OkStatus();
}

absl::Status Process::Follow(const std::string& name, const std::string& address,
                             bool is_projected) {
  follow::KafkaSubscriptionOptions options;
  options.kafka = kafka_;
  options.topic = follow::EventsTopic(options_.topic_prefix, name);
  options.group = absl::StrCat(options_.topic_prefix, "pathways.", service_.name, ".", name);
  options.source = follow::KafkaSourceOf(name);
  options.instance_id = options_.kafka_instance;  // Two followed services are two groups.
  options.session_timeout = options_.group_session;
  // Nobody waits for what is only shown as for what leads on.
  options.collects = is_projected;
  Followed& followed = followed_.emplace_back();
  followed.name = name;
  ASSIGN_OR_RETURN(followed.subscription,
                   follow::KafkaSubscription::Open(std::move(options), log_));
  StreamClientOptions streams;
  streams.service = name;
  streams.address = address;
  streams.token = service_token_;
  streams.ca_file = options_.tls_ca;
  streams.certificate_file = options_.host.rpc.tls.certificate;
  streams.key_file = options_.host.rpc.tls.key;
  ASSIGN_OR_RETURN(followed.streams, StreamClient::Make(std::move(streams)));
  return absl::OkStatus();
}

void Process::CompareWithTopic() {
  follow::KafkaReaderOptions topic;
  topic.kafka = kafka_;
  topic.topic = follow::EventsTopic(options_.topic_prefix, service_.name);
  topic.source = follow::KafkaSourceOf(service_.name);
  topic.patience = kTopicPatience;
  tail_check_ =
      std::make_unique<follow::TailCheck>(service_.name, std::move(topic), core().store(), log_);
  if (PATHWAYS_MUTANT("no_tail_check")) return;
  const absl::Status compared =
      core().CheckTopic([this] { return tail_check_->Run(follow::TopicCheck::kWhole); });
  if (compared.ok() || absl::IsDataLoss(compared)) return;
  // Registering must not wait for Kafka. Nothing is published before it was compared.
  log_.Warning("own_topic_not_compared", {{"code", absl::StatusCodeToString(compared.code())},
                                          {"what", std::string(compared.message())}});
}

follow::KafkaPublisherOptions Process::Publishing() const {
  follow::KafkaPublisherOptions options;
  options.kafka = kafka_;
  options.topic = follow::EventsTopic(options_.topic_prefix, service_.name);
  options.source = {follow::KafkaSourceOf(service_.name), SchemaOf(service_.name)};
  return options;
}

absl::StatusOr<engine::EngineOptions> Process::EngineWithMutants() {
  engine::EngineOptions engine = options_.host.engine;
#ifdef PATHWAYS_FAULTS
  if (base::MutantActive("publish_before_commit")) {
    ASSIGN_OR_RETURN(early_publisher_, follow::KafkaPublisher::Open(Publishing(), log_));
    engine.publish_early = [this](const engine::BatchWrite& write) {
      std::vector<engine::EventRow> events;
      for (const engine::StreamWrite& stream : write.streams) {
        events.insert(events.end(), stream.events.begin(), stream.events.end());
      }
      if (!early_publisher_->Publish(events).ok()) log_.Warning("not_published_early");
    };
  }
#endif
  return engine;
}

absl::Status Process::StartPublishing() {
  follow::KafkaPublisherOptions options = Publishing();
  if (feed_) {
    options.feed_topic = follow::FeedTopic(options_.topic_prefix);
    options.feed = [this](const engine::EventRow& event) { return feed_->MessagesOf(event); };
  }
  ASSIGN_OR_RETURN(publisher_, follow::KafkaPublisher::Open(std::move(options), log_));
  const auto cancel = [this] {
    publisher_->Cancel();
    tail_check_->Cancel();
  };
  follow::Relay::CheckTopic check = [this](follow::TopicCheck what) {
    return tail_check_->Run(what);
  };
  if (PATHWAYS_MUTANT("no_tail_check")) check = nullptr;
  core().StartRelay(*publisher_, std::move(check), cancel);
  return absl::OkStatus();
}

absl::Status Process::Start(std::unique_ptr<engine::Domain> domain) {
  size_t next = 0;
  for (const std::string& name : service_.follows) {
    RETURN_IF_ERROR(Follow(name, options_.upstream_addresses[next++], /*is_projected=*/false));
  }
  for (const std::string& name : service_.projects) {
    RETURN_IF_ERROR(Follow(name, options_.upstream_addresses[next++], /*is_projected=*/true));
  }
  ASSIGN_OR_RETURN(engine::EngineOptions engine, EngineWithMutants());
  ASSIGN_OR_RETURN(running_, RunningService::Start(service_, std::move(store_), std::move(domain),
                                                   std::move(engine), log_, metrics_));
  CompareWithTopic();
  if (service_.prepare) RETURN_IF_ERROR(service_.prepare(core(), log_));
  Connect();
  for (Followed& followed : followed_) RETURN_IF_ERROR(followed.subscription->Start());
  RETURN_IF_ERROR(StartPublishing());
  authenticator_ = std::make_unique<TokenAuthenticator>(*tokens_);
  ASSIGN_OR_RETURN(server_, ServerHost::Start(options_.host.rpc, {*authenticator_,
                                                                  clock_,
                                                                  metrics_,
                                                                  {running_.get()},
                                                                  options_.host.read_threads,
                                                                  options_.host.stuck_after,
                                                                  health_.get()}));
  ASSIGN_OR_RETURN(http_,
                   MetricsHttp::Start({options_.host.metrics, [this] { return metrics_.Text(); },
                                       [this] { return server_->IsReady(); },
                                       [this] { return server_->IsAlive(); }}));
  return absl::OkStatus();
}

void Process::Connect() {
  std::vector<Upstream> followed;
  std::vector<follow::ProjectionSource> projected;
  for (size_t i = 0; i < followed_.size(); ++i) {
    const Followed& one = followed_[i];
    if (i < service_.follows.size()) {
      followed.push_back({one.name, *one.subscription, *one.streams});
    } else {
      projected.push_back({one.name, *one.subscription, *one.streams});
    }
  }
  running_->Connect(*keyring_, clock_, std::move(projected), followed, options_.host.sweep_every,
                    options_.host.timers_every);
}

void Process::Stop() {
  // Before what its functions look at.
  if (http_) http_->Stop();
  // Calls that are answered meanwhile are published by the relay, which ends last.
  if (server_) server_->Stop(options_.host.drain);
  if (running_) core().StopEngine();  // Also where the server could not start.
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
absl::Status Serve(Process& process, std::unique_ptr<engine::Domain> domain, base::Signal& stop) {
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

int RunAlone(int argc, const char* const* argv, const Service& service) {
  umask(kPrivateUmask);
  KeepMemoryPrivate();
  SignalWatch signals;  // Before any thread.
  RaiseDescriptorLimit();
  Settings settings(SettingsOf(service));
  const std::optional<int> ended =
      ParseFlags(argc, argv, service.name, service.description, settings);
  if (ended) return *ended;
  settings.FromEnvironment(environ, OtherVariables());
  Options options = ReadOptions(settings, service);
  absl::StatusOr<std::unique_ptr<engine::Domain>> domain = service.domain(settings);
  if (const absl::Status checked = settings.Check(); !checked.ok()) return Fail(checked);
  if (!domain.ok()) return Fail(domain.status());
  options.host.rpc.on_unreachable = [&signals] { signals.RequestStop(kUnreachableReason); };
  Process process(service, std::move(options));
  Watchdog watchdog(process.log());
  base::Signal stop;
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
  watchdog.Arm(process.options().host.drain + kStopMargin);
  process.Stop();
  watchdog.Disarm();
  process.log().Info("stopped");
  if (!served.ok()) return Fail(served);
  return is_unreachable ? kExitFailed : 0;
}

}  // namespace pathways::host
