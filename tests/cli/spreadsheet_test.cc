// Goal: the rows of a spreadsheet are those that its sheet shows, whichever of the ways a program
// has to write them; and a file that is damaged, locked or made to harm is refused and gives no
// half of itself. Method: the XML that programs write, a cell or an attack at a time.
#include "services/cli/spreadsheet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "services/cli/sheet_formats.h"
#include "services/cli/sheet_parts.h"
#include "services/cli/xml_events.h"
#include "tests/cli/sheet_support.h"

namespace pathways::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using std::string_literals::operator""s;

// The one cell of a workbook.
std::string XlsxCell(const std::string& cell, const std::string& properties = "") {
  const SheetReading reading = ReadBytes(
      Xlsx(absl::StrCat("<row><c t=\"inlineStr\"><is><t>head</t></is></c>", cell, "</row>"),
           properties));
  EXPECT_TRUE(reading.status.ok()) << reading.status << cell;
  const std::string row = reading.rows.empty() ? "" : reading.rows[0];
  return row == "1: head" ? "" : row.substr(row.find('|') + 1);
}

std::string OdsCell(const std::string& cell, const std::string& styles = "") {
  const SheetReading reading =
      ReadBytes(Ods(absl::StrCat("<table:table-row><table:table-cell office:value-type=\"string\">"
                                 "<text:p>head</text:p></table:table-cell>",
                                 cell, "</table:table-row>"),
                    styles));
  EXPECT_TRUE(reading.status.ok()) << reading.status << cell;
  const std::string row = reading.rows.empty() ? "" : reading.rows[0];
  return row == "1: head" ? "" : row.substr(row.find('|') + 1);
}

TEST(Spreadsheet, ReadsEachKindOfCellOfXlsx) {
  const std::tuple<const char*, const char*> rows[] = {
      {"<c t='s'><v>1</v></c>", "shared 1"},
      {"<c t='inlineStr'><is><t xml:space='preserve'>in line</t></is></c>", "in line"},
      {"<c t='inlineStr'><is><r><t>two </t></r><r><rPr><b/></rPr><t>runs</t></r></is></c>",
       "two runs"},
      {"<c t='inlineStr'><is><t>日本</t><rPh sb='0' eb='2'><t>ニホン</t></rPh></is></c>", "日本"},
      {"<c t='inlineStr'><is><t>a<![CDATA[b]]>&amp;c</t></is></c>", "ab&c"},
      {"<c t='str'><v>text</v></c>", "text"},
      {"<c><v>529621234567</v></c>", "529621234567"},
      {"<c t='n'><v>5.29621234567E11</v></c>", "529621234567"},
      {"<c s='6'><v>124</v></c>", "000124"},
      {"<c s='7'><v>124</v></c>", "TAP-0124"},
      {"<c s='8'><v>1234567</v></c>", "1234567"},
      {"<c s='1'><v>45092</v></c>", "2023-06-15"},
      {"<c s='2'><v>45092</v></c>", "2023-06-15"},
      {"<c s='3'><v>45092</v></c>", "2023-06-15"},
      {"<c s='3'><v>45092.5</v></c>", "2023-06-15 12:00:00"},
      {"<c s='4'><v>45078</v></c>", "2023-06"},
      {"<c s='5'><v>45092</v></c>", "15-Jun"},
      {"<c t='d'><v>2023-06-15T00:00:00</v></c>", "2023-06-15"},
      {"<c t='b'><v>1</v></c>", "TRUE"},
      {"<c t='b'><v>0</v></c>", "FALSE"},
      // An error is never a blank cell.
      {"<c t='e'><v>#N/A</v></c>", "#N/A"},
      {"<c t='e'><f>NA()</f><v>#N/A</v></c>", "#N/A"},
      {"<c t='e'><v>#GETTING_DATA</v></c>", "#VALUE!"},
      // A formula counts by its result.
      {"<c><f>1+1</f><v>2</v></c>", "2"},
      {"<c t='str'><f>A1</f><v>head</v></c>", "head"},
      {"<c t='str'><f>\"\"</f><v></v></c>", ""},
      {"<c t='b'><f>TRUE()</f><v>1</v></c>", "TRUE"},
      {"<c s='1'><f>TODAY()</f><v>45092</v></c>", "2023-06-15"},
      {"<c><f>1+1</f></c>", "="},
      {"<c><f>1+1</f><v></v></c>", "="},
      {"<c s='999'><v>7</v></c>", "7"},
      {"<c/>", ""},
      {"<c t='s'/>", ""}};
  for (const auto& [cell, expected] : rows) EXPECT_EQ(XlsxCell(cell), expected) << cell;
  EXPECT_EQ(XlsxCell("<c s='1'><v>43630</v></c>", "<workbookPr date1904='1'/>"), "2023-06-15");
  EXPECT_EQ(XlsxCell("<c s='1'><v>43630</v></c>", "<workbookPr date1904='true'/>"), "2023-06-15");
}

