// Goal: with TLS and a login, publisher, subscription and topics work; a broker that cannot be
// trusted, or that does not trust us, is told as such, soon, and without a secret. Method: a broker
// of this test alone with certificates of its own, one listener that asks for a client's
// certificate and one that asks for a login.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <fstream>

#include "services/host/kafka_security.h"
#include "tests/kafka/kafka_suite.h"
#include "tests/support/kafka_tls.h"

namespace pathways::testing_support {
namespace {

using follow::KafkaSettings;
using host::KafkaSecurityFiles;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

constexpr absl::Duration kTimeout = absl::Seconds(20);

class KafkaSecurityTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto made = KafkaTls::Make();
    ASSERT_TRUE(made.ok()) << made.status();
    tls = made->release();
    auto started = KafkaBroker::Start(tls);
    ASSERT_TRUE(started.ok()) << started.status();
    broker = started->release();
  }
  static void TearDownTestSuite() {
    delete broker;
    delete tls;
  }

  static KafkaSecurityFiles Certificate() {
    return {tls->ca(), tls->certificate(), tls->key(), ""};
  }
  static KafkaSecurityFiles Login(const char* mechanism = host::kKafkaPlain) {
    return {tls->ca(), "", "", tls->login(), mechanism};
  }
  static KafkaSettings Settings(const std::string& bootstrap, const KafkaSecurityFiles& files) {
    auto security = host::ReadKafkaSecurity(files);
    EXPECT_TRUE(security.ok()) << security.status();
    return {bootstrap, "test", *std::move(security)};
  }
  // Makes a topic, publishes an event to it and reads it again, all by these settings.
  void ExpectEverythingWorks(const KafkaSettings& settings);
  // What `topics check` and a publisher say. Each must be told within ten seconds.
  static std::vector<absl::Status> WhatIsSaid(const KafkaSettings& settings,
                                              absl::Duration patience = absl::Minutes(2));

  static KafkaTls* tls;
  static KafkaBroker* broker;
};

KafkaTls* KafkaSecurityTest::tls = nullptr;
KafkaBroker* KafkaSecurityTest::broker = nullptr;

void KafkaSecurityTest::ExpectEverythingWorks(const KafkaSettings& settings) {
  const std::string topic = NewPrefix() + "events";
  const std::vector<follow::KafkaTopic> topics = {{topic, 1, 1, {}}};
  auto admin = follow::KafkaAdmin::Open(settings, SuiteLog());
  ASSERT_TRUE(admin.ok()) << admin.status();
  const absl::Status created = (*admin)->Create(topics, kTimeout);
  ASSERT_TRUE(created.ok()) << created;
  EXPECT_TRUE(Eventually([&] { return (*admin)->Check(topics, kTimeout).ok(); }));

  follow::KafkaPublisherOptions publishing = PublisherTo(topic);
  publishing.kafka = settings;
  auto publisher = follow::KafkaPublisher::Open(std::move(publishing), SuiteLog());
  ASSERT_TRUE(publisher.ok()) << publisher.status();
  const auto published = (*publisher)->Publish({Event(CaseOf("a"), 1)});
  EXPECT_TRUE(published.ok()) << published.status();

  follow::KafkaSubscriptionOptions reading;
  reading.kafka = settings;
  reading.topic = topic;
  reading.group = topic + ".group";
  reading.source = kSource;
  auto subscription = follow::KafkaSubscription::Open(std::move(reading), SuiteLog());
  ASSERT_TRUE(subscription.ok()) << subscription.status();
  ASSERT_TRUE((*subscription)->Start().ok());
  EXPECT_TRUE(Eventually([&] {
    for (const auto& log : (*subscription)->Logs()) {
      const auto rows = log->ReadAfter(0, 10);
      if (rows.ok() && rows->size() == 1 && rows->front().stream == CaseOf("a")) return true;
    }
    return false;
  }));
  (*subscription)->Stop();
}

std::vector<absl::Status> KafkaSecurityTest::WhatIsSaid(const KafkaSettings& settings,
                                                        absl::Duration patience) {
  std::vector<absl::Status> said;
  const auto timed = [&](const std::function<absl::Status()>& doing) {
    const auto began = std::chrono::steady_clock::now();
    said.push_back(doing());
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
  };
  timed([&] {
    return (*follow::KafkaAdmin::Open(settings, SuiteLog()))
        ->Check(follow::DeclaredTopics("", 1), patience);
  });
  follow::KafkaPublisherOptions publishing = PublisherTo("any");
  publishing.kafka = settings;
  publishing.delivery_timeout = absl::Seconds(2);
  auto publisher = follow::KafkaPublisher::Open(std::move(publishing), SuiteLog());
  EXPECT_TRUE(publisher.ok()) << publisher.status();
  timed([&] { return (*publisher)->Publish({Event(CaseOf("a"), 1)}).status(); });
  return said;
}

TEST_F(KafkaSecurityTest, WithACertificateEverythingWorks) {
  ExpectEverythingWorks(Settings(broker->tls_bootstrap(), Certificate()));
}

TEST_F(KafkaSecurityTest, WithALoginEverythingWorks) {
  ExpectEverythingWorks(Settings(broker->login_bootstrap(), Login()));
}

