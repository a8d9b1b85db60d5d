#include "services/embedded/restore_command.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/base/clock.h"
#include "services/base/log.h"
#include "services/base/status_macros.h"
#include "services/embedded/domains.h"
#include "services/embedded/infrastructure_commands.h"
#include "services/embedded/kafka_options.h"
#include "services/engine/store/postgres_store.h"
#include "services/follow/bus/kafka_reader.h"
#include "services/follow/bus/kafka_record.h"
#include "services/follow/bus/kafka_topics.h"
#include "services/follow/restore.h"

namespace pathways::embedded {
namespace {

constexpr size_t kPage = 500;
constexpr absl::Duration kPatience = absl::Seconds(30);

struct Asked {
  std::string service;
  std::string database;
  KafkaOptions kafka;
};

// Reads a service's topic to its present end, page by page.
absl::Status ReadTopic(
    const Asked& asked, const std::string& service, base::Logger& log,
    const std::function<absl::Status(const std::vector<engine::EventRow>&)>& take) {
  follow::KafkaReaderOptions options;
  ASSIGN_OR_RETURN(options.kafka, KafkaSettingsOf(asked.kafka));
  options.topic = follow::EventsTopic(asked.kafka.prefix, service);
  options.source = follow::KafkaSourceOf(service);
  options.patience = kPatience;
  ASSIGN_OR_RETURN(const auto reader, follow::KafkaReader::Open(std::move(options), log));
  ASSIGN_OR_RETURN(const std::vector<follow::KafkaRange> ranges, reader->Ranges());
  std::vector<engine::EventRow> page;
  RETURN_IF_ERROR(reader->Read(ranges, [&](int32_t, engine::EventRow event) -> absl::Status {
    page.push_back(std::move(event));
    if (page.size() < kPage) return absl::OkStatus();
    return take(std::exchange(page, {}));
  }));
  return take(page);
}

void Print(const std::string& service, const follow::RestoreReport& report, std::ostream& out) {
  out << service << ": " << report.read << " events in the topic, " << report.imported
      << " were missing in the database and are back, of " << report.streams << " cases\n"
      << service << ": " << report.requests << " request ids are remembered again, without their "
      << "content\n";
  if (report.foreign > 0) {
    out << service << ": " << report.foreign << " records of the topic are no events\n";
  }
  if (report.unknown_applied > 0) {
    out << service << ": " << report.unknown_applied
        << " events that were applied are in no topic any more; they are taken as applied\n";
  }
  if (report.imported > 0) {
    out << service << ": not back, because never published: audit trail, parked cases, and events "
        << "that were not published yet\n";
  }
  if (report.told_again > 0) {
    out << service << ": " << report.told_again
        << " cases take the events of the services before it once more, for the facts that were "
           "never "
        << "published\n";
  }
  if (report.identity_lost.empty()) return;
  out << service << ": names, birth dates, documents and contacts are never published: of "
      << report.identity_lost.size()
      << " cases they are lost or may be old; ask the people again, then 'pathways case update':\n";
  for (const std::string& stream : report.identity_lost) out << "cases/" << stream << "\n";
}

absl::Status RunRestore(const Asked& asked, std::ostream& out) {
  const base::SystemClock clock;
  base::Logger log(base::LogLevel::kError, clock);
  const std::unique_ptr<engine::Domain> domain = DomainOf(asked.service);
  engine::PostgresStoreOptions options;
  options.postgres.connection = asked.database;
  ASSIGN_OR_RETURN(const auto store, engine::PostgresStore::Open(std::move(options)));
  RETURN_IF_ERROR(store->HoldAlone());
  RETURN_IF_ERROR(store->BecomeAnother());
  follow::Restore restore(*domain, *store);
  RETURN_IF_ERROR(
      ReadTopic(asked, asked.service, log, [&](const auto& page) { return restore.Take(page); }));
  RETURN_IF_ERROR(restore.Check());
  for (const std::string& upstream : restore.UpstreamsToAsk()) {
    RETURN_IF_ERROR(ReadTopic(asked, upstream, log, [&](const auto& page) {
      restore.TakeUpstream(upstream, page);
      return absl::OkStatus();
    }));
  }
  ASSIGN_OR_RETURN(const follow::RestoreReport report, restore.Apply());
  Print(asked.service, report, out);
  return absl::OkStatus();
}

}  // namespace

void AddRestoreCommand(CLI::App& app, const cli::Terminal& terminal, int& exit_code) {
  auto asked = std::make_shared<Asked>();
  CLI::App& command = *app.add_subcommand(
      "restore", "Take back from a service's topic what its restored database lacks");
  AddDatabaseOptions(command, asked->service, asked->database);
  AddKafkaOptions(command, asked->kafka);
  command.callback([asked, terminal, &exit_code] {
    exit_code = FinishOnInfrastructure(terminal, RunRestore(*asked, terminal.out));
  });
}

}  // namespace pathways::embedded
