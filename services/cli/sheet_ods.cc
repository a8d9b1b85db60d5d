// Spreadsheets of OpenDocument (ISO/IEC 26300): ods.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/cli/sheet_formats.h"
#include "services/cli/sheet_values.h"
#include "services/cli/xml_events.h"
#include "services/type/text.h"

namespace pathways::cli {
namespace {

constexpr size_t kStylesMax = 100'000;
constexpr size_t kSheetsMax = 1'000;
// More than any sheet has; blank rows and cells may go beyond.
constexpr int64_t kTimesMax = int64_t{1} << 32;

class ManifestReader : public XmlReader {
 public:
  void Start(Ns ns, absl::string_view name, const XmlAttributes& attributes) override {
    is_encrypted |= ns == Ns::kManifest && name == "encryption-data";
  }
  void End(Ns ns, absl::string_view name) override {}
  void Text(absl::string_view text) override {}

  bool is_encrypted = false;
};

// What styles say about how dates are shown, and which sheets are hidden.
class Styles {
 public:
  void Start(Ns ns, absl::string_view name, const XmlAttributes& attributes, absl::Status& status) {
    if (ns == Ns::kNumber) return StartNumber(name, attributes);
    if (ns == Ns::kStyle && name == "style") {
      if (styles_.size() + dates_.size() >= kStylesMax) {
        status = DamagedSheet("it has too many styles");
        return;
      }
      const std::string family(attributes.Get(Ns::kStyle, "family"));
      style_ = {family, std::string(attributes.Get(Ns::kStyle, "name"))};
      styles_[style_] = {std::string(attributes.Get(Ns::kStyle, "data-style-name")),
                         std::string(attributes.Get(Ns::kStyle, "parent-style-name"))};
    }
    if (ns == Ns::kStyle && name == "table-properties") {
      styles_[style_].hides = attributes.Get(Ns::kTable, "display") == "false";
    }
  }

  // How a cell of the style shows a date: as a whole, where the style does not say.
  NumberFormat DateOf(const std::string& style) const {
    std::string name = style;
    for (int depth = 0; depth < kInheritanceMax; ++depth) {
      const auto found = styles_.find({"table-cell", name});
      if (found == styles_.end()) break;
      const auto date = dates_.find(found->second.data);
      if (date != dates_.end() && date->second.IsDate()) return date->second;
      name = found->second.parent;
    }
    return kWholeDate;
  }

  bool Hides(const std::string& style) const {
    const auto found = styles_.find({"table", style});
    return found != styles_.end() && found->second.hides;
  }

 private:
  static constexpr int kInheritanceMax = 10;

  struct Style {
    std::string data;
    std::string parent;
    bool hides = false;
  };

  void StartNumber(absl::string_view name, const XmlAttributes& attributes) {
    if (absl::EndsWith(name, "-style")) date_.clear();
    if (name == "date-style") date_ = std::string(attributes.Get(Ns::kStyle, "name"));
    if (date_.empty()) return;
    NumberFormat& format = dates_[date_];
    format.year |= name == "year";
    format.month |= name == "month";
    format.day |= name == "day";
    format.time |= name == "hours";
  }

  using Key = std::pair<std::string, std::string>;  // Family and name: two families may share one.

  std::map<Key, Style> styles_;
  std::map<std::string, NumberFormat> dates_;
  Key style_;  // Being read.
  std::string date_;
};

class StylesReader : public XmlReader {
 public:
  explicit StylesReader(Styles& styles) : styles_(styles) {}
  void Start(Ns ns, absl::string_view name, const XmlAttributes& attributes) override {
    absl::Status status;
    styles_.Start(ns, name, attributes, status);
    Fail(status);
  }
  void End(Ns ns, absl::string_view name) override {}
  void Text(absl::string_view text) override {}

 private:
  Styles& styles_;
};

// The paragraphs of a cell as it shows them. Comments and drawings, which have paragraphs of their
// own, are no part of it.
class CellText {
 public:
  // `depth` is that of the element, from 1 for those right within the cell.
  void Start(Ns ns, absl::string_view name, const XmlAttributes& attributes, int depth) {
    if (skipped_from_ > 0) return;
    const bool is_paragraph = depth == 1 && ns == Ns::kText && (name == "p" || name == "h");
    if (ns != Ns::kText || (depth == 1 && !is_paragraph) || name == "note" || name == "ruby-text") {
      skipped_from_ = depth;
      return;
    }
    if (is_paragraph) {
      if (has_paragraph_) text_.push_back('\n');
      has_paragraph_ = true;
      in_paragraph_ = true;
    }
    if (name == "tab" || name == "line-break") text_.push_back(name == "tab" ? '\t' : '\n');
    if (name == "s") {
      int64_t count = 1;
      const absl::string_view said = attributes.Get(Ns::kText, "c");
      if (!said.empty() && !absl::SimpleAtoi(said, &count)) count = 1;
      const int64_t spaces = std::min(count, static_cast<int64_t>(kSheetRowBytesMax));
      text_.append(static_cast<size_t>(std::max<int64_t>(spaces, 0)), ' ');
    }
  }
  void End(int depth) {
    if (skipped_from_ == depth) skipped_from_ = 0;
    if (depth == 1) in_paragraph_ = false;
  }
  void Text(absl::string_view text) {
    if (skipped_from_ > 0 || !in_paragraph_) return;
    for (const char c : text) {
      const bool is_space = absl::ascii_isspace(static_cast<unsigned char>(c));
      // As HTML: a run of white space is one space, and none at the beginning.
      if (!is_space) {
        text_.push_back(c);
      } else if (!text_.empty() && text_.back() != ' ' && text_.back() != '\n') {
        text_.push_back(' ');
      }
    }
  }