TEST(Spreadsheet, ReadsEachKindOfCellOfOds) {
  const std::string styles =
      "<number:date-style style:name='N1'><number:month/><number:year/></number:date-style>"
      "<style:style style:name='parent' style:family='table-cell' style:data-style-name='N1'/>"
      "<style:style style:name='month' style:family='table-cell' style:parent-style-name='parent'/>"
      "<style:style style:name='plain' style:family='table-cell'/>";
  const std::tuple<const char*, const char*> rows[] = {
      {"office:value-type='string'><text:p>text</text:p>", "text"},
      {"office:value-type='string'><text:p>a<text:s text:c='2'/>b<text:line-break/>c</text:p>",
       "a  b\nc"},
      {"office:value-type='string'><text:p>one</text:p><text:p>t<text:span>w</text:span>o</text:p>",
       "one\ntwo"},
      // A comment is none of the text, wherever it stands.
      {"office:value-type='string'><office:annotation><text:p>note</text:p></office:annotation>"
       "<text:p>text</text:p>",
       "text"},
      {"office:value-type='string' office:string-value='said'>", "said"},
      {"office:value-type='float' office:value='529621234567'><text:p>5.3E+11</text:p>",
       "529621234567"},
      {"office:value-type='float' office:value='124'><text:p>000124</text:p>", "000124"},
      {"office:value-type='float' office:value='1234'><text:p>1,234</text:p>", "1234"},
      {"office:value-type='currency' office:value='12'><text:p>$ 12.00</text:p>", "12"},
      {"office:value-type='date' office:date-value='2023-06-15'><text:p>15/6/23</text:p>",
       "2023-06-15"},
      {"table:style-name='plain' office:value-type='date' office:date-value='2023-06-15'>",
       "2023-06-15"},
      {"table:style-name='month' office:value-type='date' office:date-value='2023-06-01'>",
       "2023-06"},
      {"office:value-type='boolean' office:boolean-value='true'><text:p>VERDADERO</text:p>",
       "TRUE"},
      {"office:value-type='boolean' office:boolean-value='false'>", "FALSE"},
      {"table:formula='of:=NA()' calcext:value-type='error' office:value-type='string' "
       "office:string-value=''><text:p>#N/D</text:p>",
       "#N/D"},
      {"table:formula='of:=NA()' calcext:value-type='error' office:value-type='string'>",
       "#VALUE!"},
      {"table:formula='of:=1/0' office:value-type='float' "
       "office:value='0'><text:p>#DIV/0!</text:p>",
       "#DIV/0!"},
      {"table:formula='of:=[.A1]' office:value-type='string'><text:p>head</text:p>", "head"},
      {"table:formula='of:=1+1' office:value-type='float' office:value='2'><text:p>2</text:p>",
       "2"},
      {"table:formula='of:=1+1'>", "="},
      {">", ""}};
  for (const auto& [cell, expected] : rows) {
    EXPECT_EQ(OdsCell(absl::StrCat("<table:table-cell ", cell, "</table:table-cell>"), styles),
              expected)
        << cell;
  }
  // The column says how its dates are shown, where the cell does not.
  const std::string by_column =
      Ods("<table:table-column table:number-columns-repeated='2'/>"
          "<table:table-column table:default-cell-style-name='month'/><table:table-row>"
          "<table:table-cell office:value-type='date' office:date-value='2023-06-01'/>"
          "<table:table-cell/>"
          "<table:table-cell office:value-type='date' office:date-value='2023-06-01'/>"
          "</table:table-row>",
          styles);
  EXPECT_THAT(ReadBytes(by_column).rows, ElementsAre("1: 2023-06-01||2023-06"));
}

