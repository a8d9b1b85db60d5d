#include "services/engine/store/postgres_index.h"

#include <utility>

#include "services/base/faults.h"
#include "services/engine/store/key_range.h"

namespace pathways::engine {
namespace {

// The keys of a span in order, as one array, to be compared with an array of the same form. One key
// more than there should be is enough to tell that there are others.
PostgresStatement SpanStatement(const ListSpan& span) {
  const std::string end = EndOfPrefix(span.prefix);
  return {
      "SELECT refuse_unless((SELECT coalesce(array_agg(key ORDER BY key), '{}') FROM (SELECT "
      "key FROM list_index WHERE name = $1::text AND key >= $2::bytea AND key > $3::bytea AND "
      "($4::bytea = '' OR key < $4::bytea) AND ($5::bytea = '' OR key <= $5::bytea) ORDER BY "
      "key LIMIT $6::bigint) AS span) = $7::bytea[])",
      {span.index, span.prefix, span.after, end, span.last, PostgresInt(span.keys.size() + 1),
       BytesArray(span.keys)}};
}

using ListEntries = std::map<type::ListEntry, std::string>;  // To the stream.

// List entries as rows of name, key and stream. The key is the stored one: for an entry in order of
// commit as PlacedKey makes it. It is null when that event is not stored, and fails the statement.
static_assert(type::kPlaceDigits == 20);
#define PATHWAYS_LIST_ROWS                                                                    \
  "SELECT entry.name, CASE WHEN entry.event = 0 THEN entry.key ELSE convert_to(lpad((SELECT " \
  "position FROM events WHERE events.stream = entry.stream AND events.number = entry.event)"  \
  "::text, 20, '0') || '/', 'UTF8') || entry.key END AS key, entry.stream FROM "              \
  "unnest($1::text[], $2::bytea[], $3::bytea[], $4::bigint[]) AS entry (name, key, stream, event)"

std::vector<std::string> ListColumns(const ListEntries& entries) {
  PostgresArray names = PostgresArray::OfText(), keys = PostgresArray::OfBytes(),
                ids = PostgresArray::OfBytes(), events = PostgresArray::OfInts();
  for (const auto& [entry, stream] : entries) {
    names.Add(entry.index);
    keys.Add(entry.key);
    ids.Add(stream);
    events.Add(entry.event);
  }
  return {std::move(names).Take(), std::move(keys).Take(), std::move(ids).Take(),
          std::move(events).Take()};
}

void AddLists(const std::vector<const StreamWrite*>& streams, bool placed, PostgresSteps& steps) {
  ListEntries added;
  for (const StreamWrite* write : streams) {
    for (const type::ListEntry& entry : write->added.lists) {
      if ((entry.event != 0) == placed) added[entry] = write->stream;
    }
  }
  if (added.empty()) return;
  steps.push_back({{"INSERT INTO list_index (name, key, stream) " PATHWAYS_LIST_ROWS
                    " ON CONFLICT (name, key) DO NOTHING",
                    ListColumns(added)},
                   nullptr});
}

}  // namespace

void ReadListKeys(const type::ListRange& range, std::vector<std::string>& keys,
                  PostgresSteps& steps) {
  std::vector<std::string> parameters = {range.index, range.prefix, range.after,
                                         PostgresInt(range.limit)};
  const std::string end = EndOfPrefix(range.prefix);
  // The second form is for a prefix that nothing is above, most often the empty one.
  const char* sql = end.empty()
                        ? "SELECT key FROM list_index WHERE name = $1::text AND key >= $2::bytea "
                          "AND key > $3::bytea ORDER BY key LIMIT $4::bigint"
                        : "SELECT key FROM list_index WHERE name = $1::text AND key >= $2::bytea "
                          "AND key > $3::bytea AND key < $5::bytea ORDER BY key LIMIT $4::bigint";
  if (!end.empty()) parameters.push_back(end);
  steps.push_back({{sql, std::move(parameters)}, [&keys](const PostgresResult& result) {
                     for (int i = 0; i < result.rows(); ++i) keys.push_back(result.Bytes(i, 0));
                   }});
}

void ReadHolders(const std::vector<type::UniqueEntry>& entries,
                 std::map<type::UniqueEntry, std::string>& holders, PostgresSteps& steps) {
  if (entries.empty()) return;
  PostgresArray names = PostgresArray::OfText(), keys = PostgresArray::OfBytes();
  for (const type::UniqueEntry& entry : entries) {
    holders[entry].clear();
    names.Add(entry.index);
    keys.Add(entry.key);
  }
  steps.push_back(
      // One look into the index for each key: OFFSET 0 keeps the subquery from becoming a join,
      // which might have been planned while the table was small.
      {{"SELECT held.name, held.key, held.stream FROM unnest($1::text[], $2::bytea[]) AS wanted "
        "(name, key), LATERAL (SELECT name, key, stream FROM unique_index WHERE unique_index.name "
        "= "
        "wanted.name AND unique_index.key = wanted.key OFFSET 0) AS held",
        {std::move(names).Take(), std::move(keys).Take()}},
       [&holders](const PostgresResult& result) {
         for (int i = 0; i < result.rows(); ++i) {
           holders[{result.Bytes(i, 0), result.Bytes(i, 1)}] = result.Bytes(i, 2);
         }
       }});
}

void CheckLookedUp(const LookedUp& looked_up, PostgresSteps& steps) {
  if (PATHWAYS_MUTANT("postgres.no_lookup_check")) return;
  if (!looked_up.holders.empty()) {
    PostgresArray names = PostgresArray::OfText(), keys = PostgresArray::OfBytes(),
                  streams = PostgresArray::OfBytes();
    for (const auto& [entry, stream] : looked_up.holders) {
      names.Add(entry.index);
      keys.Add(entry.key);
      streams.Add(stream);
    }
    steps.push_back(
        {{"SELECT refuse_unless(NOT EXISTS (SELECT FROM unnest($1::text[], $2::bytea[], "
          "$3::bytea[]) AS found (name, key, stream) LEFT JOIN unique_index AS held ON held.name = "
          "found.name AND held.key = found.key WHERE coalesce(held.stream, '') <> found.stream))",
          {std::move(names).Take(), std::move(keys).Take(), std::move(streams).Take()}},
         nullptr});
  }
  for (const ListSpan& span : looked_up.lists) steps.push_back({SpanStatement(span), nullptr});
  if (looked_up.missing.empty()) return;
  steps.push_back({{"SELECT refuse_unless(NOT EXISTS (SELECT FROM streams WHERE id = ANY "
                    "($1::bytea[]) AND version > 0))",
                    {BytesArray(looked_up.missing)}},
                   nullptr});
}

void ReadFoldedRows(const std::vector<std::string>& streams,
                    std::map<std::string, type::Folded>& rows, PostgresSteps& steps) {
  if (streams.empty()) return;
  const std::string ids = BytesArray(streams);
  const auto each = [&](const char* sql, auto add) {
    steps.push_back({{sql, {ids}}, [&rows, add](const PostgresResult& result) {
                       for (int i = 0; i < result.rows(); ++i) {
                         add(rows[result.Bytes(i, 0)], result, i);
                       }
                     }});
  };
  each("SELECT stream, name, key FROM unique_index WHERE stream = ANY ($1::bytea[])",
       [](type::Folded& folded, const PostgresResult& result, int i) {
         folded.uniques.push_back({result.Bytes(i, 1), result.Bytes(i, 2)});
       });
  each("SELECT stream, name, key FROM list_index WHERE stream = ANY ($1::bytea[])",
       [](type::Folded& folded, const PostgresResult& result, int i) {
         folded.lists.push_back({result.Bytes(i, 1), result.Bytes(i, 2)});
       });
  each("SELECT stream, kind, due FROM timers WHERE stream = ANY ($1::bytea[])",
       [](type::Folded& folded, const PostgresResult& result, int i) {
         folded.timers.push_back({result.Bytes(i, 1), result.Int(i, 2)});
       });
}

void RemoveAllFolded(const std::string& stream, PostgresSteps& steps) {
  for (const char* sql : {"DELETE FROM unique_index WHERE stream = $1::bytea",
                          "DELETE FROM list_index WHERE stream = $1::bytea",
                          "DELETE FROM timers WHERE stream = $1::bytea"}) {
    steps.push_back({{sql, {stream}}, nullptr});
  }
}

absl::Status WriteUniques(const std::vector<const StreamWrite*>& streams, PostgresSteps& steps) {
  std::map<type::UniqueEntry, std::string> takers;  // Empty: the entry is only released.
  PostgresArray old_names = PostgresArray::OfText(), old_keys = PostgresArray::OfBytes(),
                holders = PostgresArray::OfBytes();
  for (const StreamWrite* write : streams) {
    for (const type::UniqueEntry& entry : write->removed.uniques) {
      takers.try_emplace(entry);
      old_names.Add(entry.index);
      old_keys.Add(entry.key);
      holders.Add(write->stream);
    }
  }
  for (const StreamWrite* write : streams) {
    for (const type::UniqueEntry& entry : write->added.uniques) {
      std::string& taker = takers[entry];
      if (!taker.empty() && taker != write->stream) {
        return absl::AbortedError("a unique entry is held by another stream");
      }
      taker = write->stream;
    }
  }
  if (takers.empty()) return absl::OkStatus();
  PostgresArray names = PostgresArray::OfText(), keys = PostgresArray::OfBytes(),
                ids = PostgresArray::OfBytes(), free_names = PostgresArray::OfText(),
                free_keys = PostgresArray::OfBytes();
  for (const auto& [entry, taker] : takers) {
    names.Add(entry.index);
    keys.Add(entry.key);
    ids.Add(taker);
    if (!taker.empty()) continue;
    free_names.Add(entry.index);
    free_keys.Add(entry.key);
  }
  const std::string taken = PostgresInt(names.size() - free_names.size());
  // One statement for what is released and what is taken: in two, two batches that exchange
  // entries could each wait for the other's row.
  steps.push_back(
      {{"WITH changed AS (INSERT INTO unique_index AS held (name, key, stream) "
        "SELECT * FROM unnest($1::text[], $2::bytea[], $3::bytea[]) "
        "ON CONFLICT (name, key) DO UPDATE SET stream = excluded.stream "
        "WHERE held.stream = excluded.stream OR EXISTS (SELECT 1 FROM "
        "unnest($4::text[], $5::bytea[], $6::bytea[]) AS released (name, key, stream) "
        "WHERE released.name = held.name AND released.key = held.key "
        "AND released.stream = held.stream) RETURNING stream) "
        "SELECT refuse_unless((SELECT count(*) FROM changed WHERE stream <> '') = $7::bigint)",
        {std::move(names).Take(), std::move(keys).Take(), std::move(ids).Take(),
         std::move(old_names).Take(), std::move(old_keys).Take(), std::move(holders).Take(),
         taken}},
       nullptr});
  if (free_names.size() == 0) return absl::OkStatus();
  steps.push_back(
      {{"DELETE FROM unique_index USING unnest($1::text[], $2::bytea[]) AS free (name, key) WHERE "
        "unique_index.name = free.name AND unique_index.key = free.key AND unique_index.stream = "
        "''",
        {std::move(free_names).Take(), std::move(free_keys).Take()}},
       nullptr});
  return absl::OkStatus();
}

void WriteLists(const std::vector<const StreamWrite*>& streams, PostgresSteps& steps) {
  ListEntries removed;
  for (const StreamWrite* write : streams) {
    for (const type::ListEntry& entry : write->removed.lists) removed[entry] = write->stream;
  }
  if (!removed.empty()) {
    steps.push_back({{"DELETE FROM list_index USING (" PATHWAYS_LIST_ROWS
                      ") AS gone WHERE list_index.name = gone.name AND list_index.key = gone.key "
                      "AND list_index.stream = gone.stream",
                      ListColumns(removed)},
                     nullptr});
  }
  AddLists(streams, /*placed=*/false, steps);
}

void AddPlacedLists(const std::vector<const StreamWrite*>& streams, PostgresSteps& steps) {
  AddLists(streams, /*placed=*/true, steps);
}

void WriteTimers(const std::vector<const StreamWrite*>& streams, PostgresSteps& steps) {
  using Timers = std::map<std::pair<std::string, std::string>, int64_t>;  // Stream, kind to due.
  Timers removed;
  Timers added;
  for (const StreamWrite* write : streams) {
    for (const type::TimerEntry& timer : write->removed.timers) {
      removed[{write->stream, timer.kind}] = timer.due_unix_seconds;
    }
    for (const type::TimerEntry& timer : write->added.timers) {
      added[{write->stream, timer.kind}] = timer.due_unix_seconds;
    }
  }
  const auto columns = [](const Timers& timers) {
    PostgresArray ids = PostgresArray::OfBytes(), kinds = PostgresArray::OfText(),
                  due = PostgresArray::OfInts();
    for (const auto& [key, due_unix_seconds] : timers) {
      ids.Add(key.first);
      kinds.Add(key.second);
      due.Add(due_unix_seconds);
    }
    return std::vector<std::string>{std::move(ids).Take(), std::move(kinds).Take(),
                                    std::move(due).Take()};
  };
  if (!removed.empty()) {
    steps.push_back(
        {{"DELETE FROM timers USING unnest($1::bytea[], $2::text[], $3::bigint[]) AS gone "
          "(stream, kind, due) WHERE timers.stream = gone.stream AND timers.kind = gone.kind "
          "AND timers.due = gone.due",
          columns(removed)},
         nullptr});
  }
  if (added.empty()) return;
  steps.push_back({{"INSERT INTO timers (stream, kind, due) SELECT * FROM unnest($1::bytea[], "
                    "$2::text[], $3::bigint[]) ON CONFLICT (stream, kind) DO UPDATE SET due = "
                    "excluded.due",
                    columns(added)},
                   nullptr});
}

}  // namespace pathways::engine
