// How a program proves to Kafka who it is, and Kafka to the program: TLS and a login, from files.
//
// Without files the connection is plain text, which is for brokers on loopback alone: events carry
// codes of people and what they need. Only the bootstrap servers are looked at, for the others are
// named by these. A CA turns on TLS, and the brokers' certificates must come from it and name the
// host; with a certificate and key the program shows one too. A login goes over TLS only, as else
// anybody could answer in the broker's place. The protocol follows from which files there are.
//
// SCRAM-SHA-512 never sends the password, but librdkafka before 2.6.1 (Debian 12 has 2.0.2) repeats
// a part of the client's nonce, which brokers from Kafka 4.0 on refuse. There PLAIN, which sends
// the password inside TLS, or a certificate is the way.
#ifndef PATHWAYS_SERVICES_HOST_KAFKA_SECURITY_H_
#define PATHWAYS_SERVICES_HOST_KAFKA_SECURITY_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "services/host/settings.h"

namespace pathways::host {

inline constexpr char kKafkaScram[] = "SCRAM-SHA-512";
inline constexpr char kKafkaPlain[] = "PLAIN";

// Paths; empty: none.
struct KafkaSecurityFiles {
  std::string ca;                       // PEM.
  std::string certificate;              // PEM, with its chain.
  std::string key;                      // PEM, not encrypted; private (see private_file.h).
  std::string login;                    // Private: a line with the user, a line with the password.
  std::string mechanism = kKafkaScram;  // Of the login; or kKafkaPlain.
};

// The settings kafka-tls-ca, -certificate and -key, kafka-login and kafka-login-mechanism.
std::vector<Setting> KafkaSecuritySettings();
// Name of a setting, and what is expected of it, for each file that another one needs, or that the
// bootstrap servers need.
std::vector<std::pair<std::string, std::string>> KafkaSecurityProblems(
    const KafkaSecurityFiles& files, const std::string& bootstrap);
// Notes in the settings what is wrong with them; also reads `kafka`.
KafkaSecurityFiles ReadKafkaSecuritySettings(Settings& settings);

// KafkaSettings::security from files without problems. Blocks for the disk. Names all faults of the
// files at once, with the code of the first: NOT_FOUND, FAILED_PRECONDITION (a private file that
// others have access to), INVALID_ARGUMENT (no login in it).
absl::StatusOr<std::map<std::string, std::string>> ReadKafkaSecurity(
    const KafkaSecurityFiles& files);

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_KAFKA_SECURITY_H_