TEST(Spreadsheet, RowsKeepTheNumbersOfTheSheet) {
  EXPECT_THAT(ReadBytes(Xlsx("<row r='2'><c r='B2'><v>1</v></c><c r='D2'><v>2</v></c></row>"
                             "<row r='3' hidden='1'><c><v>3</v></c></row><row><c/></row>"
                             "<row r='9'><c r='A9'><v>4</v></c></row>"))
                  .rows,
              ElementsAre("2: |1||2", "3: 3", "9: 4"));
  const std::string value = "<table:table-cell office:value-type='float' office:value='1'/>";
  // Repeated rows and cells are there as often as they are shown, blank ones to the sheet's end.
  EXPECT_THAT(
      ReadBytes(
          Ods(absl::StrCat(
              "<table:table-row table:number-rows-repeated='3'><table:table-cell "
              "table:number-columns-repeated='16384'/></table:table-row>"
              "<table:table-header-rows><table:table-row table:number-rows-repeated='2'>"
              "<table:table-cell office:value-type='float' office:value='7' "
              "table:number-columns-repeated='2'/></table:table-row></table:table-header-rows>"
              "<table:table-row-group><table:table-row table:visibility='filter'>",
              value,
              "</table:table-row></table:table-row-group><table:table-row "
              "table:number-rows-repeated='1048570'><table:table-cell/></table:table-row>"
              "<table:table-row><table:table-cell/></table:table-row>")))
          .rows,
      ElementsAre("4: 7|7", "5: 7|7", "6: 1"));
}

TEST(Spreadsheet, ACoveredCellIsBlankAndMovesNothing) {
  const std::string text = "<table:table-cell office:value-type='string'";
  const std::string rows =
      absl::StrCat("<table:table-row>", text,
                   " table:number-rows-spanned='2'><text:p>A</text:p></table:table-cell>", text,
                   "><text:p>B</text:p></table:table-cell></table:table-row><table:table-row>"
                   "<table:covered-table-cell office:value-type='float' office:value='9'>"
                   "<text:p>9</text:p></table:covered-table-cell>",
                   text, "><text:p>C</text:p></table:table-cell></table:table-row>");
  EXPECT_THAT(ReadBytes(Ods(rows)).rows, ElementsAre("1: A|B", "2: |C"));
  EXPECT_THAT(ReadBytes(Zip(XlsxParts(
                            {{.rows = "<row r='1'><c r='A1'><v>1</v></c><c r='B1'><v>2</v></c>"
                                      "</row><row r='2'><c r='A2' s='1'/><c r='B2'><v>3</v></c>"
                                      "</row>",
                              .after_rows = "<mergeCells><mergeCell ref='A1:A2'/></mergeCells>"}})))
                  .rows,
              ElementsAre("1: 1|2", "2: |3"));
}

TEST(Spreadsheet, ReadsTheOnlyVisibleSheetWithContentOrTheOneThatIsNamed) {
  const std::string one = "<row><c><v>1</v></c></row>";
  const std::string two = "<row><c><v>2</v></c></row>";
  const std::string xlsx = Zip(XlsxParts(
      {{"Portada", "<row><c/></row>", ""}, {"Día", one, ""}, {"Listas", two, "veryHidden"}}));
  EXPECT_THAT(ReadBytes(xlsx).rows, ElementsAre("1: 1"));
  EXPECT_THAT(ReadBytes(xlsx, "Listas").rows, ElementsAre("1: 2"));
  EXPECT_EQ(ReadBytes(xlsx, "Portada").status.message(), "the sheet is empty");
  EXPECT_EQ(ReadBytes(xlsx, "Dia").status.message(),
            "the spreadsheet has no sheet of the name that --sheet says; it has: Portada, Día, "
            "Listas");

  const auto table = [](const std::string& name, const std::string& style, int value) {
    return absl::StrCat("<table:table table:name='", name, "' table:style-name='", style,
                        "'><table:table-row><table:table-cell office:value-type='float' "
                        "office:value='",
                        value, "'/></table:table-row></table:table>");
  };
  const std::string hides =
      "<style:style style:name='hidden' style:family='table'><style:table-properties "
      "table:display='false'/></style:style>"
      // A style of another family may have the same name.
      "<style:style style:name='hidden' style:family='table-cell'/>";
  const std::string ods =
      Zip(OdsParts(absl::StrCat(table("Listas", "hidden", 2), table("Día", "", 1)), hides));
  EXPECT_THAT(ReadBytes(ods).rows, ElementsAre("1: 1"));
  EXPECT_THAT(ReadBytes(ods, "Listas").rows, ElementsAre("1: 2"));

  const std::string several =
      "the spreadsheet has several sheets with content: name one by "
      "--sheet: Día, Noche";
  EXPECT_EQ(ReadBytes(Zip(XlsxParts({{"Día", one, ""}, {"Noche", two, ""}}))).status.message(),
            several);
  EXPECT_EQ(ReadBytes(Zip(OdsParts(table("Día", "", 1) + table("Noche", "", 2)))).status.message(),
            several);
}

