// Appends cases to a database in large transactions, and does nothing else: what PostgreSQL allows.
//
// Takes some streams of a service's database as samples - every row that the service wrote for them
// - and writes them again and again to a second database of the same schema under new ids, one
// insert per table and transaction, one round trip, on one connection. Nothing is read, locked or
// decided, and a row that the service changed several times is written once, so no service that
// writes these rows can be faster. Prints one line of JSON with the rate and the rows of one case.
//
// With --seed the new ids depend on the seed alone. The samples are the first streams by id, so
// that databases of several services that hold the same cases get copies of the same cases under
// the same ids.
//
// Usage: append_cases --from=CONNECTION --to=CONNECTION --batch=N --run_ms=N | --cases=N
// [--only=TABLE] [--seed=N]
#include <chrono>
#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "services/base/ids.h"
#include "services/engine/store/postgres.h"

ABSL_FLAG(std::string, from, "", "Database of the service that wrote the samples");
ABSL_FLAG(std::string, to, "", "Database that is written to");
ABSL_FLAG(int, batch, 100, "Cases in one transaction");
ABSL_FLAG(int, run_ms, 2000, "How long new transactions are begun");
ABSL_FLAG(int, cases, 0, "Ends after so many cases; 0: when the time is over");
ABSL_FLAG(std::string, only, "", "The one table that is written; empty: all");
ABSL_FLAG(uint64_t, seed, 0, "Seed of the new ids; 0: they are random");

