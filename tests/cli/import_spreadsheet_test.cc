// Goal: a household table gives the same requests and the same refusals whether it is a CSV, an
// xlsx or an ods, and a family that a spreadsheet tears apart is refused whole. Method: one table
// in the three forms, and the files that desks make of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/cli/import_file.h"
#include "tests/cli/import_support.h"
#include "tests/cli/sheet_support.h"
#include "tests/support/facts.h"

namespace pathways::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::string> Told(const Reading& reading) {
  EXPECT_TRUE(reading.open.ok()) << reading.open;
  EXPECT_TRUE(reading.status.ok()) << reading.status;
  std::vector<std::string> told;
  for (const ImportItem& item : reading.items) {
    std::string text = absl::StrCat(item.first_line, " ", item.request.DebugString());
    for (const RowError& error : item.errors) {
      absl::StrAppend(&text, error.line, " ", error.column, ": ", error.reason, "\n");
    }
    told.push_back(text);
  }
  return told;
}

TEST(ImportSpreadsheet, GivesTheSameAsTheCsvOfTheSameTable) {
  const std::vector<Cells> rows = {
      Row("00124"),
      Row("00124", {{"relationship", "CHILD"}, {"date_of_birth", "2015-02"}, {"consent", ""}}),
      Row("TAP-2", {{"given_names", "  Zoë  Ana "}, {"document_number", "0017"}}),
      Row("TAP-3", {{"date_of_birth", "30/2/1990"}, {"nationality", "ZZ9"}}),
      Row("TAP-4", {{"document_number", "1.2E+11"}, {"phone", "#N/A"}}),
      Row("TAP-5", {{"relationship", "CHILD"}, {"seeks_work", "=A1"}}),
      Row("TAP-6", {{"in_mexico", "VERDADERO"}, {"seeks_work", "false"}})};
  const std::vector<std::string> expected = Told(Read(File(rows)));
  ASSERT_THAT(expected, SizeIs(6));
  EXPECT_THAT(Told(Read(XlsxOfText(rows))), expected);
  EXPECT_THAT(Told(Read(OdsOfText(rows))), expected);
}

TEST(ImportSpreadsheet, ReadsTypedCellsAsTheirTexts) {
  const std::vector<Cells> rows = {Row("000124", {{"date_of_birth", "1990-04-17"},
                                                  {"entry_date", "2023-06"},
                                                  {"document_number", "529621234567"},
                                                  {"in_mexico", "TRUE"}})};
  const std::vector<std::string> expected = Told(Read(File(rows)));
  std::string xlsx;
  std::string ods;
  std::vector<std::string> names;
  for (const auto& [column, cell] : rows[0]) names.push_back(column);
  for (const auto& [column, cell] : rows[0]) {
    const bool is_month = column == "entry_date";
    if (column == "household_number") {
      xlsx += "<c s='6'><v>124</v></c>";
      ods +=
          "<table:table-cell office:value-type='float' office:value='124'><text:p>000124</text:p>"
          "</table:table-cell>";
    } else if (column == "date_of_birth" || is_month) {
      xlsx += is_month ? "<c s='4'><v>45078</v></c>" : "<c s='1'><v>32980</v></c>";
      ods += absl::StrCat("<table:table-cell office:value-type='date' office:date-value='",
                          is_month ? "2023-06-01' table:style-name='m'" : "1990-04-17'", "/>");
    } else if (column == "document_number") {
      xlsx += "<c><v>5.29621234567E11</v></c>";
      ods += "<table:table-cell office:value-type='float' office:value='529621234567'/>";
    } else if (column == "in_mexico") {
      xlsx += "<c t='b'><v>1</v></c>";
      ods += "<table:table-cell office:value-type='boolean' office:boolean-value='true'/>";
    } else {
      xlsx += absl::StrCat("<c t='str'><v>", cell, "</v></c>");
      ods += absl::StrCat("<table:table-cell office:value-type='string'><text:p>", cell,
                          "</text:p></table:table-cell>");
    }
  }
  EXPECT_THAT(Told(Read(Xlsx(absl::StrCat(XlsxTextRow(names), "<row>", xlsx, "</row>")))),
              expected);
  const std::string styles =
      "<number:date-style style:name='N'><number:month/><number:year/></number:date-style>"
      "<style:style style:name='m' style:family='table-cell' style:data-style-name='N'/>";
  EXPECT_THAT(
      Told(Read(Ods(absl::StrCat(OdsTextRow(names), "<table:table-row>", ods, "</table:table-row>"),
                    styles))),
      expected);
}

TEST(ImportSpreadsheet, AFamilyWithOneMergedNumberIsRefusedWhole) {
  const std::vector<Cells> rows = {
      Row("TAP-1"), Row("", {{"relationship", "CHILD"}, {"consent", ""}}), Row("TAP-2")};
  for (const std::string& file : {XlsxOfText(rows), OdsOfText(rows)}) {
    const Reading reading = Read(file);
    ASSERT_THAT(reading.items, SizeIs(2));
    EXPECT_THAT(Places(reading.items[0]), ElementsAre("3:household_number"));
    EXPECT_THAT(Places(reading.items[1]), IsEmpty());
  }
}

TEST(ImportSpreadsheet, NamesRowsAsTheSheetDoes) {
  std::vector<std::string> names;
  std::vector<std::string> bad;
  for (const auto& [column, cell] : Row("TAP-1", {{"sex", "?"}})) {
    names.push_back(column);
    bad.push_back(cell);
  }
  // Two blank rows before the header, and a row without cells within.
  const std::string xml = absl::StrCat("<row r='2'/>", XlsxTextRow(names), "<row/>",
                                       XlsxTextRow(bad), XlsxTextRow({" ", "\n"}));
  const Reading reading = Read(Xlsx(xml));
  ASSERT_THAT(reading.items, SizeIs(1));
  EXPECT_THAT(Places(reading.items[0]), ElementsAre("5:sex"));
}

TEST(ImportSpreadsheet, AColumnOfAnotherConventionRefusesTheFile) {
  const Reading reading = Read(XlsxOfText({Row("TAP-1", {{"entry_date", "06/15/2023"}})}));
  EXPECT_THAT(std::string(reading.open.message()),
              HasSubstr("entry_date has the month before the day in line 2"));
}

TEST(ImportSpreadsheet, IsKnownByItsContentAlone) {
  // Read writes files without an extension.
  EXPECT_THAT(Read(XlsxOfText({Row("TAP-1")})).items, SizeIs(1));
  EXPECT_THAT(std::string(Read("PK\x03\x04").open.message()), HasSubstr("damaged"));
  EXPECT_THAT(std::string(Read("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1").open.message()),
              HasSubstr("old format .xls"));
}

}  // namespace
}  // namespace pathways::cli
