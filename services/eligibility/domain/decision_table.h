// Decision tables: rows of people, and what a pack must make of each.
//
// ScreenRow screens a row, Differences says how the result differs from what it expects. Coverage
// gathers what the rows of all tables have shown, and says what no row has: a criterion that is
// never met, never not met or never asked, a day on which something turns without a row on either
// side of it, and a period of a status without a row while it was known or before. Everything is
// pure.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_DECISION_TABLE_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_DECISION_TABLE_H_

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pathways/eligibility/v1/decision_table.pb.h"
#include "services/eligibility/domain/rules.h"

namespace pathways::eligibility {

// A row with what its table says for every row.
struct FilledRow {
  std::string pathway;
  type::v1::CaseFacts facts;  // The person first, as p1.
  AsOf as_of;
};

// What screening the row gives for its pathway and its person.
v1::Determination ScreenRow(const Rules& rules, const FilledRow& row);

// How a determination differs from what the row expects, each in one sentence. Empty: it does not.
std::vector<std::string> Differences(const v1::DecisionRow& row,
                                     const v1::Determination& determination);

// Not thread-safe. `rules` must outlive it.
class Coverage {
 public:
  explicit Coverage(const Rules& rules) : rules_(rules) {}

  // Notes a row whose expectations hold. What a row does not look at, it does not show.
  void Note(const v1::DecisionRow& row, const FilledRow& filled,
            const v1::Determination& determination);

  // What no row has shown: the field of the pack, and one sentence. In the order of the pack.
  std::vector<std::pair<std::string, std::string>> Gaps() const;

 private:
  // A side of a day on which something turns: the place in the pack, the day, and whether the row
  // lies on or after it.
  struct Side {
    std::string field;
    Day turn;
    bool after;
    auto operator<=>(const Side&) const = default;
  };
  using Gap = std::pair<std::string, std::string>;

  void NoteDates(const std::string& field, size_t pathway, const FilledRow& row);
  void AddOutcomeGaps(size_t pathway, std::vector<Gap>& gaps) const;
  void AddDateGaps(size_t pathway, std::vector<Gap>& gaps) const;
  void AddStatusGaps(size_t pathway, std::vector<Gap>& gaps) const;

  const Rules& rules_;
  std::set<std::pair<std::string, v1::Outcome>> outcomes_;  // By field of the criterion.
  std::set<Side> sides_;
  // Periods of statuses, as index of the pathway and of the period.
  using Periods = std::set<std::pair<size_t, size_t>>;
  Periods known_;         // Shown while known.
  Periods known_before_;  // Of these days is shown what was known before.
};

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_DECISION_TABLE_H_
