// The SQL of the PostgreSQL store that its batch, its reads and its maintenance share.
//
// Every function adds statements for one kind of row to a list that later runs as one pipeline;
// none of them waits. Arrays are sent sorted and without repetition, so that two transactions lock
// rows of one kind in the same order, and so that one statement never meets a row twice. A
// function adds nothing when there is nothing to do.
#ifndef PATHWAYS_SERVICES_ENGINE_STORE_POSTGRES_ROWS_H_
#define PATHWAYS_SERVICES_ENGINE_STORE_POSTGRES_ROWS_H_

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "services/engine/store/event_store.h"
#include "services/engine/store/postgres.h"

namespace pathways::engine {

// A statement, and what to do with its rows.
struct PostgresStep {
  PostgresStatement statement;
  std::function<void(const PostgresResult&)> take;  // May be empty.
  // In place of `take`, for rows that may be unreadable: DATA_LOSS.
  std::function<absl::Status(const PostgresResult&)> try_take = nullptr;
};
using PostgresSteps = std::vector<PostgresStep>;

// Runs the steps in one round trip, then hands over the rows: all of them, or none on an error of
// the server.
absl::Status RunSteps(PostgresConnection& connection, const PostgresSteps& steps,
                      PostgresDeadline deadline, const std::function<void()>& sent = nullptr);

PostgresStep Plain(const char* sql);
std::string TextArray(const std::vector<std::string>& values);
std::string BytesArray(const std::vector<std::string>& values);

// Reads. What `take` writes to must live until the steps have run.

// States, marks and parked reasons of streams that have any. With `locked` each stream's row is
// locked first, in order, and the streams that have a row are added to it. One that has none cannot
// be locked: whoever writes to it makes the row (MakeStreams), and only one can.
void ReadStreams(const std::vector<std::string>& streams, std::set<std::string>* locked,
                 std::map<std::string, StreamRow>& rows, PostgresSteps& steps);
// Holds the rules stream, before any other lock, and reads its version.
void HoldRules(const std::string& stream, Hold hold, int64_t& version, PostgresSteps& steps);
void ReadRequests(const std::vector<std::string>& keys, std::map<std::string, RequestRow>& rows,
                  PostgresSteps& steps);
// With `lock` the rows are locked in order.
void ReadPositions(const std::vector<std::string>& upstreams, bool lock,
                   std::map<std::string, Position>& rows, PostgresSteps& steps);
// The database's clock.
void ReadNow(absl::Time& now, PostgresSteps& steps);

// Writes. `streams` is sorted by stream; those in `locked` are locked, the others have no row yet.

// The rows of those that have none: their states and applied numbers; of those that get marks and
// no event a row of version 0. Before anything else of them is written. ABORTED when one was made
// meanwhile.
void MakeStreams(const std::vector<const StreamWrite*>& streams,
                 const std::set<std::string>& locked, PostgresSteps& steps);
// New states and applied numbers of those that are locked and get a state. ABORTED when a version
// is not the one that was read.
void WriteStates(const std::vector<const StreamWrite*>& streams,
                 const std::set<std::string>& locked, PostgresSteps& steps);
// Make the marks of each stream those of its write; `before` is what was read. Applied numbers
// stand in the stream's row: WriteApplied writes those of streams that are locked and get no new
// state.
void WriteApplied(const std::vector<const StreamWrite*>& streams,
                  const std::map<std::string, StreamRow>& before,
                  const std::set<std::string>& locked, PostgresSteps& steps);
void WriteBehind(const std::vector<const StreamWrite*>& streams,
                 const std::map<std::string, StreamRow>& before, absl::Time now,
                 PostgresSteps& steps);
// Keeps the higher number; nothing when that number is applied already.
void RaiseBehind(const std::vector<BehindRow>& rows, absl::Time now, PostgresSteps& steps);
// Only forward within one incarnation.
void WritePositions(const std::map<std::string, Position>& positions, PostgresSteps& steps);
void WriteRequests(const std::map<std::string, RequestRow>& requests, PostgresSteps& steps);
void WriteParked(const std::vector<ParkedRow>& rows, absl::Time now, PostgresSteps& steps);
// A stream that is withheld already keeps its row.
void WriteWithheld(const std::vector<WithheldRow>& rows, absl::Time now, PostgresSteps& steps);
// The data keys of people, and what is sealed in events that are stored.
void EraseKeys(const std::vector<KeyName>& keys, PostgresSteps& steps);
void EraseSealed(const std::vector<SealedErasure>& erasures, PostgresSteps& steps);
void WriteKeys(const std::vector<KeyRow>& rows, PostgresSteps& steps);
void WriteProjections(const std::vector<ProjectionRow>& rows, PostgresSteps& steps);
// Waits for the commit-order lock of the service, which is held until the transaction ends. Only
// what is numbered in the order of the commits may follow, and COMMIT.
void HoldCommitOrder(PostgresSteps& steps);
// Inserts the events, whose positions are filled in. Under the commit-order lock.
void AppendEvents(const std::vector<EventRow*>& events, PostgresSteps& steps);
// Under the commit-order lock.
void WriteAudit(const std::vector<AuditRow>& rows, absl::Time now, PostgresSteps& steps);

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_STORE_POSTGRES_ROWS_H_
