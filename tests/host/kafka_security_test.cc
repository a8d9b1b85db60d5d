// Goal: plain text goes to brokers on this machine alone. Method: lists of servers in every form
// that librdkafka takes, with and without a CA.
#include "services/host/kafka_security.h"

#include <gtest/gtest.h>

namespace pathways::host {
namespace {

TEST(KafkaSecurity, PlainTextIsForLoopback) {
  const struct {
    const char* servers;
    bool needs_tls;
  } rows[] = {
      {"", false},
      {"127.0.0.1:9092", false},
      {"localhost:9092,[::1]:9092", false},
      {" 127.0.0.2:9092 , LOCALHOST:9092,", false},
      {"localhost", false},
      {"PLAINTEXT://127.0.0.1:9092", false},
      {"kafka:9092", true},
      {"192.0.2.1:9092", true},
      {"[2001:db8::1]:9092", true},
      {"0.0.0.0:9092", true},
      {"127.0.0.1:9092,kafka.example.org:9092", true},
      {"PLAINTEXT://kafka.example.org:9092", true},
      {"localhost.example.org", true},
      {"127.0.0.1:9092 kafka.example.org:9092", true},
  };
  for (const auto& row : rows) {
    const auto problems = KafkaSecurityProblems({}, row.servers);
    EXPECT_EQ(problems.size(), row.needs_tls ? 1u : 0u) << row.servers;
    if (!problems.empty()) EXPECT_EQ(problems[0].first, "kafka-tls-ca");
    KafkaSecurityFiles with_ca;
    with_ca.ca = "ca.pem";
    EXPECT_TRUE(KafkaSecurityProblems(with_ca, row.servers).empty()) << row.servers;
  }
}

}  // namespace
}  // namespace pathways::host
