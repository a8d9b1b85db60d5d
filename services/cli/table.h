// Tables for people: aligned columns that fit the screen.
//
// Widths are those a terminal shows, so names with accents do not break the columns. On a screen a
// long text is wrapped between words, each column having its share of the width. A word is never
// cut, for an id must be whole to be copied: where the longest words do not fit beside each other,
// each row becomes a block of lines. What goes to a file or another program is not wrapped, so that
// a script finds a row in a line.
#ifndef PATHWAYS_SERVICES_CLI_TABLE_H_
#define PATHWAYS_SERVICES_CLI_TABLE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace pathways::cli {

struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  // Each row is a field of one thing and its value: on a narrow screen they are one block.
  bool is_of_one = false;
};

// Two spaces between columns, no spaces at the end. Control characters in cells are shown as
// spaces. Only the header when there are no rows. `screen_columns`: how wide the screen is; 0: not
// a screen, one line per row however long. Only a word that is wider than the screen, in a block,
// goes beyond it.
std::string Render(const Table& table, int screen_columns = 0);

// A text broken between words into lines of at most so many columns. 0: one line. A longer word has
// a line of its own.
std::vector<std::string> Wrap(absl::string_view text, int columns);

// Columns that a terminal needs for a text in UTF-8.
int WidthOf(absl::string_view text);

// How wide the terminal behind a descriptor is: as `columns_wanted` says (the variable COLUMNS, or
// null), else as the terminal itself does. 0: it is no terminal, or does not know.
int ScreenColumns(int descriptor, const char* columns_wanted);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_TABLE_H_
