#include "services/intake/domain_adapter.h"

#include "services/intake/domain/decide.h"
#include "services/intake/domain/feed.h"
#include "services/runtime/event_type.h"
#include "services/runtime/serialize.h"
#include "services/runtime/status_macros.h"

namespace pathways::intake {
namespace {

// One case in memory.
class IntakeCase : public runtime::OpenStream {
 public:
  explicit IntakeCase(CaseRecord record) : record_(std::move(record)) {}

  absl::StatusOr<std::vector<runtime::NewEvent>> Decide(
      absl::string_view command, const type::DecideContext& context) override {
    v1::IntakeCommand parsed;
    if (!parsed.ParseFromArray(command.data(), static_cast<int>(command.size()))) {
      return absl::InternalError("a command cannot be read");
    }
    ASSIGN_OR_RETURN(const std::vector<CaseEvent> events, intake::Decide(record_, parsed, context));
    std::vector<runtime::NewEvent> made;
    int64_t number = context.version;
    for (const CaseEvent& event : events) {
      RETURN_IF_ERROR(intake::Evolve(record_, event, {context.stream, ++number, context.now}));
      made.push_back({runtime::EventType(event.event), runtime::SerializeDeterministic(event.event),
                      runtime::SerializeDeterministic(event.sealed)});
    }
    return made;
  }

  absl::Status Evolve(const runtime::EventRow& event) override {
    CaseEvent parsed;
    if (!parsed.event.ParseFromString(event.data) || !parsed.sealed.ParseFromString(event.sealed)) {
      return absl::DataLossError("a stored event cannot be read");
    }
    return intake::Evolve(record_, parsed, {event.stream, event.number, event.time});
  }

  type::Folded Fold(const std::string& stream) const override {
    return intake::Fold(stream, record_);
  }

  runtime::StoredState State() const override {
    return {runtime::SerializeDeterministic(record_.open),
            runtime::SerializeDeterministic(record_.sealed)};
  }

 private:
  CaseRecord record_;
};

}  // namespace

int IntakeDomain::EvolveVersion() const { return kEvolveVersion; }

absl::StatusOr<std::unique_ptr<runtime::OpenStream>> IntakeDomain::Open(
    const runtime::StoredState& state) const {
  CaseRecord record;
  if (!record.open.ParseFromString(state.open) || !record.sealed.ParseFromString(state.sealed)) {
    return absl::DataLossError("a stored case cannot be read");
  }
  return std::make_unique<IntakeCase>(std::move(record));
}

absl::StatusOr<runtime::UpstreamCommand> IntakeDomain::FromUpstream(
    absl::string_view upstream, const runtime::EventRow& event) const {
  return absl::InvalidArgumentError("intake takes commands from no upstream");
}

absl::StatusOr<runtime::SealedGap> IntakeDomain::WithoutSealed(
    const runtime::EventRow& event) const {
  v1::IntakeEvent parsed;
  if (!parsed.ParseFromString(event.data)) {
    return absl::InvalidArgumentError("a published event cannot be read");
  }
  const v1::IntakeSealed gap = intake::GapOf(parsed);
  return runtime::SealedGap{runtime::SerializeDeterministic(gap), gap.people_size() > 0};
}

std::vector<pipeline::v1::PipelineRecord> TellFeed(const runtime::EventRow& event) {
  v1::IntakeEvent parsed;
  if (!parsed.ParseFromString(event.data)) return {};
  return FeedOf(parsed, event.time);
}

}  // namespace pathways::intake
