#include "services/pathways/kafka_options.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/runtime/settings.h"

namespace pathways::cli {
namespace {

void AddSecurity(CLI::App& command, runtime::KafkaSecurityFiles& files) {
  std::map<std::string, std::string*> targets = {{"kafka-tls-ca", &files.ca},
                                                 {"kafka-tls-certificate", &files.certificate},
                                                 {"kafka-tls-key", &files.key},
                                                 {"kafka-login", &files.login},
                                                 {"kafka-login-mechanism", &files.mechanism}};
  for (const runtime::Setting& setting : runtime::KafkaSecuritySettings()) {
    command.add_option("--" + setting.name, *targets.at(setting.name), setting.help)
        ->envname(runtime::EnvironmentName(setting.name));
  }
  command.get_option("--kafka-login-mechanism")
      ->check(CLI::IsMember({runtime::kKafkaScram, runtime::kKafkaPlain}))
      ->capture_default_str();
}

}  // namespace

void AddKafkaOptions(CLI::App& command, KafkaOptions& options) {
  command.add_option("--kafka", options.bootstrap, "Bootstrap servers, host:port")
      ->envname("PATHWAYS_KAFKA")
      ->required();
  command.add_option("--topic-prefix", options.prefix, "Before the names of all topics")
      ->envname("PATHWAYS_TOPIC_PREFIX");
  AddSecurity(command, options.security);
}

absl::StatusOr<runtime::KafkaSettings> KafkaSettingsOf(const KafkaOptions& options) {
  std::string faults;
  for (const auto& [name, expected] : runtime::KafkaSecurityProblems(options.security)) {
    absl::StrAppend(&faults, faults.empty() ? "" : "\n", "--", name, ": expected ", expected);
  }
  if (!faults.empty()) return absl::InvalidArgumentError(faults);
  auto security = runtime::ReadKafkaSecurity(options.security);
  if (!security.ok()) return absl::InvalidArgumentError(security.status().message());
  return runtime::KafkaSettings{options.bootstrap, "pathways", *std::move(security)};
}

}  // namespace pathways::cli
