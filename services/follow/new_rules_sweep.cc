#include "services/follow/new_rules_sweep.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

#include "services/base/drive.h"
#include "services/base/faults.h"
#include "services/base/status_macros.h"
#include "services/follow/head_sweep.h"
#include "services/follow/submit.h"
#include "services/type/stream_id.h"

namespace pathways::follow {
namespace {

// Small against a batch, so that live work stands behind little.
constexpr size_t kSubmitMax = 64;
constexpr absl::Duration kLook = absl::Seconds(1);

absl::Status NotLeading() {
  return absl::FailedPreconditionError("another process publishes this log");
}

}  // namespace

NewRulesSweep::NewRulesSweep(const engine::Domain& domain, engine::EventStore& store,
                             engine::Engine& engine, NewRulesSweepOptions options, Report report)
    : domain_(domain),
      rules_stream_(domain.StreamOfRules()),
      store_(store),
      engine_(engine),
      options_(options),
      reporter_(std::move(report)),
      give_way_(engine, signal_, options.queue_short, options.per_second) {}

NewRulesSweep::~NewRulesSweep() { Stop(); }

void NewRulesSweep::Start() {
  thread_ = std::thread([this] { Run(); });
}

void NewRulesSweep::Stop() {
  signal_.Stop();
  if (thread_.joinable()) thread_.join();
}

void NewRulesSweep::Run() {
  while (!signal_.stopped()) {
    if (absl::IsAborted(Step())) continue;  // A newer version: again, under that one.
    signal_.Wait(kLook);
  }
}

absl::Status NewRulesSweep::Step() {
  if (PATHWAYS_MUTANT("no_rescreening")) return absl::OkStatus();
  if (!store_.IsRelayLeader()) {
    // Whatever was told is for that process to tell, which looks for itself.
    reporter_.Tell(absl::OkStatus());
    next_ = base::SteadyNow();
    return NotLeading();
  }
  const absl::StatusOr<int64_t> version = VersionNow();
  absl::Status status = version.status();
  if (version.ok() && (*version != done_ || base::SteadyNow() >= next_)) {
    last_pass_ = SweepOnce().status();
    if (last_pass_.ok() || absl::IsResourceExhausted(last_pass_)) {
      done_ = *version;
      next_ = base::SteadyNow() + absl::ToChronoMilliseconds(options_.every);
    }
  }
  // Between two passes what the last one found stands.
  if (version.ok()) status = last_pass_;
  // It will be asked again in a second.
  if (!absl::IsAborted(status) && !absl::IsFailedPrecondition(status)) reporter_.Tell(status);
  return status;
}

absl::StatusOr<int64_t> NewRulesSweep::VersionNow() {
  ASSIGN_OR_RETURN(const engine::StreamRow row, store_.ReadState(rules_stream_.stream));
  return row.version;
}

absl::StatusOr<int64_t> NewRulesSweep::SweepOnce() {
  if (!store_.IsRelayLeader()) return NotLeading();
  ASSIGN_OR_RETURN(const int64_t version, VersionNow());
  if (version == 0) return 0;
  ASSIGN_OR_RETURN(const std::vector<engine::EventRow> events,
                   store_.ReadStream(rules_stream_.stream, version, 1, /*with_sealed=*/false));
  if (events.empty()) return absl::DataLossError("the rules stream lacks its last event");
  const engine::NewRulesOrigin origin{version, events[0].ce_id};
  int64_t submitted = 0;
  absl::Status first_error;  // A stream that is parked by it must not keep the others.
  std::vector<std::string> behind;
  HeadSweep sweep{type::IsCaseStream, HeadsOf(store_), {}, {}, {}};
  sweep.know = [&](const std::vector<std::string>& streams) -> absl::Status {
    ASSIGN_OR_RETURN(behind, Behind(streams, version));
    return absl::OkStatus();
  };
  sweep.visit = [&](const std::vector<engine::StreamHead>&) -> absl::Status {
    const absl::Status status = SubmitSome(behind, origin, submitted);
    if (absl::IsUnavailable(status) || absl::IsResourceExhausted(status)) return status;
    first_error.Update(status);
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(SweepHeads(sweep, signal_));
  ASSIGN_OR_RETURN(const int64_t now, VersionNow());
  if (now != version) return absl::AbortedError("the rules stream moved on");
  RETURN_IF_ERROR(first_error);
  return submitted;
}

absl::StatusOr<std::vector<std::string>> NewRulesSweep::Behind(std::vector<std::string> streams,
                                                               int64_t version) {
  ASSIGN_OR_RETURN(auto marked, store_.ReadApplied(rules_stream_.mark, streams));
  std::erase_if(streams, [&](const std::string& stream) { return marked[stream] >= version; });
  return streams;
}

absl::StatusOr<size_t> NewRulesSweep::PageAt(const std::vector<std::string>& streams, size_t begin,
                                             const engine::NewRulesOrigin& origin) {
  const size_t most = std::min(kSubmitMax, streams.size() - begin);
  if (!options_.bound) return most;
  const auto first = streams.begin() + static_cast<std::ptrdiff_t>(begin);
  return options_.bound(origin.version, {first, first + static_cast<std::ptrdiff_t>(most)});
}

absl::Status NewRulesSweep::SubmitSome(const std::vector<std::string>& streams,
                                       const engine::NewRulesOrigin& origin, int64_t& submitted) {
  absl::Status first_error;
  for (size_t begin = 0; begin < streams.size() && !signal_.stopped();) {
    ASSIGN_OR_RETURN(const size_t page, PageAt(streams, begin, origin));
    const size_t end = begin + page;
    give_way_.Wait(static_cast<int64_t>(end - begin));
    std::vector<engine::Command> commands;
    for (size_t i = begin; i < end; ++i) {
      commands.push_back({streams[i], rules_stream_.command, origin, {}});
    }
    for (const absl::Status& status : SubmitEach(engine_, std::move(commands))) {
      if (IsOfOtherRelease(status)) continue;  // RefoldSweep counts it.
      if (absl::IsUnavailable(status)) return status;
      first_error.Update(status);
    }
    submitted += static_cast<int64_t>(end - begin);
    begin = end;
  }
  return first_error;
}

}  // namespace pathways::follow
