// What the commands of one batch look up in the store's indexes, kept true while they are decided.
//
// The batch reads holders of unique keys and ranges of lists once. Each command sees them as the
// commands before it have left them, so every change of a stream in memory is told to this. In the
// end it says what must be stored when the batch is, and the store compares (LookedUp in batch.h).
// Without I/O. Not thread-safe; lives for one transaction.
#ifndef PATHWAYS_SERVICES_ENGINE_LOOKUPS_H_
#define PATHWAYS_SERVICES_ENGINE_LOOKUPS_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "services/engine/store/batch.h"
#include "services/type/stream.h"

namespace pathways::engine {

class Lookups {
 public:
  // As in BatchData. A list is looked up by at most one range for each prefix and place to begin:
  // the longest of those that the commands ask for (Widest).
  Lookups(std::map<type::UniqueEntry, std::string> holders,
          const std::map<type::ListRange, std::vector<std::string>>& lists);

  // Whether nothing was read: then nothing needs to be told.
  bool empty() const { return holders_.empty() && spans_.empty(); }

  // A stream loses and gets entries.
  void Change(const std::string& stream, const type::Folded& lost, const type::Folded& got);
  // A stream loses every entry: they were made by another Fold, and are replaced.
  void Drop(const std::string& stream);

  // Adds the answers for uniques and lists. False: what was read is not enough, because more keys
  // of a range went away in this batch than were read for that. What was not read is found empty.
  bool Find(const type::Lookup& wanted, type::Found& found) const;

  // Holders and list spans as they are now.
  LookedUp Now() const;

 private:
  // The part of a list that is known: all of the range, or up to the last key that was read.
  struct Span {
    bool is_whole = true;
    std::string last;  // Of a part that is not whole.
    std::set<std::string> keys;
  };

  std::map<type::UniqueEntry, std::string> holders_;
  std::map<type::ListRange, Span> spans_;  // By the range without its limit.
};

// The ranges to read for those that are asked for: of those that differ in their limits alone the
// longest, and `spare` keys more of each. Ranges with a limit that is none are left out.
std::vector<type::ListRange> Widest(const std::vector<type::ListRange>& ranges, int spare);
bool IsLimit(int limit);

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_LOOKUPS_H_
