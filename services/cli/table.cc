#include "services/cli/table.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace pathways::cli {
namespace {

constexpr int kGap = 2;  // Between columns, and before what stands below its label.
// Narrower than this a text of several words is a ladder nobody reads.
constexpr int kReadableColumns = 12;
constexpr int kScreenColumnsMax = 10000;

using Row = std::vector<std::string>;

// Takes one character off valid UTF-8; a stray byte counts as one character.
uint32_t TakeCharacter(absl::string_view& text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const size_t length = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  uint32_t character = length == 1 ? first : first & (0xFF >> (length + 1));
  for (size_t i = 1; i < std::min(length, text.size()); ++i) {
    character = (character << 6) | (static_cast<unsigned char>(text[i]) & 0x3F);
  }
  text.remove_prefix(std::min(length, text.size()));
  return character;
}

int CharacterWidth(uint32_t character) {
  const auto is_in = [character](uint32_t first, uint32_t last) {
    return character >= first && character <= last;
  };
  // Combining marks, zero-width characters and variation selectors.
  if (is_in(0x300, 0x36F) || is_in(0x1AB0, 0x1AFF) || is_in(0x20D0, 0x20FF) ||
      is_in(0x200B, 0x200F) || is_in(0xFE00, 0xFE0F)) {
    return 0;
  }
  // East Asian wide characters and emoji.
  const bool is_wide = is_in(0x1100, 0x115F) || is_in(0x2E80, 0xA4CF) || is_in(0xAC00, 0xD7A3) ||
                       is_in(0xF900, 0xFAFF) || is_in(0xFE30, 0xFE6F) || is_in(0xFF00, 0xFF60) ||
                       is_in(0x1F300, 0x1FAFF) || is_in(0x20000, 0x3FFFD);
  return is_wide ? 2 : 1;
}

// A cell may not move the cursor or break the line.
std::string Printable(const std::string& cell) {
  std::string result = cell;
  for (char& c : result) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return result;
}

Row Printable(const Row& row) {
  Row result;
  for (const std::string& cell : row) result.push_back(Printable(cell));
  return result;
}

std::vector<absl::string_view> WordsOf(absl::string_view text) {
  return absl::StrSplit(text, ' ', absl::SkipEmpty());
}

// The narrowest that a cell can be shown in.
int NarrowestOf(absl::string_view cell) {
  int longest = std::min(WidthOf(cell), kReadableColumns);
  for (const absl::string_view word : WordsOf(cell)) longest = std::max(longest, WidthOf(word));
  return longest;
}

// For each column, the most that `measure` gives for a cell of it.
template <typename Measure>
std::vector<int> Widest(const std::vector<Row>& rows, Measure measure) {
  std::vector<int> widths(rows[0].size());
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], measure(row[i]));
  }
  return widths;
}

int Sum(const std::vector<int>& widths) { return std::reduce(widths.begin(), widths.end()); }

// Widths of columns that take at most `columns` together: a narrow column all it needs, the others
// alike. Nothing when the narrowest do not fit.
std::optional<std::vector<int>> Share(const std::vector<int>& widest,
                                      const std::vector<int>& narrowest, int columns) {
  if (Sum(widest) <= columns) return widest;
  if (Sum(narrowest) > columns) return std::nullopt;
  std::vector<int> widths(widest.size());
  for (int share = columns;; --share) {
    for (size_t i = 0; i < widths.size(); ++i) {
      widths[i] = std::clamp(share, narrowest[i], widest[i]);
    }
    if (Sum(widths) <= columns) break;
  }
  int left = columns - Sum(widths);  // Less than the number of columns that want more.
  for (size_t i = 0; i < widths.size() && left > 0; ++i) {
    if (widths[i] == widest[i]) continue;
    ++widths[i];
    --left;
  }
  return widths;
}

// One line of cells, each in its column.
std::string Line(const Row& cells, const std::vector<int>& widths) {
  std::string line;
  int column = 0;  // Where the cell begins.
  int written = 0;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (!cells[i].empty()) {
      absl::StrAppend(&line, std::string(static_cast<size_t>(column - written), ' '), cells[i]);
      written = column + WidthOf(cells[i]);
    }
    column += widths[i] + kGap;
  }
  return line + "\n";
}

