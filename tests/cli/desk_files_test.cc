// Goal: a table as desks really have it is read as what it means where that is sure, and refused
// with advice where it is not. Method: each way in which spreadsheets, keyboards and languages
// change a good file, made from one good row.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "services/cli/import_columns.h"
#include "services/cli/import_file.h"
#include "services/cli/import_warnings.h"
#include "services/cli/import_words.h"
#include "services/cli/json_faults.h"
#include "services/cli/spreadsheet_cells.h"
#include "tests/cli/import_support.h"
#include "tests/support/facts.h"

namespace pathways::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kNoBreakSpace[] = "\xC2\xA0";
constexpr char kZeroWidthSpace[] = "\xE2\x80\x8B";

// The one household of a file, which must be good.
intake::v1::Case GoodCase(const Reading& reading) {
  EXPECT_TRUE(reading.open.ok()) << reading.open;
  if (reading.items.size() != 1) {
    ADD_FAILURE() << reading.items.size() << " households";
    return {};
  }
  EXPECT_THAT(Places(reading.items[0]), IsEmpty()) << reading.items[0].errors[0].reason;
  return reading.items[0].request.case_();
}

// What is said of a household that must be refused for one cell.
std::string ReasonOf(const Reading& reading, const std::string& column) {
  if (reading.items.size() != 1 || reading.items[0].errors.size() != 1) {
    ADD_FAILURE() << "not one household with one error";
    return "";
  }
  EXPECT_EQ(reading.items[0].errors[0].column, column);
  return reading.items[0].errors[0].reason;
}

Reading ReadRow(const std::map<std::string, std::string>& changes) {
  return Read(File({Row("A1", changes)}));
}

TEST(DeskFiles, InvisibleCharactersAndSpacesAroundACellDoNotCount) {
  const auto around = [](const std::string& cell) {
    return absl::StrCat(kZeroWidthSpace, kNoBreakSpace, cell, kNoBreakSpace, " ", kZeroWidthSpace);
  };
  const intake::v1::Case read = GoodCase(ReadRow({{"consent", around("YES")},
                                                  {"sex", around("F")},
                                                  {"date_of_birth", around("1990-04-17")},
                                                  {"nationality", around("ve")},
                                                  {"given_names", around("Ana")}}));
  EXPECT_TRUE(read.consent());
  EXPECT_EQ(read.people(0).identity().given_names(), "Ana");
  EXPECT_EQ(read.people(0).identity().date_of_birth().day(), 17);
  EXPECT_THAT(
      ReasonOf(ReadRow({{"given_names", absl::StrCat("An", kZeroWidthSpace, "a")}}), "given_names"),
      HasSubstr("invisible"));
  EXPECT_THAT(ReasonOf(ReadRow({{"given_names", kZeroWidthSpace}}), "given_names"),
              HasSubstr("required"));
  std::string file = File({Row("A1")});
  file = absl::StrReplaceAll(file, {{",consent,", absl::StrCat(",", kNoBreakSpace, "Consent ,")}});
  GoodCase(Read(file));
}

// 200 characters are the most; with accents of their own these are 400.
TEST(DeskFiles, ANameIsCountedAsItIsStored) {
  std::string apart;
  for (int i = 0; i < 200; ++i) apart += "e\xCC\x81";
  EXPECT_EQ(GoodCase(ReadRow({{"given_names", apart}})).people(0).identity().given_names().size(),
            400U);
}

TEST(DeskFiles, TextThatWasReadInAWrongEncodingIsRefused) {
  EXPECT_THAT(ReasonOf(ReadRow({{"given_names", "JosÃ©"}}), "given_names"), HasSubstr("encoding"));
}

