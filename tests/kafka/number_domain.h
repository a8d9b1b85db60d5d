// A service whose stream is the list of the numbers it applied: "1.2.3.".
//
// What was lost, doubled or out of order is then seen in its state. Its events are of the type
// test.Counted, so the same domain stands for the upstream and for the downstream service.
#ifndef PATHWAYS_TESTS_KAFKA_NUMBER_DOMAIN_H_
#define PATHWAYS_TESTS_KAFKA_NUMBER_DOMAIN_H_

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/bytes_domain.h"

namespace pathways::testing_support {

class NumberDomain : public BytesDomain {
 public:
  absl::StatusOr<engine::UpstreamCommand> FromUpstream(
      absl::string_view upstream, const engine::EventRow& event) const override {
    if (event.type != "test.Counted") return absl::InvalidArgumentError("unknown type");
    return engine::UpstreamCommand{absl::StrCat(event.number), {}};
  }

 protected:
  absl::StatusOr<std::vector<engine::NewEvent>> Decide(absl::string_view command) const override {
    return std::vector<engine::NewEvent>{{"test.Counted", std::string(command), ""}};
  }
  absl::Status Evolve(engine::StoredState& state, const engine::EventRow& event) const override {
    absl::StrAppend(&state.open, event.data, ".");
    return absl::OkStatus();
  }
};

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_KAFKA_NUMBER_DOMAIN_H_
