// Goal: what people are asked changes only as a whole, by one version after the other, and a
// request that was held against another version than that in force is sent again. Method: commands
// on the ledger, and a registration before and after one, on the real engine.
#include "services/intake/domain/fact_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/clock.h"
#include "services/base/ids.h"
#include "services/base/serialize.h"
#include "services/engine/engine.h"
#include "services/follow/submit.h"
#include "services/host/keys.h"
#include "services/intake/domain_adapter.h"
#include "services/intake/facts_in_force.h"
#include "services/intake/requests.h"
#include "services/type/problem.h"
#include "tests/intake/builders.h"
#include "tests/sim/memory_store.h"
#include "tests/support/answers.h"
#include "tests/support/temp_folder.h"

namespace pathways::intake {
namespace {

using type::v1::FactCatalogue;

FactCatalogue Named(const std::string& version) {
  FactCatalogue catalogue = SampleFacts()->catalogue();
  catalogue.set_version(version);
  return catalogue;
}

type::v1::Fact& Find(FactCatalogue& catalogue, const std::string& id) {
  for (type::v1::Fact& fact : *catalogue.mutable_facts()) {
    if (fact.id() == id) return fact;
  }
  return *catalogue.add_facts();
}

type::v1::ApplyVersionCommand Apply(const FactCatalogue& catalogue) {
  type::v1::ApplyVersionCommand command;
  command.set_version(catalogue.version());
  command.set_content(base::SerializeDeterministic(catalogue));
  command.set_sha256(base::Sha256Hex(command.content()));
  command.set_principal("staff/officer");
  command.set_confirmed_by("staff/second");
  command.set_reason_code("FACT_ADDED");
  return command;
}

TEST(DecideFacts, TakesACatalogueThatFollowsAndRefusesAnyOther) {
  type::v1::LedgerState state;
  const auto decide = [&](const type::v1::ApplyVersionCommand& command) -> std::string {
    const auto event = DecideFacts(state, command);
    if (!event.ok()) return Describe(event.status());
    if (!*event) return "nothing";
    const int64_t number = state.versions_size() + 1;
    EXPECT_TRUE(EvolveFacts(state, **event, {type::kFactLedger, number, absl::UnixEpoch()}).ok());
    return absl::StrCat("applied ", (*event)->facts_applied().applied().version());
  };
  EXPECT_EQ(decide(Apply(Named("1"))), "applied 1");
  EXPECT_EQ(decide(Apply(Named("1"))), "nothing");
  FactCatalogue next = Named("2");
  type::v1::Fact fact = *SampleFacts()->Find("seeks_work");
  fact.set_id("speaks_spanish");
  for (type::v1::FactWords& words : *fact.mutable_words()) words.clear_columns();
  *next.add_facts() = fact;
  EXPECT_EQ(decide(Apply(next)), "applied 2");
  EXPECT_EQ(decide(Apply(Named("3"))), "INVALID_ARGUMENT INVALID_FACT_CATALOGUE")
      << "it leaves out what is in force";
  FactCatalogue faulty = next;
  faulty.set_version("3");
  faulty.mutable_facts(0)->clear_kind();
  EXPECT_EQ(decide(Apply(faulty)), "INVALID_ARGUMENT INVALID_FACT_CATALOGUE");
  type::v1::ApplyVersionCommand unreadable = Apply(next);
  unreadable.set_content("\xff");
  EXPECT_EQ(decide(unreadable), "INVALID_ARGUMENT INVALID_REQUEST");
  type::v1::ApplyVersionCommand other = Apply(next);
  other.set_version("3");
  EXPECT_EQ(decide(other), "INVALID_ARGUMENT INVALID_REQUEST") << "called otherwise than it is";
  EXPECT_EQ(decide(Apply(Named("1"))), "INVALID_ARGUMENT INVALID_FACT_CATALOGUE");
  EXPECT_EQ(state.versions_size(), 2);
}

// A case of another household.
v1::Case OtherCase() {
  v1::Case content = GoodCase();
  First(content).clear_registration_number();
  return content;
}

class FactsInForceTest : public testing::Test {
 protected:
  FactsInForceTest() {
    const std::string path = folder_.path() + "/master.key";
    EXPECT_TRUE(host::CreateMasterKey(path).ok());
    keyring_ = *host::Keyring::Load(path);
  }

