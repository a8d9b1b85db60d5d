// What the engine asks of a service: its pure domain, with states, commands and events as bytes.
//
// One adapter per service (services/<service>/domain_adapter.h) implements this by parsing, calling
// the domain's Decide, Evolve and Fold, and serialising. A stream is opened once for each batch, so
// its state is parsed once and serialised once, however many commands the batch has for it. A
// Domain holds no mutable state, so its methods may be called from any thread; an OpenStream
// belongs to one thread. Nothing here blocks, and equal input gives equal bytes.
#ifndef PATHWAYS_SERVICES_ENGINE_DOMAIN_H_
#define PATHWAYS_SERVICES_ENGINE_DOMAIN_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/engine/store/event_store.h"
#include "services/type/stream.h"
#include "services/type/stream_id.h"

namespace pathways::engine {

// What is deleted from the store in the transaction that stores an event.
struct Erasure {
  std::vector<std::string> persons;  // Ids of people of the stream whose data keys go.
  // The sealed columns of the stream's events up to this number, which is below the event's own.
  // They go as a whole: what is sealed of people who stay must be in the event's own column.
  int64_t sealed_through = 0;
};

// An event that a decision makes; the engine adds number, position, ce_id, time and cause.
struct NewEvent {
  std::string type;    // Full message name, for example pathways.intake.v1.CaseRegistered.
  std::string data;    // The event as published.
  std::string sealed;  // Its sealed column. Empty: nothing personal.
};

// An upstream number that must be applied before an event may be.
struct Requirement {
  std::string upstream;
  int64_t number = 0;
};

// An upstream event, translated.
struct UpstreamCommand {
  std::string command;  // Serialised command of this service.
  std::vector<Requirement> requires_applied;
  type::Lookup lookup = {};
};

// What replaces the sealed column of an event when only the event's published part is left.
struct SealedGap {
  std::string sealed;          // As if it had been sealed with nothing in it.
  bool identity_lost = false;  // There was an identity; the people must be asked for it again.
  // What was lost is told again by the events of this upstream, which the stream takes once more
  // from the first. Empty: nothing is told again.
  std::string told_by;
};

// A stream in memory, between reading its stored state and writing it again.
class OpenStream {
 public:
  virtual ~OpenStream() = default;

  // Decides one command, and applies to the state the events that follow from it. They get the
  // numbers after context.version, and the time context.now. The errors are those of the domain's
  // decide.h; after one of them the state is as it was before. INTERNAL is the exception: it parks
  // the stream, and afterwards the state is undefined, so the stream has to be opened again.
  virtual absl::StatusOr<std::vector<NewEvent>> Decide(absl::string_view command,
                                                       const type::DecideContext& context) = 0;

  // Applies one of the stream's own events to the state. After an error the state is undefined.
  virtual absl::Status Evolve(const EventRow& event) = 0;

  // Index entries and timers of the state.
  virtual type::Folded Fold(const std::string& stream) const = 0;

  // The state as it is stored.
  virtual StoredState State() const = 0;
};

// A stream of the service itself by which all its other streams are decided, for example the policy
// ledger. Each batch locks it and decides by exactly the version that it read. Every other stream
// notes the last version by which it accepted a command, and is decided again when there is a newer
// version.
struct RulesStream {
  std::string stream;  // Its id, a service stream (type/stream.h). Empty: the service has none.
  // Name under which streams note the version, in `applied` and in causes. Empty: no stream is
  // decided again for a new version, and none notes it.
  std::string mark;
  std::string command;  // Serialised command that decides a stream again. It looks nothing up.
};

// For a service that has no rules stream.
inline const RulesStream kNoRulesStream;

class Domain {
 public:
  virtual ~Domain() = default;

  // Asked for each batch. The answer never changes, and lives as long as the domain.
  virtual const RulesStream& StreamOfRules() const { return kNoRulesStream; }

  // The domain that decides by a version of the rules stream, whose row is given. The engine
  // asks it for decisions, and may ask it for everything else. Called once for each version. As
  // long as the rules stream is empty it is not called, and this domain decides. An error fails
  // the commands of the batch, and parks nothing.
  virtual absl::StatusOr<std::unique_ptr<const Domain>> WithRules(
      const StreamRow& rules_stream) const {
    return absl::InternalError("the service has no rules stream");
  }

  // Whether events of this stream of an upstream are commands of this service. Those of any other
  // move the position and nothing else.
  virtual bool Follows(absl::string_view upstream, absl::string_view stream) const {
    return type::IsCaseStream(stream);
  }

  // Version of Evolve and Fold. A state that was made by another version is folded again.
  virtual int EvolveVersion() const = 0;

  // Opens a stream. A new stream has an empty state. DATA_LOSS: the state cannot be read. The
  // domain must outlive the streams that it opened.
  virtual absl::StatusOr<std::unique_ptr<OpenStream>> Open(const StoredState& state) const = 0;

  // Translates an event of `upstream` into a command of this service. INVALID_ARGUMENT: it is not
  // an event of that upstream; the stream will be parked.
  virtual absl::StatusOr<UpstreamCommand> FromUpstream(absl::string_view upstream,
                                                       const EventRow& event) const = 0;

  // What an event of this service erases, by its published part alone: asked when the event is
  // made, and again when it is restored from the service's topic into a store from before it.
  virtual Erasure ErasureOf(const EventRow& event) const { return {}; }

  // Called for an event of this service whose sealed column is empty: one that is restored from the
  // service's topic, which never had the column, or whose column was erased. With the column that
  // this gives, the event can be applied by Evolve.
  // INVALID_ARGUMENT: it is not an event of this service.
  virtual absl::StatusOr<SealedGap> WithoutSealed(const EventRow& event) const {
    return SealedGap();
  }
};

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_DOMAIN_H_
