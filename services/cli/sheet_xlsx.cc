// Workbooks of Office Open XML (ECMA-376, ISO/IEC 29500): xlsx, and xlsm, whose macros are not
// read.
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/base/status_macros.h"
#include "services/cli/sheet_formats.h"
#include "services/cli/sheet_values.h"
#include "services/cli/xml_events.h"

namespace pathways::cli {
namespace {

constexpr size_t kFormatsMax = 100'000;
constexpr size_t kSheetsMax = 1'000;
constexpr size_t kRelationsMax = 10'000;

bool IsTrue(absl::string_view text) { return text == "1" || text == "true"; }

// What a part refers to, by id: the name of a part, and of which type.
struct Relation {
  std::string type;  // The last word of its URI, which Strict shares.
  std::string part;
};
using Relations = std::map<std::string, Relation>;

class RelationsReader : public XmlReader {
 public:
  // `folder` is that of the part that refers.
  RelationsReader(absl::string_view folder, Relations& relations)
      : folder_(folder), relations_(relations) {}

  void Start(Ns ns, absl::string_view name, const XmlAttributes& attributes) override {
    if (ns != Ns::kPackage || name != "Relationship") return;
    // An address outside of the file is never followed.
    if (attributes.Get(Ns::kNone, "TargetMode") == "External") return;
    if (relations_.size() >= kRelationsMax) return Fail(DamagedSheet("it has too many relations"));
    const absl::string_view type = attributes.Get(Ns::kNone, "Type");
    relations_[std::string(attributes.Get(Ns::kNone, "Id"))] = {
        std::string(type.substr(type.rfind('/') + 1)), PartOf(attributes.Get(Ns::kNone, "Target"))};
  }
  void End(Ns ns, absl::string_view name) override {}
  void Text(absl::string_view text) override {}

 private:
  std::string PartOf(absl::string_view target) const {
    const std::string path =
        absl::ConsumePrefix(&target, "/") ? std::string(target) : absl::StrCat(folder_, target);
    std::vector<absl::string_view> steps;
    for (const absl::string_view step : absl::StrSplit(path, '/')) {
      if (step == "..") {
        if (!steps.empty()) steps.pop_back();
      } else if (step != ".") {
        steps.push_back(step);
      }
    }
    return absl::StrJoin(steps, "/");
  }

  std::string folder_;
  Relations& relations_;
};

// "xl/" of xl/workbook.xml.
std::string FolderOf(absl::string_view part) {
  return std::string(part.substr(0, part.rfind('/') + 1));
}

absl::StatusOr<Relations> RelationsOf(SheetParts& parts, const std::string& part) {
  const std::string folder = FolderOf(part);
  const std::string name = absl::StrCat(folder, "_rels/", part.substr(folder.size()), ".rels");
  Relations relations;
  if (!parts.Has(name)) return relations;
  RelationsReader reader(folder, relations);
  RETURN_IF_ERROR(ReadPart(parts, name, reader));
  return relations;
}

std::string PartOfType(const Relations& relations, absl::string_view type) {
  for (const auto& [id, relation] : relations) {
    if (relation.type == type) return relation.part;
  }
  return "";
}

struct SheetEntry {
  std::string name;
  std::string relation;
  bool is_visible = true;
};

class WorkbookReader : public XmlReader {
 public:
  void Start(Ns ns, absl::string_view name, const XmlAttributes& attributes) override {
    if (ns != Ns::kXlsx) return;
    if (name == "workbookPr" && IsTrue(attributes.Get(Ns::kNone, "date1904"))) {
      date_system = DateSystem::k1904;
    }
    if (name != "sheet") return;
    if (sheets.size() >= kSheetsMax) return Fail(DamagedSheet("it has too many sheets"));
    const absl::string_view state = attributes.Get(Ns::kNone, "state");
    sheets.push_back({std::string(attributes.Get(Ns::kNone, "name")),
                      std::string(attributes.Get(Ns::kRelationship, "id")),
                      state != "hidden" && state != "veryHidden"});
  }
  void End(Ns ns, absl::string_view name) override {}
  void Text(absl::string_view text) override {}

  std::vector<SheetEntry> sheets;
  DateSystem date_system = DateSystem::k1900;
};

// The number format of each cell format.
class StylesReader : public XmlReader {
 public:
  void Start(Ns ns, absl::string_view name, const XmlAttributes& attributes) override {
    if (ns != Ns::kXlsx) return;
    if (name == "cellXfs") in_cell_formats_ = true;
    int64_t id = 0;
    if (name == "numFmt" && absl::SimpleAtoi(attributes.Get(Ns::kNone, "numFmtId"), &id)) {
      if (codes_.size() >= kFormatsMax) return Fail(DamagedSheet("it has too many formats"));
      codes_[id] = std::string(attributes.Get(Ns::kNone, "formatCode"));
    }
    if (name == "xf" && in_cell_formats_) {
      if (formats.size() >= kFormatsMax) return Fail(DamagedSheet("it has too many formats"));
      (void)absl::SimpleAtoi(attributes.Get(Ns::kNone, "numFmtId"), &id);
      const auto code = codes_.find(id);
      formats.push_back(ReadNumberFormat(code == codes_.end() ? BuiltInFormat(id) : code->second));
    }
  }
  void End(Ns ns, absl::string_view name) override {
    if (ns == Ns::kXlsx && name == "cellXfs") in_cell_formats_ = false;
  }
  void Text(absl::string_view text) override {}

