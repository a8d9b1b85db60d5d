// Reads a spreadsheet in a process of its own that has no rights.
//
// Files come from anywhere, and what parses them is C code that others wrote. So the program starts
// itself again as a reader, which gets the open file and a pipe and nothing else: nothing of its
// environment, and so no token, no other file, no network, and bounds on memory and time
// (ReadSpreadsheet runs there). Its rows are believed only after all of them have come and it ended
// well. What it does otherwise, a crash, silence or too much, is an error here.
#ifndef PATHWAYS_SERVICES_CLI_SPREADSHEET_PROCESS_H_
#define PATHWAYS_SERVICES_CLI_SPREADSHEET_PROCESS_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/cli/spreadsheet.h"

namespace pathways::cli {

// Of all rows that one file may give.
inline constexpr size_t kSheetBytesMax = size_t{256} << 20;

// Rows as the reader sent them: 100,000 people are 20 MB.
class SheetRecords {
 public:
  // INVALID_ARGUMENT: not what a reader sends. Else the error that the reader sent.
  static absl::StatusOr<SheetRecords> FromReader(std::string bytes);

  // The row at a position, from 0; moves it to the next one. False at the end.
  bool Next(size_t& position, SheetRow& row) const;

 private:
  std::string bytes_;
};

struct ReaderProcess {
  std::string program = "/proc/self/exe";
  absl::Duration timeout = absl::Minutes(2);
};

// NOT_FOUND: the file cannot be opened. INVALID_ARGUMENT or RESOURCE_EXHAUSTED: what
// ReadSpreadsheet says, or the reader did not end well. UNAVAILABLE: it cannot be started.
absl::StatusOr<SheetRecords> ReadSpreadsheetApart(const std::string& path, const std::string& sheet,
                                                  const ReaderProcess& process = {});

// Whether this process was started as a reader. Every program that reads spreadsheets asks this
// first in its main, and then returns RunSpreadsheetReader.
bool IsSpreadsheetReader(int argc, char** argv);
// Reads standard input, gives up all rights, and writes the rows to standard output.
int RunSpreadsheetReader(char** argv);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_SPREADSHEET_PROCESS_H_
