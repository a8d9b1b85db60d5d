#include "services/runtime/data_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace pathways::runtime {
namespace {

absl::Status Unusable(const std::string& folder, const char* what, int error) {
  return absl::UnavailableError(
      absl::StrCat("data folder ", folder, ": ", what, ": ", std::strerror(error)));
}

}  // namespace

absl::StatusOr<DataLock> DataLock::Take(const std::string& folder) {
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return Unusable(folder, "cannot be made", errno);
  }
  const std::string path = folder + "/lock";
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return Unusable(folder, "the file lock in it cannot be opened", errno);
  DataLock lock(file);
  int result = 0;
  do {
    result = flock(file, LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return lock;
  if (errno != EWOULDBLOCK) return Unusable(folder, "the file lock in it cannot be locked", errno);
  return absl::FailedPreconditionError(absl::StrCat("data folder ", folder,
                                                    " is in use by another process, which holds ",
                                                    path, "; stop it or choose another folder"));
}

DataLock::~DataLock() {
  // Closing ends the flock: nobody else has this open file.
  if (file_ >= 0) close(file_);
}

}  // namespace pathways::runtime
