// Goal: a person's band changes on the birthday, at midnight of the desk, whoever else has one that
// day, and nothing but bands leaves the seal. Method: cases on the memory store, the real timer
// loop, and a clock set to the second before and after.
#include "services/intake/age_band.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pathways/intake/v1/events.pb.h"
#include "pathways/intake/v1/state.pb.h"
#include "services/intake/domain_adapter.h"
#include "services/intake/requests.h"
#include "services/runtime/clock.h"
#include "services/runtime/ids.h"
#include "services/runtime/store/memory_store.h"
#include "services/runtime/submit.h"
#include "services/runtime/timer_loop.h"
#include "services/type/dates.h"
#include "services/type/names.h"
#include "tests/intake/builders.h"
#include "tests/intake/edge_support.h"

namespace pathways::intake {
namespace {

using testing::ElementsAre;

// Midnight of the desk as a day begins.
absl::Time Midnight(absl::CivilDay day) {
  return absl::FromCivil(day, absl::UTCTimeZone()) + absl::Hours(6);
}

TEST(DeskDay, BeginsAtSixUtcTheWholeYear) {
  for (const absl::CivilDay day : {absl::CivilDay(2023, 1, 15), absl::CivilDay(2023, 7, 15)}) {
    EXPECT_EQ(type::DeskDay(Midnight(day) - absl::Seconds(1)), day - 1);
    EXPECT_EQ(type::DeskDay(Midnight(day)), day);
  }
}

class AgeBandTest : public testing::Test {
 protected:
  AgeBandTest() { loop_.Stop(); }

  // Registers on a day a case whose people were born on these days. Its stream.
  std::string Register(absl::CivilDay today, const std::vector<type::v1::PartialDate>& births) {
    clock_.Set(Midnight(today) + absl::Hours(12));
    v1::RegisterCaseRequest request;
    request.set_request_id(runtime::NewUuid());
    v1::Case& content = *request.mutable_case_();
    content.set_consent(true);
    for (const type::v1::PartialDate& birth : births) {
      v1::Person& person = *content.add_people() = GoodPerson();
      *person.mutable_identity()->mutable_date_of_birth() = birth;
    }
    content.mutable_people(0)->set_relationship(type::v1::RELATIONSHIP_PRINCIPAL);
    const auto command = RegisterCommand(request, Desk(), *keyring_, clock_.Now());
    EXPECT_TRUE(command.ok()) << command.status();
    EXPECT_TRUE(SubmitAll(engine_, {*command}).ok());
    return command->stream;
  }

  bool Withdraw(const std::string& stream) {
    v1::WithdrawCaseRequest request;
    request.set_name(type::CaseName(stream));
    request.set_request_id(runtime::NewUuid());
    return SubmitAll(engine_, {*WithdrawCommand(request, Desk(), *keyring_)}).ok();
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

  const std::unique_ptr<runtime::Keyring> keyring_ = NewKeyring();
  runtime::ManualClock clock_{Midnight(kToday)};
  runtime::MemoryStore store_{clock_, "log"};
  const IntakeDomain domain_;
  runtime::Engine engine_{domain_, store_, {}};
  runtime::TimerLoop loop_{store_,
                           engine_,
                           clock_,
                           [this](const runtime::TimerRow& timer) {
                             return ChangeAgeBand(store_, *keyring_, timer, clock_.Now());
                           },
                           absl::Hours(1),
                           nullptr};
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
  const auto payload = [&](const std::string& of, const runtime::Keyring& keyring) {
    return ChangeAgeBand(store_, keyring, {of, "age-band", 0}, clock_.Now()).status().code();
  };
  EXPECT_EQ(payload(stream, *keyring_), absl::StatusCode::kOk);
  EXPECT_EQ(payload(stream, *NewKeyring()), absl::StatusCode::kDataLoss);
  EXPECT_EQ(payload(never, *keyring_), absl::StatusCode::kDataLoss);
  EXPECT_EQ(payload(kCaseId, *keyring_), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace pathways::intake
