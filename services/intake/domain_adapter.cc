#include "services/intake/domain_adapter.h"

#include <optional>
#include <utility>

#include "services/base/serialize.h"
#include "services/base/status_macros.h"
#include "services/engine/event_type.h"
#include "services/engine/proto_stream.h"
#include "services/intake/domain/decide.h"
#include "services/intake/domain/fact_ledger.h"
#include "services/intake/domain/feed.h"
#include "services/type/stream_id.h"

namespace pathways::intake {
namespace {

// A case, or the fact catalogue, which is in the same messages: what engine/proto_stream.h asks
// for.
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
    if (!type::IsServiceStream(context.stream)) {
      return intake::Decide(state, command, catalogue_number, context);
    }
    ASSIGN_OR_RETURN(auto event, DecideOnLedger(state.open.ledger(), command.ledger(), context));
    std::vector<Event> events;
    if (event) events.push_back({*std::move(event), {}});
    return events;
  }
  static absl::StatusOr<std::optional<v1::IntakeEvent>> DecideOnLedger(
      const type::v1::LedgerState& ledger, const type::v1::LedgerCommand& command,
      const type::DecideContext& context) {
    if (command.has_propose()) return ProposeFacts(ledger, command.propose(), context.now);
    ASSIGN_OR_RETURN(const auto apply,
                     type::VersionAsked<v1::IntakeState>(type::kFactLedgerKind, command, context));
    return DecideFacts(ledger, apply);
  }
  absl::Status Evolve(State& state, const Event& event, const type::EventContext& context) const {
    if (type::IsServiceStream(context.stream)) {
      return EvolveFacts(*state.open.mutable_ledger(), event.event, context);
    }
    return intake::Evolve(state, event, context);
  }
  type::Folded Fold(const std::string& stream, const State& state) const {
    return type::IsServiceStream(stream) ? type::Folded() : intake::Fold(stream, state);
  }

  int64_t catalogue_number;
};

}  // namespace

IntakeDomain::IntakeDomain(std::shared_ptr<FactsInForce> in_force, int64_t catalogue_number)
    : in_force_(std::move(in_force)),
      catalogue_number_(catalogue_number),
      rules_stream_{type::kFactLedger, "", ""} {}

absl::StatusOr<std::unique_ptr<const engine::Domain>> IntakeDomain::WithRules(
    const engine::StreamRow& rules_stream) const {
  v1::IntakeState state;
  if (!state.ParseFromString(rules_stream.state.open)) {
    return absl::DataLossError("the stored fact catalogue cannot be read");
  }
  if (in_force_ != nullptr) {
    ASSIGN_OR_RETURN(FactsVersion version, FactsOf(state.ledger()));
    in_force_->Set(std::move(version));
  }
  return std::make_unique<const IntakeDomain>(in_force_, rules_stream.version);
}

int IntakeDomain::EvolveVersion() const { return kEvolveVersion; }

absl::StatusOr<std::unique_ptr<engine::OpenStream>> IntakeDomain::Open(
    const engine::StoredState& stored) const {
  return engine::OpenProtoStream(CaseStream{catalogue_number_}, stored);
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