  const std::string& text() const { return text_; }
  bool has_paragraph() const { return has_paragraph_; }

 private:
  std::string text_;
  bool has_paragraph_ = false;
  bool in_paragraph_ = false;
  int skipped_from_ = 0;  // Depth of the element that is no part. 0: none.
};

class ContentReader : public XmlReader {
 public:
  ContentReader(Styles styles, const std::string& sheet, TakeSheetRow take)
      : styles_(std::move(styles)), choice_(sheet), rows_(take) {}

  void Start(Ns ns, absl::string_view name, const XmlAttributes& attributes) override {
    ++depth_;
    if (cell_depth_ > 0) return text_.Start(ns, name, attributes, depth_ - cell_depth_);
    if (table_depth_ > 0) {
      if (ns == Ns::kTable) StartInTable(name, attributes);
      return;
    }
    if (ns == Ns::kTable && name == "table" && is_spreadsheet_ &&
        depth_ == spreadsheet_depth_ + 1) {
      return StartTable(attributes);
    }
    if (ns == Ns::kOffice && name == "spreadsheet") {
      is_spreadsheet_ = true;
      spreadsheet_depth_ = depth_;
      return;
    }
    if (is_spreadsheet_) return;
    absl::Status status;
    styles_.Start(ns, name, attributes, status);
    Fail(status);
  }

  void End(Ns ns, absl::string_view name) override {
    if (cell_depth_ > 0) {
      if (depth_ == cell_depth_) {
        EndCell();
      } else {
        text_.End(depth_ - cell_depth_);
      }
    } else if (row_depth_ == depth_ && row_depth_ > 0) {
      row_depth_ = 0;
      if (row_begun_) Fail(rows_.End(row_times_));
      row_ += row_times_ - 1;
    } else if (table_depth_ == depth_ && table_depth_ > 0) {
      table_depth_ = 0;
    }
    --depth_;
  }

  void Text(absl::string_view text) override {
    if (cell_depth_ == 0) return;
    text_.Text(text);
    if (text_.text().size() > kSheetRowBytesMax) {
      Fail(absl::InvalidArgumentError(
          absl::StrCat("row ", row_, ": is longer than ", kSheetRowBytesMax, " bytes")));
    }
  }

  // After the whole content.
  absl::Status Check() const {
    if (!is_spreadsheet_) return absl::InvalidArgumentError("the file is no spreadsheet");
    return choice_.Check();
  }

 private:
  struct Cell {
    std::string type;
    std::string value;
    std::string style;
    bool has_formula = false;
    bool is_error = false;
    int64_t times = 1;
  };

  static int64_t Times(const XmlAttributes& attributes, absl::string_view name) {
    int64_t times = 1;
    const absl::string_view said = attributes.Get(Ns::kTable, name);
    if (said.empty()) return 1;
    return absl::SimpleAtoi(said, &times) ? std::min(times, kTimesMax) : 0;
  }

  void StartTable(const XmlAttributes& attributes) {
    if (++tables_ > kSheetsMax) return Fail(DamagedSheet("it has too many sheets"));
    const bool is_hidden = styles_.Hides(std::string(attributes.Get(Ns::kTable, "style-name")));
    matters_ = choice_.Name(std::string(attributes.Get(Ns::kTable, "name")), !is_hidden);
    // Whether it is the one to read is known from its first cell with content on.
    is_read_ = false;
    table_depth_ = depth_;
    row_ = 0;
    columns_ = 0;
    column_styles_.clear();
    has_content_ = false;
  }

  void StartInTable(absl::string_view name, const XmlAttributes& attributes) {
    if (name == "table") return Fail(DamagedSheet("a sheet lies in another"));
    if (name == "table-column") {
      const int64_t times = Times(attributes, "number-columns-repeated");
      if (times < 1) return Fail(DamagedSheet("a column is there less than once"));
      columns_ += times;
      if (column_styles_.size() < kSheetColumnsMax) {
        column_styles_[columns_] =
            std::string(attributes.Get(Ns::kTable, "default-cell-style-name"));
      }
    }
    if (name == "table-row") return StartRow(attributes);
    if (row_depth_ > 0 && (name == "table-cell" || name == "covered-table-cell")) {
      StartCell(attributes, name == "covered-table-cell");
    }
  }

  void StartRow(const XmlAttributes& attributes) {
    if (row_depth_ > 0) return Fail(DamagedSheet("a row lies in another"));
    row_depth_ = depth_;
    row_times_ = Times(attributes, "number-rows-repeated");
    if (row_times_ < 1) return Fail(DamagedSheet("a row is there less than once"));
    row_style_ = std::string(attributes.Get(Ns::kTable, "default-cell-style-name"));
    ++row_;
    column_ = 0;
    row_begun_ = false;
  }

