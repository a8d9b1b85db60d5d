// What the engine asks of a service: its pure domain, with states, commands and events as bytes.
//
// One adapter per service (services/<service>/domain_adapter.h) implements this by parsing, calling
// the domain's Decide, Evolve and Fold, and serialising. A stream is opened once for a batch: its
// state is parsed once, whatever the batch does with it, and serialised once. A Domain holds no
// mutable state, so its methods may be called from any thread; an OpenStream belongs to one thread.
// Nothing here blocks, and equal input gives equal bytes.
#ifndef PATHWAYS_SERVICES_RUNTIME_DOMAIN_H_
#define PATHWAYS_SERVICES_RUNTIME_DOMAIN_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/runtime/store/event_store.h"
#include "services/type/stream.h"

namespace pathways::runtime {

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
};

// What stands in for the sealed column of an event of which only the published part is left.
struct SealedGap {
  std::string sealed;          // As if it had been sealed with nothing in it.
  bool identity_lost = false;  // There was an identity: it must be asked for again.
};

// A stream in memory, between reading its stored state and writing it again.
class OpenStream {
 public:
  virtual ~OpenStream() = default;

  // Decides one command and applies the events that it gives to the state: they get the numbers
  // after context.version, and context.now. Errors as in the domain's decide.h, and then the state
  // is as before; after INTERNAL, which parks the stream, it is undefined: open it anew.
  virtual absl::StatusOr<std::vector<NewEvent>> Decide(absl::string_view command,
                                                       const type::DecideContext& context) = 0;

  // Applies one own event to the state, which after an error is undefined.
  virtual absl::Status Evolve(const EventRow& event) = 0;

  // Index entries and timers of the state.
  virtual type::Folded Fold(const std::string& stream) const = 0;

  // The state as it is stored.
  virtual StoredState State() const = 0;
};

// A stream of the service itself under which all its other streams are decided, for example the
// policy ledger: each batch holds it, and decides with exactly the version it holds. A stream notes
// the last version under which it accepted a command, and is decided again when there is a newer.
struct GoverningStream {
  std::string stream;   // Its id, a service stream (type/stream.h). Empty: the service has none.
  std::string mark;     // Under which a stream notes the version, in `applied` and in causes.
  std::string command;  // Serialised command that decides a stream again.
};

// Of a service that has none.
inline const GoverningStream kNoGoverningStream;

class Domain {
 public:
  virtual ~Domain() = default;

  // The same at all times; it lives as long as the domain. Asked for each batch.
  virtual const GoverningStream& Governing() const { return kNoGoverningStream; }

  // The domain as it decides under the governing stream's row. Its Decide is asked of it, all else
  // may be. Called once for each version, and as long as that stream is empty not at all: then this
  // domain decides. An error fails the commands of the batch, and parks nothing.
  virtual absl::StatusOr<std::unique_ptr<const Domain>> Under(const StreamRow& governing) const {
    return absl::InternalError("the service has no governing stream");
  }

  // Version of Evolve and Fold: a state made by another one is folded again.
  virtual int EvolveVersion() const = 0;

  // Opens a stream; an empty state is that of a new one. DATA_LOSS: it cannot be read. The domain
  // must outlive what it opened.
  virtual absl::StatusOr<std::unique_ptr<OpenStream>> Open(const StoredState& state) const = 0;

  // The command that an event of `upstream` is for this service. INVALID_ARGUMENT: not an event of
  // that upstream; it will be parked.
  virtual absl::StatusOr<UpstreamCommand> FromUpstream(absl::string_view upstream,
                                                       const EventRow& event) const = 0;

  // For an own event that is taken back from its topic, which never had its sealed column. What it
  // gives can be evolved. INVALID_ARGUMENT: not an event of this service.
  virtual absl::StatusOr<SealedGap> WithoutSealed(const EventRow& event) const {
    return SealedGap();
  }
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_DOMAIN_H_
