// Base of the tests' small domains, whose state is the stored bytes themselves.
//
// A subclass says what a command gives, where need be by what the decision may know, and what an
// event makes of the bytes.
#ifndef PATHWAYS_TESTS_SUPPORT_BYTES_DOMAIN_H_
#define PATHWAYS_TESTS_SUPPORT_BYTES_DOMAIN_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/engine/domain.h"

namespace pathways::testing_support {

class BytesDomain : public engine::Domain {
 public:
  int EvolveVersion() const override { return 1; }
  absl::StatusOr<std::unique_ptr<engine::OpenStream>> Open(
      const engine::StoredState& state) const override {
    return std::make_unique<Stream>(*this, state);
  }
  absl::StatusOr<engine::UpstreamCommand> FromUpstream(absl::string_view,
                                                       const engine::EventRow&) const override {
    return absl::InvalidArgumentError("there is no upstream");
  }

 protected:
  // By default a command is an event of its own text.
  virtual absl::StatusOr<std::vector<engine::NewEvent>> Decide(absl::string_view command) const {
    return std::vector<engine::NewEvent>{{"test.Said", std::string(command), ""}};
  }
  virtual absl::StatusOr<std::vector<engine::NewEvent>> DecideFor(const type::DecideContext&,
                                                                  absl::string_view command) const {
    return Decide(command);
  }
  virtual absl::Status Evolve(engine::StoredState& state, const engine::EventRow& event) const = 0;
  virtual type::Folded Fold(const std::string&, const engine::StoredState&) const { return {}; }

 private:
  class Stream : public engine::OpenStream {
   public:
    Stream(const BytesDomain& domain, engine::StoredState state)
        : domain_(domain), state_(std::move(state)) {}
    absl::StatusOr<std::vector<engine::NewEvent>> Decide(
        absl::string_view command, const type::DecideContext& context) override {
      absl::StatusOr<std::vector<engine::NewEvent>> made = domain_.DecideFor(context, command);
      if (!made.ok()) return made;
      engine::EventRow event;
      event.stream = context.stream;
      event.number = context.version;
      event.time = context.now;
      for (const engine::NewEvent& one : *made) {
        ++event.number;
        event.type = one.type;
        event.data = one.data;
        event.sealed = one.sealed;
        if (absl::Status status = domain_.Evolve(state_, event); !status.ok()) return status;
      }
      return made;
    }
    absl::Status Evolve(const engine::EventRow& event) override {
      return domain_.Evolve(state_, event);
    }
    type::Folded Fold(const std::string& stream) const override {
      return domain_.Fold(stream, state_);
    }
    engine::StoredState State() const override { return state_; }

   private:
    const BytesDomain& domain_;
    engine::StoredState state_;
  };
};

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_SUPPORT_BYTES_DOMAIN_H_
