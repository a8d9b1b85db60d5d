#include "services/base/private_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace pathways::base {
namespace {

// Call right after what failed.
std::string Failed(absl::string_view path, absl::string_view what) {
  const int error = errno;
  return absl::StrCat(path, ": ", what, ": ", std::generic_category().message(error));
}

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

// Looks at the open file and not at its name, which could be another file by now.
absl::Status CheckPrivate(const FileDescriptor& file, const std::string& path, size_t bytes_max) {
  struct stat about = {};
  if (fstat(file.number(), &about) != 0) {
    return absl::UnavailableError(Failed(path, "cannot be read"));
  }
  if (!S_ISREG(about.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is not a regular file"));
  }
  if (const std::string fault = AccessFault(about); !fault.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": ", fault));
  }
  if (static_cast<size_t>(about.st_size) > bytes_max) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is larger than ", bytes_max, " bytes"));
  }
  return absl::OkStatus();
}

absl::Status WriteAll(const FileDescriptor& file, const std::string& path, absl::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(file.number(), text.data(), text.size());
    if (written < 0 && errno != EINTR) {
      return absl::UnavailableError(Failed(path, "cannot be written"));
    }
    if (written > 0) text.remove_prefix(static_cast<size_t>(written));
  }
  if (fchmod(file.number(), S_IRUSR | S_IWUSR) != 0 || fsync(file.number()) != 0) {
    return absl::UnavailableError(Failed(path, "cannot be written"));
  }
  return absl::OkStatus();
}

// Gives the finished file its name. A link never replaces a file, a rename always does.
absl::Status Publish(const std::string& temporary, const std::string& path, Existing existing) {
  if (existing == Existing::kReplace) {
    if (rename(temporary.c_str(), path.c_str()) == 0) return absl::OkStatus();
  } else {
    if (link(temporary.c_str(), path.c_str()) == 0) return absl::OkStatus();
    if (errno == EEXIST) return absl::AlreadyExistsError(absl::StrCat(path, ": exists already"));
  }
  return absl::UnavailableError(Failed(path, "cannot be written"));
}

// Without this the name of the file, though not its content, could be lost in a power cut.
absl::Status SyncFolderOf(const std::string& path) {
  const std::string folder = FolderOf(path);
  const FileDescriptor opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.open() || fsync(opened.number()) != 0) {
    return absl::UnavailableError(Failed(folder, "cannot be synchronised"));
  }
  return absl::OkStatus();
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (open()) (void)close(number_);
}

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept
    : number_(std::exchange(other.number_, -1)) {}

std::string AccessFault(const struct stat& about) {
  if (about.st_uid != geteuid()) return "must be owned by the user who runs the program";
  if ((about.st_mode & (S_IRWXG | S_IRWXO)) == 0) return "";
  return absl::StrCat("group or others have access; chmod ", S_ISDIR(about.st_mode) ? "700" : "600",
                      " it");
}

absl::StatusOr<std::string> ReadPrivateFile(const std::string& path, size_t bytes_max) {
  // Without O_NONBLOCK a pipe of that name would block for ever.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.open()) {
    const bool missing = errno == ENOENT || errno == ENOTDIR;
    const std::string message = Failed(path, "cannot be opened");
    return missing ? absl::NotFoundError(message) : absl::FailedPreconditionError(message);
  }
  RETURN_IF_ERROR(CheckPrivate(file, path, bytes_max));
  std::string text(bytes_max, '\0');
  size_t filled = 0;
  while (filled < bytes_max) {
    const ssize_t count = read(file.number(), text.data() + filled, bytes_max - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return absl::UnavailableError(Failed(path, "cannot be read"));
    if (count == 0) break;
    filled += static_cast<size_t>(count);
  }
  text.resize(filled);
  return text;
}

absl::Status WritePrivateFile(const std::string& path, absl::string_view text, Existing existing) {
  std::string temporary = absl::StrCat(path, ".XXXXXX");
  absl::Status status;
  {
    const FileDescriptor file(mkostemp(temporary.data(), O_CLOEXEC));
    if (!file.open()) return absl::UnavailableError(Failed(path, "cannot be written"));
    status = WriteAll(file, path, text);
  }
  if (status.ok()) status = Publish(temporary, path, existing);
  (void)unlink(temporary.c_str());  // Gone already where it was renamed.
  if (!status.ok() && !absl::IsAlreadyExists(status)) return status;
  // Also for a file that was there: who made it may have stopped before this.
  RETURN_IF_ERROR(SyncFolderOf(path));
  return status;
}

absl::StatusOr<FileDescriptor> LockFolderOf(const std::string& path) {
  const std::string folder = FolderOf(path);
  FileDescriptor opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.open()) return absl::UnavailableError(Failed(folder, "cannot be opened"));
  if (flock(opened.number(), LOCK_EX | LOCK_NB) != 0) {
    return absl::UnavailableError(Failed(folder, "cannot be locked; try again"));
  }
  return opened;
}

}  // namespace pathways::base
