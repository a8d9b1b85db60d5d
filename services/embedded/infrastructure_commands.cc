#include "services/embedded/infrastructure_commands.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "services/base/clock.h"
#include "services/base/log.h"
#include "services/base/status_macros.h"
#include "services/embedded/kafka_options.h"
#include "services/engine/store/postgres_store.h"
#include "services/follow/bus/kafka_topics.h"

namespace pathways::embedded {
namespace {

// How long one request to the broker may take.
constexpr absl::Duration kBrokerTimeout = absl::Seconds(30);
// Another migration may be running; a schema change of a large table takes its time.
constexpr absl::Duration kMigrationMax = absl::Minutes(10);

absl::Status Migrate(const std::string& service, const std::string& database, std::ostream& out) {
  engine::PostgresOptions options;
  options.connection = database;
  options.operation_max = kMigrationMax;
  ASSIGN_OR_RETURN(const int64_t version, engine::MigratePostgres(options));
  out << service << ": schema " << version << "\n";
  return absl::OkStatus();
}

void AddMigrate(CLI::App& app, const cli::Terminal& terminal, int& exit_code) {
  struct Asked {
    std::string service;
    std::string database;
  };
  auto asked = std::make_shared<Asked>();
  CLI::App& command = *app.add_subcommand(
      "migrate", "Bring a service's database to the schema of this release; safe to run twice");
  AddDatabaseOptions(command, asked->service, asked->database);
  command.callback([asked, terminal, &exit_code] {
    exit_code =
        FinishOnInfrastructure(terminal, Migrate(asked->service, asked->database, terminal.out));
  });
}

// Where the topics are.
struct Cluster {
  KafkaOptions kafka;
  int replicas = 3;
};

absl::Status WithTopics(const Cluster& cluster, bool creates, std::ostream& out) {
  const base::SystemClock clock;
  base::Logger log(base::LogLevel::kError, clock);
  ASSIGN_OR_RETURN(const follow::KafkaSettings settings, KafkaSettingsOf(cluster.kafka));
  ASSIGN_OR_RETURN(const auto admin, follow::KafkaAdmin::Open(settings, log));
  const std::vector<follow::KafkaTopic> topics =
      follow::DeclaredTopics(cluster.kafka.prefix, cluster.replicas);
  if (creates) RETURN_IF_ERROR(admin->Create(topics, kBrokerTimeout));
  RETURN_IF_ERROR(admin->Check(topics, kBrokerTimeout));
  for (const follow::KafkaTopic& topic : topics) {
    out << topic.name << ": " << topic.partitions << " partitions, as declared\n";
  }
  return absl::OkStatus();
}

absl::Status RebuildTopic(const std::string& service, const std::string& database, int64_t from,
                          std::ostream& out) {
  engine::PostgresStoreOptions options;
  options.postgres.connection = database;
  ASSIGN_OR_RETURN(const auto store, engine::PostgresStore::Open(std::move(options)));
  RETURN_IF_ERROR(store->SetBackWatermark(from));
  ASSIGN_OR_RETURN(const int64_t last, store->LastPosition());
  out << service << ": positions " << from + 1 << " to " << last
      << " are published again by the running service\n";
  return absl::OkStatus();
}

void AddRebuild(CLI::App& group, const cli::Terminal& terminal, int& exit_code) {
  struct Asked {
    std::string service;
    std::string database;
    int64_t from = 0;
  };
  auto asked = std::make_shared<Asked>();
  CLI::App& command = *group.add_subcommand(
      "rebuild", "Have a service publish its topic again; consumers drop what they have");
  AddDatabaseOptions(command, asked->service, asked->database);
  command.add_option("--from", asked->from, "Position after which events are published again")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.callback([asked, terminal, &exit_code] {
    exit_code = FinishOnInfrastructure(
        terminal, RebuildTopic(asked->service, asked->database, asked->from, terminal.out));
  });
}

void AddTopics(CLI::App& app, const cli::Terminal& terminal, int& exit_code) {
  CLI::App& group = cli::AddGroup(app, "topics", "Kafka topics of the services");
  auto cluster = std::make_shared<Cluster>();
  const auto add = [&](const std::string& name, const std::string& help, bool creates) {
    CLI::App& command = *group.add_subcommand(name, help);
    AddKafkaOptions(command, cluster->kafka);
    command.add_option("--replicas", cluster->replicas, "Copies of each partition")
        ->check(CLI::Range(1, 10))
        ->capture_default_str();
    command.callback([cluster, creates, terminal, &exit_code] {
      exit_code = FinishOnInfrastructure(terminal, WithTopics(*cluster, creates, terminal.out));
    });
  };
  add("create", "Create the topics that are missing; never changes one", true);
  add("check", "Compare the topics with their declaration, and name every difference", false);
  AddRebuild(group, terminal, exit_code);
}

}  // namespace

cli::ExitCode FinishOnInfrastructure(const cli::Terminal& terminal, const absl::Status& status) {
  if (status.ok()) return cli::kExitOk;
  for (absl::string_view line : absl::StrSplit(status.message(), '\n')) {
    terminal.err << "pathways: " << line << "\n";
  }
  terminal.err.flush();
  if (absl::IsInvalidArgument(status)) return cli::kExitUsage;
  return absl::IsUnavailable(status) ? cli::kExitUnreachable : cli::kExitFailed;
}

void AddDatabaseOptions(CLI::App& command, std::string& service, std::string& database) {
  command.add_option("--service", service, "intake, eligibility or referral")
      ->check(CLI::IsMember({"intake", "eligibility", "referral"}))
      ->required();
  command.add_option("--database", database, "PostgreSQL connection string")
      ->envname("PATHWAYS_DATABASE")
      ->required();
}

void AddInfrastructureCommands(CLI::App& app, const cli::Terminal& terminal, int& exit_code) {
  AddMigrate(app, terminal, exit_code);
  AddTopics(app, terminal, exit_code);
}

}  // namespace pathways::embedded