  std::vector<NumberFormat> formats;

 private:
  std::map<int64_t, std::string> codes_;  // Stand before the cell formats.
  bool in_cell_formats_ = false;
};

// The text of a string with its runs; how it is pronounced is no part of it.
class RichText {
 public:
  void Start(absl::string_view name) {
    if (name == "rPh") ++phonetic_;
    in_text_ = name == "t" && phonetic_ == 0;
  }
  void End(absl::string_view name) {
    if (name == "rPh") --phonetic_;
    in_text_ = false;
  }
  void Text(absl::string_view text) {
    if (in_text_) text_.append(text.data(), text.size());
  }
  std::string Take() { return WithoutEscapes(std::exchange(text_, {})); }

 private:
  std::string text_;
  bool in_text_ = false;
  int phonetic_ = 0;
};

class SharedStringsReader : public XmlReader {
 public:
  void Start(Ns ns, absl::string_view name, const XmlAttributes& attributes) override {
    if (ns == Ns::kXlsx) text_.Start(name);
  }
  void End(Ns ns, absl::string_view name) override {
    if (ns != Ns::kXlsx) return;
    text_.End(name);
    if (name != "si") return;
    strings.push_back(text_.Take());
    if (strings.size() > kSharedStringsMax) Fail(TooMuch());
  }
  void Text(absl::string_view text) override {
    bytes_ += text.size();
    if (bytes_ > kSharedStringsBytesMax) return Fail(TooMuch());
    text_.Text(text);
  }

  std::vector<std::string> strings;

 private:
  static absl::Status TooMuch() {
    return absl::ResourceExhaustedError("the spreadsheet has more text than an import may have");
  }

  RichText text_;
  size_t bytes_ = 0;
};

struct Workbook {
  DateSystem date_system = DateSystem::k1900;
  std::vector<NumberFormat> formats;
  std::vector<std::string> strings;
};

class SheetReader : public XmlReader {
 public:
  SheetReader(const Workbook& workbook, TakeSheetRow take) : workbook_(workbook), rows_(take) {}

  void Start(Ns ns, absl::string_view name, const XmlAttributes& attributes) override {
    if (ns != Ns::kXlsx) return;
    if (name == "sheetData") {
      if (std::exchange(seen_data_, true)) return Fail(DamagedSheet("it has its rows twice"));
      in_data_ = true;
    }
    if (!in_data_) return;
    if (name == "row") return StartRow(attributes);
    if (name == "c") return StartCell(attributes);
    cell_.has_formula |= name == "f";
    cell_.has_value |= name == "v";
    in_value_ = name == "v";
    rich_text_.Start(name);
  }

  void End(Ns ns, absl::string_view name) override {
    if (ns != Ns::kXlsx || !in_data_) return;
    in_value_ = false;
    rich_text_.End(name);
    if (name == "c") EndCell();
    if (name == "row") EndRow();
    // The rest is read as well: only at its end a part has shown that it is not damaged.
    if (name == "sheetData") in_data_ = false;
  }

  void Text(absl::string_view text) override {
    rich_text_.Text(text);
    if (!in_value_) return;
    cell_.value.append(text.data(), text.size());
    if (cell_.value.size() > kSheetRowBytesMax)
      Fail(DamagedSheet(absl::StrCat("row ", row_, " has too long a cell")));
  }

 private:
  struct Cell {
    int64_t column = 0;
    std::string type;
    size_t format = 0;
    bool has_formula = false;
    bool has_value = false;
    std::string value;
  };

  void StartRow(const XmlAttributes& attributes) {
    if (in_row_) return Fail(DamagedSheet("a row lies in another"));
    const absl::string_view number = attributes.Get(Ns::kNone, "r");
    in_row_ = true;
    ++row_;
    // Far beyond the rows that are taken, which is for SheetRowBuilder to say.
    constexpr int64_t kNumberMax = std::numeric_limits<int32_t>::max();
    if (!number.empty() && (!absl::SimpleAtoi(number, &row_) || row_ > kNumberMax)) {
      return Fail(DamagedSheet("a row has no number"));
    }
    cell_.column = -1;
    Fail(rows_.Begin(row_));
  }

  void EndRow() {
    in_row_ = false;
    Fail(rows_.End());
  }

  void StartCell(const XmlAttributes& attributes) {
    if (!in_row_ || in_cell_) return Fail(DamagedSheet("a cell lies outside of a row"));
    in_cell_ = true;
    int64_t column = cell_.column + 1;
    if (const absl::string_view reference = attributes.Get(Ns::kNone, "r"); !reference.empty()) {
      const std::optional<int> named = ColumnOfReference(reference);
      if (!named)
        return Fail(DamagedSheet(absl::StrCat("row ", row_, " has a cell without column")));
      column = *named;
    }
    cell_ = {.column = column, .type = std::string(attributes.Get(Ns::kNone, "t"))};
    // Beyond the formats that there are it is the first, as where it names none.
    (void)absl::SimpleAtoi(attributes.Get(Ns::kNone, "s"), &cell_.format);
    (void)rich_text_.Take();
  }

