// A domain of a few lines, for tests of what surrounds a domain.
//
// A stream is the text of its commands, each with a full stop behind it. "refuse" is refused,
// "break" breaks an invariant and "spoil" breaks it halfway, "nothing" changes nothing; "at:<unix
// seconds>" sets a timer, which "fired" clears. An upstream event is the command that its data
// says; "garbage" is none. An event of its own that says kUnknownText is one of a release that it
// does not know.
#ifndef PATHWAYS_TESTS_ENGINE_TEXT_DOMAIN_H_
#define PATHWAYS_TESTS_ENGINE_TEXT_DOMAIN_H_

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/engine/domain.h"
#include "tests/support/bytes_domain.h"

namespace pathways::engine {

inline constexpr char kTextTimer[] = "text";
inline constexpr char kUnknownText[] = "unknown";

class TextDomain : public testing_support::BytesDomain {
 public:
  absl::StatusOr<UpstreamCommand> FromUpstream(absl::string_view,
                                               const EventRow& event) const override {
    if (event.data == "garbage") return absl::InvalidArgumentError("garbage");
    return UpstreamCommand{event.data, {}};
  }

 protected:
  absl::StatusOr<std::vector<NewEvent>> Decide(absl::string_view command) const override {
    if (command == "refuse") return absl::FailedPreconditionError("refused");
    if (command == "break") return absl::InternalError("broken");
    if (command == "nothing") return std::vector<NewEvent>{};
    return std::vector<NewEvent>{{"test.Said", std::string(command), "sealed"}};
  }
  absl::Status Evolve(StoredState& state, const EventRow& event) const override {
    if (event.data == kUnknownText) return absl::DataLossError("unknown");
    state.open += event.data + ".";
    if (event.data == "spoil") return absl::InternalError("spoilt");
    return absl::OkStatus();
  }
  type::Folded Fold(const std::string& stream, const StoredState& state) const override {
    type::Folded folded;
    folded.lists.push_back({"all", stream});
    int64_t due = 0;
    for (absl::string_view word : absl::StrSplit(state.open, '.')) {
      if (word == "fired") due = 0;
      if (absl::ConsumePrefix(&word, "at:") && !absl::SimpleAtoi(word, &due)) due = 0;
    }
    if (due != 0) folded.timers.push_back({kTextTimer, due});
    return folded;
  }
};

}  // namespace pathways::engine

#endif  // PATHWAYS_TESTS_ENGINE_TEXT_DOMAIN_H_
