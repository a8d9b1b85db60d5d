// Base of the tests' small domains, whose state is the stored bytes themselves.
//
// A subclass says what a command gives, where need be by the stream it is for, and what an event
// makes of the bytes.
#ifndef PATHWAYS_TESTS_SUPPORT_BYTES_DOMAIN_H_
#define PATHWAYS_TESTS_SUPPORT_BYTES_DOMAIN_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/runtime/domain.h"

namespace pathways::testing_support {

class BytesDomain : public runtime::Domain {
 public:
  int EvolveVersion() const override { return 1; }
  absl::StatusOr<std::unique_ptr<runtime::OpenStream>> Open(
      const runtime::StoredState& state) const override {
    return std::make_unique<Stream>(*this, state);
  }
  absl::StatusOr<runtime::UpstreamCommand> FromUpstream(absl::string_view,
                                                        const runtime::EventRow&) const override {
    return absl::InvalidArgumentError("there is no upstream");
  }

 protected:
  // By default a command is an event of its own text.
  virtual absl::StatusOr<std::vector<runtime::NewEvent>> Decide(absl::string_view command) const {
    return std::vector<runtime::NewEvent>{{"test.Said", std::string(command), ""}};
  }
  virtual absl::StatusOr<std::vector<runtime::NewEvent>> DecideFor(
      const std::string&, absl::string_view command) const {
    return Decide(command);
  }
  virtual absl::Status Evolve(runtime::StoredState& state,
                              const runtime::EventRow& event) const = 0;
  virtual type::Folded Fold(const std::string&, const runtime::StoredState&) const { return {}; }

 private:
  class Stream : public runtime::OpenStream {
   public:
    Stream(const BytesDomain& domain, runtime::StoredState state)
        : domain_(domain), state_(std::move(state)) {}
    absl::StatusOr<std::vector<runtime::NewEvent>> Decide(
        absl::string_view command, const type::DecideContext& context) override {
      absl::StatusOr<std::vector<runtime::NewEvent>> made =
          domain_.DecideFor(context.stream, command);
      if (!made.ok()) return made;
      runtime::EventRow event;
      event.stream = context.stream;
      event.number = context.version;
      event.time = context.now;
      for (const runtime::NewEvent& one : *made) {
        ++event.number;
        event.type = one.type;
        event.data = one.data;
        event.sealed = one.sealed;
        if (absl::Status status = domain_.Evolve(state_, event); !status.ok()) return status;
      }
      return made;
    }
    absl::Status Evolve(const runtime::EventRow& event) override {
      return domain_.Evolve(state_, event);
    }
    type::Folded Fold(const std::string& stream) const override {
      return domain_.Fold(stream, state_);
    }
    runtime::StoredState State() const override { return state_; }

   private:
    const BytesDomain& domain_;
    runtime::StoredState state_;
  };
};

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_SUPPORT_BYTES_DOMAIN_H_