TEST(DeskFiles, WhatSpreadsheetsLeaveIsReadOrRefused) {
  const intake::v1::Case read = GoodCase(
      ReadRow({{"document_number", R"("=""00124""")"}, {"phone", R"("=""+525550001111""")"}}));
  EXPECT_EQ(read.people(0).identity().documents(0).number(), "00124");
  EXPECT_EQ(read.people(0).identity().phone(), "+525550001111");
  for (const char* cell : {"#REF!", "#N/A", "#N/D", "#¿NOMBRE?", "#DIV/0!", "#####", "Err:502"}) {
    EXPECT_THAT(ReasonOf(ReadRow({{"first_surname", cell}}), "first_surname"),
                HasSubstr("error value"));
  }
  EXPECT_THAT(ReasonOf(ReadRow({{"given_names", "=A1&B1"}}), "given_names"), HasSubstr("formula"));
  for (const char* cell : {"1.23457E+11", "1E+11", "\"1,23457E+11\""}) {
    EXPECT_THAT(ReasonOf(ReadRow({{"document_number", cell}}), "document_number"),
                HasSubstr("shortened"));
  }
  EXPECT_EQ(
      GoodCase(ReadRow({{"document_number", "12E4"}})).people(0).identity().documents(0).number(),
      "12E4");
}

TEST(ReadCell, ReadsWhatIsSure) {
  const std::pair<const char*, const char*> rows[] = {{"", ""},
                                                      {"  a  b ", "a b"},
                                                      {"=\"001\"", "001"},
                                                      {"=\"a\"\"b\"", "a\"b"},
                                                      {"#5 Norte", "#5 Norte"},
                                                      {"#", "#"},
                                                      {"N/A", "N/A"},
                                                      {"=\" a \"", "a"}};
  for (const auto& [raw, text] : rows) {
    EXPECT_EQ(ReadCell(raw).text, text) << raw;
    EXPECT_EQ(ReadCell(raw).fault, "") << raw;
  }
  for (const char* raw : {"=1+1", "=\"a", "=\"a\"&\"b\"", "=", "#NULL!", "Err:1"}) {
    EXPECT_NE(ReadCell(raw).fault, "") << raw;
    EXPECT_EQ(ReadCell(raw).text, "") << raw;
  }
}

TEST(DeskFiles, BlankRowsAndEmptyCellsAtTheEndDoNotCount) {
  const std::string blank =
      absl::StrReplaceAll(Line(With(GoodRow(), {})), {{Line(GoodRow()), "\" \",,\" \xC2\xA0\",,"}});
  GoodCase(Read(absl::StrCat(File({Row("A1")}), blank, "\n", blank, "\n")));
  const auto with_end = [](const std::string& header_end, const std::string& row_end) {
    return absl::StrCat(Header(), header_end, "\n", Line(Row("A1")), row_end, "\n");
  };
  GoodCase(Read(with_end("", ",,")));
  GoodCase(Read(with_end("", ", ,")));
  GoodCase(Read(with_end(",,", "")));
  GoodCase(Read(with_end(",,", ",")));
  EXPECT_THAT(ReasonOf(Read(with_end("", ",x")), ""), HasSubstr("fields where the header has"));
  EXPECT_THAT(ReasonOf(Read(with_end(",notes", "")), ""), HasSubstr("fields where the header has"));
}

TEST(DeskFiles, AFirstLineMaySayTheDelimiter) {
  for (const auto& [line, delimiter] : {std::pair("sep=;\n", ";"), std::pair("\"sep=;\"\r\n", ";"),
                                        std::pair("SEP=,\n", ","), std::pair("sep=\t\n", "\t")}) {
    const std::string text =
        absl::StrCat(line, Header(delimiter), "\n", Line(Row("A1"), delimiter), "\n");
    const Reading reading = Read(text);
    GoodCase(reading);
    EXPECT_EQ(reading.items[0].first_line, 3);
  }
}

TEST(DeskFiles, DatesThatCannotBeAreRefused) {
  EXPECT_THAT(ReasonOf(ReadRow({{"entry_date", "0023-06-15"}}), "entry_date"),
              HasSubstr("years ago"));
  EXPECT_THAT(ReasonOf(ReadRow({{"entry_date", "15/06/0023"}}), "entry_date"),
              HasSubstr("years ago"));
  EXPECT_THAT(ReasonOf(ReadRow({{"entry_date", "1444-11-26"}}), "entry_date"),
              HasSubstr("years ago"));
  EXPECT_THAT(ReasonOf(ReadRow({{"entry_date", "1989-01-02"}}), "entry_date"), HasSubstr("birth"));
  for (const char* column : {"date_of_birth", "entry_date"}) {
    EXPECT_THAT(ReasonOf(ReadRow({{column, "1900-01-01"}}), column), HasSubstr("years ago"));
  }
}

TEST(DeskFiles, AColumnThatShowsThatItsMonthComesFirstIsRefusedWhole) {
  const Reading reading =
      Read(File({Row("A1", {{"date_of_birth", "03/04/1990"}, {"entry_date", ""}}),
                 Row("A2", {{"date_of_birth", "12/31/1990"}, {"entry_date", ""}}),
                 Row("A3", {{"entry_date", "06/15/2023"}})}));
  EXPECT_THAT(reading.items, IsEmpty());
  EXPECT_THAT(std::string(reading.open.message()),
              HasSubstr("date_of_birth has the month before the day in line 3"));
  EXPECT_THAT(std::string(reading.open.message()),
              HasSubstr("entry_date has the month before the day in line 4"));
  EXPECT_THAT(Read(File({Row("A1", {{"date_of_birth", "31/12/1990"}})})).items, SizeIs(1));
  // Where the column shows the other order too, the one cell is a slip.
  const Reading mixed = Read(File({Row("A1", {{"date_of_birth", "31/12/1990"}}),
                                   Row("A2", {{"date_of_birth", "12/31/1990"}})}));
  ASSERT_THAT(mixed.items, SizeIs(2));
  EXPECT_THAT(Places(mixed.items[0]), IsEmpty());
  EXPECT_THAT(Places(mixed.items[1]), ElementsAre("3:date_of_birth"));
}

// 7/3/2023 became the third of July, and 22/7/2023 stayed what it was.
TEST(DeskFiles, AColumnThatASpreadsheetHasTurnedIsRefusedWhole) {
  std::vector<Cells> rows = {Row("A0", {{"entry_date", "22/7/2023"}})};
  for (int i = 1; i <= 8; ++i) {
    rows.push_back(Row(absl::StrCat("A", i),
                       {{"entry_date", absl::StrFormat("2023-%02d-%02d", i % 3 + 1, i)}}));
  }
  const Reading turned = Read(File(rows));
  EXPECT_THAT(turned.items, IsEmpty());
  EXPECT_THAT(std::string(turned.open.message()),
              HasSubstr("entry_date has some dates as text, as in line 2"));
  // A date that no month-first reading makes, or a text that it would have made a date, says that
  // the column was written as it is.
  for (const char* const other : {"2023-04-13", "3/4/2023"}) {
    std::vector<Cells> more = rows;
    more.push_back(Row("A9", {{"entry_date", other}}));
    EXPECT_THAT(Read(File(more)).items, SizeIs(10)) << other;
  }
  // Too few to tell, none as text, or all of one journey.
  EXPECT_THAT(Read(File({rows.begin(), rows.end() - 1})).items, SizeIs(8));
  EXPECT_THAT(Read(File({rows.begin() + 1, rows.end()})).items, SizeIs(8));
  std::vector<Cells> journey = {rows[0]};
  for (int i = 1; i <= 9; ++i) {
    journey.push_back(
        Row(absl::StrCat("B", i), {{"entry_date", absl::StrFormat("2023-07-%02d", i)}}));
  }
  EXPECT_THAT(Read(File(journey)).items, SizeIs(10));
}

// Where dates were written as such too, the texts alone show it.
TEST(DeskFiles, TextsThatAllLackTheOtherOrderShowThatTheRestWasTurned) {
  std::vector<Cells> rows = {Row("A0", {{"entry_date", "2023-04-25"}})};
  for (int i = 1; i <= 15; ++i) {
    rows.push_back(Row(absl::StrCat("A", i),
                       {{"entry_date", absl::StrFormat("%d/%d/2023", 12 + i, i % 3 + 1)}}));
  }
  EXPECT_THAT(std::string(Read(File(rows)).open.message()),
              HasSubstr("entry_date has some dates as text, as in line 3"));
  EXPECT_THAT(Read(File({rows.begin(), rows.end() - 1})).items, SizeIs(15)) << "too few to tell";
  EXPECT_THAT(Read(File({rows.begin() + 1, rows.end()})).items, SizeIs(15)) << "no date";
  rows.push_back(Row("A16", {{"entry_date", "3/4/2023"}}));
  EXPECT_THAT(Read(File(rows)).items, SizeIs(17));
}

TEST(DeskFiles, APhoneThatLostItsPlusIsRefusedWithAdvice) {
  EXPECT_THAT(ReasonOf(ReadRow({{"phone", "529610000001"}}), "phone"), HasSubstr("format text"));
  EXPECT_THAT(ReasonOf(ReadRow({{"phone", "12"}}), "phone"), HasSubstr("format text"));
}

TEST(DeskFiles, MBesideHIsRefusedWhole) {
  const Reading reading = Read(File({Row("A1", {{"sex", "M"}}), Row("A2", {{"sex", "h"}})}));
  EXPECT_THAT(reading.items, IsEmpty());
  EXPECT_THAT(std::string(reading.open.message()), HasSubstr("H in line 3 beside M in line 2"));
  EXPECT_THAT(ReasonOf(ReadRow({{"sex", "H"}}), "sex"), HasSubstr("must be one of"));
  const Reading mixed = Read(
      File({Row("A1", {{"sex", "M"}}), Row("A2", {{"sex", "H"}}), Row("A3", {{"sex", "mujer"}})}));
  ASSERT_THAT(mixed.items, SizeIs(3));
  EXPECT_THAT(Places(mixed.items[1]), ElementsAre("3:sex"));
}

TEST(DeskFiles, AnUnknownNationalityHasACode) {
  EXPECT_THAT(GoodCase(ReadRow({{"nationality", "xxx"}, {"other_nationality", ""}}))
                  .people(0)
                  .nationalities(),
              ElementsAre("xxx"));
  EXPECT_THAT(ReasonOf(ReadRow({{"nationality", ""}}), "nationality"), HasSubstr("XXX"));
}

TEST(DeskFiles, HeadersAndWordsMayBeSpanishOrKreyol) {
  const std::string spanish = absl::StrReplaceAll(File({Row("A1", {{"relationship", "Titular"},
                                                                   {"sex", "mujer"},
                                                                   {"consent", "SÍ"},
                                                                   {"in_mexico", "si"},
                                                                   {"seeks_work", "No"},
                                                                   {"refugee_claim", "Ninguna"},
                                                                   {"document_type", "Cédula"}})}),
                                                  {{"household_number", "Número de hogar"},
                                                   {"relationship", "Parentesco"},
                                                   {"given_names", "NOMBRES"},
                                                   {"date_of_birth", "Fecha de nacimiento"},
                                                   {"other_nationality", "Otra nacionalidad"},
                                                   {"document_type", "Tipo de documento"},
                                                   {"consent", "Consentimiento"}});
  const intake::v1::Case read = GoodCase(Read(spanish));
  EXPECT_EQ(read.people(0).sex(), type::v1::SEX_FEMALE);
  EXPECT_TRUE(type::FindAnswer(read.people(0).answers(), "in_mexico")->yes());
  EXPECT_FALSE(type::FindAnswer(read.people(0).answers(), "seeks_work")->yes());
  EXPECT_EQ(read.people(0).refugee_claim(), type::v1::REFUGEE_CLAIM_NONE);
  EXPECT_EQ(read.people(0).identity().documents(0).type(), type::v1::DOCUMENT_TYPE_NATIONAL_ID);
  const std::string kreyol = absl::StrReplaceAll(
      File({Row("A1", {{"relationship", "prensipal"}, {"sex", "Fanm"}, {"consent", "Wi"}})}),
      {{"household_number", "Nimewo kay"}, {"given_names", "Non"}, {"consent", "Konsantman"}});
  EXPECT_TRUE(GoodCase(Read(kreyol)).consent());
  // A cell of nothing but signs is no word.
  EXPECT_THAT(
      Places(Read(File({Row("A1"), Row("A1", {{"relationship", "CHILD"}, {"consent", "?"}})}))
                 .items[0]),
      ElementsAre("3:consent"));
  EXPECT_THAT(ReasonOf(ReadRow({{"in_mexico", "?"}}), "in_mexico"), HasSubstr("must be one of"));
}

TEST(WordOf, ForgetsCaseAccentsAndWhatStandsBetween) {
  EXPECT_EQ(WordOf("  Fecha de-Nacimiento: "), "fecha_de_nacimiento");
  EXPECT_EQ(WordOf("SÍ"), "si");
  EXPECT_EQ(WordOf("Si\xCC\x81"), "si");  // With a combining accent.
  EXPECT_EQ(WordOf("¿?"), "");
  EXPECT_EQ(WordOf("\xC2\xA0Sexo\xC2\xA0"), "sexo");
  EXPECT_NE(WordOf("Имя"), WordOf("Пол")) << "letters of every script are letters";
  EXPECT_EQ(ColumnOfWord("nombres"), "given_names");
  EXPECT_EQ(ColumnOfWord("notes"), "notes");
  EXPECT_EQ(EnglishOf("relationship", "madre"), "parent");
  EXPECT_EQ(EnglishOf("seeks_work", "madre"), "madre");
}

class MappingTest : public ::testing::Test {
 protected:
  absl::StatusOr<ColumnMapping> ReadMapping(const std::string& text) {
    const std::string path = absl::StrCat(
        ::testing::TempDir(), "/", ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::ofstream(path, std::ios::binary) << text;
    return ReadColumnMapping(path, *SampleFacts());
  }
};

TEST_F(MappingTest, AMappingSaysWhatForeignColumnsAre) {
  const auto mapping = ReadMapping(
      "# of another system\nCase no. = household_number\r\n\nFirst Name=given_names # theirs\n");
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  const std::string file = absl::StrReplaceAll(
      File({Row("A1")}), {{"household_number", "CASE NO"}, {"given_names", "First name"}});
  EXPECT_EQ(GoodCase(Read(file, *mapping)).people(0).identity().registration_number(), "A1");
  EXPECT_THAT(std::string(Read(File({Row("A1")}), *mapping).open.message()),
              HasSubstr("the header lacks what the mapping calls case_no"));
}

TEST_F(MappingTest, EveryBadLineIsNamed) {
  const auto bad = ReadMapping("a = sex\nb\n= phone\nc = nothing\nd = sex\na = state\n");
  EXPECT_EQ(bad.status().code(), absl::StatusCode::kInvalidArgument);
  for (const char* line : {"line 2", "line 3", "line 4", "line 5", "line 6"}) {
    EXPECT_THAT(std::string(bad.status().message()), HasSubstr(line));
  }
  EXPECT_EQ(ReadColumnMapping("/no/such/file", *SampleFacts()).status().code(),
            absl::StatusCode::kNotFound);
}

std::vector<std::string> WarningsOf(const Reading& reading) {
  ImportWarnings warnings;
  std::vector<std::string> places;
  for (const ImportItem& item : reading.items) {
    EXPECT_THAT(Places(item), IsEmpty());
    for (const RowError& warning : warnings.Of(item)) {
      places.push_back(absl::StrCat(warning.line, ":", warning.column));
    }
  }
  return places;
}

TEST(ImportWarnings, TellWhatMayBeASlip) {
  EXPECT_THAT(WarningsOf(Read(File({Row("A1"), Row("A2", {{"document_number", "OTHER"}})}))),
              IsEmpty());
  EXPECT_THAT(WarningsOf(ReadRow({{"date_of_birth", "01/01/1970"}})),
              ElementsAre("2:date_of_birth"));
  EXPECT_THAT(WarningsOf(ReadRow({{"date_of_birth", "1970"}})), IsEmpty());
  EXPECT_THAT(
      WarningsOf(Read(File({Row("A1", {{"given_names", "Анна"}}),
                            Row("A1", {{"relationship", "SPOUSE"}, {"given_names", "Олег"}})}))),
      IsEmpty());
  EXPECT_THAT(WarningsOf(Read(File({Row("A1"), Row("A1", {{"relationship", "SPOUSE"},
                                                          {"given_names", "MARIA  JOSE"},
                                                          {"document_number", "OTHER"}})}))),
              ElementsAre("3:given_names"));
  EXPECT_THAT(WarningsOf(Read(File({Row("A1"), Row("A2", {{"given_names", "Otra"}})}))),
              ElementsAre("3:document_number"));
  EXPECT_THAT(WarningsOf(Read(File(
                  {Row("A1"), Row("A1", {{"relationship", "CHILD"}, {"given_names", "Otra"}})}))),
              IsEmpty());
}

TEST(FaultsOfJson, NamesEachFieldAndNoValue) {
  const auto& type = *intake::v1::Case::descriptor();
  const std::pair<const char*, std::vector<const char*>> rows[] = {
      {R"({"people":[{"identity":{"apodo":"x"},"sex":"MUJER"}],"consent":"si"})",
       {"consent", "people[0].identity.apodo", "people[0].sex"}},
      {R"({"people":[{"identity":{"dateOfBirth":"1990-04-17"}}]})",
       {"people[0].identity.dateOfBirth"}},
      {R"({"people":{}})", {"people"}},
      {R"({"people":["Plantado"]})", {"people[0]"}},
      {R"({"people":[{"nationalities":[1]}],"registerTime":5})",
       {"people[0].nationalities[0]", "registerTime"}},
      {R"({"people":[{"identity":{"dateOfBirth":{"year":true}}}]})",
       {"people[0].identity.dateOfBirth.year"}},
      {R"({"people":[)", {""}},
      {R"({"register_time":"Plantado"})", {""}}};
  for (const auto& [text, paths] : rows) {
    std::vector<std::string> found;
    for (const JsonFault& fault : FaultsOfJson(text, type)) {
      found.push_back(fault.path);
      EXPECT_THAT(fault.reason, ::testing::Not(HasSubstr("Plantado")));
      EXPECT_FALSE(fault.reason.empty());
    }
    EXPECT_THAT(found, ::testing::UnorderedElementsAreArray(paths)) << text;
  }
}

TEST(DeskFiles, AJsonArrayIsToldApart) {
  EXPECT_THAT(std::string(Read("[{}]").open.message()), HasSubstr("NDJSON"));
}

}  // namespace
}  // namespace pathways::cli
