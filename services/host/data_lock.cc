#include "services/host/data_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "services/base/private_file.h"
#include "services/base/status_macros.h"

namespace pathways::host {
namespace {

absl::Status Unusable(const std::string& folder, const char* what, int error) {
  return absl::UnavailableError(
      absl::StrCat("data folder ", folder, ": ", what, ": ", std::strerror(error)));
}

// The files in it are private too, but a folder that others may write to is theirs to fill: they
// could take a database away and put another one in its place.
absl::Status CheckFolder(const std::string& folder) {
  struct stat about = {};
  if (stat(folder.c_str(), &about) != 0) return Unusable(folder, "cannot be looked at", errno);
  if (!S_ISDIR(about.st_mode)) return Unusable(folder, "is no folder", ENOTDIR);
  const std::string fault = base::AccessFault(about);
  if (fault.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("data folder ", folder, ": ", fault));
}

}  // namespace

absl::StatusOr<DataLock> DataLock::Take(const std::string& folder) {
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return Unusable(folder, "cannot be made", errno);
  }
  RETURN_IF_ERROR(CheckFolder(folder));
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

}  // namespace pathways::host
