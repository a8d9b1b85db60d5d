// Reads the rows of a CSV file (RFC 4180 and what spreadsheets make of it) over libcsv.
//
// Quoted fields may hold delimiters, quotes and line breaks; rows end with any line end; blank rows
// are left out; spaces around an unquoted field do not count. Quoting is strict: a quote inside an
// unquoted field, or text behind a closing one, makes the row unreadable up to the end of its line,
// and reading goes on behind it. A row knows the line it begins on, which is what a person looks
// for in an editor.
#ifndef PATHWAYS_SERVICES_CLI_CSV_ROWS_H_
#define PATHWAYS_SERVICES_CLI_CSV_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "services/cli/line_reader.h"
#include "services/cli/table_rows.h"

struct csv_parser;

namespace pathways::cli {

// Not thread-safe.
class CsvRows : public TableRows {
 public:
  CsvRows(std::unique_ptr<LineReader> reader, char delimiter);

  // The next row, or nothing at the end. INVALID_ARGUMENT when a row is longer than kLineBytesMax
  // or a quote is not closed: where the next row begins cannot be told then, so the error is final.
  // DATA_LOSS when the file cannot be read on.
  absl::StatusOr<std::optional<CsvRow>> Next() override;

 private:
  struct FreeParser {
    void operator()(csv_parser* parser) const;
  };

  static void TakeField(void* bytes, size_t size, void* rows);
  static void TakeRowEnd(int end, void* rows);
  absl::Status Feed(std::string line);
  void InitParser();
  // Ends the row that is being put together, which cannot be read, with its line.
  void TakeFaultyRow();

  std::unique_ptr<LineReader> reader_;
  char delimiter_;
  std::unique_ptr<csv_parser, FreeParser> parser_;
  CsvRow row_;           // Being put together.
  std::string written_;  // What was read of it.
  bool in_row_ = false;
  std::deque<CsvRow> ready_;
};

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_CSV_ROWS_H_
