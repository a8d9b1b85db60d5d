#include "services/engine/store/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "services/base/private_file.h"
#include "services/base/status_macros.h"

namespace pathways::engine {
namespace {

// Translates a result code, once, for the whole store. The message names no value: SQLite's own
// text could.
absl::Status ToStatus(int code) {
  const std::string what = absl::StrCat("SQLite: ", sqlite3_errstr(code), " (code ", code, ")");
  switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
      return absl::OkStatus();
    case SQLITE_FULL:
      return absl::UnavailableError(absl::StrCat(what, ": the disk is full; nothing was written"));
    case SQLITE_READONLY:
      return absl::UnavailableError(
          absl::StrCat(what, ": the data directory cannot be written; nothing was written"));
    case SQLITE_IOERR:
      return absl::UnavailableError(
          absl::StrCat(what, ": the disk failed or is full; nothing was written"));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_NOMEM:
      return absl::UnavailableError(what);
    case SQLITE_CONSTRAINT:
      return absl::AbortedError(what);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(what);
    default:
      return absl::InternalError(what);
  }
}

// A database that others may read or write is not served. By name and not by an open file: closing
// one would end the locks that SQLite holds on it for this process.
absl::Status CheckAccess(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    struct stat about = {};
    if (stat((path + suffix).c_str(), &about) != 0) continue;
    const std::string fault = base::AccessFault(about);
    if (fault.empty()) continue;
    const bool is_beside = *suffix != '\0';
    return absl::InvalidArgumentError(absl::StrCat(
        "SQLite: ", is_beside ? absl::StrCat("the file ", suffix, " beside it: ") : "", fault));
  }
  return absl::OkStatus();
}

// Left to itself SQLite makes a file as open as the umask lets. It gives those beside it the mode
// of this one. What fails here is told by SQLite, which tries it too.
void MakePrivate(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file >= 0) close(file);
}

}  // namespace

SqliteStatement::SqliteStatement(sqlite3* db, sqlite3_stmt* statement, absl::Status prepared)
    : db_(db), statement_(statement), status_(std::move(prepared)) {}

SqliteStatement::~SqliteStatement() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void SqliteStatement::Check(int code) {
  if (code == SQLITE_OK || !status_.ok()) return;
  status_ = ToStatus(sqlite3_extended_errcode(db_));
  if (status_.ok()) status_ = ToStatus(code);
}

SqliteStatement& SqliteStatement::Text(absl::string_view value) {
  if (!status_.ok()) return *this;
  const char* data = value.empty() ? "" : value.data();  // A null pointer would bind NULL.
  Check(sqlite3_bind_text64(statement_, ++parameter_, data, value.size(), SQLITE_STATIC,
                            SQLITE_UTF8));
  return *this;
}

SqliteStatement& SqliteStatement::Blob(absl::string_view value) {
  if (!status_.ok()) return *this;
  const char* data = value.empty() ? "" : value.data();
  Check(sqlite3_bind_blob64(statement_, ++parameter_, data, value.size(), SQLITE_STATIC));
  return *this;
}

SqliteStatement& SqliteStatement::Int(int64_t value) {
  if (!status_.ok()) return *this;
  Check(sqlite3_bind_int64(statement_, ++parameter_, value));
  return *this;
}

bool SqliteStatement::Step() {
  if (!status_.ok()) return false;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) Check(code);
  return false;
}

absl::Status SqliteStatement::Run() {
  Step();
  return status_;
}

int64_t SqliteStatement::ColumnInt(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string SqliteStatement::ColumnBytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr ? std::string()
                         : std::string(static_cast<const char*>(data), static_cast<size_t>(size));
}

absl::StatusOr<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::string& path,
                                                                         bool create) {
  RETURN_IF_ERROR(CheckAccess(path));
  if (create) MakePrivate(path);
  sqlite3* db = nullptr;
  // NOMUTEX: a connection is used by one thread at a time, which the store sees to.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
  if (code != SQLITE_OK) {
    sqlite3_close_v2(db);
    return ToStatus(code);
  }
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, 5000);
  return std::unique_ptr<SqliteConnection>(new SqliteConnection(db));
}

SqliteConnection::~SqliteConnection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(db_);
}

SqliteStatement SqliteConnection::Prepare(const char* sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    sqlite3_stmt* statement = nullptr;
    const int code =
        sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK)
      return SqliteStatement(db_, nullptr, ToStatus(sqlite3_extended_errcode(db_)));
    found = statements_.emplace(sql, statement).first;
  }
  return SqliteStatement(db_, found->second, absl::OkStatus());
}

absl::Status SqliteConnection::Execute(const char* sql) {
  const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : ToStatus(sqlite3_extended_errcode(db_));
}

int64_t SqliteConnection::LastInsertRowId() const { return sqlite3_last_insert_rowid(db_); }

int64_t SqliteConnection::Changes() const { return sqlite3_changes64(db_); }

}  // namespace pathways::engine
