// A thin layer over SQLite's C API: a connection with cached statements, and errors as
// absl::Status.
//
// Connections are for one thread at a time. Statements are prepared once per connection and reset
// after use. The only file that includes sqlite3.h is the .cc beside this header.
#ifndef PATHWAYS_SERVICES_ENGINE_STORE_SQLITE_H_
#define PATHWAYS_SERVICES_ENGINE_STORE_SQLITE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct sqlite3;
struct sqlite3_stmt;

namespace pathways::engine {

// One use of a prepared statement: bind, step, read. Reset when destroyed. The first error sticks
// and every later call does nothing, so that it is enough to look at the status at the end.
class SqliteStatement {
 public:
  SqliteStatement(sqlite3* db, sqlite3_stmt* statement, absl::Status prepared);
  ~SqliteStatement();
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  // Binds the next parameter, in order. Text and blobs are copied by SQLite only if needed: they
  // must live until Step.
  SqliteStatement& Text(absl::string_view value);
  SqliteStatement& Blob(absl::string_view value);
  SqliteStatement& Int(int64_t value);

  // True: there is a row. False: the end, or an error (see status()).
  bool Step();
  // Runs a statement that gives no rows.
  absl::Status Run();

  // Columns of the present row, from 0.
  int64_t ColumnInt(int column) const;
  std::string ColumnBytes(int column) const;

  const absl::Status& status() const { return status_; }

 private:
  void Check(int code);

  sqlite3* const db_;
  sqlite3_stmt* const statement_;
  int parameter_ = 0;
  absl::Status status_;
};

class SqliteConnection {
 public:
  // Opens a database file, making it when `create`. UNAVAILABLE when the file cannot be opened or
  // written.
  static absl::StatusOr<std::unique_ptr<SqliteConnection>> Open(const std::string& path,
                                                                bool create);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  // `sql` must be a literal: the statement is cached under its address.
  SqliteStatement Prepare(const char* sql);
  // Runs one or more statements without parameters.
  absl::Status Execute(const char* sql);
  int64_t LastInsertRowId() const;
  int64_t Changes() const;

 private:
  explicit SqliteConnection(sqlite3* db) : db_(db) {}

  sqlite3* const db_;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;
};

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_STORE_SQLITE_H_
