// Goal: every command does what decide.h says in every state of a case, and the folded entries
// follow. Method: a case run as the engine runs it, and a table of all states × all commands.
#include "services/intake/domain/decide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/type/dates.h"
#include "services/type/problem.h"
#include "tests/intake/builders.h"

namespace pathways::intake {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

v1::IntakeCommand Withdraw(const std::string& etag = "") {
  v1::IntakeCommand command;
  command.mutable_withdraw_case()->set_etag(etag);
  return command;
}

v1::IntakeCommand Read() {
  v1::IntakeCommand command;
  command.mutable_read_case();
  return command;
}

v1::IntakeCommand Consent(bool consent, const std::string& etag = "") {
  v1::IntakeCommand command;
  command.mutable_update_case()->set_consent(consent);
  command.mutable_update_case()->set_etag(etag);
  return command;
}

// Changes the facts of all people, as from the state of the case.
v1::IntakeCommand NewFacts(const RunningCase& running, const std::string& state) {
  v1::IntakeCommand command;
  type::v1::CaseFacts& facts = *command.mutable_update_case()->mutable_facts();
  facts = running.record().open.facts();
  if (facts.people().empty()) facts.add_people()->set_person_id("p1");
  facts.mutable_people(0)->set_state(state);
  return command;
}

v1::IntakeCommand NewBand(const std::string& person_id, type::v1::AgeBand band,
                          const type::v1::PartialDate& next_month) {
  v1::IntakeCommand command;
  v1::ChangeAgeBandCommand& change = *command.mutable_change_age_band();
  change.set_person_id(person_id);
  change.set_age_band(band);
  if (!type::IsEmpty(next_month)) *change.mutable_band_changes_in() = next_month;
  return command;
}

v1::SealedPerson Sealed(const std::string& person_id, const std::string& identity) {
  v1::SealedPerson person;
  person.set_person_id(person_id);
  person.set_identity(identity);
  return person;
}

RunningCase Registered() {
  RunningCase running;
  EXPECT_TRUE(running.Do(RegisterCommand(GoodCase())).ok());
  return running;
}

RunningCase Withdrawn() {
  RunningCase running = Registered();
  EXPECT_TRUE(running.Do(Withdraw()).ok());
  return running;
}

// "error" or the kinds of the events, for a table.
std::string Outcome(RunningCase running, const v1::IntakeCommand& command) {
  const auto events = running.Do(command);
  if (!events.ok()) return Describe(events.status());
  if (events->empty()) return "nothing";
  EXPECT_THAT(*events, SizeIs(1));
  switch ((*events)[0].event.kind_case()) {
    case v1::IntakeEvent::kCaseRegistered:
      return "registered";
    case v1::IntakeEvent::kCaseUpdated:
      return "updated";
    case v1::IntakeEvent::kAgeBandChanged:
      return "band";
    case v1::IntakeEvent::kCaseWithdrawn:
      return "withdrawn";
    case v1::IntakeEvent::KIND_NOT_SET:
      break;
  }
  return "?";
}

TEST(Decide, EveryCommandInEveryState) {
  const RunningCase none;
  const RunningCase open = Registered();
  const RunningCase withdrawn = Withdrawn();
  const auto band = NewBand("p2", type::v1::AGE_BAND_12_17, Date(2029, 8));
  const std::tuple<const char*, v1::IntakeCommand, const char*, const char*, const char*> rows[] = {
      {"register", RegisterCommand(GoodCase()), "registered", "INTERNAL", "INTERNAL"},
      {"update", NewFacts(open, "MX-OAX"), "NOT_FOUND CASE_NOT_FOUND", "updated",
       "FAILED_PRECONDITION CASE_WITHDRAWN"},
      {"consent", Consent(false), "NOT_FOUND CASE_NOT_FOUND", "updated",
       "FAILED_PRECONDITION CASE_WITHDRAWN"},
      {"withdraw", Withdraw(), "NOT_FOUND CASE_NOT_FOUND", "withdrawn", "nothing"},
      {"band", band, "INTERNAL", "band", "nothing"},
      {"read", Read(), "NOT_FOUND CASE_NOT_FOUND", "nothing", "nothing"},
      {"unknown", v1::IntakeCommand(), "INTERNAL", "INTERNAL", "INTERNAL"}};
  for (const auto& [name, command, in_none, in_open, in_withdrawn] : rows) {
    EXPECT_EQ(Outcome(none, command), in_none) << name;
    EXPECT_EQ(Outcome(open, command), in_open) << name;
    EXPECT_EQ(Outcome(withdrawn, command), in_withdrawn) << name;
  }
}

TEST(Decide, ChecksTheEtag) {
  RunningCase running = Registered();
  EXPECT_EQ(Outcome(running, Consent(false, "1")), "updated");
  EXPECT_EQ(Outcome(running, Withdraw("1")), "withdrawn");
  for (const char* etag : {"0", "2", "01", "1 ", "x"}) {
    EXPECT_EQ(Outcome(running, Consent(false, etag)), "ABORTED ETAG_MISMATCH") << etag;
    EXPECT_EQ(Outcome(running, Withdraw(etag)), "ABORTED ETAG_MISMATCH") << etag;
  }
  EXPECT_EQ(Outcome(Withdrawn(), Withdraw("1")), "nothing") << "a repeated withdrawal";
  EXPECT_EQ(Outcome(Withdrawn(), Consent(true, "1")), "FAILED_PRECONDITION CASE_WITHDRAWN");
}

// A copy of the same request may be based on another version, so this is no final answer.
TEST(Decide, ChecksWhatAnUpdateIsBasedOn) {
  v1::IntakeCommand command = Consent(false);
  for (const auto& [version, outcome] : {std::pair(0, "updated"), std::pair(1, "updated"),
                                         std::pair(2, "UNAVAILABLE CHANGED_MEANWHILE")}) {
    command.mutable_update_case()->set_based_on(version);
    EXPECT_EQ(Outcome(Registered(), command), outcome) << version;
  }
  command.mutable_update_case()->set_etag("2");
  EXPECT_EQ(Outcome(Registered(), command), "ABORTED ETAG_MISMATCH") << "the final answer first";
}

// `holder` has the number of the household with key "key".
std::string OutcomeHeldBy(const CaseRecord& record, int64_t version, const std::string& holder,
                          const v1::IntakeCommand& command) {
  type::DecideContext context{.stream = kCaseId, .version = version, .now = absl::UnixEpoch()};
  context.found.holders[HouseholdEntry("key")] = holder;
  const auto events = Decide(record, command, 0, context);
  if (!events.ok()) {
    return absl::StrCat(Describe(events.status()), " ",
                        type::ProblemOf(events.status()).resource());
  }
  return absl::StrCat(events->size());
}

TEST(Decide, AHouseholdIsRegisteredOnce) {
  constexpr char kOther[] = "11111111-2222-4333-8444-555555555555";
  const std::string refused = absl::StrCat("ALREADY_EXISTS HOUSEHOLD_REGISTERED cases/", kOther);
  v1::IntakeCommand command = RegisterCommand(GoodCase());
  EXPECT_EQ(OutcomeHeldBy({}, 0, kOther, command), "1") << "one without a number";
  command.mutable_register_case()->set_household_key("key");
  EXPECT_EQ(OutcomeHeldBy({}, 0, "", command), "1");
  EXPECT_EQ(OutcomeHeldBy({}, 0, kOther, command), refused);
  EXPECT_EQ(Describe(Decide({}, command, 0, {.stream = kCaseId}).status()).substr(0, 8), "INTERNAL")
      << "what was not looked up is not decided";
  const RunningCase running = Registered();
  v1::IntakeCommand update = Consent(false);
  update.mutable_update_case()->set_household_key("key");
  EXPECT_EQ(OutcomeHeldBy(running.record(), 1, kOther, update), refused);
  EXPECT_EQ(OutcomeHeldBy(running.record(), 1, kCaseId, update), "1") << "its own";
}

TEST(Fold, TheHouseholdsNumberIsHeldUntilItIsCorrected) {
  CaseRecord record;
  CaseEvent event;
  event.event.set_case_id(kCaseId);
  v1::CaseRegistered& registered = *event.event.mutable_case_registered();
  registered.mutable_facts()->add_people()->set_person_id("p1");
  registered.set_household_key("key");
  event.sealed.add_people()->set_person_id("p1");
  ASSERT_TRUE(Evolve(record, event, {kCaseId, 1, absl::UnixEpoch()}).ok());
  EXPECT_THAT(Fold(kCaseId, record).uniques, ElementsAre(HouseholdEntry("key")));
  event.event.mutable_case_updated()->mutable_facts()->add_people()->set_person_id("p1");
  event.sealed.Clear();
  ASSERT_TRUE(Evolve(record, event, {kCaseId, 2, absl::UnixEpoch()}).ok());
  EXPECT_THAT(Fold(kCaseId, record).uniques, ElementsAre(HouseholdEntry("key")));
  event.event.mutable_case_updated()->set_household_key("other");
  ASSERT_TRUE(Evolve(record, event, {kCaseId, 3, absl::UnixEpoch()}).ok());
  event.event.mutable_case_withdrawn();
  ASSERT_TRUE(Evolve(record, event, {kCaseId, 4, absl::UnixEpoch()}).ok());
  EXPECT_THAT(Fold(kCaseId, record).uniques, ElementsAre(HouseholdEntry("other")));
}

TEST(Decide, RegistrationCarriesFactsInTheOpenAndIdentitySealed) {
  const RunningCase running = Registered();
  ASSERT_THAT(running.events(), SizeIs(1));
  const CaseEvent& event = running.events()[0];
  EXPECT_EQ(event.event.case_id(), kCaseId);
  EXPECT_EQ(event.event.case_registered().facts().people_size(), 2);
  EXPECT_FALSE(absl::StrContains(event.event.SerializeAsString(), "María"));
  EXPECT_EQ(event.sealed.people(0).identity(), "sealed María José");

  const CaseRecord& record = running.record();
  EXPECT_EQ(record.open.state(), v1::CASE_STATE_OPEN);
  EXPECT_FALSE(absl::StrContains(record.open.SerializeAsString(), "María"));
  EXPECT_EQ(record.open.register_time().seconds(), absl::ToUnixSeconds(running.now()));
  EXPECT_EQ(record.open.register_time().nanos(), 123'456'000);
  EXPECT_EQ(record.open.update_time().seconds(), absl::ToUnixSeconds(running.now()));
  EXPECT_EQ(record.sealed.SerializeAsString(), event.sealed.SerializeAsString());
}

TEST(Decide, UpdateThatChangesNothingIsNoEvent) {
  RunningCase running = Registered();
  EXPECT_EQ(Outcome(running, Consent(true)), "nothing");
  EXPECT_EQ(Outcome(running, NewFacts(running, "MX-CHP")), "nothing");
  ASSERT_TRUE(running.Do(NewFacts(running, "MX-OAX")).ok());
  EXPECT_EQ(Outcome(running, NewFacts(running, "MX-OAX")), "nothing");
}

TEST(Decide, UpdateMergesConsent) {
  RunningCase running = Registered();
  v1::IntakeCommand facts = NewFacts(running, "MX-OAX");
  facts.mutable_update_case()->mutable_facts()->set_consent(false);
  ASSERT_TRUE(running.Do(facts).ok());
  EXPECT_TRUE(running.record().open.facts().consent()) << "consent was not in the mask";
  facts.mutable_update_case()->set_consent(false);
  ASSERT_TRUE(running.Do(facts).ok());
  EXPECT_FALSE(running.record().open.facts().consent());
  EXPECT_EQ(running.record().open.facts().people(0).state(), "MX-OAX");
  ASSERT_TRUE(running.Do(Consent(true)).ok());
  EXPECT_TRUE(running.record().open.facts().consent());
  EXPECT_EQ(running.record().open.facts().people(0).state(), "MX-OAX");
}

TEST(Decide, UpdateReplacesOnlyTheIdentitiesItBrings) {
  RunningCase running = Registered();
  v1::IntakeCommand command = NewFacts(running, "MX-CHP");
  v1::UpdateCaseCommand& update = *command.mutable_update_case();
  *update.mutable_sealed()->add_people() = Sealed("p2", "new");
  *update.mutable_sealed()->mutable_band_changes_in() = Date(2023, 7);
  update.mutable_facts()->mutable_people(1)->set_age_band(type::v1::AGE_BAND_0_4);
  ASSERT_TRUE(running.Do(command).ok());
  const CaseEvent& event = running.events()[1];
  EXPECT_TRUE(event.event.case_updated().identity_changed());
  EXPECT_EQ(event.event.case_updated().facts().people(1).age_band(), type::v1::AGE_BAND_0_4);
  EXPECT_THAT(event.sealed.people(), SizeIs(1));
  const v1::IntakeSealed& sealed = running.record().sealed;
  EXPECT_EQ(sealed.people(0).identity(), "sealed María José");
  EXPECT_EQ(sealed.people(1).identity(), "new");
  EXPECT_EQ(sealed.band_changes_in().SerializeAsString(), Date(2023, 7).SerializeAsString());
  // The same again is an event again: the ciphertexts cannot be compared.
  EXPECT_EQ(Outcome(running, command), "updated");
}

TEST(Decide, UpdateKeepsTheBandThatChangedMeanwhile) {
  RunningCase running = Registered();
  const v1::IntakeCommand update = NewFacts(running, "MX-OAX");
  const auto band = NewBand("p2", type::v1::AGE_BAND_12_17, Date(2029, 8));
  ASSERT_TRUE(running.Do(band).ok());
  ASSERT_TRUE(running.Do(update).ok());
  const type::v1::PersonFacts& child = running.record().open.facts().people(1);
  EXPECT_EQ(child.age_band(), type::v1::AGE_BAND_12_17);
  EXPECT_EQ(child.age_precision(), type::v1::DATE_PRECISION_DAY);
  EXPECT_EQ(running.record().open.facts().people(0).state(), "MX-OAX");
  EXPECT_FALSE(running.events()[2].event.case_updated().identity_changed());
  EXPECT_THAT(running.events()[2].sealed.people(), IsEmpty());
}

TEST(Decide, UpdateOfOtherPeopleIsABrokenInvariant) {
  RunningCase running = Registered();
  v1::IntakeCommand fewer = NewFacts(running, "MX-OAX");
  fewer.mutable_update_case()->mutable_facts()->mutable_people()->RemoveLast();
  EXPECT_EQ(Outcome(running, fewer), "INTERNAL");
  v1::IntakeCommand others = NewFacts(running, "MX-OAX");
  others.mutable_update_case()->mutable_facts()->mutable_people(1)->set_person_id("p3");
  EXPECT_EQ(Outcome(running, others), "INTERNAL");
}

TEST(Decide, BandChangeMovesTheMonthAndKeepsTheIdentity) {
  RunningCase running = Registered();
  ASSERT_TRUE(running.Do(NewBand("p2", type::v1::AGE_BAND_12_17, Date(2029, 8))).ok());
  const CaseEvent& event = running.events()[1];
  EXPECT_EQ(event.event.age_band_changed().person_id(), "p2");
  EXPECT_EQ(event.event.age_band_changed().age_band(), type::v1::AGE_BAND_12_17);
  EXPECT_THAT(event.sealed.people(), IsEmpty());
  EXPECT_EQ(running.record().sealed.people(1).identity(), "sealed Ana");
  EXPECT_EQ(running.record().sealed.band_changes_in().SerializeAsString(),
            Date(2029, 8).SerializeAsString());
  EXPECT_EQ(running.record().open.facts().people(1).age_band(), type::v1::AGE_BAND_12_17);
  EXPECT_EQ(running.record().open.facts().people(0).age_band(), type::v1::AGE_BAND_21_59);

  EXPECT_EQ(Outcome(running, NewBand("p2", type::v1::AGE_BAND_12_17, Date(2029, 8))), "nothing");
  EXPECT_EQ(Outcome(running, NewBand("p2", type::v1::AGE_BAND_12_17, Date(2029, 9))), "nothing");
  EXPECT_EQ(Outcome(running, NewBand("p2", type::v1::AGE_BAND_18_20, Date(2029, 8))), "band");
  EXPECT_EQ(Outcome(running, NewBand("p3", type::v1::AGE_BAND_18_20, {})), "INTERNAL");
  ASSERT_TRUE(running.Do(NewBand("p2", type::v1::AGE_BAND_60_PLUS, {})).ok());
  EXPECT_TRUE(type::IsEmpty(running.record().sealed.band_changes_in()));
  EXPECT_THAT(running.Folded().timers, IsEmpty());
}

TEST(Decide, SameInputsGiveSameBytes) {
  const RunningCase a = Registered();
  const RunningCase b = Registered();
  EXPECT_EQ(a.record().open.SerializeAsString(), b.record().open.SerializeAsString());
  EXPECT_EQ(a.events()[0].event.SerializeAsString(), b.events()[0].event.SerializeAsString());
}

TEST(Evolve, RefusesEventsThatCannotFollow) {
  const CaseEvent registered = Registered().events()[0];
  const CaseEvent withdrawn = Withdrawn().events()[1];
  CaseEvent other_case = registered;
  other_case.event.set_case_id("another");
  CaseEvent no_kind;
  no_kind.event.set_case_id(kCaseId);
  CaseEvent nobody = registered;
  nobody.event.mutable_case_registered()->mutable_facts()->clear_people();
  nobody.sealed.clear_people();
  CaseEvent unsealed = registered;
  unsealed.sealed.mutable_people()->RemoveLast();
  CaseEvent other_band;
  other_band.event.set_case_id(kCaseId);
  other_band.event.mutable_age_band_changed()->set_person_id("p3");
  CaseEvent other_people;
  other_people.event.set_case_id(kCaseId);
  other_people.event.mutable_case_updated()->mutable_facts()->add_people()->set_person_id("p1");
  CaseEvent other_sealed;
  other_sealed.event.set_case_id(kCaseId);
  *other_sealed.event.mutable_case_updated()->mutable_facts() =
      registered.event.case_registered().facts();
  *other_sealed.sealed.add_people() = Sealed("p3", "x");

  const std::tuple<const char*, CaseRecord, CaseEvent, int64_t> rows[] = {
      {"registered twice", Registered().record(), registered, 2},
      {"registered with number 2", {}, registered, 2},
      {"registered without people", {}, nobody, 1},
      {"registered without sealed data of one", {}, unsealed, 1},
      {"another case", {}, other_case, 1},
      {"withdrawn before registered", {}, withdrawn, 1},
      {"withdrawn twice", Withdrawn().record(), withdrawn, 3},
      {"no kind", Registered().record(), no_kind, 2},
      {"band of an unknown person", Registered().record(), other_band, 2},
      {"update of other people", Registered().record(), other_people, 2},
      {"sealed data of an unknown person", Registered().record(), other_sealed, 2}};
  for (auto [name, record, event, number] : rows) {
    const absl::Status status = Evolve(record, event, {kCaseId, number, absl::UnixEpoch()});
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << name;
  }
}

// A restored case: the registration came back from the topic, where its sealed column never was.
TEST(Evolve, FoldsEventsThatLostTheirSealedColumn) {
  RunningCase running = Registered();
  ASSERT_TRUE(running.Do(NewBand("p2", type::v1::AGE_BAND_12_17, Date(2029, 8))).ok());
  ASSERT_TRUE(running.Do(Consent(false)).ok());
  for (const size_t lost_from : {0u, 1u}) {  // With the registration, or after it.
    CaseRecord record;
    for (size_t i = 0; i < running.events().size(); ++i) {
      CaseEvent event = running.events()[i];
      if (i >= lost_from) event.sealed = GapOf(event.event);
      const auto number = static_cast<int64_t>(i) + 1;
      const absl::Time time =
          absl::FromUnixMicros(1'690'500'000'123'456) + number * absl::Seconds(1);
      const absl::Status status = Evolve(record, event, {kCaseId, number, time});
      ASSERT_TRUE(status.ok()) << status;
    }
    EXPECT_EQ(record.open.facts().SerializeAsString(),
              running.record().open.facts().SerializeAsString());
    ASSERT_EQ(record.sealed.people_size(), 2);
    const type::Folded folded = Fold(kCaseId, record);
    if (lost_from == 0) {
      EXPECT_EQ(record.sealed.people(1).identity(), "");
      EXPECT_THAT(folded.timers, IsEmpty()) << "there is no birth date to go by";
    } else {
      EXPECT_EQ(record.sealed.people(1).identity(), running.record().sealed.people(1).identity());
      EXPECT_THAT(folded.timers, testing::SizeIs(1)) << "looks early, and in vain";
    }
  }
}

TEST(GapOf, NamesWhoseIdentityAnEventMayHaveHeld) {
  v1::IntakeEvent event;
  EXPECT_EQ(GapOf(event).people_size(), 0);
  event.mutable_age_band_changed()->set_person_id("p1");
  EXPECT_EQ(GapOf(event).people_size(), 0);
  event.mutable_case_withdrawn();
  EXPECT_EQ(GapOf(event).people_size(), 0);
  event.mutable_case_updated()->mutable_facts()->add_people()->set_person_id("p1");
  EXPECT_EQ(GapOf(event).people_size(), 0);
  event.mutable_case_updated()->set_identity_changed(true);
  ASSERT_EQ(GapOf(event).people_size(), 1);
  event.mutable_case_registered()->mutable_facts()->add_people()->set_person_id("p1");
  ASSERT_EQ(GapOf(event).people_size(), 1);
  EXPECT_EQ(GapOf(event).people(0).person_id(), "p1");
  EXPECT_EQ(GapOf(event).people(0).identity(), "");
}

TEST(Fold, ListsTheCaseInOrderOfRegistration) {
  RunningCase running = Registered();
  const type::Folded folded = running.Folded();
  EXPECT_THAT(folded.lists, ::testing::ElementsAre(type::ListEntry{"cases", kCaseId, 1}));
  EXPECT_THAT(folded.uniques, IsEmpty());
  ASSERT_TRUE(running.Do(Consent(false)).ok());
  ASSERT_TRUE(running.Do(Withdraw()).ok());
  EXPECT_EQ(running.Folded().lists, folded.lists) << "stays where it was registered";
  EXPECT_THAT(RunningCase().Folded().lists, IsEmpty());
}

TEST(Fold, SetsOneTimerAtTheMonthOfTheEarliestBandChange) {
  // 2023-08-01 06:00 UTC, of p2.
  const type::TimerEntry first{"age-band", 1'690'869'600};
  // 2029-08-01 06:00 UTC.
  const type::TimerEntry second{"age-band", 1'880'258'400};
  RunningCase running = Registered();
  EXPECT_THAT(running.Folded().timers, ::testing::ElementsAre(first));
  ASSERT_TRUE(running.Do(NewBand("p2", type::v1::AGE_BAND_12_17, Date(2029, 8))).ok());
  EXPECT_THAT(running.Folded().timers, ::testing::ElementsAre(second));
  ASSERT_TRUE(running.Do(NewBand("p2", type::v1::AGE_BAND_60_PLUS, {})).ok());
  ASSERT_TRUE(running.Do(NewBand("p1", type::v1::AGE_BAND_60_PLUS, {})).ok());
  EXPECT_THAT(running.Folded().timers, IsEmpty());
  EXPECT_THAT(Withdrawn().Folded().timers, IsEmpty());
  EXPECT_THAT(RunningCase().Folded().timers, IsEmpty());
}

TEST(Fold, TheMonthBeginsAtThePlaceOfTheCase) {
  RunningCase running = Registered();
  const std::tuple<const char*, int64_t> rows[] = {{"MX-ROO", -3'600}, {"MX-SON", 3'600}};
  for (const auto& [place, shift] : rows) {
    ASSERT_TRUE(running.Do(NewFacts(running, place)).ok());
    EXPECT_THAT(running.Folded().timers,
                ::testing::ElementsAre(type::TimerEntry{"age-band", 1'690'869'600 + shift}))
        << place;
  }
}

// Of the month that is on file nobody is known to be the reason.
TEST(Decide, AnUpdateOfSomeKeepsTheEarlierMonth) {
  const struct {
    const char* name;
    std::vector<std::string> people;
    type::v1::PartialDate before;
    type::v1::PartialDate brought;
    type::v1::PartialDate after;
  } rows[] = {
      {"later", {"p2"}, Date(2025, 6), Date(2025, 7), Date(2025, 6)},
      {"earlier", {"p2"}, Date(2025, 6), Date(2025, 5), Date(2025, 5)},
      {"never", {"p2"}, Date(2025, 6), {}, Date(2025, 6)},
      {"first", {"p2"}, {}, Date(2025, 7), Date(2025, 7)},
      {"all, later", {"p1", "p2"}, Date(2025, 6), Date(2025, 7), Date(2025, 7)},
      {"all, never", {"p1", "p2"}, Date(2025, 6), {}, {}},
  };
  for (const auto& row : rows) {
    CaseRecord record = Registered().record();
    *record.sealed.mutable_band_changes_in() = row.before;
    v1::IntakeCommand command;
    v1::IntakeSealed& sealed = *command.mutable_update_case()->mutable_sealed();
    for (const std::string& person : row.people) *sealed.add_people() = Sealed(person, "new");
    *sealed.mutable_band_changes_in() = row.brought;
    const auto events = Decide(record, command, 0, {kCaseId, 1, absl::UnixEpoch()});
    ASSERT_TRUE(events.ok()) << events.status();
    EXPECT_EQ(events->at(0).sealed.band_changes_in().SerializeAsString(),
              row.after.SerializeAsString())
        << row.name << ": another month would tell of whom it is";
    ASSERT_TRUE(Evolve(record, events->at(0), {kCaseId, 2, absl::UnixEpoch()}).ok());
    EXPECT_EQ(record.sealed.band_changes_in().SerializeAsString(), row.after.SerializeAsString())
        << row.name;
  }
}

// A restored update whose identities are lost: those on file may have been corrected by it.
TEST(Evolve, WhoseIdentityIsOutdatedHasNoTimer) {
  RunningCase running = Registered();
  CaseRecord record = running.record();
  CaseEvent event;
  event.event.set_case_id(kCaseId);
  *event.event.mutable_case_updated()->mutable_facts() = record.open.facts();
  event.event.mutable_case_updated()->set_identity_changed(true);
  event.sealed = GapOf(event.event);
  ASSERT_TRUE(Evolve(record, event, {kCaseId, 2, absl::UnixEpoch()}).ok());
  EXPECT_EQ(record.sealed.people(1).identity(), "sealed Ana");
  EXPECT_TRUE(record.sealed.people(1).outdated());
  EXPECT_THAT(Fold(kCaseId, record).timers, IsEmpty());
  event.sealed.clear_people();
  *event.sealed.add_people() = Sealed("p2", "given again");
  *event.sealed.mutable_band_changes_in() = Date(2024, 2);
  ASSERT_TRUE(Evolve(record, event, {kCaseId, 3, absl::UnixEpoch()}).ok());
  EXPECT_FALSE(record.sealed.people(1).outdated());
  EXPECT_THAT(Fold(kCaseId, record).timers, SizeIs(1));
}

}  // namespace
}  // namespace pathways::intake
