// A stream whose state, commands and events are generated messages: between bytes and a domain.
//
// The engine sees bytes (domain.h); a service's domain is functions over messages. ProtoStream
// parses a command, lets the domain decide, applies what it decides to the state in memory, and
// serialises. A service says the rest in one struct, `Stream`, which the template holds by value:
//
//   struct Stream {
//     using State = ...;    // What Evolve changes: a message, or a struct of messages.
//     using Command = ...;  // A message.
//     using Event = ...;    // A message, or a struct of messages.
//     bool Parse(const StoredState& stored, State& state) const;
//     StoredState Bytes(const State& state) const;
//     bool Parse(const EventRow& row, Event& event) const;
//     NewEvent Bytes(const Event& event) const;
//     absl::StatusOr<std::vector<Event>> Decide(const State&, const Command&,
//                                               const type::DecideContext&) const;
//     absl::Status Evolve(State&, const Event&, const type::EventContext&) const;
//     type::Folded Fold(const std::string& stream, const State&) const;
//   };
//
// OpenProtoStream makes the OpenStream of a stored state. Nothing blocks; equal input gives equal
// bytes as long as the struct's functions do.
#ifndef PATHWAYS_SERVICES_ENGINE_PROTO_STREAM_H_
#define PATHWAYS_SERVICES_ENGINE_PROTO_STREAM_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/base/serialize.h"
#include "services/base/status_macros.h"
#include "services/engine/domain.h"
#include "services/engine/event_type.h"
#include "services/engine/sealed_fields.h"

namespace pathways::engine {

// The bytes of a stream whose state is one message, and whose events are envelopes with marked
// fields (sealed_fields.h): a base of a service's Stream.
template <typename State, typename Event>
struct MessageBytes {
  bool Parse(const StoredState& stored, State& state) const {
    return state.ParseFromString(stored.open);
  }
  StoredState Bytes(const State& state) const { return {base::SerializeDeterministic(state), ""}; }
  bool Parse(const EventRow& row, Event& event) const {
    return JoinEvent(row.data, row.sealed, event);
  }
  NewEvent Bytes(const Event& event) const {
    EventColumns columns = SplitEvent(event);
    return {EventType(event), std::move(columns.data), std::move(columns.sealed)};
  }
};

template <typename Stream>
class ProtoStream : public OpenStream {
 public:
  ProtoStream(Stream stream, typename Stream::State state)
      : stream_(std::move(stream)), state_(std::move(state)) {}

  absl::StatusOr<std::vector<NewEvent>> Decide(absl::string_view command,
                                               const type::DecideContext& context) override {
    typename Stream::Command parsed;
    if (!parsed.ParseFromArray(command.data(), static_cast<int>(command.size()))) {
      return absl::InternalError("a command cannot be read");
    }
    ASSIGN_OR_RETURN(const std::vector<typename Stream::Event> events,
                     stream_.Decide(state_, parsed, context));
    std::vector<NewEvent> made;
    int64_t number = context.version;
    for (const typename Stream::Event& event : events) {
      RETURN_IF_ERROR(stream_.Evolve(state_, event, {context.stream, ++number, context.now}));
      made.push_back(stream_.Bytes(event));
    }
    return made;
  }

  absl::Status Evolve(const EventRow& row) override {
    typename Stream::Event event;
    if (!stream_.Parse(row, event)) return absl::DataLossError("a stored event cannot be read");
    return stream_.Evolve(state_, event, {row.stream, row.number, row.time});
  }

  type::Folded Fold(const std::string& stream) const override {
    return stream_.Fold(stream, state_);
  }

  StoredState State() const override { return stream_.Bytes(state_); }

 private:
  const Stream stream_;
  typename Stream::State state_;
};

// DATA_LOSS: the state cannot be read.
template <typename Stream>
absl::StatusOr<std::unique_ptr<OpenStream>> OpenProtoStream(Stream stream,
                                                            const StoredState& stored) {
  typename Stream::State state;
  if (!stream.Parse(stored, state)) return absl::DataLossError("a stored state cannot be read");
  return std::make_unique<ProtoStream<Stream>>(std::move(stream), std::move(state));
}

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_PROTO_STREAM_H_