TEST(Spreadsheet, ReadsTheStrictFormOfXlsx) {
  Parts parts = XlsxParts({{.rows = "<row><c t='s'><v>1</v></c></row>"}});
  for (auto& [name, content] : parts) {
    absl::StrReplaceAll({{"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
                          "http://purl.oclc.org/ooxml/spreadsheetml/main"},
                         {"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
                          "http://purl.oclc.org/ooxml/officeDocument/relationships"}},
                        &content);
  }
  EXPECT_THAT(ReadBytes(Zip(parts)).rows, ElementsAre("1: shared 1"));
}

TEST(Spreadsheet, RefusesWhatIsNoSpreadsheetOrLocked) {
  const std::string utf16 = "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0"s;
  const std::string compound = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
  const Parts xlsx = XlsxParts({{.rows = "<row><c><v>1</v></c></row>"}});
  const Parts ods = OdsParts("<table:table table:name='a'/>");
  const std::string encrypted =
      "<m:manifest xmlns:m='urn:oasis:names:tc:opendocument:xmlns:manifest:1.0'><m:file-entry>"
      "<m:encryption-data/></m:file-entry></m:manifest>";
  const std::tuple<std::string, const char*> rows[] = {
      {compound + std::string(600, '\0'), "old format .xls"},
      {compound + std::string(600, '\0') + utf16, "protected by a password"},
      {Zip(WithPart(ods, "META-INF/manifest.xml", encrypted)), "protected by a password"},
      {Zip({{"mimetype", "x"}, {"encrypted-package", "x"}}), "protected by a password"},
      {Zip(WithPart(xlsx, "xl/workbook.bin", "x")), ".xlsb"},
      {Zip({{"letter.txt", "x"}}), "no spreadsheet"},
      {Zip({{"[Content_Types].xml", "<Types/>"}, {"word/document.xml", "<x/>"}}), "no spreadsheet"},
      {Zip({{"mimetype", "application/vnd.oasis.opendocument.text"},
            {"content.xml", "<x><p>a</p></x>"}}),
       "no spreadsheet"},
      {Zip(ods), "the spreadsheet is empty"},
      {"PK\x05\x06"s + std::string(18, '\0'), "no spreadsheet"},
      {"PK\x03\x04 and nothing behind", "damaged"},
      {"", "no spreadsheet"}};
  for (const auto& [bytes, expected] : rows) {
    const SheetReading reading = ReadBytes(bytes);
    EXPECT_EQ(reading.status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(reading.status.message()), HasSubstr(expected));
    EXPECT_THAT(reading.rows, IsEmpty());
  }
}