// See kafka_security.h: the test's broker is of Kafka 4, the packaged librdkafka before 2.6.1.
TEST_F(KafkaSecurityTest, ScramWorksFromLibrdkafka261OnAndIsRefusedBefore) {
  constexpr int kFixed = 0x020601ff;
  const KafkaSettings settings = Settings(broker->login_bootstrap(), Login(host::kKafkaScram));
  if (rd_kafka_version() >= kFixed) {
    ExpectEverythingWorks(settings);
    return;
  }
  for (const absl::Status& said : WhatIsSaid(settings)) {
    EXPECT_EQ(said.code(), absl::StatusCode::kPermissionDenied) << said;
  }
}

TEST_F(KafkaSecurityTest, ABrokerOfAnotherCaIsNotTrusted) {
  KafkaSecurityFiles files = Login();
  files.ca = tls->wrong_ca();
  for (const absl::Status& said : WhatIsSaid(Settings(broker->login_bootstrap(), files))) {
    EXPECT_EQ(said.code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(said.message()), HasSubstr("_SSL"));
  }
}

TEST_F(KafkaSecurityTest, ABrokerWhoseCertificateDoesNotNameItsHostIsNotTrusted) {
  std::string address = broker->login_bootstrap();
  address.replace(0, address.find(':'), "127.0.0.1");
  for (const absl::Status& said : WhatIsSaid(Settings(address, Login()))) {
    EXPECT_EQ(said.code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(said.message()), HasSubstr("_SSL"));
  }
}

TEST_F(KafkaSecurityTest, AWrongPasswordIsToldWithoutIt) {
  KafkaSecurityFiles files = Login();
  files.login = tls->wrong_login();
  for (const absl::Status& said : WhatIsSaid(Settings(broker->login_bootstrap(), files))) {
    EXPECT_EQ(said.code(), absl::StatusCode::kPermissionDenied);
    EXPECT_THAT(std::string(said.message()),
                AllOf(HasSubstr("AUTHENTICATION"), Not(HasSubstr(KafkaTls::kPassword))));
  }
}

TEST_F(KafkaSecurityTest, WithoutACertificateABrokerThatAsksForOneIsNotReached) {
  KafkaSecurityFiles files = Certificate();
  files.certificate = files.key = "";
  // The broker hangs up, which the client's log explains and its errors do not.
  for (const absl::Status& said :
       WhatIsSaid(Settings(broker->tls_bootstrap(), files), absl::Seconds(2))) {
    EXPECT_EQ(said.code(), absl::StatusCode::kUnavailable) << said;
  }
}

TEST_F(KafkaSecurityTest, TheProtocolFollowsFromTheFiles) {
  EXPECT_TRUE(host::ReadKafkaSecurity({})->empty());
  EXPECT_EQ(host::ReadKafkaSecurity(Certificate())->at("security.protocol"), "ssl");
  EXPECT_EQ(host::ReadKafkaSecurity(Login())->at("security.protocol"), "sasl_ssl");
  EXPECT_EQ(host::ReadKafkaSecurity(Login())->at("sasl.mechanism"), "PLAIN");
  KafkaSecurityFiles by_default = Login();
  by_default.mechanism = KafkaSecurityFiles().mechanism;
  EXPECT_EQ(host::ReadKafkaSecurity(by_default)->at("sasl.mechanism"), "SCRAM-SHA-512");
}

TEST(KafkaSecurityFilesTest, EachFileThatAnotherNeedsIsAskedFor) {
  EXPECT_THAT(host::KafkaSecurityProblems({}, "localhost:1"), testing::IsEmpty());
  EXPECT_THAT(host::KafkaSecurityProblems({"ca", "", "", ""}, "localhost:1"), testing::IsEmpty());
  EXPECT_THAT(host::KafkaSecurityProblems({"ca", "c", "k", "l"}, "localhost:1"),
              testing::IsEmpty());
  EXPECT_THAT(host::KafkaSecurityProblems({"", "", "", "l"}, "localhost:1"),
              ElementsAre(Pair("kafka-tls-ca", HasSubstr("kafka-login is set"))));
  EXPECT_THAT(host::KafkaSecurityProblems({"", "c", "", ""}, "localhost:1"),
              ElementsAre(Pair("kafka-tls-ca", HasSubstr("kafka-tls-certificate is set")),
                          Pair("kafka-tls-key", HasSubstr("kafka-tls-certificate is set"))));
  EXPECT_THAT(host::KafkaSecurityProblems({"ca", "", "k", ""}, "localhost:1"),
              ElementsAre(Pair("kafka-tls-certificate", HasSubstr("kafka-tls-key is set"))));
}

TEST(KafkaSecurityFilesTest, FaultsOfFilesAreToldTogetherAndWithoutTheirContent) {
  const TempFolder folder;
  const std::string login = folder.path() + "/login";
  const std::string key = folder.path() + "/key";
  std::ofstream(login) << "user-and-planted-password-on-one-line\n";
  std::ofstream(key) << "PEM";
  ASSERT_EQ(chmod(login.c_str(), 0600), 0);
  ASSERT_EQ(chmod(key.c_str(), 0640), 0);
  const auto read = host::ReadKafkaSecurity({"ca", "certificate", key, login});
  EXPECT_EQ(read.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(
      std::string(read.status().message()),
      AllOf(HasSubstr(key + ": group or others have access"),
            HasSubstr(login + ": expected a line with the user"), Not(HasSubstr("planted"))));
}

}  // namespace
}  // namespace pathways::testing_support