std::string Lines(const Row& row, const std::vector<int>& widths) {
  std::vector<std::vector<std::string>> cells;
  size_t height = 1;
  for (size_t i = 0; i < row.size(); ++i) {
    height = std::max(height, cells.emplace_back(Wrap(row[i], widths[i])).size());
  }
  std::string text;
  for (size_t k = 0; k < height; ++k) {
    Row line;
    for (const auto& cell : cells) line.push_back(k < cell.size() ? cell[k] : "");
    text += Line(line, widths);
  }
  return text;
}

// A value beside its label, or below it where it does not fit beside.
std::string LabelledLines(const std::string& label, const std::string& value, int label_width,
                          int screen_columns) {
  const int beside = screen_columns - label_width - kGap;
  if (NarrowestOf(value) <= beside) return Lines({label, value}, {label_width, beside});
  std::string text = label + "\n";
  for (const std::string& line : Wrap(value, std::max(screen_columns - kGap, 1))) {
    absl::StrAppend(&text, std::string(kGap, ' '), line, "\n");
  }
  return text;
}

// What is empty is left out.
std::string Block(const Row& labels, const Row& values, int screen_columns) {
  int label_width = 0;
  for (const std::string& label : labels) label_width = std::max(label_width, WidthOf(label));
  std::string text;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i].empty()) continue;
    text += LabelledLines(labels[i], values[i], label_width, screen_columns);
  }
  return text;
}

// A table without the room for its columns. `rows` begin with the header.
std::string Blocks(const std::vector<Row>& rows, bool is_of_one, int screen_columns) {
  if (rows.size() == 1) {
    return absl::StrCat(absl::StrJoin(Wrap(absl::StrJoin(rows[0], " "), screen_columns), "\n"),
                        "\n");
  }
  if (is_of_one) {
    Row labels;
    Row values;
    for (size_t i = 1; i < rows.size(); ++i) {
      labels.push_back(rows[i][0]);
      values.push_back(rows[i][1]);
    }
    return Block(labels, values, screen_columns);
  }
  std::vector<std::string> blocks;
  for (size_t i = 1; i < rows.size(); ++i) {
    blocks.push_back(Block(rows[0], rows[i], screen_columns));
  }
  return absl::StrJoin(blocks, "\n");
}

}  // namespace

int WidthOf(absl::string_view text) {
  int width = 0;
  while (!text.empty()) width += CharacterWidth(TakeCharacter(text));
  return width;
}

std::vector<std::string> Wrap(absl::string_view text, int columns) {
  if (columns <= 0 || WidthOf(text) <= columns) return {std::string(text)};
  std::vector<std::string> lines;
  int width = 0;  // Of the last line.
  for (const absl::string_view word : WordsOf(text)) {
    const int word_width = WidthOf(word);
    if (!lines.empty() && width + 1 + word_width <= columns) {
      absl::StrAppend(&lines.back(), " ", word);
      width += 1 + word_width;
    } else {
      lines.emplace_back(word);
      width = word_width;
    }
  }
  return lines;
}

std::string Render(const Table& table, int screen_columns) {
  if (table.header.empty()) return "";
  std::vector<Row> rows = {Printable(table.header)};
  for (const Row& row : table.rows) rows.push_back(Printable(row));
  std::vector<int> widths = Widest(rows, [](const auto& cell) { return WidthOf(cell); });
  if (screen_columns > 0) {
    const int gaps = kGap * static_cast<int>(widths.size() - 1);
    auto shared = Share(widths, Widest(rows, NarrowestOf), screen_columns - gaps);
    if (!shared) return Blocks(rows, table.is_of_one, screen_columns);
    widths = *std::move(shared);
  }
  std::string text;
  for (const Row& row : rows) text += Lines(row, widths);
  return text;
}

int ScreenColumns(int descriptor, const char* columns_wanted) {
  if (isatty(descriptor) != 1) return 0;
  int columns = 0;
  if (columns_wanted != nullptr && absl::SimpleAtoi(columns_wanted, &columns) && columns > 0 &&
      columns <= kScreenColumnsMax) {
    return columns;
  }
  winsize size = {};
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace pathways::cli