  void EndCell() {
    in_cell_ = false;
    absl::StatusOr<std::string> text = TextOfCell();
    Fail(text.ok() ? rows_.Put(cell_.column, *std::move(text)) : text.status());
  }

  absl::Status DamagedCell() const {
    return DamagedSheet(absl::StrCat("the cell ", ColumnLetters(static_cast<int>(cell_.column)),
                                     row_, " cannot be read"));
  }

  NumberFormat Format() const {
    return cell_.format < workbook_.formats.size() ? workbook_.formats[cell_.format]
                                                   : NumberFormat{};
  }

  absl::StatusOr<std::string> TextOfCell() {
    const std::string& type = cell_.type;
    if (type == "inlineStr") {
      if (cell_.has_value) return DamagedCell();
      return rich_text_.Take();
    }
    if (!cell_.has_value || (cell_.value.empty() && type != "str")) {
      // A formula that was never calculated. One that gives no text has an empty one.
      return std::string(cell_.has_formula ? kFormulaWithoutResult : "");
    }
    if (type == "str") return WithoutEscapes(cell_.value);
    if (type == "b") return std::string(IsTrue(cell_.value) ? "TRUE" : "FALSE");
    if (type == "e") return TextOfError(cell_.value);
    if (type == "d") {
      const NumberFormat format = Format();
      return TextOfIsoDate(cell_.value, format.IsDate() ? format : kWholeDate);
    }
    if (type == "s") {
      size_t index = 0;
      if (!absl::SimpleAtoi(cell_.value, &index) || index >= workbook_.strings.size()) {
        return DamagedCell();
      }
      return workbook_.strings[index];
    }
    double number = 0;
    if ((!type.empty() && type != "n") || !absl::SimpleAtod(cell_.value, &number) ||
        !std::isfinite(number)) {
      return DamagedCell();
    }
    return TextOfNumber(number, Format(), workbook_.date_system);
  }

  const Workbook& workbook_;
  SheetRowBuilder rows_;
  RichText rich_text_;
  Cell cell_;
  int64_t row_ = 0;
  bool in_data_ = false;
  bool seen_data_ = false;
  bool in_row_ = false;
  bool in_cell_ = false;
  bool in_value_ = false;
};

// Whether a sheet has a row that is not blank; reads no further than that.
absl::StatusOr<bool> HasContent(SheetParts& parts, const std::string& part,
                                const Workbook& workbook) {
  const auto stop = [](const SheetRow& row) { return absl::CancelledError(); };
  SheetReader reader(workbook, stop);
  const absl::Status status = ReadPart(parts, part, reader);
  if (absl::IsCancelled(status)) return true;
  if (!status.ok()) return status;
  return false;
}

absl::StatusOr<Workbook> ReadWorkbook(SheetParts& parts, const Relations& relations) {
  Workbook workbook;
  if (const std::string part = PartOfType(relations, "styles"); !part.empty()) {
    StylesReader reader;
    RETURN_IF_ERROR(ReadPart(parts, part, reader));
    workbook.formats = std::move(reader.formats);
  }
  if (const std::string part = PartOfType(relations, "sharedStrings"); !part.empty()) {
    SharedStringsReader reader;
    RETURN_IF_ERROR(ReadPart(parts, part, reader));
    workbook.strings = std::move(reader.strings);
  }
  return workbook;
}

}  // namespace

absl::Status ReadXlsx(SheetParts& parts, const std::string& sheet, TakeSheetRow take) {
  ASSIGN_OR_RETURN(const Relations package, RelationsOf(parts, ""));
  const std::string main = PartOfType(package, "officeDocument");
  if (main.empty() || !parts.Has(main)) {
    return absl::InvalidArgumentError("the file is no spreadsheet, or it is damaged");
  }
  ASSIGN_OR_RETURN(const Relations relations, RelationsOf(parts, main));
  WorkbookReader entries;
  RETURN_IF_ERROR(ReadPart(parts, main, entries));
  ASSIGN_OR_RETURN(Workbook workbook, ReadWorkbook(parts, relations));
  workbook.date_system = entries.date_system;
  SheetChoice choice(sheet);
  std::string chosen;
  for (const SheetEntry& entry : entries.sheets) {
    const auto relation = relations.find(entry.relation);
    if (relation == relations.end()) return DamagedSheet("a sheet is missing");
    // Sheets of nothing but a chart have no cells.
    const bool matters = choice.Name(entry.name, entry.is_visible);
    if (!matters || relation->second.type != "worksheet") continue;
    ASSIGN_OR_RETURN(const bool has_content, HasContent(parts, relation->second.part, workbook));
    if (has_content && choice.NoteContent()) chosen = relation->second.part;
  }
  RETURN_IF_ERROR(choice.Check());
  SheetReader reader(workbook, take);
  return ReadPart(parts, chosen, reader);
}

}  // namespace pathways::cli
