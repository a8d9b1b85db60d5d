#include "tests/cli/import_support.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/support/facts.h"

namespace pathways::cli {
namespace {

std::string TestPath() {
  const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
  return absl::StrCat(::testing::TempDir(), "/import_", info->test_suite_name(), "_", info->name());
}

}  // namespace

Cells GoodRow() {
  return {{"household_number", "TAP-1"},
          {"relationship", "PRINCIPAL"},
          {"given_names", "María José"},
          {"first_surname", "Pérez"},
          {"second_surname", "Gómez"},
          {"sex", "F"},
          {"date_of_birth", "1990-04-17"},
          {"nationality", "VE"},
          {"other_nationality", "HTI"},
          {"document_type", "PASSPORT"},
          {"document_number", "V1234567"},
          {"phone", "+529621234567"},
          {"language", "es"},
          {"entry_date", "15/6/2023"},
          {"in_mexico", "YES"},
          {"state", "MX-CHP"},
          {"refugee_claim", "NONE"},
          {"left_country_for_fear", "YES"},
          {"seeks_work", "NO"},
          {"needs", "SP-PT|LP-ND"},
          {"consent", "YES"},
          {"registered_on", "2023-07-20"}};
}

Cells With(Cells cells, const std::map<std::string, std::string>& changes) {
  for (auto& [column, cell] : cells) {
    const auto change = changes.find(column);
    if (change != changes.end()) cell = change->second;
  }
  return cells;
}

Cells Row(const std::string& household, const std::map<std::string, std::string>& changes) {
  return With(With(GoodRow(), {{"household_number", household}}), changes);
}

std::string Header(const char* delimiter) {
  std::vector<std::string> names;
  for (const auto& [column, cell] : GoodRow()) names.push_back(column);
  return absl::StrJoin(names, delimiter);
}

std::string Line(const Cells& cells, const char* delimiter) {
  std::vector<std::string> texts;
  for (const auto& [column, cell] : cells) texts.push_back(cell);
  return absl::StrJoin(texts, delimiter);
}

std::string File(const std::vector<Cells>& rows, const char* end) {
  std::string text = absl::StrCat(Header(), end);
  for (const Cells& row : rows) absl::StrAppend(&text, Line(row), end);
  return text;
}

Reading ReadPath(const std::string& path, absl::CivilDay today, const ColumnMapping& mapping) {
  Reading reading;
  auto file =
      ImportFile::Open({.path = path, .today = today, .mapping = mapping, .facts = SampleFacts()});
  reading.open = file.status();
  if (!file.ok()) return reading;
  while (auto item = (*file)->Next()) reading.items.push_back(*std::move(item));
  reading.status = (*file)->status();
  reading.ignored = (*file)->ignored_columns();
  return reading;
}

Reading Read(const std::string& content, const ColumnMapping& mapping) {
  const std::string path = TestPath();
  std::ofstream(path, std::ios::binary) << content;
  Reading reading = ReadPath(path, kToday, mapping);
  std::remove(path.c_str());
  return reading;
}

std::vector<std::string> Places(const ImportItem& item) {
  std::vector<std::string> places;
  for (const RowError& error : item.errors) {
    EXPECT_FALSE(error.reason.empty());
    for (const char* value : {kPlanted, "TAP-", "María", "Pérez", "V1234567", "1871", "ZZ9"}) {
      EXPECT_FALSE(absl::StrContains(error.reason, value)) << error.reason;
      EXPECT_FALSE(absl::StrContains(error.column, value)) << error.column;
    }
    places.push_back(absl::StrCat(error.line, ":", error.column));
  }
  EXPECT_EQ(item.errors.empty(), item.request.has_case_());
  EXPECT_EQ(item.errors.empty(), !item.request.request_id().empty());
  return places;
}

}  // namespace pathways::cli
