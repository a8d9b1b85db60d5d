#include "services/follow/submit.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include "services/type/problem.h"

namespace pathways::follow {

engine::Command CommandOf(const engine::Domain& domain, const std::string& upstream,
                          const engine::EventRow& event) {
  engine::Command command;
  engine::EventOrigin origin;
  origin.upstream = upstream;
  if (!domain.Follows(upstream, event.stream)) {
    command.origin =
        std::move(origin);  // Not for this service: it moves the position and nothing else.
    return command;
  }
  command.stream = event.stream;
  command.trace = event.trace.Child();
  origin.number = event.number;
  origin.ce_id = event.ce_id;
  absl::StatusOr<engine::UpstreamCommand> translated = domain.FromUpstream(upstream, event);
  if (translated.ok()) {
    command.payload = std::move(translated->command);
    origin.requires_applied = std::move(translated->requires_applied);
    command.lookup = std::move(translated->lookup);
  } else {
    origin.unreadable = "EVENT_UNREADABLE";
  }
  command.origin = std::move(origin);
  return command;
}

bool IsOfOtherRelease(const absl::Status& answer) {
  return type::ProblemOf(answer).reason() == engine::kOtherRelease;
}

std::vector<absl::Status> SubmitEach(engine::Engine& engine,
                                     std::vector<engine::Command> commands) {
  struct Waiting {
    std::mutex mutex;
    std::condition_variable done;
    size_t left = 0;
    std::vector<absl::Status> statuses;
  };
  // Shared with the callbacks: the last of them may still hold it when the wait ends.
  auto waiting = std::make_shared<Waiting>();
  waiting->left = commands.size();
  waiting->statuses.resize(commands.size());
  for (size_t i = 0; i < commands.size(); ++i) {
    engine.Submit(std::move(commands[i]), [waiting, i](const engine::Answer& answer) {
      std::lock_guard<std::mutex> lock(waiting->mutex);
      waiting->statuses[i] = answer.status;
      if (--waiting->left == 0) waiting->done.notify_one();
    });
  }
  while (engine.goes_by_steps() && engine.RunOnce()) {
  }
  std::unique_lock<std::mutex> lock(waiting->mutex);
  waiting->done.wait(lock, [&] { return waiting->left == 0; });
  return std::move(waiting->statuses);
}

absl::Status SubmitAll(engine::Engine& engine, std::vector<engine::Command> commands) {
  absl::Status first_error;
  for (const absl::Status& status : SubmitEach(engine, std::move(commands))) {
    first_error.Update(status);
  }
  return first_error;
}

}  // namespace pathways::follow
