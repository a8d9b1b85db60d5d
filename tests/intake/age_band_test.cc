// Goal: a person's band changes on the birthday, at midnight of the desk, whoever else has one that
// day, and nothing but bands leaves the seal. Method: cases on the memory store, the real timer
// loop, and a clock set to the second before and after.
#include "services/intake/age_band.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pathways/intake/v1/events.pb.h"
#include "pathways/intake/v1/state.pb.h"
#include "services/base/clock.h"
#include "services/base/ids.h"
#include "services/follow/submit.h"
#include "services/follow/timer_loop.h"
#include "services/intake/domain_adapter.h"
#include "services/intake/requests.h"
#include "services/type/dates.h"
#include "services/type/names.h"
#include "tests/intake/builders.h"
#include "tests/intake/edge_support.h"
#include "tests/sim/memory_store.h"

namespace pathways::intake {
namespace {

using testing::ElementsAre;

// Midnight of the desk as a day begins.
absl::Time Midnight(absl::CivilDay day) {
  return absl::FromCivil(day, absl::UTCTimeZone()) + absl::Hours(6);
}

class AgeBandTest : public testing::Test {
 protected:
  AgeBandTest() { loop_.Stop(); }

  // Registers on a day a case whose people were born on these days. Its stream.
  std::string Register(absl::CivilDay today, const std::vector<type::v1::PartialDate>& births,
                       const std::string& place = "") {
    clock_.Set(Midnight(today) + absl::Hours(12));
    v1::RegisterCaseRequest request;
    request.set_request_id(base::NewUuid());
    v1::Case& content = *request.mutable_case_();
    content.set_consent(true);
    for (const type::v1::PartialDate& birth : births) {
      v1::Person& person = *content.add_people() = GoodPerson();
      *person.mutable_identity()->mutable_date_of_birth() = birth;
    }
    content.mutable_people(0)->set_relationship(type::v1::RELATIONSHIP_PRINCIPAL);
    content.mutable_people(0)->set_state(place);
    people_ = content;
    const auto command = RegisterCommand(request, Desk(), *keyring_, Facts(), clock_.Now());
    EXPECT_TRUE(command.ok()) << command.status();
    EXPECT_TRUE(follow::SubmitAll(engine_, {*command}).ok());
    return command->stream;
  }

  bool Withdraw(const std::string& stream) {
    v1::WithdrawCaseRequest request;
    request.set_name(type::CaseName(stream));
    request.set_request_id(base::NewUuid());
    return follow::SubmitAll(engine_, {*WithdrawCommand(request, Desk(), *keyring_)}).ok();
  }

  std::vector<type::v1::AgeBand> Bands(const std::string& stream) {
    v1::IntakeState state;
    EXPECT_TRUE(state.ParseFromString(store_.ReadState(stream)->state.open));
    std::vector<type::v1::AgeBand> bands;
    for (const auto& person : state.facts().people()) bands.push_back(person.age_band());
    return bands;
  }

  size_t FireAt(absl::Time time) {
    clock_.Set(time);
    const auto fired = loop_.FireDue();
    EXPECT_TRUE(fired.ok()) << fired.status();
    return fired.value_or(0);
  }

