#include "services/cli/spreadsheet_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/base/private_file.h"
#include "services/base/status_macros.h"
#include "services/cli/reader_rights.h"
#include "services/cli/sheet_parts.h"

namespace pathways::cli {
namespace {

constexpr char kReaderArgument[] = "read-spreadsheet";
constexpr size_t kPieceBytes = 64 * 1024;
constexpr int kLookMilliseconds = 1;
constexpr char kTooLong[] = "it took too long";
constexpr size_t kMessageBytesMax = 2'000;

// A row: number, count of cells, and of each cell its bytes and the text. At the end: 0, a status
// code, and the message like a cell. Numbers have the machine's byte order: both ends are one
// program.
void AddNumber(std::string& out, uint32_t number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

void AddText(std::string& out, absl::string_view text) {
  AddNumber(out, static_cast<uint32_t>(text.size()));
  out.append(text.data(), text.size());
}

bool TakeNumber(absl::string_view& in, uint32_t& number) {
  if (in.size() < sizeof(number)) return false;
  std::memcpy(&number, in.data(), sizeof(number));
  in.remove_prefix(sizeof(number));
  return true;
}

bool TakeText(absl::string_view& in, absl::string_view& text) {
  uint32_t bytes = 0;
  if (!TakeNumber(in, bytes) || bytes > in.size()) return false;
  text = in.substr(0, bytes);
  in.remove_prefix(bytes);
  return true;
}

bool TakeRow(absl::string_view& in, SheetRow& row) {
  uint32_t number = 0;
  uint32_t count = 0;
  if (!TakeNumber(in, number) || !TakeNumber(in, count) || count > kSheetColumnsMax) return false;
  row.number = number;
  row.cells.clear();
  size_t bytes = 0;
  for (uint32_t i = 0; i < count; ++i) {
    absl::string_view text;
    if (!TakeText(in, text)) return false;
    bytes += text.size();
    if (bytes > kSheetRowBytesMax) return false;
    row.cells.emplace_back(text);
  }
  return true;
}

// The name of a sheet may hold characters that control a terminal.
std::string Plain(absl::string_view message) {
  std::string plain(message.substr(0, kMessageBytesMax));
  for (size_t i = 0; i < plain.size(); ++i) {
    const bool is_c1 = plain[i] == '\xC2' && i + 1 < plain.size() &&
                       static_cast<unsigned char>(plain[i + 1]) < 0xA0;
    if (absl::ascii_iscntrl(static_cast<unsigned char>(plain[i]))) plain[i] = '?';
    if (is_c1) plain[i] = plain[i + 1] = '?';
  }
  return plain;
}

absl::Status EndedBadly(absl::string_view how) {
  return absl::InvalidArgumentError(
      absl::StrCat("the spreadsheet cannot be read: ", how,
                   "; open it and save it again, or save it as CSV in UTF-8"));
}

// Until something can be read, or the other end is closed; false at the deadline.
bool AwaitReadable(int descriptor, absl::Time deadline) {
  for (;;) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return false;
    pollfd waited = {.fd = descriptor, .events = POLLIN, .revents = 0};
    if (poll(&waited, 1, static_cast<int>(absl::ToInt64Milliseconds(left)) + 1) > 0) return true;
  }
}

// A started process, which does not outlive this.
class Child {
 public:
  explicit Child(pid_t id) : id_(id) {}
  ~Child() {
    if (id_ <= 0) return;
    (void)kill(id_, SIGKILL);
    while (waitpid(id_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // How it ended; nothing where it has not by the deadline, or nobody can say. For one that has
  // closed its output: it has all but ended, so that looking again and again is no waste.
  std::optional<int> Wait(absl::Time deadline) {
    for (;;) {
      int status = 0;
      const pid_t ended = waitpid(id_, &status, WNOHANG);
      if (ended == id_) {
        id_ = 0;
        return status;
      }
      const bool is_unknown = ended < 0 && errno != EINTR;
      if (is_unknown || absl::Now() >= deadline) return std::nullopt;
      (void)poll(nullptr, 0, kLookMilliseconds);
    }
  }

 private:
  pid_t id_;
};

absl::StatusOr<pid_t> Spawn(const ReaderProcess& process, const std::string& sheet, int in,
                            int out) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  // What a library prints may hold what is in the file.
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::string program = process.program;
  std::string argument = kReaderArgument;
  std::string name = sheet;
  char* const arguments[] = {program.data(), argument.data(), name.data(), nullptr};
  // The allocator's own thread would make calls that the reader may not make.
  std::string allocator = "MALLOC_CONF=background_thread:false";
  char* const environment[] = {allocator.data(), nullptr};
  pid_t id = 0;
  const int failed = posix_spawn(&id, program.c_str(), &actions, nullptr, arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  if (failed == 0) return id;
  return absl::UnavailableError(
      absl::StrCat("the reader of spreadsheets cannot be started: ", std::strerror(failed)));
}

// Everything that comes until the other side closes.
absl::StatusOr<std::string> Collect(int pipe, absl::Time deadline) {
  std::string bytes;
  for (;;) {
    if (!AwaitReadable(pipe, deadline)) return EndedBadly(kTooLong);
    const size_t before = bytes.size();
    bytes.resize(before + kPieceBytes);
    const ssize_t got = read(pipe, &bytes[before], kPieceBytes);
    bytes.resize(before + static_cast<size_t>(got > 0 ? got : 0));
    if (got == 0) return bytes;
    if (got < 0 && errno != EINTR) return EndedBadly("its reader cannot be heard");
    if (bytes.size() > kSheetBytesMax) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "the sheet holds more than ", kSheetBytesMax >> 20, " MiB of text: split it"));
    }
  }
}

// Standard input to its end.
absl::StatusOr<std::string> ReadInput() {
  std::string bytes;
  for (;;) {
    const size_t before = bytes.size();
    bytes.resize(before + kPieceBytes);
    const ssize_t got = read(STDIN_FILENO, &bytes[before], kPieceBytes);
    bytes.resize(before + static_cast<size_t>(got > 0 ? got : 0));
    if (got == 0) return bytes;
    if (got < 0 && errno != EINTR) return absl::DataLossError("the file cannot be read on");
    if (bytes.size() > static_cast<size_t>(kSheetFileBytesMax)) {
      return absl::ResourceExhaustedError("the file grew while it was read");
    }
  }
}

bool WriteOutput(std::string& bytes) {
  absl::string_view rest = bytes;
  while (!rest.empty()) {
    const ssize_t written = write(STDOUT_FILENO, rest.data(), rest.size());
    if (written < 0 && errno != EINTR) return false;
    rest.remove_prefix(static_cast<size_t>(written > 0 ? written : 0));
  }
  bytes.clear();
  return true;
}

absl::Status ReadAndWrite(const std::string& sheet, std::string& out) {
  ASSIGN_OR_RETURN(const std::string input, ReadInput());
  RETURN_IF_ERROR(GiveUpRights());
  return ReadSpreadsheet(input, sheet, [&](const SheetRow& row) {
    AddNumber(out, static_cast<uint32_t>(row.number));
    AddNumber(out, static_cast<uint32_t>(row.cells.size()));
    for (const std::string& cell : row.cells) AddText(out, cell);
    const bool goes_on = out.size() < kPieceBytes || WriteOutput(out);
    return goes_on ? absl::OkStatus() : absl::UnavailableError("nobody reads the rows");
  });
}

}  // namespace

absl::StatusOr<SheetRecords> SheetRecords::FromReader(std::string bytes) {
  absl::string_view rest = bytes;
  int64_t last = 0;
  SheetRow row;
  for (;;) {
    absl::string_view row_begins = rest;
    uint32_t number = 0;
    if (!TakeNumber(row_begins, number)) return EndedBadly("its reader ended too early");
    if (number == 0) {
      rest = row_begins;
      break;
    }
    if (!TakeRow(rest, row) || row.number <= last || row.number > kSheetRowsMax) {
      return EndedBadly("its reader sent something else than rows");
    }
    last = row.number;
  }
  const size_t rows_bytes = bytes.size() - rest.size() - sizeof(uint32_t);
  uint32_t code = 0;
  absl::string_view message;
  if (!TakeNumber(rest, code) || !TakeText(rest, message) || !rest.empty()) {
    return EndedBadly("its reader sent something else than rows");
  }
  if (code != 0) return absl::Status(static_cast<absl::StatusCode>(code), Plain(message));
  SheetRecords records;
  bytes.resize(rows_bytes);
  records.bytes_ = std::move(bytes);
  return records;
}

bool SheetRecords::Next(size_t& position, SheetRow& row) const {
  absl::string_view rest = absl::string_view(bytes_).substr(position);
  if (rest.empty() || !TakeRow(rest, row)) return false;
  position = bytes_.size() - rest.size();
  return true;
}

absl::StatusOr<SheetRecords> ReadSpreadsheetApart(const std::string& path, const std::string& sheet,
                                                  const ReaderProcess& process) {
  const absl::Time deadline = absl::Now() + process.timeout;
  const base::FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat about;
  if (file.number() < 0 || fstat(file.number(), &about) != 0) {
    return absl::NotFoundError("cannot be opened for reading");
  }
  if (about.st_size > kSheetFileBytesMax) {
    return absl::ResourceExhaustedError(absl::StrCat("the spreadsheet is larger than ",
                                                     kSheetFileBytesMax >> 20,
                                                     " MiB: save it as CSV in UTF-8"));
  }
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::UnavailableError("no pipe can be made");
  const base::FileDescriptor from_reader(ends[0]);
  auto to_writer = std::make_optional<base::FileDescriptor>(ends[1]);
  ASSIGN_OR_RETURN(const pid_t id, Spawn(process, sheet, file.number(), to_writer->number()));
  Child child(id);
  to_writer.reset();
  ASSIGN_OR_RETURN(std::string bytes, Collect(from_reader.number(), deadline));
  const std::optional<int> status = child.Wait(deadline);
  if (!status) return EndedBadly(kTooLong);
  if (WIFSIGNALED(*status)) {
    const int signal = WTERMSIG(*status);
    return EndedBadly(signal == SIGXCPU ? std::string(kTooLong)
                                        : absl::StrCat("its reader was ended by signal ", signal));
  }
  if (WEXITSTATUS(*status) != 0) {
    return EndedBadly(absl::StrCat("its reader ended with ", WEXITSTATUS(*status)));
  }
  return SheetRecords::FromReader(std::move(bytes));
}

bool IsSpreadsheetReader(int argc, char** argv) {
  return argc == 3 && absl::string_view(argv[1]) == kReaderArgument;
}

int RunSpreadsheetReader(char** argv) {
  std::string out;
  const absl::Status status = ReadAndWrite(argv[2], out);
  AddNumber(out, 0);
  AddNumber(out, static_cast<uint32_t>(status.code()));
  AddText(out, absl::string_view(status.message()).substr(0, kMessageBytesMax));
  // Not by return: destructors of other libraries would ask for what is no longer allowed.
  _exit(WriteOutput(out) ? 0 : 1);
}

}  // namespace pathways::cli
