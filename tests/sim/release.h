// One of two releases of a service, which fold the same events to other rows.
//
// Both decide as the service does. Each adds a list entry, a unique entry and a timer of its own to
// every fold, and the newer one leaves a list out. A state ends with the mark of the release that
// made it; a release that is given a state with another mark, which the engine must never do,
// answers DATA_LOSS, so that the case is parked and found. The newer release may write events that
// the older one cannot apply; other services can.
#ifndef PATHWAYS_TESTS_SIM_RELEASE_H_
#define PATHWAYS_TESTS_SIM_RELEASE_H_

#include <memory>
#include <utility>

#include "services/engine/domain.h"

namespace pathways::sim {

// Begins the name of every list, unique index and timer that only a release has.
inline constexpr char kOfRelease[] = "sim-release-";

class Release : public engine::Domain {
 public:
  struct Kind {
    bool is_newer = false;
    bool writes_news = false;  // Some of its events are such as the older one cannot apply.
  };

  // `base` must outlive it.
  Release(const engine::Domain& base, Kind kind) : base_(base), kind_(kind) {}

  const engine::RulesStream& StreamOfRules() const override { return base_.StreamOfRules(); }
  absl::StatusOr<std::unique_ptr<const engine::Domain>> WithRules(
      const engine::StreamRow& rules_stream) const override;
  bool Follows(absl::string_view upstream, absl::string_view stream) const override {
    return base_.Follows(upstream, stream);
  }
  int EvolveVersion() const override { return base_.EvolveVersion() + (kind_.is_newer ? 1 : 0); }
  absl::StatusOr<std::unique_ptr<engine::OpenStream>> Open(
      const engine::StoredState& state) const override;
  absl::StatusOr<engine::UpstreamCommand> FromUpstream(
      absl::string_view upstream, const engine::EventRow& event) const override {
    return base_.FromUpstream(upstream, event);
  }
  absl::StatusOr<engine::SealedGap> WithoutSealed(const engine::EventRow& event) const override {
    return base_.WithoutSealed(event);
  }

 private:
  Release(std::unique_ptr<const engine::Domain> owned, Kind kind)
      : owned_(std::move(owned)), base_(*owned_), kind_(kind) {}
  // The state as the service itself stored it. DATA_LOSS: another release made it.
  absl::StatusOr<engine::StoredState> WithoutMark(engine::StoredState state) const;

  const std::unique_ptr<const engine::Domain> owned_;
  const engine::Domain& base_;
  const Kind kind_;
};

}  // namespace pathways::sim

#endif  // PATHWAYS_TESTS_SIM_RELEASE_H_
