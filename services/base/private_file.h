// Files that hold secrets: only their owner may read them.
//
// The master key and the tokens lie in such files. Reading refuses a file that anybody else could
// have read or changed, so that a slip in its permissions is found at the start and not by a thief.
// Writing is atomic and durable: after a crash the file is the old one, the new one, or missing as
// before. A crash can leave a file path.XXXXXX behind, private as well and never read. Thread-safe;
// every function may block for the disk.
#ifndef PATHWAYS_SERVICES_BASE_PRIVATE_FILE_H_
#define PATHWAYS_SERVICES_BASE_PRIVATE_FILE_H_

#include <sys/stat.h>

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pathways::base {

// Owns an open file; closes it when destroyed.
class FileDescriptor {
 public:
  explicit FileDescriptor(int number) : number_(number) {}
  ~FileDescriptor();
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int number() const { return number_; }
  bool open() const { return number_ >= 0; }

 private:
  int number_;  // -1: none.
};

// What is wrong with who may use a file or a folder, and what to do about it: the user must own it,
// and nobody else may do anything with it. Empty: nothing.
std::string AccessFault(const struct stat& about);

// Reads a whole file. NOT_FOUND: there is none. FAILED_PRECONDITION: the user does not own it, or
// group or others may do anything with it, or it cannot be opened. INVALID_ARGUMENT: it is no
// regular file or larger than `bytes_max`. UNAVAILABLE: the disk fails.
absl::StatusOr<std::string> ReadPrivateFile(const std::string& path, size_t bytes_max);

// What to do with a file that is there already.
enum class Existing { kKeep, kReplace };

// Writes a file of mode 0600. ALREADY_EXISTS: there is one and it is to be kept; it is durable, as
// a new one would be. UNAVAILABLE: cannot be written.
absl::Status WritePrivateFile(const std::string& path, absl::string_view text, Existing existing);

// Locks the folder of a file against others who lock it, until the result is destroyed. Does not
// wait. UNAVAILABLE: another one holds it, try again; or there is no such folder.
absl::StatusOr<FileDescriptor> LockFolderOf(const std::string& path);

}  // namespace pathways::base

#endif  // PATHWAYS_SERVICES_BASE_PRIVATE_FILE_H_