  v1::Case people_;  // As last registered.
  int looks_ = 0;
  const std::unique_ptr<host::Keyring> keyring_ = NewKeyring();
  base::ManualClock clock_{Midnight(kToday)};
  sim::MemoryStore store_{clock_, "log"};
  const IntakeDomain domain_;
  engine::Engine engine_{domain_, store_, {}};
  follow::TimerLoop loop_{store_, engine_,
                          [this](const engine::TimerRow& timer, absl::Time now) {
                            ++looks_;
                            return ChangeAgeBand(domain_, store_, *keyring_, timer, now);
                          },
                          absl::Hours(1), nullptr};
};

TEST_F(AgeBandTest, ABandChangesOnTheBirthdayAtMidnight) {
  const struct {
    const char* name;
    absl::CivilDay today;
    type::v1::PartialDate birth;
    type::v1::AgeBand before;
    absl::CivilDay day;
    type::v1::AgeBand after;
  } rows[] = {
      {"5", kToday, Date(2018, 8, 1), type::v1::AGE_BAND_0_4, absl::CivilDay(2023, 8, 1),
       type::v1::AGE_BAND_5_11},
      {"12", kToday, Date(2011, 8, 1), type::v1::AGE_BAND_5_11, absl::CivilDay(2023, 8, 1),
       type::v1::AGE_BAND_12_17},
      {"18", kToday, Date(2005, 7, 29), type::v1::AGE_BAND_12_17, absl::CivilDay(2023, 7, 29),
       type::v1::AGE_BAND_18_20},
      {"21", kToday, Date(2002, 12, 31), type::v1::AGE_BAND_18_20, absl::CivilDay(2023, 12, 31),
       type::v1::AGE_BAND_21_59},
      {"60", kToday, Date(1964, 1, 1), type::v1::AGE_BAND_21_59, absl::CivilDay(2024, 1, 1),
       type::v1::AGE_BAND_60_PLUS},
      {"18 on a day that the year has not", absl::CivilDay(2022, 2, 1), Date(2004, 2, 29),
       type::v1::AGE_BAND_12_17, absl::CivilDay(2022, 3, 1), type::v1::AGE_BAND_18_20},
      {"12 on a leap day", absl::CivilDay(2020, 2, 1), Date(2008, 2, 29), type::v1::AGE_BAND_5_11,
       absl::CivilDay(2020, 2, 29), type::v1::AGE_BAND_12_17},
      {"only the month is known: surely not 18 any more", kToday, Date(2005, 8),
       type::v1::AGE_BAND_12_17, absl::CivilDay(2023, 8, 1), type::v1::AGE_BAND_UNKNOWN},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    const std::string stream = Register(row.today, {row.birth});
    EXPECT_THAT(Bands(stream), ElementsAre(row.before));
    EXPECT_EQ(FireAt(Midnight(row.day) - absl::Seconds(1)), 0U);
    EXPECT_EQ(FireAt(Midnight(row.day)), 1U);
    EXPECT_THAT(Bands(stream), ElementsAre(row.after));
    EXPECT_EQ(FireAt(Midnight(row.day)), 0U);
    ASSERT_TRUE(Withdraw(stream));  // The next row's clock must not find it.
  }
}

TEST_F(AgeBandTest, TwoWhoChangeOnTheSameDayBothDo) {
  const std::string stream =
      Register(kToday, {Date(2002, 8, 1), Date(2011, 8, 1), Date(1990, 1, 1)});
  const absl::Time day = Midnight(absl::CivilDay(2023, 8, 1));
  EXPECT_EQ(FireAt(day), 1U);
  EXPECT_THAT(Bands(stream), ElementsAre(type::v1::AGE_BAND_21_59, type::v1::AGE_BAND_5_11,
                                         type::v1::AGE_BAND_21_59));
  EXPECT_EQ(FireAt(day), 1U);
  EXPECT_THAT(Bands(stream), ElementsAre(type::v1::AGE_BAND_21_59, type::v1::AGE_BAND_12_17,
                                         type::v1::AGE_BAND_21_59));
  EXPECT_EQ(FireAt(day), 0U);
}

TEST_F(AgeBandTest, WhoWasNotLookedAtForYearsGetsTheBandOfToday) {
  const std::string stream = Register(kToday, {Date(2011, 8, 1)});
  EXPECT_EQ(FireAt(Midnight(absl::CivilDay(2033, 1, 1))), 1U);
  EXPECT_THAT(Bands(stream), ElementsAre(type::v1::AGE_BAND_21_59));
  EXPECT_EQ(FireAt(Midnight(absl::CivilDay(2033, 1, 1))), 0U);
}

TEST_F(AgeBandTest, TheEventNamesThePersonAndTheBand) {
  const std::string stream = Register(kToday, {Date(2011, 8, 1)});
  FireAt(Midnight(absl::CivilDay(2023, 8, 1)));
  const auto events = store_.ReadStream(stream, 2, 10, /*with_sealed=*/false);
  ASSERT_EQ(events->size(), 1U);
  v1::IntakeEvent expected;
  expected.set_case_id(stream);
  expected.mutable_age_band_changed()->set_person_id("p1");
  expected.mutable_age_band_changed()->set_age_band(type::v1::AGE_BAND_12_17);
  EXPECT_EQ(events->at(0).data, expected.SerializeAsString());
  EXPECT_EQ(events->at(0).cause.service(), "timer");
}

TEST_F(AgeBandTest, AWithdrawnCaseHasNoTimer) {
  const std::string stream = Register(kToday, {Date(2011, 8, 1)});
  ASSERT_TRUE(Withdraw(stream));
  EXPECT_EQ(FireAt(Midnight(absl::CivilDay(2023, 8, 1))), 0U);
}

TEST_F(AgeBandTest, WhatCannotBeOpenedIsDataLoss) {
  const std::string stream = Register(kToday, {Date(2011, 8, 1)});
  const std::string never = Register(kToday, {Date(1950)});
  const auto payload = [&](const std::string& of, const host::Keyring& keyring) {
    return ChangeAgeBand(domain_, store_, keyring, {of, "age-band", 0}, clock_.Now())
        .status()
        .code();
  };
  EXPECT_EQ(payload(stream, *keyring_), absl::StatusCode::kOk);
  EXPECT_EQ(payload(stream, *NewKeyring()), absl::StatusCode::kDataLoss);
  EXPECT_EQ(payload(never, *keyring_), absl::StatusCode::kOk) << "there is nothing to do";
  EXPECT_EQ(payload(never, *NewKeyring()), absl::StatusCode::kDataLoss);
  EXPECT_EQ(payload(kCaseId, *keyring_), absl::StatusCode::kDataLoss);
}

// The timer is due from the first of the month on.
TEST_F(AgeBandTest, LooksOnceADayInTheMonthAndLeavesNoTrace) {
  const std::string stream = Register(kToday, {Date(2011, 8, 20)});
  const absl::CivilDay first(2023, 8, 1);
  EXPECT_EQ(FireAt(Midnight(first) - absl::Seconds(1)), 0U);
  EXPECT_EQ(looks_, 0);
  for (absl::CivilDay day = first; day < absl::CivilDay(2023, 8, 20); ++day) {
    const int before = looks_;
    EXPECT_EQ(FireAt(Midnight(day)), 0U);
    for (int hour = 1; hour < 24; ++hour) EXPECT_EQ(FireAt(Midnight(day) + absl::Hours(hour)), 0U);
    EXPECT_EQ(looks_, before + 1) << day;
  }
  EXPECT_EQ(store_.ReadState(stream)->version, 1);
  EXPECT_EQ(FireAt(Midnight(absl::CivilDay(2023, 8, 20)) - absl::Seconds(1)), 0U);
  EXPECT_EQ(FireAt(Midnight(absl::CivilDay(2023, 8, 20))), 1U);
  EXPECT_THAT(Bands(stream), ElementsAre(type::v1::AGE_BAND_12_17));
  EXPECT_EQ(store_.ReadState(stream)->version, 2);
}

TEST_F(AgeBandTest, TheDayBeginsWhereTheCaseIs) {
  const struct {
    const char* place;
    absl::Duration after;  // After midnight in Chiapas.
  } rows[] = {{"", absl::ZeroDuration()},
              {"MX-CHP", absl::ZeroDuration()},
              {"mx-roo", absl::Hours(-1)},
              {"MX-SON", absl::Hours(1)},
              {"MX-BCN", absl::Hours(1)}};  // Summer time.
  for (const auto& row : rows) {
    for (const absl::CivilDay day : {absl::CivilDay(2023, 8, 1), absl::CivilDay(2023, 8, 20)}) {
      SCOPED_TRACE(row.place);
      const std::string stream = Register(kToday, {Date(2011, day.month(), day.day())}, row.place);
      EXPECT_EQ(FireAt(Midnight(day) + row.after - absl::Seconds(1)), 0U);
      EXPECT_EQ(FireAt(Midnight(day) + row.after), 1U);
      EXPECT_THAT(Bands(stream), ElementsAre(type::v1::AGE_BAND_12_17));
      ASSERT_TRUE(Withdraw(stream));
    }
  }
}

// 20 August had begun in Quintana Roo; in Sonora it is still the 19th.
TEST_F(AgeBandTest, NobodyGrowsYoungerByGoingWest) {
  const absl::CivilDay day(2023, 8, 20);
  const std::string stream = Register(kToday, {Date(2011, 8, 20), Date(2005, 8, 20)}, "MX-ROO");
  EXPECT_EQ(FireAt(Midnight(day) - absl::Hours(1)), 1U);
  EXPECT_THAT(Bands(stream), ElementsAre(type::v1::AGE_BAND_12_17, type::v1::AGE_BAND_12_17));
  v1::UpdateCaseRequest request;
  request.set_request_id(base::NewUuid());
  *request.mutable_case_() = people_;
  request.mutable_case_()->set_name(type::CaseName(stream));
  for (v1::Person& person : *request.mutable_case_()->mutable_people()) person.clear_identity();
  request.mutable_case_()->mutable_people(0)->set_state("MX-SON");
  request.mutable_update_mask()->add_paths("people");
  const auto command =
      UpdateCommand(request, Desk(), *keyring_, Facts(), domain_, store_, clock_.Now());
  ASSERT_TRUE(command.ok()) << command.status();
  ASSERT_TRUE(follow::SubmitAll(engine_, {*command}).ok());
  EXPECT_EQ(FireAt(Midnight(day)), 0U);
  EXPECT_EQ(FireAt(Midnight(day) + absl::Hours(1)), 1U);
  EXPECT_THAT(Bands(stream), ElementsAre(type::v1::AGE_BAND_12_17, type::v1::AGE_BAND_18_20));
}

// As after a person's key is destroyed.
TEST_F(AgeBandTest, OneWhoCannotBeOpenedKeepsNoOther) {
  const std::string stream = Register(kToday, {Date(2002, 8, 1), Date(2011, 8, 20)});
  v1::IntakeCommand command;
  v1::SealedPerson& lost = *command.mutable_update_case()->mutable_sealed()->add_people();
  lost.set_person_id("p1");
  lost.set_identity("what no key opens");
  ASSERT_TRUE(
      follow::SubmitAll(
          engine_,
          {{stream, command.SerializeAsString(), engine::RequestOrigin{"", "", "staff/a", ""}, {}}})
          .ok());
  clock_.Set(Midnight(absl::CivilDay(2023, 8, 1)));
  EXPECT_EQ(loop_.FireDue().status().code(), absl::StatusCode::kDataLoss) << "to be seen";
  EXPECT_EQ(FireAt(Midnight(absl::CivilDay(2023, 8, 20))), 1U);
  EXPECT_THAT(Bands(stream), ElementsAre(type::v1::AGE_BAND_18_20, type::v1::AGE_BAND_12_17));
}

}  // namespace
}  // namespace pathways::intake