namespace pathways::bench {
namespace {

using engine::PostgresArray;
using engine::PostgresConnection;
using engine::PostgresDeadlineIn;
using engine::PostgresResult;
using engine::PostgresStatement;

constexpr absl::Duration kWaitMax = absl::Seconds(60);

// One table: what one stream has in it, and how that is written. Columns by kind: i integer, t
// text, b bytes, s bytes that hold the stream's id, u a random id, r random bytes.
struct Table {
  const char* name;
  const char* kinds;
  const char* select;  // The stream, then the columns.
  const char* insert;
};

constexpr Table kTables[] = {
    {"requests", "rsib",
     "SELECT stream, key, stream, number, fingerprint FROM requests WHERE stream = ANY "
     "($1::bytea[])",
     "INSERT INTO requests SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], "
     "$4::bytea[])"},
    {"unique_index", "tss",
     "SELECT stream, name, key, stream FROM unique_index WHERE stream = ANY ($1::bytea[])",
     "INSERT INTO unique_index SELECT * FROM unnest($1::text[], $2::bytea[], $3::bytea[])"},
    {"streams", "sibbiib",
     "SELECT id, id, version, state, sealed, evolve_version, time, applied FROM streams WHERE id = "
     "ANY ($1::bytea[])",
     "INSERT INTO streams SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], "
     "$4::bytea[], $5::bigint[], $6::bigint[], $7::bytea[])"},
    {"list_index", "tss",
     "SELECT stream, name, key, stream FROM list_index WHERE stream = ANY ($1::bytea[])",
     "INSERT INTO list_index SELECT * FROM unnest($1::text[], $2::bytea[], $3::bytea[])"},
    {"timers", "sti",
     "SELECT stream, stream, kind, due FROM timers WHERE stream = ANY ($1::bytea[])",
     "INSERT INTO timers SELECT * FROM unnest($1::bytea[], $2::text[], $3::bigint[])"},
    {"keys", "sbb",
     "SELECT stream, stream, person_id, wrapped FROM keys WHERE stream = ANY ($1::bytea[])",
     "INSERT INTO keys SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[])"},
    {"audit", "ittsi",
     "SELECT stream, time, principal, method, stream, number FROM audit WHERE stream = ANY "
     "($1::bytea[])",
     "INSERT INTO audit (time, principal, method, stream, number) SELECT * FROM "
     "unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[], $5::bigint[])"},
    {"projections", "tss",
     "SELECT key, name, key, value FROM projections WHERE key = ANY ($1::bytea[])",
     "INSERT INTO projections SELECT * FROM unnest($1::text[], $2::bytea[], $3::bytea[])"},
    {"events", "siutibtsb",
     "SELECT stream, stream, number, ce_id, type, time, cause, trace, data, sealed FROM "
     "events WHERE stream = ANY ($1::bytea[]) ORDER BY position",
     "INSERT INTO events (stream, number, ce_id, type, time, cause, trace, data, sealed) SELECT * "
     "FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::text[], $5::bigint[], $6::bytea[], "
     "$7::text[], $8::bytea[], $9::bytea[])"},
};

// Ids of cases are random, and sort before those of the services' own streams.
constexpr char kSamples[] = "SELECT id FROM streams ORDER BY id LIMIT 64";

struct Value {
  int64_t number = 0;
  std::string bytes;
};
using Row = std::vector<Value>;
// The rows of one stream, by table.
struct Sample {
  std::string stream;
  std::vector<std::vector<Row>> tables{std::size(kTables)};
};

[[noreturn]] void Fail(const absl::Status& status) {
  std::cerr << status << '\n';
  std::exit(1);
}

std::unique_ptr<PostgresConnection> Connect(const std::string& connection) {
  auto opened = PostgresConnection::Open({connection, kWaitMax}, PostgresDeadlineIn(kWaitMax));
  if (!opened.ok()) Fail(opened.status());
  return *std::move(opened);
}

std::vector<PostgresResult> Run(PostgresConnection& connection,
                                const std::vector<PostgresStatement>& statements) {
  auto results = connection.Run(statements, PostgresDeadlineIn(kWaitMax));
  if (!results.ok()) Fail(results.status());
  return *std::move(results);
}

Row ReadRow(const Table& table, const PostgresResult& result, int row) {
  Row values;
  int column = 1;  // The first names the stream.
  for (const char* kind = table.kinds; *kind != '\0'; ++kind, ++column) {
    if (*kind == 'i') {
      values.push_back({result.Int(row, column), ""});
    } else {
      values.push_back({0, result.Bytes(row, column)});
    }
  }
  return values;
}

std::vector<Sample> ReadSamples() {
  const auto connection = Connect(absl::GetFlag(FLAGS_from));
  std::vector<Sample> samples;
  PostgresArray ids = PostgresArray::OfBytes();
  std::map<std::string, size_t> places;
  const std::vector<PostgresResult> streams = Run(*connection, {{kSamples, {}}});
  for (int i = 0; i < streams[0].rows(); ++i) {
    Sample& sample = samples.emplace_back();
    sample.stream = streams[0].Bytes(i, 0);
    places[sample.stream] = samples.size() - 1;
    ids.Add(sample.stream);
  }
  const std::string wanted = std::move(ids).Take();
  const std::string only = absl::GetFlag(FLAGS_only);
  for (size_t t = 0; t < std::size(kTables); ++t) {
    if (!only.empty() && only != kTables[t].name) continue;
    const std::vector<PostgresResult> found = Run(*connection, {{kTables[t].select, {wanted}}});
    for (int i = 0; i < found[0].rows(); ++i) {
      samples[places.at(found[0].Bytes(i, 0))].tables[t].push_back(
          ReadRow(kTables[t], found[0], i));
    }
  }
  return samples;
}

// The arrays of one table in one transaction.
class Columns {
 public:
  explicit Columns(const Table& table) : table_(table) {
    for (const char* kind = table.kinds; *kind != '\0'; ++kind) {
      arrays_.push_back(*kind == 'i'   ? PostgresArray::OfInts()
                        : *kind == 't' ? PostgresArray::OfText()
                                       : PostgresArray::OfBytes());
    }
  }

