// Goal: every cell of a CSV row becomes the field it means, or its fault is named by line and
// column and never by value, whatever program wrote the file. Method: one change of a good row per
// case.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "services/base/ids.h"
#include "services/cli/fact_answers.h"
#include "services/cli/import_file.h"
#include "tests/cli/import_support.h"

namespace pathways::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(ImportCsv, MapsEveryColumn) {
  const Reading reading = Read(File({Row("TAP-1"), Row("TAP-1", {{"relationship", "child"},
                                                                 {"given_names", "Ana"},
                                                                 {"first_surname", ""},
                                                                 {"second_surname", ""},
                                                                 {"sex", "x"},
                                                                 {"date_of_birth", "2015"},
                                                                 {"nationality", "XXA"},
                                                                 {"other_nationality", ""},
                                                                 {"document_type", "NONE"},
                                                                 {"document_number", ""},
                                                                 {"phone", ""},
                                                                 {"language", ""},
                                                                 {"entry_date", ""},
                                                                 {"in_mexico", ""},
                                                                 {"state", ""},
                                                                 {"refugee_claim", ""},
                                                                 {"left_country_for_fear", "no"},
                                                                 {"seeks_work", ""},
                                                                 {"needs", ""},
                                                                 {"consent", ""},
                                                                 {"registered_on", ""}})}));
  ASSERT_TRUE(reading.open.ok()) << reading.open;
  ASSERT_TRUE(reading.status.ok()) << reading.status;
  EXPECT_THAT(reading.ignored, IsEmpty());
  ASSERT_THAT(reading.items, SizeIs(1));
  const ImportItem& item = reading.items[0];
  EXPECT_THAT(Places(item), IsEmpty());
  EXPECT_EQ(item.household_number, "TAP-1");
  EXPECT_EQ(item.first_line, 2);
  EXPECT_THAT(item.lines, ElementsAre(2, 3));
  EXPECT_EQ(item.request.request_id(), base::UuidOf("registration/TAP-1"));
  EXPECT_EQ(item.request.case_().ShortDebugString(),
            "people { identity { given_names: \"Mar\\303\\255a Jos\\303\\251\" "
            "first_surname: \"P\\303\\251rez\" second_surname: \"G\\303\\263mez\" "
            "date_of_birth { year: 1990 month: 4 day: 17 } "
            "documents { type: DOCUMENT_TYPE_PASSPORT number: \"V1234567\" } "
            "phone: \"+529621234567\" language: \"es\" registration_number: \"TAP-1\" } "
            "relationship: RELATIONSHIP_PRINCIPAL sex: SEX_FEMALE nationalities: \"VE\" "
            "nationalities: \"HTI\" entry_date { year: 2023 month: 6 day: 15 } "
            "state: \"MX-CHP\" refugee_claim: REFUGEE_CLAIM_NONE needs: \"SP-PT\" needs: \"LP-ND\" "
            "answers { fact: \"in_mexico\" yes: true } "
            "answers { fact: \"left_country_for_fear\" yes: true } "
            "answers { fact: \"seeks_work\" yes: false } } "
            "people { identity { given_names: \"Ana\" date_of_birth { year: 2015 } "
            "registration_number: \"TAP-1\" } relationship: RELATIONSHIP_CHILD sex: SEX_OTHER "
            "nationalities: \"XXA\" entry_date { } "
            "answers { fact: \"left_country_for_fear\" yes: false } } "
            "consent: true");
}

TEST(ImportCsv, ReadsEveryWordOfAColumn) {
  const std::tuple<const char*, std::vector<std::string>> rows[] = {
      {"sex", {"F", "M", "X", "U", "f", " m "}},
      {"document_type",
       {"PASSPORT", "NATIONAL_ID", "BIRTH_CERTIFICATE", "CONSULAR_ID", "OTHER", "other"}},
      {"in_mexico", {"YES", "NO", "", "yes"}},
      {"refugee_claim", {"NONE", "FILED", "RECOGNISED", "REFUSED", ""}},
      {"left_country_for_fear", {"YES", "NO", ""}},
      {"seeks_work", {"YES", "NO", ""}},
      {"consent", {"YES", "NO", "no"}},
      {"language", {"es", "ht", "fr", "en", "pt", ""}}};
  for (const auto& [column, words] : rows) {
    for (const std::string& word : words) {
      const Reading reading = Read(File({Row("TAP-1", {{column, word}})}));
      ASSERT_THAT(reading.items, SizeIs(1));
      EXPECT_THAT(Places(reading.items[0]), IsEmpty()) << column << " " << word;
    }
  }
  for (const char* relationship : {"SPOUSE", "CHILD", "PARENT", "SIBLING", "GRANDPARENT",
                                   "GRANDCHILD", "OTHER_RELATIVE", "NOT_RELATED"}) {
    const Reading reading =
        Read(File({Row("TAP-1"), Row("TAP-1", {{"relationship", relationship}})}));
    ASSERT_THAT(reading.items, SizeIs(1));
    EXPECT_THAT(Places(reading.items[0]), IsEmpty()) << relationship;
  }
}

