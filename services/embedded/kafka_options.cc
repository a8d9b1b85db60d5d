#include "services/embedded/kafka_options.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/host/settings.h"

namespace pathways::embedded {
namespace {

void AddSecurity(CLI::App& command, host::KafkaSecurityFiles& files) {
  std::map<std::string, std::string*> targets = {{"kafka-tls-ca", &files.ca},
                                                 {"kafka-tls-certificate", &files.certificate},
                                                 {"kafka-tls-key", &files.key},
                                                 {"kafka-login", &files.login},
                                                 {"kafka-login-mechanism", &files.mechanism}};
  for (const host::Setting& setting : host::KafkaSecuritySettings()) {
    command.add_option("--" + setting.name, *targets.at(setting.name), setting.help)
        ->envname(host::EnvironmentName(setting.name));
  }
  command.get_option("--kafka-login-mechanism")
      ->check(CLI::IsMember({host::kKafkaScram, host::kKafkaPlain}))
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

absl::StatusOr<follow::KafkaSettings> KafkaSettingsOf(const KafkaOptions& options) {
  std::string faults;
  for (const auto& [name, expected] :
       host::KafkaSecurityProblems(options.security, options.bootstrap)) {
    absl::StrAppend(&faults, faults.empty() ? "" : "\n", "--", name, ": expected ", expected);
  }
  if (!faults.empty()) return absl::InvalidArgumentError(faults);
  auto security = host::ReadKafkaSecurity(options.security);
  if (!security.ok()) return absl::InvalidArgumentError(security.status().message());
  return follow::KafkaSettings{options.bootstrap, "pathways", *std::move(security)};
}

}  // namespace pathways::embedded
