// Goal: who copies intake's database, or keeps it after a person's key is destroyed, learns of a
// birth date no more than year and month. Method: two databases of people who differ in the day of
// birth alone, read column by column as a thief without keys would, must be the same; and what is
// derived from one of them is compared with the truth, so that the bound is not only a hope.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "pathways/intake/v1/events.pb.h"
#include "pathways/intake/v1/state.pb.h"
#include "services/base/clock.h"
#include "services/base/serialize.h"
#include "services/engine/store/sqlite.h"
#include "services/engine/store/sqlite_store.h"
#include "services/follow/submit.h"
#include "services/follow/timer_loop.h"
#include "services/intake/age_band.h"
#include "services/intake/domain_adapter.h"
#include "services/intake/requests.h"
#include "services/type/dates.h"
#include "services/type/names.h"
#include "tests/intake/builders.h"
#include "tests/intake/edge_support.h"
#include "tests/support/temp_folder.h"

namespace pathways::intake {
namespace {

using testing::ElementsAreArray;
using testing::Not;

using Births = std::vector<type::v1::PartialDate>;

absl::Time Noon(absl::CivilDay day) {
  return absl::FromCivil(day, absl::UTCTimeZone()) + absl::Hours(18);
}

// Intake on a database file of its own, with a clock set by hand.
class Post {
 public:
  Post() { loop_.Stop(); }

  // Registers people who were born on these days, or changes the identity of the first of them.
  void Register(absl::CivilDay today, const Births& births) {
    clock_.Set(Noon(today));
    v1::RegisterCaseRequest request;
    request.set_request_id(kRequestId);
    request.mutable_case_()->set_consent(true);
    for (const type::v1::PartialDate& birth : births) {
      v1::Person& person = *request.mutable_case_()->add_people() = GoodPerson();
      *person.mutable_identity()->mutable_date_of_birth() = birth;
    }
    request.mutable_case_()->mutable_people(0)->set_relationship(type::v1::RELATIONSHIP_PRINCIPAL);
    people_ = request.case_();
    const auto command = RegisterCommand(request, Desk(), *keyring_, Facts(), clock_.Now());
    ASSERT_TRUE(command.ok()) << command.status();
    stream_ = command->stream;
    ASSERT_TRUE(follow::SubmitAll(engine_, {*command}).ok());
  }

  void CorrectFirst(const type::v1::PartialDate& birth) {
    v1::UpdateCaseRequest request;
    request.set_request_id(kOtherRequestId);
    *request.mutable_case_() = people_;
    request.mutable_case_()->set_name(type::CaseName(stream_));
    for (v1::Person& person : *request.mutable_case_()->mutable_people()) person.clear_identity();
    *request.mutable_case_()->mutable_people(0)->mutable_identity() = people_.people(0).identity();
    *First(*request.mutable_case_()).mutable_date_of_birth() = birth;
    request.mutable_update_mask()->add_paths("people");
    request.mutable_update_mask()->add_paths("people.*.identity");
    const auto command =
        UpdateCommand(request, Desk(), *keyring_, Facts(), domain_, *store_, clock_.Now());
    ASSERT_TRUE(command.ok()) << command.status();
    ASSERT_TRUE(follow::SubmitAll(engine_, {*command}).ok());
  }

  void LookForDueTimers(absl::CivilDay today) {
    clock_.Set(Noon(today));
    ASSERT_TRUE(loop_.FireDue().ok());
  }