TEST(ImportCsv, ReadsEveryFormOfADate) {
  const std::tuple<const char*, const char*> rows[] = {{"", "0-0-0"},
                                                       {"1990-04-17", "1990-4-17"},
                                                       {"17/4/1990", "1990-4-17"},
                                                       {"17/04/1990", "1990-4-17"},
                                                       {"3/4/1990", "1990-4-3"},
                                                       {"1990-04", "1990-4-0"},
                                                       {"04/1990", "1990-4-0"},
                                                       {"4/1990", "1990-4-0"},
                                                       {"1990", "1990-0-0"},
                                                       {"90", ""},
                                                       {"1990-4-17", ""},
                                                       {"17-04-1990", ""},
                                                       {"04/17/90", ""},
                                                       {"1990/04/17", ""},
                                                       {"17.4.1990", ""},
                                                       {"1990-00-17", ""},
                                                       {"0/4/1990", ""},
                                                       {"00/1990", ""},
                                                       {"0000", ""},
                                                       {"1990-", ""},
                                                       {"/4/1990", ""},
                                                       {"1990-04-17T00:00", ""},
                                                       {"+990", ""},
                                                       {"-990", ""},
                                                       {"19900417", ""},
                                                       {"1990-04-1/", ""},
                                                       {"abril", ""}};
  for (const auto& [text, expected] : rows) {
    const auto date = ParseDate(text);
    const std::string got =
        date ? absl::StrCat(date->year(), "-", date->month(), "-", date->day()) : "";
    EXPECT_EQ(got, expected) << text;
  }
}

TEST(ImportCsv, NamesTheColumnOfEachFault) {
  const std::string not_utf8 = "Jos\xE9";
  const std::string too_long(201, 'a');
  const std::tuple<std::string, std::string, std::string> rows[] = {
      {"relationship", "", "relationship"},
      {"relationship", kPlanted, "relationship"},
      {"relationship", "UNSPECIFIED", "relationship"},
      {"relationship", "SPOUSE", "relationship"},
      {"given_names", "", "given_names"},
      {"given_names", not_utf8, "given_names"},
      {"given_names", too_long, "given_names"},
      {"given_names", "Ana\x07", "given_names"},
      {"first_surname", too_long, "first_surname"},
      {"first_surname", not_utf8, "first_surname"},
      {"second_surname", too_long, "second_surname"},
      {"sex", "", "sex"},
      {"sex", "W", "sex"},
      {"sex", not_utf8, "sex"},
      {"date_of_birth", "31/02/1990", "date_of_birth"},
      {"date_of_birth", "1871", "date_of_birth"},
      {"date_of_birth", "2023-07-29", "date_of_birth"},
      {"date_of_birth", kPlanted, "date_of_birth"},
      {"nationality", "", "nationality"},
      {"nationality", "ZZ9", "nationality"},
      {"nationality", not_utf8, "nationality"},
      {"other_nationality", "ZZ9", "other_nationality"},
      {"document_type", "", "document_type"},
      {"document_type", "NONE", "document_type"},
      {"document_type", kPlanted, "document_type"},
      {"document_number", "", "document_number"},
      {"document_number", too_long, "document_number"},
      {"phone", "962 123", "phone"},
      {"language", "de", "language"},
      {"entry_date", "2023-06-31", "entry_date"},
      {"entry_date", "2023-07-21", "entry_date"},
      {"entry_date", "1989", "entry_date"},
      {"in_mexico", "MAYBE", "in_mexico"},
      {"state", "CHP", "state"},
      {"refugee_claim", "YES", "refugee_claim"},
      {"left_country_for_fear", "1", "left_country_for_fear"},
      {"seeks_work", "UNSPECIFIED", "seeks_work"},
      {"needs", "SP-PT|ZZ9", "needs"},
      {"needs", kPlanted, "needs"},
      {"consent", "", "consent"},
      {"consent", "MAYBE", "consent"},
      {"consent", not_utf8, "consent"},
      {"registered_on", "2023-07", "registered_on"},
      {"registered_on", "2023-07-29", "registered_on"},
      {"registered_on", kPlanted, "registered_on"},
      {"household_number", "", "household_number"},
      {"household_number", not_utf8, "household_number"},
      {"household_number", std::string(51, '1'), "household_number"}};
  for (const auto& [column, cell, expected] : rows) {
    const Reading reading = Read(File({Row("TAP-1", {{column, cell}}), Row("TAP-2")}));
    ASSERT_THAT(reading.items, SizeIs(2)) << column << " " << cell;
    EXPECT_THAT(Places(reading.items[0]), ElementsAre("2:" + expected)) << column << " " << cell;
    EXPECT_THAT(reading.items[0].lines, ElementsAre(2));
    // A person who is nobody's principal applicant may belong to the household beside.
    const bool is_torn = column == "relationship" && cell == "SPOUSE";
    EXPECT_EQ(Places(reading.items[1]).empty(), !is_torn) << "the next household is not touched";
  }
}

