#include "services/type/problem.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace pathways::type {
namespace {

constexpr char kProblemUrl[] = "type.googleapis.com/pathways.type.v1.Problem";

// A request can have thousands of bad fields; the first hundred are enough to mend it, and the
// answer stays small.
constexpr int kViolationsMax = 100;

absl::Status Carry(absl::StatusCode code, const v1::Problem& problem, absl::string_view message) {
  absl::Status status(code, message);
  status.SetPayload(kProblemUrl, absl::Cord(problem.SerializeAsString()));
  return status;
}

}  // namespace

void Violations::Add(absl::string_view field, absl::string_view description) {
  v1::FieldViolation violation;
  violation.set_field(std::string(field));
  violation.set_description(std::string(description));
  found_.push_back(std::move(violation));
}

absl::Status Violations::ToStatus(absl::string_view reason) const {
  if (found_.empty()) return absl::OkStatus();
  v1::Problem problem;
  problem.set_reason(std::string(reason));
  for (const v1::FieldViolation& violation : found_) {
    if (problem.violations_size() == kViolationsMax) break;
    *problem.add_violations() = violation;
  }
  return Carry(
      absl::StatusCode::kInvalidArgument, problem,
      absl::StrCat(found_.size(), found_.size() == 1 ? " field is" : " fields are",
                   " not valid; first: ", found_[0].field(), ": ", found_[0].description()));
}

absl::Status Refuse(absl::StatusCode code, absl::string_view reason, absl::string_view message) {
  v1::Problem problem;
  problem.set_reason(std::string(reason));
  return Carry(code, problem, message);
}

absl::Status RefuseFor(absl::StatusCode code, absl::string_view reason, absl::string_view message,
                       absl::string_view resource) {
  v1::Problem problem;
  problem.set_reason(std::string(reason));
  problem.set_resource(std::string(resource));
  return Carry(code, problem, message);
}

absl::Status RefuseFor(absl::StatusCode code, absl::string_view reason, absl::string_view message,
                       absl::Duration wait) {
  v1::Problem problem;
  problem.set_reason(std::string(reason));
  problem.set_retry_ms(absl::ToInt64Milliseconds(absl::Ceil(wait, absl::Milliseconds(1))));
  return Carry(code, problem, message);
}

v1::Problem ProblemOf(const absl::Status& status) {
  v1::Problem problem;
  if (auto payload = status.GetPayload(kProblemUrl)) {
    if (!problem.ParseFromString(std::string(*payload))) problem.Clear();
  }
  return problem;
}

}  // namespace pathways::type