  void Add(const Row& row, const std::string& before, const std::string& after) {
    for (size_t i = 0; i < row.size(); ++i) {
      switch (table_.kinds[i]) {
        case 'i':
          arrays_[i].Add(row[i].number);
          break;
        case 's':
          arrays_[i].Add(absl::StrReplaceAll(row[i].bytes, {{before, after}}));
          break;
        case 'u':
          arrays_[i].Add(base::NewUuid());
          break;
        case 'r':
          arrays_[i].Add(base::NewUuid().substr(0, row[i].bytes.size()));
          break;
        default:
          arrays_[i].Add(row[i].bytes);
      }
    }
  }

  bool empty() const { return arrays_[0].size() == 0; }

  PostgresStatement Take() && {
    std::vector<std::string> parameters;
    for (PostgresArray& array : arrays_) parameters.push_back(std::move(array).Take());
    return {table_.insert, std::move(parameters)};
  }

 private:
  const Table& table_;
  std::vector<PostgresArray> arrays_;
};

// Ids of the copies, of the form of a random UUID.
class Ids {
 public:
  explicit Ids(uint64_t seed) : seed_(seed), random_(seed) {}

  std::string Next() {
    if (seed_ == 0) return base::NewUuid();
    const uint64_t high = random_();
    const uint64_t low = random_();
    return absl::StrFormat("%08x-%04x-4%03x-8%03x-%012x", high >> 32, (high >> 16) & 0xffff,
                           high & 0xfff, low >> 52, low & 0xffff'ffff'ffff);
  }

 private:
  const uint64_t seed_;
  std::mt19937_64 random_;
};

std::vector<PostgresStatement> Transaction(const std::vector<Sample>& samples, int64_t first,
                                           int cases, Ids& ids) {
  std::vector<Columns> columns;
  for (const Table& table : kTables) columns.emplace_back(table);
  for (int i = 0; i < cases; ++i) {
    const Sample& sample = samples[static_cast<size_t>(first + i) % samples.size()];
    const std::string stream = ids.Next();
    for (size_t t = 0; t < columns.size(); ++t) {
      for (const Row& row : sample.tables[t]) columns[t].Add(row, sample.stream, stream);
    }
  }
  std::vector<PostgresStatement> statements = {{"BEGIN", {}}};
  for (Columns& table : columns) {
    if (!table.empty()) statements.push_back(std::move(table).Take());
  }
  statements.push_back({"COMMIT", {}});
  return statements;
}

void Report(const std::vector<Sample>& samples, int64_t cases, double seconds) {
  std::string rows;
  for (size_t t = 0; t < std::size(kTables); ++t) {
    size_t count = 0;
    for (const Sample& sample : samples) count += sample.tables[t].size();
    if (count == 0) continue;
    absl::StrAppendFormat(&rows, "%s\"%s\": %.3f", rows.empty() ? "" : ", ", kTables[t].name,
                          static_cast<double>(count) / static_cast<double>(samples.size()));
  }
  std::cout << absl::StreamFormat("{\"cases\": %d, \"seconds\": %.6f, \"rows\": {%s}}\n", cases,
                                  seconds, rows);
}

int Main() {
  const std::vector<Sample> samples = ReadSamples();
  if (samples.empty()) Fail(absl::NotFoundError("there is no stream to take as a sample"));
  const auto connection = Connect(absl::GetFlag(FLAGS_to));
  const int batch = absl::GetFlag(FLAGS_batch);
  const int64_t cases_max = absl::GetFlag(FLAGS_cases);
  Ids ids(absl::GetFlag(FLAGS_seed));
  const auto start = std::chrono::steady_clock::now();
  const auto end = start + std::chrono::milliseconds(absl::GetFlag(FLAGS_run_ms));
  int64_t cases = 0;
  while (cases_max > 0 ? cases < cases_max : std::chrono::steady_clock::now() < end) {
    Run(*connection, Transaction(samples, cases, batch, ids));
    cases += batch;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  Report(samples, cases, took.count());
  return 0;
}

}  // namespace
}  // namespace pathways::bench

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  return pathways::bench::Main();
}
