// Goal: no program starts with a secret that others can read, or sends one where others can read
// it; it says which and what to do, and never the value. Method: the programs themselves, with
// everything else in order as far as their start goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/support/run_in_shell.h"
#include "tests/support/temp_folder.h"

namespace pathways::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// What a program prints and its exit code. It gets no variables but these words.
std::pair<std::string, int> RunProgram(const std::string& service, const std::string& words) {
  return testing_support::RunInShell(absl::StrCat("env -i ", PATHWAYS_SERVICES_DIR, "/", service,
                                                  "/", service, " ", words, " 2>&1"));
}

class StartTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(RunProgram("pathways", "keys init --data " + data_).second, 0);
  }
  std::string Write(const std::string& name, const std::string& text, mode_t mode) const {
    const std::string path = folder_.path() + "/" + name;
    std::ofstream(path) << text;
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }
  std::pair<std::string, int> Serve() const {
    const std::string source(PATHWAYS_SOURCE_DIR);
    return RunProgram(
        "pathways",
        absl::StrCat("serve --listen 127.0.0.1:0 --data ", data_, " --policies ", source,
                     "/policies/2023-07-28 --facts ", source, "/policies/facts --agencies ", source,
                     "/samples/agencies.textproto"));
  }
  std::pair<std::string, int> Intake(const std::string& words) const {
    return RunProgram(
        "intake",
        absl::StrCat("--listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0 --facts ",
                     PATHWAYS_SOURCE_DIR, "/policies/facts --tokens ", data_,
                     "/keys/tokens --master-key ", data_, "/keys/master.key --service-token ",
                     Write("service-token", std::string(43, 'T'), 0600), " ", words));
  }

  const testing_support::TempFolder folder_;
  const std::string data_ = folder_.path() + "/data";
};

TEST_F(StartTest, NotInAFolderOrOnADatabaseThatOthersHaveAccessTo) {
  ASSERT_EQ(chmod(data_.c_str(), 0777), 0);
  const auto [folder, folder_code] = Serve();
  EXPECT_EQ(folder_code, 2) << folder;
  EXPECT_THAT(folder, HasSubstr(data_ + ": group or others have access; chmod 700 it"));
  ASSERT_EQ(chmod(data_.c_str(), 0700), 0);
  const std::string database = Write("data/eligibility.db", "", 0666);
  const auto [file, file_code] = Serve();
  EXPECT_EQ(file_code, 2) << file;
  EXPECT_THAT(file, HasSubstr(database + ": SQLite: group or others have access; chmod 600 it"));
}

TEST_F(StartTest, NotTowardsOthersInClear) {
  const auto [printed, code] = Intake(
      "--kafka 127.0.0.1:1 --database dbname=intake"
      " --eligibility-address eligibility.example.org:50051"
      " --referral-address 127.0.0.1:1");
  EXPECT_EQ(code, 2) << printed;
  EXPECT_THAT(printed, HasSubstr("--tls-ca (set neither by flag nor by PATHWAYS_TLS_CA): expected "
                                 "a file, for eligibility-address is not loopback"));
  EXPECT_THAT(printed, Not(HasSubstr("example.org")));
}

TEST_F(StartTest, NotTowardsBrokersInClear) {
  const auto [printed, code] = Intake(
      "--database dbname=intake --eligibility-address 127.0.0.1:1 --referral-address 127.0.0.1:1"
      " --kafka 127.0.0.1:1,kafka.example.org:9092");
  EXPECT_EQ(code, 2) << printed;
  EXPECT_THAT(printed, HasSubstr("--kafka-tls-ca (set neither by flag nor by PATHWAYS_KAFKA_TLS_CA)"
                                 ": expected a file, for kafka is not loopback"));
  EXPECT_THAT(printed, Not(HasSubstr("example.org")));
  const auto [topics, topics_code] =
      RunProgram("pathways", "topics check --kafka kafka.example.org:9092");
  EXPECT_EQ(topics_code, 2) << topics;
  EXPECT_THAT(topics, HasSubstr("--kafka-tls-ca: expected a file, for kafka is not loopback"));
}

TEST_F(StartTest, NotWithSecretsThatOthersCanRead) {
  const std::string certificate = Write("tls.crt", "-----BEGIN CERTIFICATE-----\n", 0644);
  const std::string key = Write("tls.key", "-----BEGIN PRIVATE KEY-----\n", 0644);
  const auto [printed, code] =
      Intake(absl::StrCat("--kafka 127.0.0.1:1 --database 'host=192.0.2.1 dbname=intake "
                          "password=HUNTER2' --eligibility-address "
                          "127.0.0.1:1 --referral-address [::1]:1 --tls-certificate ",
                          certificate, " --tls-key ", key));
  EXPECT_EQ(code, 2) << printed;
  EXPECT_THAT(printed, HasSubstr(key + ": group or others have access; chmod 600 it"));
  EXPECT_THAT(printed, HasSubstr("the connection string has a password"));
  EXPECT_THAT(printed, HasSubstr("needs sslmode=verify-full"));
  EXPECT_THAT(printed, Not(HasSubstr("HUNTER2")));
}

}  // namespace
}  // namespace pathways::cli
