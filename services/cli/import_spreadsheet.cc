#include <utility>

#include "services/base/status_macros.h"
#include "services/cli/import_formats.h"
#include "services/cli/spreadsheet_process.h"

namespace pathways::cli {
namespace {

class SheetRows : public TableRows {
 public:
  explicit SheetRows(std::shared_ptr<const SheetRecords> records) : records_(std::move(records)) {}

  absl::StatusOr<std::optional<CsvRow>> Next() override {
    SheetRow sheet_row;
    if (!records_->Next(position_, sheet_row)) return std::nullopt;
    CsvRow row{.line = sheet_row.number, .fields = std::move(sheet_row.cells)};
    // A row of a CSV has a field for each column of the header; that of a sheet ends with its last
    // cell.
    if (width_ == 0) width_ = row.fields.size();
    if (row.fields.size() < width_) row.fields.resize(width_);
    return row;
  }

 private:
  std::shared_ptr<const SheetRecords> records_;
  size_t position_ = 0;
  size_t width_ = 0;  // Of the header. 0: not read yet.
};

}  // namespace

absl::StatusOr<std::vector<std::unique_ptr<TableRows>>> ReadSheet(const ImportInput& input,
                                                                  int times) {
  ASSIGN_OR_RETURN(SheetRecords records, ReadSpreadsheetApart(input.path, input.sheet));
  const auto shared = std::make_shared<const SheetRecords>(std::move(records));
  std::vector<std::unique_ptr<TableRows>> tables;
  for (int i = 0; i < times; ++i) tables.push_back(std::make_unique<SheetRows>(shared));
  return tables;
}

}  // namespace pathways::cli
