// How a background thread reports its errors: once when they begin, and once when they end.
//
// A thread that tries again every second would fill a log with one error, so a Reporter passes on
// only changes. The function that it calls writes the log and sets the alarm's metric. Not
// thread-safe: each thread has its own Reporter.
#ifndef PATHWAYS_SERVICES_FOLLOW_REPORT_H_
#define PATHWAYS_SERVICES_FOLLOW_REPORT_H_

#include <functional>
#include <utility>

#include "absl/status/status.h"

namespace pathways::follow {

// Called with an error, or with OK when the error before it is over. Must not block.
using Report = std::function<void(const absl::Status&)>;

class Reporter {
 public:
  // An empty function: nobody listens.
  explicit Reporter(Report report) : report_(std::move(report)) {}

  void Tell(const absl::Status& status) {
    if (status == last_) return;
    last_ = status;
    if (report_) report_(status);
  }

 private:
  const Report report_;
  absl::Status last_;
};

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_REPORT_H_