TEST(Spreadsheet, RefusesWhatIsDamagedAndNamesNoValue) {
  const std::tuple<const char*, const char*> rows[] = {
      {"<row><c t='s'><v>77</v></c></row>", "the cell A1 cannot be read"},
      {"<row><c t='s'><v>-1</v></c></row>", "the cell A1 cannot be read"},
      {"<row r='4'><c r='AB4'><v>Plantado</v></c></row>", "the cell AB4 cannot be read"},
      {"<row><c><v>nan</v></c></row>", "the cell A1 cannot be read"},
      {"<row><c t='new'><v>1</v></c></row>", "the cell A1 cannot be read"},
      {"<row><c t='inlineStr'><v>Plantado</v></c></row>", "the cell A1 cannot be read"},
      {"<row><c><v>1</v></c></row></sheetData><sheetData><row r='2'><c><v>2</v></c></row>",
       "it has its rows twice"},
      {"<row><c><v>1</v></c><sheetData/></row><row r='2'><c><v>2</v></c></row>",
       "it has its rows twice"},
      {"<row r='9223372036854775807'/><row><c><v>1</v></c></row>", "a row has no number"},
      {"<row r='2'><c><v>1</v></c></row><row r='2'/>", "rows are not in order"},
      {"<row r='0'/>", "rows are not in order"},
      {"<row r='x'/>", "a row has no number"},
      {"<row><c r='7'><v>1</v></c></row>", "a cell without column"},
      {"<row><c r='B1'><v>1</v></c><c r='B1'><v>1</v></c></row>", "the cells of row 1"},
      {"<row><row><c><v>1</v></c></row></row>", "a row lies in another"},
      {"<c><v>1</v></c>", "a cell lies outside of a row"},
      {"<row><c><c><v>1</v></c></c></row>", "a cell lies outside of a row"},
      {"<row><c><v>1</v></row>", "its XML cannot be read"},
      {"<row r='1048577'><c><v>1</v></c></row>", "more than 1048576 rows"},
      {"<row><c r='ALM1'><v>1</v></c></row>", "row 1 has a cell beyond column ALL"}};
  for (const auto& [xml, expected] : rows) {
    const SheetReading reading = ReadBytes(Xlsx(xml));
    EXPECT_EQ(reading.status.code(), absl::StatusCode::kInvalidArgument) << xml;
    EXPECT_THAT(std::string(reading.status.message()), HasSubstr(expected)) << xml;
    EXPECT_THAT(std::string(reading.status.message()), Not(HasSubstr("Plantado")));
  }
  const std::tuple<const char*, const char*> ods_rows[] = {
      {"<table:table-row><table:table-cell office:value-type='float' office:value='Plantado'/>"
       "</table:table-row>",
       "the cell A1 cannot be read"},
      {"<table:table-row><table:table-cell office:value-type='new'/></table:table-row>",
       "the cell A1 cannot be read"},
      {"<table:table-row table:number-rows-repeated='0'/>", "less than once"},
      {"<table:table-column table:number-columns-repeated='-5'/>", "less than once"},
      {"<table:table-column table:number-columns-repeated='x'/>", "less than once"},
      {"<table:table-row table:number-rows-repeated='1048577'><table:table-cell "
       "office:value-type='float' office:value='1'/></table:table-row>",
       "more than 1048576 rows"},
      {"<table:table-row><table:table-cell table:number-columns-repeated='1001' "
       "office:value-type='float' office:value='1'/></table:table-row>",
       "beyond column ALL"}};
  for (const auto& [xml, expected] : ods_rows) {
    const SheetReading reading = ReadBytes(Ods(xml));
    EXPECT_EQ(reading.status.code(), absl::StatusCode::kInvalidArgument) << xml;
    EXPECT_THAT(std::string(reading.status.message()), HasSubstr(expected)) << xml;
  }
}

TEST(Spreadsheet, BoundsTextsAndDepth) {
  const auto cell = [](size_t bytes) {
    return absl::StrCat("<c t='inlineStr'><is><t>", std::string(bytes, 'x'), "</t></is></c>");
  };
  EXPECT_TRUE(ReadBytes(Xlsx("<row>" + cell(kSheetRowBytesMax) + "</row>")).status.ok());
  EXPECT_THAT(std::string(ReadBytes(Xlsx("<row>" + cell(kSheetRowBytesMax / 2) +
                                         cell(kSheetRowBytesMax / 2 + 1) + "</row>"))
                              .status.message()),
              HasSubstr("row 1: is longer than 65536 bytes"));
  std::string deep;
  for (int i = 0; i < kXmlDepthMax; ++i) deep += "<x>";
  EXPECT_THAT(std::string(ReadBytes(Xlsx(deep)).status.message()), HasSubstr("too deep"));
}

