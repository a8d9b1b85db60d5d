// Goal: a service whose database was set back stops by itself, gets from its topic what it had,
// byte for byte, and goes on without losing or doubling anything; a topic that is published again,
// and states that are folded again, change nothing. Method: the built programs over real Kafka and
// PostgreSQL; a backup is a copy of the database; rows are compared as the database has them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/distributed/database_rows.h"
#include "tests/distributed/deployment.h"
#include "tests/kafka/kafka_suite.h"
#include "tests/support/postgres_cluster.h"

namespace pathways {
namespace {

using intake::v1::IntakeService;
using referral::v1::ReferralService;
using testing::HasSubstr;
using testing::Not;
using testing_support::Caller;
using testing_support::Deployment;
using testing_support::Eventually;
using testing_support::History;
using testing_support::Rows;
using testing_support::TheCluster;
using testing_support::Verdict;

constexpr int kPartitions = 12;
const std::vector<std::string> kServices = {"intake", "eligibility", "referral"};

// What must come back of any service. Positions are given anew, and under which policies a case was
// screened last is found out by screening it once more.
std::vector<std::string> OpenRows(const std::string& database) {
  return Rows(
      database,
      {"SELECT concat_ws('|', 'event', encode(stream, 'escape'), number, encode(ce_id, 'escape'), "
       "type, time, encode(cause, 'hex'), trace, encode(data, 'hex')) FROM events "
       "ORDER BY stream, number",
       "SELECT concat_ws('|', 'state', encode(id, 'escape'), version, encode(state, 'hex'), "
       "evolve_version, time) FROM streams ORDER BY id",
       "SELECT concat_ws('|', 'applied', encode(stream, 'escape'), upstream, number, "
       "encode(fingerprints, 'hex')) FROM applied WHERE upstream <> 'policy' ORDER BY stream, "
       "upstream",
       // Of an entry in order of commit without the position before its key.
       "SELECT concat_ws('|', 'list', name, encode(CASE WHEN name IN ('cases', 'reviews') OR name "
       "LIKE 'agency/%' THEN substr(key, 22) ELSE key END, 'hex')) AS entry FROM list_index ORDER "
       "BY entry",
       "SELECT concat_ws('|', 'unique', name, encode(key, 'hex'), encode(stream, 'escape')) FROM "
       "unique_index ORDER BY name, key",
       "SELECT concat_ws('|', 'request', encode(key, 'hex'), encode(stream, 'escape'), number) "
       "FROM requests ORDER BY key"});
}

// And of one whose sealed columns are there.
std::vector<std::string> AllRows(const std::string& database) {
  std::vector<std::string> rows = OpenRows(database);
  const std::vector<std::string> more =
      Rows(database,
           {"SELECT concat_ws('|', 'sealed', encode(sealed, 'hex')) FROM events ORDER BY stream, "
            "number",
            "SELECT concat_ws('|', 'sealed', encode(sealed, 'hex')) FROM streams ORDER BY id",
            "SELECT concat_ws('|', 'timer', encode(stream, 'escape'), kind, due) FROM timers ORDER "
            "BY stream, kind"});
  rows.insert(rows.end(), more.begin(), more.end());
  return rows;
}

// What follows from the published part of events alone.
std::vector<std::string> PublishedRows(const std::string& database) {
  std::vector<std::string> rows = OpenRows(database);
  std::erase_if(rows, [](const std::string& row) {
    return row.find("state|") == 0 || row.find("applied|") == 0;
  });
  return rows;
}

// How many rows name a case.
int64_t CountOf(const std::string& id, const std::vector<std::string>& rows) {
  return std::count_if(rows.begin(), rows.end(),
                       [&](const std::string& row) { return row.find(id) != std::string::npos; });
}

class RestoredTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(deployment_.Start()) << deployment_.Logs(); }

