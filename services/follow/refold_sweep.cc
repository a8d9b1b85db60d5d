#include "services/follow/refold_sweep.h"

#include <utility>

#include "services/base/faults.h"
#include "services/base/status_macros.h"
#include "services/follow/submit.h"

namespace pathways::follow {
namespace {

constexpr absl::Duration kLook = absl::Seconds(1);

}  // namespace

RefoldSweep::RefoldSweep(const engine::Domain& domain, engine::EventStore& store,
                         engine::Engine& engine, RefoldSweepOptions options, Report report)
    : domain_(domain),
      store_(store),
      engine_(engine),
      options_(options),
      reporter_(std::move(report)),
      give_way_(engine, signal_, options.queue_short, options.per_second) {}

RefoldSweep::~RefoldSweep() { Stop(); }

void RefoldSweep::Start() {
  thread_ = std::thread([this] { Run(); });
}

void RefoldSweep::Stop() {
  signal_.Stop();
  if (thread_.joinable()) thread_.join();
}

void RefoldSweep::Run() {
  while (!signal_.stopped()) {
    (void)Step();  // Reported.
    signal_.Wait(kLook);
  }
}

absl::Status RefoldSweep::Step() {
  if (!store_.IsRelayLeader()) {
    next_ = base::SteadyNow();  // At once, should this process lead.
    left_ = 0;                  // The leader counts them.
    return absl::OkStatus();
  }
  if (base::SteadyNow() < next_ || PATHWAYS_MUTANT("no_fold_sweep")) return absl::OkStatus();
  const absl::Status status = SweepOnce().status();
  // Another process does it, or will be asked again in a second.
  if (absl::IsFailedPrecondition(status)) return status;
  reporter_.Tell(status);
  if (!absl::IsUnavailable(status)) {
    next_ = base::SteadyNow() + absl::ToChronoMilliseconds(options_.every);
  }
  return status;
}

absl::StatusOr<RefoldSweep::Pass> RefoldSweep::SweepOnce() {
  Pass pass;
  absl::Status first_error;  // A stream that cannot be written must not keep the others.
  engine::FoldRow after;
  while (!signal_.stopped()) {
    if (!store_.IsRelayLeader()) {
      return absl::FailedPreconditionError("another process publishes this log");
    }
    ASSIGN_OR_RETURN(
        const std::vector<engine::FoldRow> rows,
        store_.ReadOtherFolds(domain_.EvolveVersion(), after, static_cast<int>(options_.page)));
    if (rows.empty()) {
      left_ = pass.left;
      break;
    }
    std::vector<std::string> streams;
    for (const engine::FoldRow& row : rows) streams.push_back(row.stream);
    RETURN_IF_ERROR(SubmitPage(streams, pass, first_error));
    after = rows.back();
  }
  RETURN_IF_ERROR(first_error);
  return pass;
}

absl::Status RefoldSweep::SubmitPage(const std::vector<std::string>& streams, Pass& pass,
                                     absl::Status& first_error) {
  give_way_.Wait(static_cast<int64_t>(streams.size()));
  if (signal_.stopped()) return absl::OkStatus();
  std::vector<engine::Command> commands;
  for (const std::string& stream : streams)
    commands.push_back({stream, "", engine::FoldOrigin{}, {}});
  for (const absl::Status& status : SubmitEach(engine_, std::move(commands))) {
    if (status.ok()) {
      ++pass.folded;
      continue;
    }
    const bool is_other_release = IsOfOtherRelease(status);
    if (absl::IsUnavailable(status) && !is_other_release) return status;
    ++pass.left;
    if (!is_other_release) first_error.Update(status);
  }
  return absl::OkStatus();
}

}  // namespace pathways::follow
