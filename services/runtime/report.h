// How a background thread tells of its errors: once when they begin, once when they end.
//
// A thread that tries again every second would fill a log with one error; a Reporter passes on only
// what changed. The function it calls writes the log and sets the alarm's metric. Not thread-safe:
// each thread has its own Reporter.
#ifndef PATHWAYS_SERVICES_RUNTIME_REPORT_H_
#define PATHWAYS_SERVICES_RUNTIME_REPORT_H_

#include <functional>
#include <utility>

#include "absl/status/status.h"

namespace pathways::runtime {

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

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_REPORT_H_