  // Registers a case, the same request again until it is answered OK. Its name.
  std::string Register(int index) {
    const auto request = testing_support::RegistrationOf("restored", index, history_);
    std::string name;
    Eventually([&] {
      const auto answer = deployment_.CallerTo("intake").Change(
          "RegisterCase", &IntakeService::Stub::RegisterCase, request, history_);
      if (answer.ok()) name = answer->name();
      return answer.ok();
    });
    return name;
  }
  // Registers cases and waits until they are referred and everything is published.
  void Live(int from, int to) {
    for (int i = from; i < to; ++i) {
      cases_.push_back(Register(i));
      ASSERT_NE(cases_.back(), "") << deployment_.Logs();
    }
    ASSERT_TRUE(Eventually([&] {
      for (const std::string& name : cases_) {
        referral::v1::ListReferralsRequest request;
        request.set_parent(name);
        const auto page =
            deployment_.CallerTo("referral").Call(&ReferralService::Stub::ListReferrals, request);
        if (!page.ok() || page->referrals_size() == 0) return false;
      }
      return true;
    })) << deployment_.Logs();
    ASSERT_TRUE(Eventually([&] {
      for (const std::string& service : kServices) {
        const auto lag = Rows(deployment_.database(service),
                              {"SELECT (SELECT max(position) FROM events)::text || '/' || "
                               "(SELECT watermark FROM relay)::text"});
        if (lag.size() != 1 || lag[0].empty()) return false;
        const size_t slash = lag[0].find('/');
        if (lag[0].substr(0, slash) != lag[0].substr(slash + 1)) return false;
      }
      return deployment_.Check(history_).IsClean();
    })) << deployment_.Check(history_)
        << deployment_.Logs();
  }
  void Kill(const std::vector<std::string>& services) {
    for (const std::string& service : services) deployment_.Kill(service);
    for (const std::string& service : services) {
      ASSERT_TRUE(deployment_.WaitUntilKilled(service)) << service;
    }
  }
  void StartAgain(const std::vector<std::string>& services) {
    for (const std::string& service : services) {
      ASSERT_TRUE(deployment_.Restart(service)) << deployment_.Logs();
    }
  }
  std::pair<int, std::string> RestoreOutcome(const std::string& service,
                                             const std::string& crash_at = "") const {
    return deployment_.Outcome(
        {"restore", "--service", service, "--database", deployment_.database(service), "--kafka",
         testing_support::SuiteKafka().bootstrap, "--topic-prefix", deployment_.prefix()},
        crash_at);
  }
  std::vector<testing_support::Fetched> TopicOf(const std::string& service) const {
    return testing_support::ReadAll(follow::EventsTopic(deployment_.prefix(), service),
                                    kPartitions);
  }

  Deployment deployment_{{.flags = {"--sweep-seconds", "1"}}};
  History history_;
  std::vector<std::string> cases_;
};

TEST_F(RestoredTest, FollowersAreAsBeforeTheLossAndGoOn) {
  Live(0, 4);
  Kill(kServices);
  std::map<std::string, std::string> backups;
  for (const std::string service : {"eligibility", "referral"}) {
    backups[service] = TheCluster().CopyOf(deployment_.database(service));
  }
  StartAgain(kServices);
  Live(4, 10);
  Kill(kServices);
  for (const std::string service : {"eligibility", "referral"}) {
    const std::vector<std::string> before = PublishedRows(deployment_.database(service));
    deployment_.SetDatabase(service, backups[service]);
    ASSERT_LT(PublishedRows(backups[service]).size(), before.size());
    // Killed when the events are written and the rest is not.
    EXPECT_EQ(RestoreOutcome(service, "store.after_commit:1").first, -1);
    for (int i = 0; i < 2; ++i) {
      const auto [code, said] = RestoreOutcome(service);
      ASSERT_EQ(code, 0) << said;
      EXPECT_EQ(PublishedRows(backups[service]), before) << said;
    }
  }
  StartAgain(kServices);
  Live(10, 12);
  // What was sealed is told again, by intake to eligibility and by it to referral.
  EXPECT_TRUE(Eventually([&] {
    for (const std::string& name : cases_) {
      referral::v1::ListReferralsRequest request;
      request.set_parent(name);
      const auto page =
          deployment_.CallerTo("referral").Call(&ReferralService::Stub::ListReferrals, request);
      if (!page.ok() || page->referrals().empty() || page->referrals(0).people().empty()) {
        return false;
      }
    }
    return true;
  })) << deployment_.Logs();
  EXPECT_THAT(deployment_.Logs(), Not(HasSubstr("tail_lost")));
  deployment_.KillAll();
  const Verdict verdict = deployment_.Check(history_);
  EXPECT_TRUE(verdict.IsClean()) << verdict;
}

