// Holds a data folder for one process.
//
// Two processes that write the same databases with their own memory of them would each be right
// alone and wrong together. So a program takes the lock before it opens anything in the folder and
// keeps it until everything in it is closed. The lock is an flock(2) on the file `lock`: it ends
// with the process, however that ends, and a file that is left behind means nothing. The folder
// must be on a local disk, as flock does not hold between machines.
#ifndef PATHWAYS_SERVICES_HOST_DATA_LOCK_H_
#define PATHWAYS_SERVICES_HOST_DATA_LOCK_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace pathways::host {

// Movable; the lock ends with the object that was moved to. Not inherited by programs that this
// process executes, but by a fork without exec.
class DataLock {
 public:
  // Never waits. Makes the folder (mode 0700) when it is missing, but not the folder it is in.
  // INVALID_ARGUMENT when the user does not own the folder, or group or others have access to it;
  // FAILED_PRECONDITION when it is held already; UNAVAILABLE when the folder cannot be made or
  // written to.
  static absl::StatusOr<DataLock> Take(const std::string& folder);

  ~DataLock();
  DataLock(DataLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  DataLock& operator=(DataLock&&) = delete;

 private:
  explicit DataLock(int file) : file_(file) {}

  int file_;  // -1: moved from.
};

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_DATA_LOCK_H_
