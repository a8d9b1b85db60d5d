#include "services/engine/lookups.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"

namespace pathways::engine {
namespace {

type::ListRange WithoutLimit(type::ListRange range) {
  range.limit = 0;
  return range;
}

}  // namespace

bool IsLimit(int limit) { return limit >= 1 && limit <= type::kRangeMax; }

std::vector<type::ListRange> Widest(const std::vector<type::ListRange>& ranges, int spare) {
  std::map<type::ListRange, int> limits;
  for (const type::ListRange& range : ranges) {
    if (!IsLimit(range.limit)) continue;
    int& limit = limits[WithoutLimit(range)];
    limit = std::max(limit, range.limit);
  }
  std::vector<type::ListRange> widest;
  for (const auto& [range, limit] : limits) {
    widest.push_back(range);
    widest.back().limit = limit + spare;
  }
  return widest;
}

Lookups::Lookups(std::map<type::UniqueEntry, std::string> holders,
                 const std::map<type::ListRange, std::vector<std::string>>& lists)
    : holders_(std::move(holders)) {
  for (const auto& [range, keys] : lists) {
    Span& span = spans_[WithoutLimit(range)];
    span.is_whole = keys.size() < static_cast<size_t>(range.limit);
    if (!span.is_whole) span.last = keys.back();
    span.keys.insert(keys.begin(), keys.end());
  }
}

void Lookups::Change(const std::string& stream, const type::Folded& lost, const type::Folded& got) {
  for (const type::UniqueEntry& entry : lost.uniques) {
    const auto held = holders_.find(entry);
    if (held != holders_.end() && held->second == stream) held->second.clear();
  }
  for (const type::UniqueEntry& entry : got.uniques) {
    if (const auto held = holders_.find(entry); held != holders_.end()) held->second = stream;
  }
  for (auto& [range, span] : spans_) {
    for (const type::ListEntry& entry : lost.lists) {
      if (entry.index == range.index) span.keys.erase(entry.key);
    }
    for (const type::ListEntry& entry : got.lists) {
      const bool is_known = span.is_whole || entry.key <= span.last;
      const bool is_in = entry.index == range.index && entry.key > range.after &&
                         absl::StartsWith(entry.key, range.prefix);
      if (is_in && is_known) span.keys.insert(entry.key);
    }
  }
}

void Lookups::Drop(const std::string& stream) {
  for (auto& [entry, holder] : holders_) {
    if (holder == stream) holder.clear();
  }
  for (auto& [range, span] : spans_) {
    std::erase_if(span.keys, [&](const std::string& key) { return absl::EndsWith(key, stream); });
  }
}

bool Lookups::Find(const type::Lookup& wanted, type::Found& found) const {
  for (const type::UniqueEntry& entry : wanted.uniques) {
    const auto held = holders_.find(entry);
    found.holders[entry] = held == holders_.end() ? "" : held->second;
  }
  for (const type::ListRange& range : wanted.lists) {
    std::vector<std::string>& keys = found.lists[range];
    const auto span = spans_.find(WithoutLimit(range));
    if (span == spans_.end()) continue;
    const auto limit = static_cast<size_t>(range.limit);
    if (!span->second.is_whole && span->second.keys.size() < limit) return false;
    for (const std::string& key : span->second.keys) {
      if (keys.size() == limit) break;
      keys.push_back(key);
    }
  }
  return true;
}

LookedUp Lookups::Now() const {
  LookedUp now;
  now.holders = holders_;
  for (const auto& [range, span] : spans_) {
    now.lists.push_back({range.index, range.prefix, range.after, span.last,
                         std::vector<std::string>(span.keys.begin(), span.keys.end())});
  }
  return now;
}

}  // namespace pathways::engine
