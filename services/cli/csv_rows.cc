#include "services/cli/csv_rows.h"

#include <csv.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/type/text.h"

namespace pathways::cli {

bool CsvRow::IsBlank() const {
  return fault.empty() && std::all_of(fields.begin(), fields.end(),
                                      [](const std::string& cell) { return type::IsBlank(cell); });
}

void CsvRows::FreeParser::operator()(csv_parser* parser) const {
  csv_free(parser);
  delete parser;
}

CsvRows::CsvRows(std::unique_ptr<LineReader> reader, char delimiter)
    : reader_(std::move(reader)), delimiter_(delimiter) {
  InitParser();
}

void CsvRows::InitParser() {
  parser_.reset(new csv_parser);
  csv_init(parser_.get(), CSV_STRICT);
  csv_set_delim(parser_.get(), static_cast<unsigned char>(delimiter_));
}

void CsvRows::TakeFaultyRow() {
  row_.swallows_lines = reader_->line_number() > row_.line;
  row_.fault =
      row_.swallows_lines
          ? absl::StrCat(
                "a quote opened in this row is closed in line ", reader_->line_number(),
                " only, and there in the midst of a cell: what lies between cannot be read")
          : "a quote stands inside a cell, or text behind a closing quote: put the whole cell in "
            "quotes, and write each quote within it twice";
  row_.written = written_;
  ready_.push_back(std::exchange(row_, {}));
  in_row_ = false;
  InitParser();
}

void CsvRows::TakeField(void* bytes, size_t size, void* rows) {
  static_cast<CsvRows*>(rows)->row_.fields.emplace_back(static_cast<const char*>(bytes), size);
}

void CsvRows::TakeRowEnd(int end, void* rows) {
  auto* self = static_cast<CsvRows*>(rows);
  self->ready_.push_back(std::exchange(self->row_, {}));
  self->in_row_ = false;
}

absl::Status CsvRows::Feed(std::string line) {
  if (!in_row_) {
    if (type::IsBlank(line)) return absl::OkStatus();
    in_row_ = true;
    row_.line = reader_->line_number();
    written_.clear();
  }
  written_ += line;
  if (written_.size() > kLineBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("line ", row_.line, ": a row is longer than ",
                                                   kLineBytesMax,
                                                   " bytes; a quote in it may not be closed"));
  }
  // The last line may lack its end; without it libcsv would hold the row back.
  if (!absl::EndsWith(line, "\n") && !absl::EndsWith(line, "\r")) line.push_back('\n');
  const size_t taken =
      csv_parse(parser_.get(), line.data(), line.size(), &TakeField, &TakeRowEnd, this);
  if (taken != line.size()) {
    if (csv_error(parser_.get()) == CSV_EPARSE) {
      TakeFaultyRow();
      return absl::OkStatus();
    }
    return absl::InternalError(absl::StrCat("line ", row_.line, ": cannot be parsed as CSV"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<CsvRow>> CsvRows::Next() {
  std::string line;
  while (ready_.empty()) {
    switch (reader_->Next(line)) {
      case LineReader::Result::kLine:
        if (absl::Status status = Feed(line); !status.ok()) return status;
        break;
      case LineReader::Result::kTooLong:
        return absl::InvalidArgumentError(absl::StrCat(
            "line ", reader_->line_number(), ": is longer than ", kLineBytesMax, " bytes"));
      case LineReader::Result::kFailed:
        return absl::DataLossError(
            absl::StrCat("line ", reader_->line_number(), ": the file cannot be read on"));
      case LineReader::Result::kEnd:
        if (!in_row_) return std::nullopt;
        return absl::InvalidArgumentError(
            absl::StrCat("line ", row_.line, ": a quote opened in this row is not closed"));
    }
  }
  CsvRow row = std::move(ready_.front());
  ready_.pop_front();
  return row;
}

}  // namespace pathways::cli
