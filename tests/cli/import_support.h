// Files of registrations for the tests of the import, and what they give.
#ifndef PATHWAYS_TESTS_CLI_IMPORT_SUPPORT_H_
#define PATHWAYS_TESTS_CLI_IMPORT_SUPPORT_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "services/cli/import_file.h"

namespace pathways::cli {

inline constexpr absl::CivilDay kToday(2023, 7, 28);

// A text that is found again wherever it leaks.
inline constexpr char kPlanted[] = "Plantado";

// Every column with a cell, in order.
using Cells = std::vector<std::pair<std::string, std::string>>;

// A row that is right, by itself a household of one.
Cells GoodRow();

// The row with other cells.
Cells With(Cells cells, const std::map<std::string, std::string>& changes);

// A row that is right, of a household and with other cells.
Cells Row(const std::string& household, const std::map<std::string, std::string>& changes = {});

std::string Header(const char* delimiter = ",");
std::string Line(const Cells& cells, const char* delimiter = ",");

// A file of a header and rows.
std::string File(const std::vector<Cells>& rows, const char* end = "\n");

// Everything that a file gave.
struct Reading {
  absl::Status open;
  absl::Status status;
  std::vector<ImportItem> items;
  std::vector<std::string> ignored;
};

Reading ReadPath(const std::string& path, absl::CivilDay today = kToday,
                 const ColumnMapping& mapping = {});

// Writes the content to a file of the running test, and reads it.
Reading Read(const std::string& content, const ColumnMapping& mapping = {});

// "line:column" of each error. Fails the test when an error holds a value, or an item has both
// errors and something to send, or neither.
std::vector<std::string> Places(const ImportItem& item);

}  // namespace pathways::cli

#endif  // PATHWAYS_TESTS_CLI_IMPORT_SUPPORT_H_