  std::string Submit(engine::Command command) {
    const absl::Status status = follow::SubmitAll(engine_, {std::move(command)});
    EXPECT_FALSE(absl::IsInternal(status)) << status;
    return Describe(status);
  }
  std::string ApplyVersion(const FactCatalogue& catalogue) {
    v1::IntakeCommand propose;
    const type::v1::ApplyVersionCommand apply = Apply(catalogue);
    type::v1::LedgerProposal& proposal =
        *propose.mutable_ledger()->mutable_propose()->mutable_proposal();
    proposal.set_version(apply.version());
    proposal.set_sha256(apply.sha256());
    proposal.set_reason_code(apply.reason_code());
    proposal.set_principal(apply.principal());
    proposal.set_digest("digest of " + apply.sha256());
    propose.mutable_ledger()->mutable_propose()->set_content(apply.content());
    v1::IntakeCommand confirm;
    confirm.mutable_ledger()->mutable_confirm()->set_digest(proposal.digest());
    confirm.mutable_ledger()->mutable_confirm()->set_principal("staff/second");
    const std::string proposals = type::ProposalsOf(type::kFactLedgerKind);
    const std::string proposed =
        Submit({proposals,
                base::SerializeDeterministic(propose),
                engine::RequestOrigin{"", "", "staff/officer", "ProposeFacts"},
                {}});
    if (proposed != "OK") return proposed;
    engine::Command command{type::kFactLedger,
                            base::SerializeDeterministic(confirm),
                            engine::RequestOrigin{"", "", "staff/second", "ConfirmFacts"},
                            {}};
    command.lookup.streams = {proposals};
    return Submit(std::move(command));
  }
  absl::StatusOr<engine::Command> Registration(const FactsVersion& facts, const v1::Case& content) {
    v1::RegisterCaseRequest request;
    *request.mutable_case_() = content;
    request.set_request_id(base::NewUuid());
    return RegisterCommand(request, {"staff", "desk", {"registrar"}}, *keyring_, facts,
                           clock_.Now());
  }

  const testing_support::TempFolder folder_;
  std::unique_ptr<host::Keyring> keyring_;
  const base::ManualClock clock_{absl::FromCivil(kToday, absl::UTCTimeZone()) + absl::Hours(18)};
  sim::MemoryStore store_{clock_, "log"};
  const std::shared_ptr<FactsInForce> in_force_ = std::make_shared<FactsInForce>(SampleFacts());
  const IntakeDomain domain_{in_force_};
  engine::Engine engine_{domain_, store_, {}};
};

TEST_F(FactsInForceTest, ARequestOfAnotherVersionIsSentAgainAndThenRight) {
  EXPECT_EQ(Submit(*Registration(in_force_->Get(), OtherCase())), "OK") << "no ledger yet";
  EXPECT_EQ(ApplyVersion(Named("1")), "OK");
  const FactsVersion before = in_force_->Get();
  EXPECT_EQ(before.number, 0) << "nothing was decided by it yet";
  EXPECT_EQ(Submit(*Registration(before, GoodCase())), "UNAVAILABLE CHANGED_MEANWHILE");
  EXPECT_EQ(in_force_->Get().number, 1);
  EXPECT_EQ(in_force_->Get().facts->catalogue().version(), "1");
  EXPECT_EQ(Submit(*Registration(in_force_->Get(), GoodCase())), "OK");
}

TEST_F(FactsInForceTest, AnAnswerIsHeldAgainstTheVersionInForce) {
  FactCatalogue retired = Named("1");
  type::v1::PartialDate& from = *Find(retired, "work_papers").mutable_retired_on();
  from.set_year(2023);
  from.set_month(7);
  from.set_day(1);
  v1::Case content = GoodCase();
  SetAnswer(*content.mutable_people(0), "work_papers", true);
  const FactsVersion before = in_force_->Get();
  EXPECT_EQ(Submit(*Registration(before, content)), "OK");
  EXPECT_EQ(ApplyVersion(retired), "OK");
  v1::Case other = OtherCase();
  SetAnswer(*other.mutable_people(0), "work_papers", true);
  EXPECT_EQ(Submit(*Registration(before, other)), "UNAVAILABLE CHANGED_MEANWHILE");
  EXPECT_EQ(Submit(*Registration(in_force_->Get(), other)), "INVALID_ARGUMENT INVALID_CASE");
}

TEST_F(FactsInForceTest, ARefusalOfAnotherVersionIsNone) {
  v1::Case content = GoodCase();
  SetAnswer(*content.mutable_people(0), "speaks_spanish", true);
  const FactsVersion before = in_force_->Get();
  EXPECT_EQ(Submit(*Registration(before, content)), "INVALID_ARGUMENT INVALID_CASE");
  FactCatalogue next = Named("1");
  type::v1::Fact fact = *SampleFacts()->Find("seeks_work");
  fact.set_id("speaks_spanish");
  for (type::v1::FactWords& words : *fact.mutable_words()) words.clear_columns();
  *next.add_facts() = fact;
  EXPECT_EQ(ApplyVersion(next), "OK");
  EXPECT_EQ(Submit(*Registration(before, content)), "UNAVAILABLE CHANGED_MEANWHILE");
  EXPECT_EQ(Submit(*Registration(in_force_->Get(), content)), "OK");
}

}  // namespace
}  // namespace pathways::intake
