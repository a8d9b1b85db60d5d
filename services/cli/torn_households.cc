#include "services/cli/torn_households.h"

#include <utility>

namespace pathways::cli {
namespace {

constexpr char kNoPrincipal[] =
    "the rows from here on have no principal applicant and may belong to the household beside "
    "them: all rows of a household need the same number";

}  // namespace

void TornHouseholdsFinder::Take(const CsvRow& row) {
  const std::string number = HouseholdNumberOf(columns_, row);
  const type::v1::Relationship relationship = RelationshipOf(columns_, row);
  const bool is_principal = relationship == type::v1::RELATIONSHIP_PRINCIPAL;
  const bool begins = !group_ || (number.empty() ? is_principal : number != group_->number);
  if (begins) Begin({number, row.line, false});
  const bool is_unread = !row.fault.empty() || !columns_.Fits(row) ||
                         relationship == type::v1::RELATIONSHIP_UNSPECIFIED;
  group_->may_have_principal |= is_principal || is_unread;
  follows_swallowed_ = row.swallows_lines;
}

TornHouseholds TornHouseholdsFinder::End() {
  Close();
  return std::move(torn_);
}

void TornHouseholdsFinder::Tear(const std::string& number, int64_t line, const char* reason) {
  if (!number.empty()) torn_.try_emplace(number, RowError{line, kHouseholdNumber, reason});
}

void TornHouseholdsFinder::Begin(Group next) {
  Close();
  if (follows_swallowed_) {
    Tear(next.number, next.line, "the rows before this one cannot be read; mend them first");
  }
  if (group_ && !group_->may_have_principal && !before_) {
    Tear(next.number, group_->line, kNoPrincipal);
  }
  before_ = std::exchange(group_, std::move(next));
}

void TornHouseholdsFinder::Close() {
  if (!group_) return;
  if (!group_->may_have_principal && before_) Tear(before_->number, group_->line, kNoPrincipal);
  const auto [known, is_first] = all_whole_.emplace(group_->number, group_->may_have_principal);
  known->second &= group_->may_have_principal;
  // Two whole households of one number are two, and the second is refused for its number.
  if (!is_first && !known->second) {
    Tear(group_->number, group_->line,
         "rows of this household stand in several places of the file: put them together");
  }
}

}  // namespace pathways::cli
