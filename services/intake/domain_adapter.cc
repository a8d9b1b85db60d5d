#include "services/intake/domain_adapter.h"

#include "services/base/serialize.h"
#include "services/engine/event_type.h"
#include "services/engine/proto_stream.h"
#include "services/intake/domain/decide.h"
#include "services/intake/domain/feed.h"

namespace pathways::intake {
namespace {

// A case: what engine/proto_stream.h asks for.
struct CaseStream {
  using State = CaseRecord;
  using Command = v1::IntakeCommand;
  using Event = CaseEvent;

  bool Parse(const engine::StoredState& stored, State& state) const {
    return state.open.ParseFromString(stored.open) && state.sealed.ParseFromString(stored.sealed);
  }
  engine::StoredState Bytes(const State& state) const {
    return {base::SerializeDeterministic(state.open), base::SerializeDeterministic(state.sealed)};
  }
  bool Parse(const engine::EventRow& row, Event& event) const {
    return event.event.ParseFromString(row.data) && event.sealed.ParseFromString(row.sealed);
  }
  engine::NewEvent Bytes(const Event& event) const {
    return {engine::EventType(event.event), base::SerializeDeterministic(event.event),
            base::SerializeDeterministic(event.sealed)};
  }
  absl::StatusOr<std::vector<Event>> Decide(const State& state, const Command& command,
                                            const type::DecideContext& context) const {
    return intake::Decide(state, command, context);
  }
  absl::Status Evolve(State& state, const Event& event, const type::EventContext& context) const {
    return intake::Evolve(state, event, context);
  }
  type::Folded Fold(const std::string& stream, const State& state) const {
    return intake::Fold(stream, state);
  }
};

}  // namespace

int IntakeDomain::EvolveVersion() const { return kEvolveVersion; }

absl::StatusOr<std::unique_ptr<engine::OpenStream>> IntakeDomain::Open(
    const engine::StoredState& stored) const {
  return engine::OpenProtoStream(CaseStream(), stored);
}

absl::StatusOr<engine::UpstreamCommand> IntakeDomain::FromUpstream(
    absl::string_view upstream, const engine::EventRow& event) const {
  return absl::InvalidArgumentError("intake takes commands from no upstream");
}

absl::StatusOr<engine::SealedGap> IntakeDomain::WithoutSealed(const engine::EventRow& event) const {
  v1::IntakeEvent parsed;
  if (!parsed.ParseFromString(event.data)) {
    return absl::InvalidArgumentError("a published event cannot be read");
  }
  const v1::IntakeSealed gap = intake::GapOf(parsed);
  return engine::SealedGap{base::SerializeDeterministic(gap), gap.people_size() > 0};
}

std::vector<pipeline::v1::PipelineRecord> TellFeed(const engine::EventRow& event) {
  v1::IntakeEvent parsed;
  if (!parsed.ParseFromString(event.data)) return {};
  return FeedOf(parsed, event.time);
}

}  // namespace pathways::intake