  void StartCell(const XmlAttributes& attributes, bool is_covered) {
    cell_depth_ = depth_;
    is_covered_ = is_covered;
    text_ = CellText();
    cell_ = {.type = std::string(attributes.Get(Ns::kOffice, "value-type")),
             .style = std::string(attributes.Get(Ns::kTable, "style-name")),
             .has_formula = attributes.Has(Ns::kTable, "formula"),
             .is_error = attributes.Get(Ns::kCalc, "value-type") == "error",
             .times = Times(attributes, "number-columns-repeated")};
    if (cell_.times < 1) return Fail(DamagedSheet("a cell is there less than once"));
    const absl::string_view name = cell_.type == "date"      ? "date-value"
                                   : cell_.type == "boolean" ? "boolean-value"
                                   : cell_.type == "string"  ? "string-value"
                                                             : "value";
    cell_.value = std::string(attributes.Get(Ns::kOffice, name));
  }

  void EndCell() {
    cell_depth_ = 0;
    const int64_t column = column_;
    column_ += cell_.times;
    // What a merged cell covers is not seen by anybody.
    if (is_covered_ || !matters_) return;
    absl::StatusOr<std::string> text = TextOfCell(column);
    if (!text.ok()) return Fail(text.status());
    if (type::IsBlank(*text)) return;
    if (!has_content_) {
      has_content_ = true;
      is_read_ = choice_.NoteContent();
    }
    if (!is_read_) return;
    if (!std::exchange(row_begun_, true)) Fail(rows_.Begin(row_));
    for (int64_t i = 0; i < cell_.times; ++i) {
      const absl::Status status = rows_.Put(column + i, *text);
      if (!status.ok()) return Fail(status);
    }
  }

  std::string StyleOf(int64_t column) const {
    if (!cell_.style.empty()) return cell_.style;
    if (!row_style_.empty()) return row_style_;
    const auto style = column_styles_.upper_bound(column);
    return style == column_styles_.end() ? "" : style->second;
  }

  absl::StatusOr<std::string> TextOfCell(int64_t column) const {
    const std::string& shown = text_.text();
    if (cell_.is_error) return TextOfError(shown);
    // Without the extension an error is what the formula shows, beside the number 0 or no text.
    if (cell_.has_formula && TextOfError(shown) == shown && !shown.empty()) return shown;
    const std::string& type = cell_.type;
    if (type.empty()) {
      return cell_.has_formula ? std::string(kFormulaWithoutResult) : shown;
    }
    if (type == "string") return text_.has_paragraph() ? shown : cell_.value;
    if (type == "boolean") return std::string(cell_.value == "true" ? "TRUE" : "FALSE");
    if (type == "date") return TextOfIsoDate(cell_.value, styles_.DateOf(StyleOf(column)));
    if (type == "time") return shown;
    double number = 0;
    if ((type != "float" && type != "percentage" && type != "currency") ||
        !absl::SimpleAtod(cell_.value, &number) || !std::isfinite(number)) {
      return DamagedSheet(absl::StrCat("the cell ", ColumnLetters(static_cast<int>(column)), row_,
                                       " cannot be read"));
    }
    return TextOfShownNumber(number, shown);
  }

  Styles styles_;
  SheetChoice choice_;
  SheetRowBuilder rows_;
  int depth_ = 0;
  // Depths of the elements that are open. 0: none is.
  int spreadsheet_depth_ = 0;
  int table_depth_ = 0;
  int row_depth_ = 0;
  int cell_depth_ = 0;
  bool is_spreadsheet_ = false;
  size_t tables_ = 0;
  bool matters_ = false;
  bool has_content_ = false;  // Of the table.
  bool is_read_ = false;
  int64_t row_ = 0;
  int64_t row_times_ = 1;
  bool row_begun_ = false;  // It has content that is read.
  std::string row_style_;
  int64_t column_ = 0;
  int64_t columns_ = 0;
  std::map<int64_t, std::string> column_styles_;  // By the first column that has it no more.
  Cell cell_;
  CellText text_;
  bool is_covered_ = false;
};

}  // namespace

absl::Status ReadOds(SheetParts& parts, const std::string& sheet, TakeSheetRow take) {
  if (parts.Has("META-INF/manifest.xml")) {
    ManifestReader manifest;
    RETURN_IF_ERROR(ReadPart(parts, "META-INF/manifest.xml", manifest));
    if (manifest.is_encrypted) {
      return absl::InvalidArgumentError(
          "the spreadsheet is protected by a password: save it without one");
    }
  }
  Styles styles;
  if (parts.Has("styles.xml")) {
    StylesReader reader(styles);
    RETURN_IF_ERROR(ReadPart(parts, "styles.xml", reader));
  }
  ContentReader content(std::move(styles), sheet, take);
  RETURN_IF_ERROR(ReadPart(parts, "content.xml", content));
  return content.Check();
}

}  // namespace pathways::cli
