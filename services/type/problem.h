// Refusals with a stable reason and every bad field at once.
//
// A domain refuses by returning Refuse(...): an absl::Status that carries a
// pathways.type.v1.Problem as payload. The gRPC edge turns it into google.rpc.ErrorInfo and
// BadRequest, the command line into text; nobody parses messages. Neither the message nor a
// violation may hold the value of a field: it could be personal data.
#ifndef PATHWAYS_SERVICES_TYPE_PROBLEM_H_
#define PATHWAYS_SERVICES_TYPE_PROBLEM_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pathways/type/v1/problem.pb.h"

namespace pathways::type {

// Collects the bad fields of one request, in the order they are found. Not thread-safe.
class Violations {
 public:
  // Adds one bad field. `description` says what is expected, never the value.
  void Add(absl::string_view field, absl::string_view description);
  bool empty() const { return found_.empty(); }
  const std::vector<v1::FieldViolation>& found() const { return found_; }
  // OK when empty, else INVALID_ARGUMENT with `reason` and all fields.
  absl::Status ToStatus(absl::string_view reason) const;

 private:
  std::vector<v1::FieldViolation> found_;
};

// A status with `code`, a stable upper-case `reason` and a message for people.
absl::Status Refuse(absl::StatusCode code, absl::string_view reason, absl::string_view message);

// The same, with the resource that stands in the way.
absl::Status RefuseFor(absl::StatusCode code, absl::string_view reason, absl::string_view message,
                       absl::string_view resource);

// The same, with how long to wait before the next try.
absl::Status RefuseFor(absl::StatusCode code, absl::string_view reason, absl::string_view message,
                       absl::Duration wait);

// The problem carried by a status; empty when it carries none.
v1::Problem ProblemOf(const absl::Status& status);

}  // namespace pathways::type

#endif  // PATHWAYS_SERVICES_TYPE_PROBLEM_H_
