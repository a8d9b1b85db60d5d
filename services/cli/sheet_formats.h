// The two formats of a spreadsheet file, and what they share. Used by spreadsheet.cc only.
//
// A reader gives the rows of one sheet: the one that is asked for by name, else the only visible
// one with content. Hidden sheets hold lists for drop-down cells more often than people; hidden
// rows and columns are read like all others, for a filter must not lose anybody.
#ifndef PATHWAYS_SERVICES_CLI_SHEET_FORMATS_H_
#define PATHWAYS_SERVICES_CLI_SHEET_FORMATS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "services/cli/sheet_parts.h"
#include "services/cli/spreadsheet.h"
#include "services/cli/xml_events.h"

namespace pathways::cli {

// Puts the cells of one row after the other together, within the bounds.
class SheetRowBuilder {
 public:
  explicit SheetRowBuilder(TakeSheetRow take) : take_(take) {}

  // INVALID_ARGUMENT: rows do not come in order.
  absl::Status Begin(int64_t number);
  // Text of a column from 0. INVALID_ARGUMENT: too far right, too long, or the column has one.
  absl::Status Put(int64_t column, std::string text);
  // Hands the row over so many times, each as the next row; not where it is blank.
  // INVALID_ARGUMENT: there are too many. Else what taking it returned.
  absl::Status End(int64_t times = 1);

 private:
  TakeSheetRow take_;
  SheetRow row_;
  int64_t last_ = 0;  // Number of the last row.
  size_t bytes_ = 0;
};

// The sheets of a file, as far as they were seen, and which of them is to be read.
class SheetChoice {
 public:
  explicit SheetChoice(std::string wanted) : wanted_(std::move(wanted)) {}

  // Whether the content of this one matters. Each sheet is named once, in order.
  bool Name(const std::string& name, bool is_visible);
  // The sheet named last has content. True: it is the one to read.
  bool NoteContent();
  // After the last sheet. INVALID_ARGUMENT: none is to be read, or more than one could be.
  absl::Status Check() const;

 private:
  std::string wanted_;  // Empty: the only one.
  std::vector<std::string> names_;
  std::vector<std::string> filled_;  // Of those that matter.
};

// Has a reader read a part. The errors are those of SheetParts::Read and of the reader, for example
// CANCELLED where whoever takes its rows had enough.
absl::Status ReadPart(SheetParts& parts, const std::string& name, XmlReader& reader);

// INVALID_ARGUMENT, with what is damaged.
absl::Status DamagedSheet(absl::string_view what);

absl::Status ReadXlsx(SheetParts& parts, const std::string& sheet, TakeSheetRow take);
absl::Status ReadOds(SheetParts& parts, const std::string& sheet, TakeSheetRow take);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_SHEET_FORMATS_H_
