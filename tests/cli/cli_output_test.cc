// Goal: columns stay aligned, fit the screen, and nothing in a cell can break the line or is cut.
// Method: tables by hand; a pseudo-terminal for what a terminal says of itself.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "pathways/eligibility/v1/screening.pb.h"
#include "pathways/intake/v1/case.pb.h"
#include "services/cli/output.h"
#include "services/cli/table.h"

namespace pathways::cli {
namespace {

TEST(CliOutput, WidthsAreThoseOfATerminal) {
  const std::vector<std::pair<std::string, int>> rows = {
      {"", 0},
      {"abc", 3},
      {"Núñez", 5},
      {"Nu\xCC\x81n\xCC\x83"
       "ez",
       5},
      {"Zoé Fèvrye", 10},
      {"日本", 4},
      {"€", 1},
      {"😀", 2},
      {"\xFF", 1},
      {"\xE2\x82", 1},
  };
  for (const auto& [text, width] : rows) EXPECT_EQ(WidthOf(text), width) << text;
}

TEST(CliOutput, ColumnsAreAligned) {
  EXPECT_EQ(Render({.header = {"name", "b", "c"},
                    .rows = {{"Núñez", "", "x"}, {"a", "\x1b[2J\nx", ""}, {"", "", ""}}}),
            "name   b       c\n"
            "Núñez          x\n"
            "a       [2J x\n"
            "\n");
  EXPECT_EQ(Render({.header = {"only", "header"}}), "only  header\n");
}

Table Outcomes() {
  return {.header = {"pathway", "person_ids", "outcome"},
          .rows = {{"us-refugee-resettlement", "p1, p2",
                    "Conditions look met. A person of the authority decides; nothing is promised "
                    "by this."},
                   {"mx-refugio", "", "Sí, según la señora Núñez."}}};
}

TEST(CliOutput, WithoutAScreenARowIsALineHoweverLong) {
  EXPECT_EQ(Render(Outcomes()),
            "pathway                  person_ids  outcome\n"
            "us-refugee-resettlement  p1, p2      Conditions look met. A person of the authority "
            "decides; nothing is promised by this.\n"
            "mx-refugio                           Sí, según la señora Núñez.\n");
  EXPECT_EQ(Render(Outcomes(), 0), Render(Outcomes()));
}

TEST(CliOutput, OnAScreenLongTextsAreWrappedInTheirColumn) {
  EXPECT_EQ(Render(Outcomes(), 80),
            "pathway                  person_ids  outcome\n"
            "us-refugee-resettlement  p1, p2      Conditions look met. A person of the\n"
            "                                     authority decides; nothing is promised by\n"
            "                                     this.\n"
            "mx-refugio                           Sí, según la señora Núñez.\n");
}

TEST(CliOutput, WithoutRoomForColumnsARowIsABlock) {
  EXPECT_EQ(Render(Outcomes(), 40),
            "pathway     us-refugee-resettlement\n"
            "person_ids  p1, p2\n"
            "outcome     Conditions look met. A\n"
            "            person of the authority\n"
            "            decides; nothing is promised\n"
            "            by this.\n"
            "\n"
            "pathway     mx-refugio\n"
            "outcome     Sí, según la señora Núñez.\n");
}

TEST(CliOutput, OnANarrowScreenValuesStandBelowAndNoIdIsCut) {
  EXPECT_EQ(Render(Outcomes(), 20),
            "pathway\n"
            "  us-refugee-resettlement\n"
            "person_ids  p1, p2\n"
            "outcome\n"
            "  Conditions look\n"
            "  met. A person of\n"
            "  the authority\n"
            "  decides; nothing\n"
            "  is promised by\n"
            "  this.\n"
            "\n"
            "pathway\n"
            "  mx-refugio\n"
            "outcome\n"
            "  Sí, según la\n"
            "  señora Núñez.\n");
}

TEST(CliOutput, FieldsOfOneThingAreOneBlock) {
  const Table table{
      .header = {"field", "value"},
      .rows = {{"name", "cases/0198b2c4-0000-7000-8000-000000000001"}, {"state", "OPEN"}},
      .is_of_one = true};
  EXPECT_EQ(Render(table, 49),
            "field  value\n"
            "name   cases/0198b2c4-0000-7000-8000-000000000001\n"
            "state  OPEN\n");
  EXPECT_EQ(Render(table, 48),
            "name\n"
            "  cases/0198b2c4-0000-7000-8000-000000000001\n"
            "state  OPEN\n");
}

// Each boundary: it just fits, and one column less.
TEST(CliOutput, WidthIsCountedInCharacters) {
  const Table table{.header = {"a", "b"}, .rows = {{"ñandú", "señora Zoé Fèvrye"}}};
  const std::string whole =
      "a      b\n"
      "ñandú  señora Zoé Fèvrye\n";
  EXPECT_EQ(Render(table, 24), whole);
  EXPECT_EQ(Render(table, 23),
            "a      b\n"
            "ñandú  señora Zoé\n"
            "       Fèvrye\n");
  EXPECT_EQ(Render(table, 19),
            "a      b\n"
            "ñandú  señora Zoé\n"
            "       Fèvrye\n");
  EXPECT_EQ(Render(table, 18),
            "a  ñandú\n"
            "b  señora Zoé\n"
            "   Fèvrye\n");
}

TEST(CliOutput, LongColumnsShareWhatShortOnesLeave) {
  EXPECT_EQ(Render({.header = {"n", "one", "two"},
                    .rows = {{"1", "aaa bbb ccc ddd eee fff", "ggg hhh iii jjj kkk lll"}}},
                   34),
            "n  one              two\n"
            "1  aaa bbb ccc ddd  ggg hhh iii\n"
            "   eee fff          jjj kkk lll\n");
}

TEST(CliOutput, ATableWithoutRowsIsItsHeader) {
  const Table table{.header = {"name", "pathway", "agency"}};
  EXPECT_EQ(Render(table, 21), "name  pathway  agency\n");
  EXPECT_EQ(Render(table, 20), "name pathway agency\n");
  EXPECT_EQ(Render(table, 12), "name pathway\nagency\n");
  EXPECT_EQ(Render({}, 12), "");
}

TEST(CliOutput, NothingInACellMovesTheCursorOnANarrowScreenEither) {
  EXPECT_EQ(Render({.header = {"a", "b"}, .rows = {{"\x1b[2J\nxxx", "yyyyyyyy"}}}, 11),
            "a   [2J xxx\n"
            "b  yyyyyyyy\n");
}

TEST(CliOutput, TheNoticeIsWrappedToo) {
  eligibility::v1::Screening screening;
  screening.set_notice("This is a screening and no decision.");
  std::ostringstream narrow;
  Output(Format::kTable, narrow, 20).Show(screening, {});
  EXPECT_EQ(narrow.str(), "\nThis is a screening\nand no decision.\n");
  std::ostringstream whole;
  Output(Format::kTable, whole, 0).Show(screening, {});
  EXPECT_EQ(whole.str(), "\nThis is a screening and no decision.\n");
}

TEST(CliOutput, OnlyATerminalHasAWidth) {
  int controller = -1;
  int terminal = -1;
  winsize size = {};
  size.ws_col = 100;
  ASSERT_EQ(openpty(&controller, &terminal, nullptr, nullptr, &size), 0);
  EXPECT_EQ(ScreenColumns(terminal, nullptr), 100);
  EXPECT_EQ(ScreenColumns(terminal, "72"), 72);
  for (const char* wrong : {"", "0", "-5", "wide", "10001", "99999999999"}) {
    EXPECT_EQ(ScreenColumns(terminal, wrong), 100) << wrong;
  }
  close(terminal);
  close(controller);
  const int file = open("/dev/null", O_WRONLY);
  ASSERT_GE(file, 0);
  EXPECT_EQ(ScreenColumns(file, nullptr), 0);
  EXPECT_EQ(ScreenColumns(file, "72"), 0);
  close(file);
}

TEST(CliOutput, CellsAreForPeople) {
  intake::v1::Person person;
  EXPECT_EQ(CellOf(person, "identity.given_names"), "");
  EXPECT_EQ(CellOf(person, "entry_date"), "");
  EXPECT_EQ(CellOf(person, "sex"), "");
  person.mutable_identity()->set_given_names("Ana");
  person.mutable_entry_date()->set_year(2023);
  EXPECT_EQ(CellOf(person, "entry_date"), "2023");
  person.mutable_entry_date()->set_month(6);
  EXPECT_EQ(CellOf(person, "entry_date"), "2023-06");
  person.mutable_entry_date()->set_day(1);
  EXPECT_EQ(CellOf(person, "entry_date"), "2023-06-01");
  person.set_age_band(type::v1::AGE_BAND_60_PLUS);
  person.add_needs("CR-CP");
  person.add_needs("SP-PT");
  EXPECT_EQ(CellOf(person, "identity.given_names"), "Ana");
  EXPECT_EQ(CellOf(person, "age_band"), "60_PLUS");
  EXPECT_EQ(CellOf(person, "needs"), "CR-CP, SP-PT");
}

}  // namespace
}  // namespace pathways::cli
