#include "services/cli/torn_households.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"

namespace pathways::cli {
namespace {

// Adjacent rows of one number, and those without a number behind them.
struct Group {
  std::string number;
  int64_t line = 0;
  // One of its rows is that of a principal applicant, or cannot be read and may be.
  bool may_have_principal = false;
};

class Finder {
 public:
  explicit Finder(const Columns& columns) : columns_(columns) {}

  void Take(const CsvRow& row) {
    const std::string number = HouseholdNumberOf(columns_, row);
    const type::v1::Relationship relationship = RelationshipOf(columns_, row);
    const bool is_principal = relationship == type::v1::RELATIONSHIP_PRINCIPAL;
    const bool begins = !group_ || (number.empty() ? is_principal : number != group_->number);
    if (begins) Begin({number, row.line, false});
    const bool is_unread = !row.fault.empty() || row.fields.size() != columns_.count() ||
                           relationship == type::v1::RELATIONSHIP_UNSPECIFIED;
    group_->may_have_principal |= is_principal || is_unread;
    follows_swallowed_ = row.swallows_lines;
  }

  TornHouseholds End() {
    Close();
    return std::move(torn_);
  }

 private:
  void Tear(const std::string& number, int64_t line, const char* reason) {
    if (!number.empty()) torn_.try_emplace(number, RowError{line, kHouseholdNumber, reason});
  }

  void Begin(Group next) {
    Close();
    if (follows_swallowed_) {
      Tear(next.number, next.line, "the rows before this one cannot be read; mend them first");
    }
    if (group_ && !group_->may_have_principal && !before_) {
      Tear(next.number, group_->line, kNoPrincipal);
    }
    before_ = std::exchange(group_, std::move(next));
  }

  void Close() {
    if (!group_) return;
    if (!group_->may_have_principal && before_) {
      Tear(before_->number, group_->line, kNoPrincipal);
    }
    const auto [known, is_first] = all_whole_.emplace(group_->number, group_->may_have_principal);
    known->second &= group_->may_have_principal;
    // Two whole households of one number are two, and the second is refused for its number.
    if (!is_first && !known->second) {
      Tear(group_->number, group_->line,
           "rows of this household stand in several places of the file: put them together");
    }
  }

  static constexpr char kNoPrincipal[] =
      "the rows from here on have no principal applicant and may belong to the household beside "
      "them: all rows of a household need the same number";

  const Columns& columns_;
  TornHouseholds torn_;
  // By number: whether each group of it may have a principal applicant.
  absl::flat_hash_map<std::string, bool> all_whole_;
  std::optional<Group> before_;
  std::optional<Group> group_;
  bool follows_swallowed_ = false;
};

}  // namespace

TornHouseholds FindTornHouseholds(CsvRows& rows, const Columns& columns) {
  Finder finder(columns);
  for (;;) {
    const absl::StatusOr<std::optional<CsvRow>> row = rows.Next();
    if (!row.ok() || !*row) return finder.End();
    if (!(*row)->IsBlank()) finder.Take(**row);
  }
}

}  // namespace pathways::cli