  // Every column that is no random or keyed value, with the case id named alike, and ciphertexts
  // and keyed hashes by their length.
  std::vector<std::string> Columns() {
    std::vector<std::string> rows;
    const auto db = engine::SqliteConnection::Open(path_, /*create=*/false);
    EXPECT_TRUE(db.ok()) << db.status();
    const struct {
      const char* select;
      int columns;
      int sealed;  // The sealed column. -1: none.
    } tables[] = {
        {"SELECT id, version, evolve_version, time, state, sealed FROM streams", 6, 5},
        {"SELECT stream, number, position, type, time, data, sealed FROM events", 7, 6},
        {"SELECT stream, kind, due FROM timers", 3, -1},
        {"SELECT name, key, stream FROM list_index", 3, -1},
        {"SELECT name, key, stream FROM unique_index", 3, -1},
        {"SELECT stream, upstream, number, fingerprints FROM applied", 4, -1},
        {"SELECT stream, upstream, number, reason FROM parked", 4, -1},
        {"SELECT stream, number FROM requests", 2, -1},
        {"SELECT time, principal, method, stream, number FROM audit", 5, -1},
        {"SELECT name, key, value FROM projections", 3, -1},
        {"SELECT stream, person_id FROM keys", 2, -1},
    };
    for (const auto& table : tables) {
      engine::SqliteStatement row = (*db)->Prepare(table.select);
      while (row.Step()) {
        std::string line = table.select;
        for (int i = 0; i < table.columns; ++i) {
          const std::string bytes = row.ColumnBytes(i);
          absl::StrAppend(&line, "|", i == table.sealed ? WithoutCiphertext(bytes) : bytes);
        }
        rows.push_back(absl::StrReplaceAll(line, {{stream_, "the case"}}));
      }
      EXPECT_TRUE(row.status().ok()) << row.status();
    }
    // Some tables are in the order of random keys.
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  // What the columns tell of the first person's birth: the month in which a band changes, less the
  // age at which the person's band ends. Nothing known: empty.
  type::v1::PartialDate DerivedBirth() {
    static constexpr std::pair<type::v1::AgeBand, int> kEnds[] = {{type::v1::AGE_BAND_0_4, 5},
                                                                  {type::v1::AGE_BAND_5_11, 12},
                                                                  {type::v1::AGE_BAND_12_17, 18},
                                                                  {type::v1::AGE_BAND_18_20, 21},
                                                                  {type::v1::AGE_BAND_21_59, 60}};
    v1::IntakeState state;
    EXPECT_TRUE(state.ParseFromString(store_->ReadState(stream_)->state.open));
    const auto timers = store_->ReadDueTimers(absl::InfiniteFuture(), {}, 10);
    if (!timers.ok() || timers->empty()) return {};
    const absl::CivilDay due =
        absl::ToCivilDay(absl::FromUnixSeconds(timers->at(0).due_unix_seconds) - absl::Hours(6),
                         absl::UTCTimeZone());
    for (const auto& [band, years] : kEnds) {
      if (state.facts().people(0).age_band() != band) continue;
      return Date(static_cast<int>(due.year()) - years, due.month(), due.day());
    }
    return {};
  }

 private:
  static std::string WithoutCiphertext(const std::string& bytes) {
    v1::IntakeSealed sealed;
    EXPECT_TRUE(sealed.ParseFromString(bytes));
    for (v1::SealedPerson& person : *sealed.mutable_people()) {
      person.set_identity(std::string(person.identity().size(), '*'));
    }
    // A keyed hash, whose key is not in the store.
    sealed.set_content(std::string(sealed.content().size(), '*'));
    return base::SerializeDeterministic(sealed);
  }

  const testing_support::TempFolder folder_;
  const std::string path_ = folder_.path() + "/intake.db";
  const std::unique_ptr<host::Keyring> keyring_ = NewKeyring();
  base::ManualClock clock_{absl::UnixEpoch()};
  const std::unique_ptr<engine::SqliteStore> store_ = *engine::SqliteStore::Open(path_, clock_);
  const IntakeDomain domain_;
  engine::Engine engine_{domain_, *store_, {}};
  follow::TimerLoop loop_{*store_, engine_,
                          [this](const engine::TimerRow& timer, absl::Time now) {
                            return ChangeAgeBand(domain_, *store_, *keyring_, timer, now);
                          },
                          absl::Hours(1), nullptr};
  std::string stream_;
  v1::Case people_;
};

TEST(Outsider, CannotTellTwoDaysOfBirthOfOneMonthApart) {
  const struct {
    const char* name;
    Births one;
    Births other;
  } rows[] = {
      {"turns 5", {Date(2018, 8, 9)}, {Date(2018, 8, 30)}},
      {"turns 12", {Date(2011, 8, 9)}, {Date(2011, 8, 30)}},
      {"turns 18", {Date(2005, 8, 9)}, {Date(2005, 8, 30)}},
      {"turns 21", {Date(2002, 8, 9)}, {Date(2002, 8, 30)}},
      {"turns 60", {Date(1963, 8, 9)}, {Date(1963, 8, 30)}},
      {"turns 60 in many years", {Date(1990, 4, 1)}, {Date(1990, 4, 30)}},
      {"is over 60", {Date(1950, 1, 1)}, {Date(1950, 12, 31)}},
      {"a family",
       {Date(1985, 3, 9), Date(1987, 11, 9), Date(2014, 8, 9)},
       {Date(1985, 3, 30), Date(1987, 11, 30), Date(2014, 8, 30)}},
      // Whose band changes later than another's of the case: not even the month.
      {"a family's parents",
       {Date(1985, 3, 9), Date(2014, 8, 9)},
       {Date(1984, 1, 30), Date(2014, 8, 9)}},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    Post one;
    Post other;
    one.Register(kToday, row.one);
    other.Register(kToday, row.other);
    EXPECT_THAT(one.Columns(), ElementsAreArray(other.Columns()));
    // Nor do the looks of the days before tell.
    for (int day = 1; day < 9; ++day) {
      one.LookForDueTimers(absl::CivilDay(2023, 8, day));
      other.LookForDueTimers(absl::CivilDay(2023, 8, day));
    }
    EXPECT_THAT(one.Columns(), ElementsAreArray(other.Columns()));
  }
}

TEST(Outsider, CannotTellCorrectedDatesApart) {
  const struct {
    const char* name;
    type::v1::PartialDate one;
    type::v1::PartialDate other;
  } rows[] = {
      {"two days of one month", Date(2005, 8, 9), Date(2005, 8, 30)},
      {"who does not change first", Date(1985, 3, 9), Date(1984, 1, 30)},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    Post one;
    Post other;
    for (Post* post : {&one, &other}) post->Register(kToday, {Date(1990), Date(2014, 8, 9)});
    one.CorrectFirst(row.one);
    other.CorrectFirst(row.other);
    EXPECT_THAT(one.Columns(), ElementsAreArray(other.Columns()));
  }
}

// Else the comparison of columns would prove nothing.
TEST(Outsider, CanTellOneMonthFromAnother) {
  Post one;
  Post other;
  one.Register(kToday, {Date(2005, 8, 9)});
  other.Register(kToday, {Date(2005, 9, 9)});
  EXPECT_THAT(one.Columns(), Not(ElementsAreArray(other.Columns())));
}

// The bound as SECURITY.md states it.
TEST(Outsider, DerivesYearAndMonthAndNoDay) {
  for (const type::v1::PartialDate& birth :
       {Date(2018, 8, 9), Date(2011, 12, 31), Date(2005, 9, 28), Date(2002, 10, 2),
        Date(1990, 4, 17)}) {
    Post post;
    post.Register(kToday, {birth});
    const type::v1::PartialDate derived = post.DerivedBirth();
    EXPECT_EQ(derived.year(), birth.year());
    EXPECT_EQ(derived.month(), birth.month());
    EXPECT_EQ(derived.day(), 1) << "of every month alike";
  }
  Post old;
  old.Register(kToday, {Date(1950, 4, 17)});
  EXPECT_TRUE(type::IsEmpty(old.DerivedBirth()));
}

}  // namespace
}  // namespace pathways::intake