TEST(ImportCsv, ReadsWhatSpreadsheetsWrite) {
  const std::vector<Cells> rows = {Row("TAP-1"), Row("TAP-2")};
  const std::string plain = File(rows);
  std::string semicolons = absl::StrReplaceAll(plain, {{",", ";"}});
  std::string tabs = absl::StrReplaceAll(plain, {{",", "\t"}});
  std::string quoted = "\"" + absl::StrReplaceAll(plain, {{",", "\",\""}, {"\n", "\"\n\""}});
  quoted.pop_back();
  const std::string files[] = {
      plain,
      "\xEF\xBB\xBF" + plain,
      File(rows, "\r\n"),
      File(rows, "\r"),
      "\xEF\xBB\xBF" + absl::StrReplaceAll(semicolons, {{"\n", "\r\n"}}),
      semicolons,
      tabs,
      quoted,
      "\xEF\xBB\xBF" + quoted,
      plain.substr(0, plain.size() - 1),
      plain + "\n\n  \n",
      plain + std::string(21, ',') + "\n",
      absl::StrReplaceAll(plain, {{"household_number", " Household_Number "}}),
      absl::StrReplaceAll(plain, {{",", " , "}})};
  for (const std::string& file : files) {
    const Reading reading = Read(file);
    ASSERT_TRUE(reading.open.ok()) << reading.open << file;
    EXPECT_TRUE(reading.status.ok()) << reading.status;
    ASSERT_THAT(reading.items, SizeIs(2)) << file;
    for (size_t i = 0; i < 2; ++i) {
      const ImportItem& item = reading.items[i];
      EXPECT_THAT(Places(item), IsEmpty()) << file;
      EXPECT_THAT(item.lines, ElementsAre(static_cast<int64_t>(i) + 2));
      EXPECT_EQ(item.request.case_().people(0).identity().given_names(), "María José");
      EXPECT_EQ(item.request.case_().SerializeAsString(),
                Read(plain).items[i].request.case_().SerializeAsString());
    }
  }
}

TEST(ImportCsv, ALineNumberIsTheFirstOfARowWithLineBreaks) {
  const std::string text =
      absl::StrCat(Header(), "\r\n\r\n",
                   Line(Row("TAP-1", {{"given_names", "\"María\r\nJosé, \"\"la\"\"\n\n\""}})),
                   "\r\n", Line(Row("TAP-2", {{"sex", ""}})), "\r\n");
  const Reading reading = Read(text);
  ASSERT_THAT(reading.items, SizeIs(2));
  EXPECT_THAT(reading.items[0].lines, ElementsAre(3));
  EXPECT_EQ(reading.items[0].request.case_().people(0).identity().given_names(),
            "María José, \"la\"");
  EXPECT_THAT(Places(reading.items[1]), ElementsAre("7:sex"));
}

TEST(ImportCsv, ColumnsComeInAnyOrderAndSomeMayLack) {
  Cells cells = GoodRow();
  std::reverse(cells.begin(), cells.end());
  const std::vector<std::string> optional = {
      "second_surname", "other_nationality", "document_type", "document_number",
      "phone",          "language",          "state",         "needs",
      "registered_on"};
  std::vector<std::string> names;
  std::vector<std::string> texts;
  for (const auto& [column, cell] : cells) {
    if (absl::c_linear_search(optional, column)) continue;
    names.push_back(column);
    texts.push_back(cell);
  }
  names.push_back("notes");
  texts.push_back(kPlanted);
  names.push_back("");
  texts.push_back("\xFF");
  const Reading reading = Read(absl::StrJoin(names, ",") + "\n" + absl::StrJoin(texts, ","));
  ASSERT_TRUE(reading.open.ok()) << reading.open;
  EXPECT_THAT(reading.ignored, ElementsAre("notes"));
  ASSERT_THAT(reading.items, SizeIs(1));
  EXPECT_THAT(Places(reading.items[0]), IsEmpty());
  EXPECT_EQ(reading.items[0].request.case_().people(0).identity().documents_size(), 0);
}

