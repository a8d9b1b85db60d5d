// A domain with a rules stream, for tests of what surrounds it.
//
// The rules stream is the last rule said to it. Every other command becomes a word with the
// rule it was decided under, for example "a@r1"; "again" does so too, and makes nothing of a stream
// under a rule that begins with "same". A rule "broken" breaks every decision under it, and under
// one that is "unusable" none can be made.
#ifndef PATHWAYS_TESTS_ENGINE_RULE_DOMAIN_H_
#define PATHWAYS_TESTS_ENGINE_RULE_DOMAIN_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/engine/text_domain.h"

namespace pathways::engine {

inline constexpr char kRules[] = "service/rules";

class RuleDomain : public TextDomain {
 public:
  explicit RuleDomain(std::string rule = "none") : rule_(std::move(rule)) {}

  const RulesStream& StreamOfRules() const override { return rules_stream_; }
  absl::StatusOr<std::unique_ptr<const Domain>> WithRules(const StreamRow& row) const override {
    if (row.state.open == "unusable") return absl::InternalError("unusable");
    return std::make_unique<const RuleDomain>(row.state.open);
  }

 protected:
  absl::StatusOr<std::vector<NewEvent>> DecideFor(const type::DecideContext& context,
                                                  absl::string_view command) const override {
    if (context.stream == kRules || command == "refuse") return Decide(command);
    if (rule_ == "broken") return absl::InternalError("broken");
    if (command == "again" && absl::StartsWith(rule_, "same")) return std::vector<NewEvent>{};
    return Decide(absl::StrCat(command, "@", rule_));
  }
  absl::Status Evolve(StoredState& state, const EventRow& event) const override {
    if (event.stream != kRules) return TextDomain::Evolve(state, event);
    state.open = event.data;
    return absl::OkStatus();
  }

 private:
  const std::string rule_;
  const RulesStream rules_stream_{kRules, "rule", "again"};
};

}  // namespace pathways::engine

#endif  // PATHWAYS_TESTS_ENGINE_RULE_DOMAIN_H_