TEST_F(RestoredTest, IntakeStopsWhenItsTailIsLostAndIsRestoredWithoutIdentities) {
  Live(0, 3);
  Kill({"intake"});
  const std::string backup = TheCluster().CopyOf(deployment_.database("intake"));
  StartAgain({"intake"});
  Live(3, 6);
  Kill({"intake"});
  const std::vector<std::string> before = OpenRows(deployment_.database("intake"));
  const std::vector<std::string> backed_up = OpenRows(backup);
  const size_t published = TopicOf("intake").size();

  deployment_.SetDatabase("intake", backup);
  StartAgain({"intake"});
  const Caller desk = deployment_.CallerTo("intake");
  EXPECT_FALSE(desk.IsServing("pathways.intake.v1.IntakeService"));
  const auto refused = desk.Call(&IntakeService::Stub::RegisterCase,
                                 testing_support::RegistrationOf("refused", 0, history_));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable) << refused.status();
  EXPECT_THAT(deployment_.Logs(), HasSubstr("own_tail_lost"));
  EXPECT_THAT(deployment_.Logs(), HasSubstr("pathways restore --service intake"));
  // The followers notice too, as ever.
  EXPECT_TRUE(Eventually(
      [&] { return deployment_.Logs().find("upstream_tail_lost") != std::string::npos; }));
  const auto [running, why] = RestoreOutcome("intake");
  EXPECT_EQ(running, 1);
  EXPECT_THAT(why, HasSubstr("is running"));
  EXPECT_EQ(OpenRows(backup), backed_up);
  EXPECT_EQ(TopicOf("intake").size(), published);
  Kill({"intake"});

  const auto [code, said] = RestoreOutcome("intake");
  ASSERT_EQ(code, 0) << said;
  EXPECT_EQ(OpenRows(backup), before);
  for (size_t i = 0; i < cases_.size(); ++i) {
    EXPECT_EQ(said.find(cases_[i] + "\n") != std::string::npos, i >= 3) << said;
  }
  StartAgain({"intake"});
  EXPECT_EQ(Register(4), cases_[4]) << "the request was answered before the loss";
  intake::v1::GetCaseRequest get;
  get.set_name(cases_[4]);
  const Caller again = deployment_.CallerTo("intake");
  auto shown = again.Call(&IntakeService::Stub::GetCase, get);
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_FALSE(shown->people(0).has_identity());
  // Asked again, it is there again.
  const auto registration = testing_support::RegistrationOf("restored", 4, history_);
  intake::v1::UpdateCaseRequest update;
  update.set_request_id("0c6b2a1e-6f6e-4b57-9a53-2f1f1d6a7c11");
  update.mutable_case_()->set_name(cases_[4]);
  *update.mutable_case_()->mutable_people() = registration.case_().people();
  for (int i = 0; i < shown->people_size(); ++i) {
    update.mutable_case_()->mutable_people(i)->set_person_id(shown->people(i).person_id());
  }
  update.mutable_update_mask()->add_paths("people.*.identity");
  const auto updated = again.Call(&IntakeService::Stub::UpdateCase, update);
  ASSERT_TRUE(updated.ok()) << updated.status();
  shown = again.Call(&IntakeService::Stub::GetCase, get);
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_TRUE(shown->people(0).has_identity());
}

TEST_F(RestoredTest, WhatIsFoldedIsTheSameWhenItIsMadeAgain) {
  Live(0, 4);
  const auto rebuild = [&](const std::string& service) {
    return deployment_.Outcome(
        {"rebuild", "--service", service, "--database", deployment_.database(service)});
  };
  const auto [running, why] = rebuild("intake");
  EXPECT_EQ(running, 1);
  EXPECT_THAT(why, HasSubstr("is running"));
  Kill(kServices);
  for (const std::string& service : kServices) {
    const std::vector<std::string> before = AllRows(deployment_.database(service));
    const auto [code, said] = rebuild(service);
    ASSERT_EQ(code, 0) << said;
    EXPECT_EQ(AllRows(deployment_.database(service)), before) << said;
  }
  const std::vector<std::string> shown = {"SELECT encode(value, 'hex') FROM projections"};
  EXPECT_THAT(Rows(deployment_.database("intake"), shown), testing::IsEmpty());
  StartAgain(kServices);
  Live(4, 6);
  EXPECT_EQ(Rows(deployment_.database("intake"), shown).size(), cases_.size());
}

TEST_F(RestoredTest, ATopicThatIsPublishedAgainChangesNothing) {
  Live(0, 6);
  const size_t once = TopicOf("intake").size();
  std::map<std::string, std::vector<std::string>> before;
  for (const std::string service : {"eligibility", "referral"}) {
    before[service] = AllRows(deployment_.database(service));
  }
  const auto [code, said] = deployment_.Outcome(
      {"topics", "rebuild", "--service", "intake", "--database", deployment_.database("intake")});
  ASSERT_EQ(code, 0) << said;
  ASSERT_TRUE(Eventually([&] { return TopicOf("intake").size() >= 2 * once; }));
  const std::vector<std::string> first = cases_;
  Live(6, 18);  // Behind the repeats, in all likelihood on every partition.
  for (const auto& [service, rows] : before) {
    std::vector<std::string> old;  // Of the cases from before.
    for (const std::string& row : AllRows(deployment_.database(service))) {
      if (std::find(rows.begin(), rows.end(), row) != rows.end()) old.push_back(row);
    }
    EXPECT_GE(old.size(), rows.size()) << service;
  }
  for (const std::string& name : first) {
    const std::string id = name.substr(name.find('/') + 1);
    for (const auto& [service, rows] : before) {
      EXPECT_EQ(CountOf(id, AllRows(deployment_.database(service))), CountOf(id, rows)) << service;
    }
  }
  EXPECT_THAT(deployment_.Logs(), Not(HasSubstr("tail_lost")));
  deployment_.KillAll();
  const Verdict verdict = deployment_.Check(history_);
  EXPECT_TRUE(verdict.IsClean()) << verdict;
}

}  // namespace
}  // namespace pathways
