#include "services/host/kafka_security.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/base/address.h"
#include "services/base/private_file.h"
#include "services/base/status_macros.h"
#include "services/host/keys_secret.h"

namespace pathways::host {
namespace {

constexpr size_t kLoginBytesMax = 4096;
constexpr size_t kKeyBytesMax = 1 << 16;

constexpr char kKafka[] = "kafka";
constexpr char kCa[] = "kafka-tls-ca";
constexpr char kCertificate[] = "kafka-tls-certificate";
constexpr char kKey[] = "kafka-tls-key";
constexpr char kLogin[] = "kafka-login";
constexpr char kMechanism[] = "kafka-login-mechanism";

// Whether a bootstrap server is on another machine, or nobody can tell. librdkafka takes a port or
// none, and a protocol before it or none.
bool IsRemote(absl::string_view server) {
  server = absl::StripAsciiWhitespace(server);
  if (const size_t protocol = server.find("://"); protocol != absl::string_view::npos) {
    server.remove_prefix(protocol + 3);
  }
  const std::optional<base::Address> address = base::ParseAddress(server);
  return !base::IsLoopback(address ? absl::string_view(address->host) : server);
}

bool AnyIsRemote(const std::string& bootstrap) {
  const std::vector<absl::string_view> servers =
      absl::StrSplit(bootstrap, ',', absl::SkipWhitespace());
  return std::any_of(servers.begin(), servers.end(), IsRemote);
}

absl::Status ReadLogin(const std::string& path, const std::string& mechanism,
                       std::map<std::string, std::string>& security) {
  ASSIGN_OR_RETURN(std::string text, base::ReadPrivateFile(path, kLoginBytesMax));
  const Wiper wipes(text);
  absl::string_view lines = text;
  absl::ConsumeSuffix(&lines, "\n");
  const std::vector<absl::string_view> both = absl::StrSplit(lines, '\n');
  if (both.size() != 2 || both[0].empty() || both[1].empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": expected a line with the user and a line with the password"));
  }
  security["sasl.mechanism"] = mechanism;
  security["sasl.username"] = std::string(both[0]);
  security["sasl.password"] = std::string(both[1]);
  return absl::OkStatus();
}

}  // namespace

std::vector<Setting> KafkaSecuritySettings() {
  return {{kCa, "Certificates the brokers' must come from, PEM; empty: plain text", ""},
          {kCertificate, "Certificate to show to the brokers, PEM with its chain; empty: none", ""},
          {kKey, "Key of that certificate, PEM", ""},
          {kLogin, "File with user and password for the brokers, a line each; empty: none", ""},
          {kMechanism, "How the login is told: SCRAM-SHA-512 or PLAIN", kKafkaScram}};
}

std::vector<std::pair<std::string, std::string>> KafkaSecurityProblems(
    const KafkaSecurityFiles& files, const std::string& bootstrap) {
  std::vector<std::pair<std::string, std::string>> problems;
  if (files.ca.empty() && AnyIsRemote(bootstrap)) {
    problems.emplace_back(kCa,
                          absl::StrCat("a file, for ", kKafka, " is not ", base::kLoopbackHosts,
                                       ": events would be read and forged on the way"));
  }
  if (files.ca.empty() && !files.certificate.empty()) {
    problems.emplace_back(kCa, absl::StrCat("a file, for ", kCertificate, " is set"));
  }
  if (files.ca.empty() && !files.login.empty()) {
    problems.emplace_back(kCa, absl::StrCat("a file, for ", kLogin, " is set and needs TLS"));
  }
  if (files.key.empty() != files.certificate.empty()) {
    const bool lacks_key = files.key.empty();
    problems.emplace_back(lacks_key ? kKey : kCertificate,
                          absl::StrCat("a file, for ", lacks_key ? kCertificate : kKey, " is set"));
  }
  return problems;
}

KafkaSecurityFiles ReadKafkaSecuritySettings(Settings& settings) {
  KafkaSecurityFiles files;
  files.ca = settings.File(kCa, Presence::kOptional);
  files.certificate = settings.File(kCertificate, Presence::kOptional);
  files.key = settings.File(kKey, Presence::kOptional);
  files.login = settings.File(kLogin, Presence::kOptional);
  files.mechanism = settings.Word(kMechanism, {kKafkaScram, kKafkaPlain});
  // Of what is set: a file that does not exist is told once, not also as missing.
  KafkaSecurityFiles set;
  set.ca = settings.Text(kCa, Presence::kOptional);
  set.certificate = settings.Text(kCertificate, Presence::kOptional);
  set.key = settings.Text(kKey, Presence::kOptional);
  set.login = settings.Text(kLogin, Presence::kOptional);
  const std::string bootstrap = settings.Text(kKafka, Presence::kOptional);
  for (const auto& [name, expected] : KafkaSecurityProblems(set, bootstrap)) {
    settings.Expect(name, expected);
  }
  return files;
}

absl::StatusOr<std::map<std::string, std::string>> ReadKafkaSecurity(
    const KafkaSecurityFiles& files) {
  std::map<std::string, std::string> security;
  absl::Status first;
  std::string faults;
  const auto note = [&](const absl::Status& status) {
    if (status.ok()) return;
    absl::StrAppend(&faults, faults.empty() ? "" : "\n", std::string(status.message()));
    if (first.ok()) first = status;
  };
  if (!files.ca.empty()) {
    security["security.protocol"] = files.login.empty() ? "ssl" : "sasl_ssl";
    security["ssl.ca.location"] = files.ca;
    // Without it any certificate of the CA would do, whatever host it names.
    security["ssl.endpoint.identification.algorithm"] = "https";
  }
  if (!files.certificate.empty()) {
    security["ssl.certificate.location"] = files.certificate;
    security["ssl.key.location"] = files.key;
    auto key = base::ReadPrivateFile(files.key, kKeyBytesMax);
    note(key.status());
    if (key.ok()) Wipe(*key);
  }
  if (!files.login.empty()) note(ReadLogin(files.login, files.mechanism, security));
  if (!first.ok()) return absl::Status(first.code(), faults);
  return security;
}

}  // namespace pathways::host