TEST(Spreadsheet, FollowsNoEntityAndNoAddressOutside) {
  const char* const types[] = {
      "<!DOCTYPE x [<!ENTITY a 'b'>]>", "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/hostname'>]>",
      "<!DOCTYPE x SYSTEM 'http://127.0.0.1:1/x.dtd'>",
      "<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'><!ENTITY c '&b;&b;'>]>"};
  const Parts parts = XlsxParts({{.rows = "<row><c t='str'><v>x</v></c></row>"}});
  for (const char* const type : types) {
    for (const auto& [name, content] : parts) {
      if (name == "[Content_Types].xml") continue;
      const SheetReading reading = ReadBytes(Zip(WithPart(parts, name, type + content)));
      EXPECT_THAT(std::string(reading.status.message()), HasSubstr("document type")) << name;
      EXPECT_THAT(reading.rows, IsEmpty());
    }
  }
  // A relation that leads out of the file is none.
  Parts outside = parts;
  for (auto& [name, content] : outside) {
    if (name != "xl/_rels/workbook.xml.rels") continue;
    content = absl::StrReplaceAll(
        content, {{"Target=\"worksheets", "TargetMode=\"External\" Target=\"worksheets"}});
  }
  EXPECT_THAT(std::string(ReadBytes(Zip(outside)).status.message()),
              HasSubstr("a sheet is missing"));
}

TEST(Spreadsheet, EndsAtTheBoundOfABombWhateverItsDirectorySays) {
  const std::string bomb =
      Zip({{"a", std::string(3 << 20, ' ')}, {"b", std::string(3 << 20, ' ')}});
  ASSERT_LT(bomb.size(), 20'000U);
  const auto read = [](absl::string_view bytes, PartBounds bounds, size_t& got) {
    auto parts = SheetParts::Open(bytes, bounds);
    EXPECT_TRUE(parts.ok()) << parts.status();
    absl::Status status;
    for (const char* const name : {"a", "b"}) {
      status.Update(parts->Read(name, [&](absl::string_view piece) {
        got += piece.size();
        return absl::OkStatus();
      }));
    }
    return status.code();
  };
  size_t got = 0;
  EXPECT_EQ(read(bomb, {}, got), absl::StatusCode::kOk);
  EXPECT_EQ(got, 6U << 20);
  got = 0;
  EXPECT_EQ(read(bomb, {.part_bytes_max = 1 << 20}, got), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(got, 0U);
  got = 0;
  EXPECT_EQ(read(bomb, {.all_bytes_max = 4 << 20}, got), absl::StatusCode::kResourceExhausted);
  EXPECT_LE(got, 4U << 20);

  // The same, and every directory entry says 16 bytes.
  std::string liar = bomb;
  const std::string size("\x00\x00\x30\x00", 4);
  for (size_t at = liar.find(size); at != std::string::npos; at = liar.find(size, at + 1)) {
    liar.replace(at, 4, std::string("\x10\0\0\0", 4));
  }
  ASSERT_NE(liar, bomb);
  got = 0;
  EXPECT_NE(read(liar, {.part_bytes_max = 1 << 20}, got), absl::StatusCode::kOk);
  EXPECT_LE(got, 2U << 20);
}

TEST(Spreadsheet, WhatIsCutOffOrChangedIsNeverReadAsWhole) {
  std::string rows;
  for (int i = 0; i < 50; ++i) rows += XlsxTextRow({absl::StrCat("row ", i * 7919), "x"});
  const std::string whole = Xlsx(rows);
  const SheetReading expected = ReadBytes(whole);
  ASSERT_TRUE(expected.status.ok());
  ASSERT_EQ(expected.rows.size(), 50U);
  for (size_t bytes = 0; bytes < whole.size(); bytes += 13) {
    EXPECT_FALSE(ReadBytes(absl::string_view(whole).substr(0, bytes)).status.ok()) << bytes;
  }
  // A changed byte is found, or changes nothing that is read.
  for (size_t at = 0; at < whole.size(); at += 3) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    const SheetReading reading = ReadBytes(changed);
    if (reading.status.ok()) EXPECT_EQ(reading.rows, expected.rows) << at;
  }
}

}  // namespace
}  // namespace pathways::cli