TEST(ImportCsv, TakesTheQuestionsThatTheExportOf2023DoesNotHave) {
  const Reading reading = Read(
      "household_number,relationship,given_names,first_surname,sex,date_of_birth,nationality,"
      "entry_date,in_mexico,refugee_claim,left_country_for_fear,seeks_work,consent,"
      "risk_on_return,crime_in_mexico,job_offer,work_papers,us_family_petition,"
      "us_employer_petition\n"
      "TAP-1,PRINCIPAL,Ana,Gomez,F,1990,VEN,,,,,,YES,YES,no,,NO,yes,NO\n");
  ASSERT_THAT(reading.items, SizeIs(1));
  EXPECT_THAT(Places(reading.items[0]), IsEmpty());
  const intake::v1::Person& person = reading.items[0].request.case_().people(0);
  std::vector<std::string> said;
  for (const type::v1::FactAnswer& answer : person.answers()) said.push_back(ShowAnswer(answer));
  EXPECT_THAT(said, ElementsAre("risk_on_return=yes", "crime_in_mexico=no", "work_papers=no",
                                "us_family_petition=yes", "us_employer_petition=no"));
}

TEST(ImportCsv, EachRequiredColumnIsRequired) {
  const std::vector<std::string> required = {
      "household_number", "relationship", "given_names", "first_surname", "sex",
      "date_of_birth",    "nationality",  "entry_date",  "refugee_claim", "consent"};
  for (const std::string& column : required) {
    const Reading reading = Read(absl::StrReplaceAll(File({Row("TAP-1")}), {{column + ",", "x,"}}));
    EXPECT_EQ(reading.open.code(), absl::StatusCode::kInvalidArgument) << column;
    EXPECT_EQ(reading.open.message(), "the header lacks: " + column);
  }
  const Reading reading = Read("sex,consent\nF,YES\n");
  EXPECT_EQ(reading.open.message(),
            "the header lacks: household_number, relationship, given_names, first_surname, "
            "date_of_birth, nationality, entry_date, refugee_claim");
}

// A file of one row, with a header of its columns.
std::string FileOf(const Cells& cells) {
  std::vector<std::string> names;
  for (const auto& [column, cell] : cells) names.push_back(column);
  return absl::StrCat(absl::StrJoin(names, ","), "\n", Line(cells), "\n");
}

TEST(ImportCsv, EachFactOfTheCatalogueIsAColumn) {
  const Cells row = {{"job_offer", "sí"}, {"estado_del_trabajo", "mx-nle"}, {"zodiac", "Leo"}};
  Cells cells = GoodRow();
  cells.insert(cells.end(), row.begin(), row.end());
  const Reading reading = Read(FileOf(cells));
  ASSERT_THAT(reading.items, SizeIs(1));
  EXPECT_THAT(Places(reading.items[0]), IsEmpty());
  EXPECT_THAT(reading.ignored, ElementsAre("zodiac"));
  std::vector<std::string> said;
  for (const auto& answer : reading.items[0].request.case_().people(0).answers()) {
    said.push_back(ShowAnswer(answer));
  }
  EXPECT_THAT(said, ::testing::IsSupersetOf({"job_offer=yes", "job_place=mx-nle"}));
}

TEST(ImportCsv, AFileWithAnswersThatAreNeverRecordedIsRefusedWhole) {
  for (const char* const header : {"irregular_entry", "US supporter"}) {
    Cells cells = GoodRow();
    cells.emplace_back(header, "YES");
    const Reading reading = Read(FileOf(cells));
    EXPECT_EQ(reading.open.code(), absl::StatusCode::kInvalidArgument) << header;
    EXPECT_THAT(std::string(reading.open.message()),
                ::testing::EndsWith("which is never recorded: take the column out of the file"));
    EXPECT_THAT(reading.items, IsEmpty());
  }
}

TEST(ImportCsv, AnAnswerThatIsNoneIsNamedByItsColumn) {
  const auto read = [](const std::string& column, const std::string& cell) {
    Cells cells = GoodRow();
    cells.push_back({column, cell});
    return Places(Read(FileOf(cells)).items.at(0));
  };
  EXPECT_THAT(read("job_offer", "maybe"), ElementsAre("2:job_offer"));
  EXPECT_THAT(read("job_place", "Nuevo León"), ElementsAre("2:job_place"));
}

}  // namespace
}  // namespace pathways::cli
