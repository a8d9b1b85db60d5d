#include "services/follow/projector.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/drive.h"
#include "services/base/faults.h"
#include "services/base/status_macros.h"
#include "services/follow/head_sweep.h"
#include "services/follow/log_page.h"
#include "services/follow/lost_tail.h"
#include "services/type/stream_id.h"

namespace pathways::follow {
namespace {

constexpr int kPage = 256;
// Events folded before they are written: what they take in memory is kept for as long as it runs.
constexpr size_t kPassMax = 512;
// Nobody waits for a projection as for a referral; a pass over few events costs as much as a full
// one.
constexpr absl::Duration kPassRest = absl::Milliseconds(100);
constexpr absl::Duration kSweepRetry = absl::Seconds(10);

// Keeps the first error, but lets none hide a loss: a case that cannot be read is another matter.
void Keep(absl::Status& first_error, const absl::Status& status) {
  const bool is_loss = IsLostTail(status) && !IsLostTail(first_error);
  if (first_error.ok() || is_loss) first_error = status;
}

}  // namespace

Projector::Projector(engine::FollowStore& store, const Projection& projection,
                     std::vector<ProjectionSource> sources, absl::Duration sweep_every,
                     Report report, base::Drive drive)
    : store_(store),
      projection_(projection),
      sweep_every_(sweep_every),
      positions_(store),
      reporter_(report) {
  for (ProjectionSource& source : sources) {
    const Report told = source.report ? source.report : report;
    sources_.push_back({std::move(source), Reporter(told), {}, {}});
  }
  if (drive == base::Drive::kThread) thread_ = std::thread([this] { Run(); });
}

Projector::~Projector() { Stop(); }

void Projector::Stop() {
  signal_.Stop();
  if (thread_.joinable()) thread_.join();
}

std::string PositionKey(absl::string_view projection, absl::string_view upstream) {
  return absl::StrCat(projection, "/", upstream);
}

void Projector::Run() {
  while (!signal_.stopped()) {
    const absl::StatusOr<size_t> read = Step();
    if (read.ok() && *read >= kPassMax) continue;
    if (read.ok() && *read == 0) {
      signal_.Wait(base::kAnnouncedWait);
      continue;
    }
    if (!signal_.Rest(kPassRest)) return;
    if (!read.ok()) signal_.Wait(base::kErrorWait);
  }
}

absl::StatusOr<size_t> Projector::Step() {
  const absl::StatusOr<size_t> read = ReadPages();
  // Not far behind, for then heads are ahead of what was read anyway. Under a steady load there is
  // always something to read, and the sweep must come all the same.
  const bool caught_up = !read.ok() || *read < kPassMax;
  const bool is_due = base::SteadyNow() >= next_sweep_ && !PATHWAYS_REPAIR_OFF();
  if (is_due && caught_up) {
    const absl::Duration wait = SweepAll() ? sweep_every_ : std::min(sweep_every_, kSweepRetry);
    next_sweep_ = base::SteadyNow() + absl::ToChronoMilliseconds(wait);
  }
  reporter_.Tell(read.status());
  absl::Status first_error = read.status();
  for (Source& source : sources_) {
    absl::Status told = source.read;
    Keep(told, source.swept);
    source.reporter.Tell(told);
    first_error.Update(source.read);
  }
  if (!first_error.ok()) return first_error;
  return read;
}

absl::StatusOr<size_t> Projector::ReadPages() {
  positions_.ForgetOld();
  size_t events = 0;
  Pass pass;
  bool all_read = true;
  absl::Status written;
  // A source that lost its tail must not keep what the others tell.
  for (Source& source : sources_) {
    source.read = absl::OkStatus();
    for (const auto& log : source.parts.logs.Logs()) {
      Keep(source.read, ReadPage(source.parts, *log, pass));
      if (pass.events < kPassMax) continue;
      events += pass.events;
      written.Update(WritePass(pass));
    }
    all_read = all_read && source.read.ok();
  }
  events += pass.events;
  written.Update(WritePass(pass));
  if (!all_read || !written.ok()) positions_.Forget();
  // Another replica was first. At once again, from what it has made.
  if (absl::IsAborted(written)) return kPassMax;
  if (!written.ok()) return written;
  return events;
}

absl::Status Projector::WritePass(Pass& pass) {
  const Pass read = std::exchange(pass, {});
  if (read.positions.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(Write(read.before, read.values, read.positions));
  positions_.Committed(read.positions);
  return absl::OkStatus();
}

absl::Status Projector::ReadPage(const ProjectionSource& source, EventLog& log, Pass& pass) {
  ASSIGN_OR_RETURN(
      const LogPage page,
      ReadLogPage(log, PositionKey(projection_.Name(), source.upstream), positions_, kPage));
  if (page.events.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(ReadValues(page.events, pass));
  // One value that cannot be brought up must not keep the others: the sweep tries it again.
  absl::Status first_error;
  for (const engine::EventRow& event : page.events) {
    // Only its position counts.
    if (event.stream.empty() || !type::IsCaseStream(event.stream)) continue;
    const absl::Status status = Bring(source, event, pass.values[event.stream]);
    if (absl::IsUnavailable(status)) return status;
    first_error.Update(status);
  }
  pass.positions[page.key] = {page.before.incarnation, page.events.back().position};
  pass.events += page.events.size();
  return first_error;
}

absl::Status Projector::ReadValues(const std::vector<engine::EventRow>& events, Pass& pass) {
  std::set<std::string> wanted;
  for (const engine::EventRow& event : events) {
    if (!pass.values.contains(event.stream)) wanted.insert(event.stream);
  }
  if (wanted.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(Values found,
                   store_.ReadProjections(projection_.Name(), {wanted.begin(), wanted.end()}));
  pass.before.insert(found.begin(), found.end());
  pass.values.merge(std::move(found));
  return absl::OkStatus();
}

absl::Status Projector::Bring(const ProjectionSource& source, const engine::EventRow& event,
                              std::string& value) {
  ASSIGN_OR_RETURN(const int64_t folded, projection_.Folded(value, source.upstream));
  if (event.number <= folded) return absl::OkStatus();
  if (event.number > folded + 1) return CatchUp(source, event.stream, value);
  return projection_.Fold(value, source.upstream, event);
}

absl::Status Projector::CatchUp(const ProjectionSource& source, const std::string& stream,
                                std::string& value) {
  for (;;) {
    ASSIGN_OR_RETURN(const int64_t folded, projection_.Folded(value, source.upstream));
    ASSIGN_OR_RETURN(const std::vector<engine::EventRow> events,
                     source.streams.ReadStream(stream, folded + 1, kPage));
    if (events.empty()) return absl::OkStatus();
    for (const engine::EventRow& event : events) {
      RETURN_IF_ERROR(projection_.Fold(value, source.upstream, event));
    }
  }
}

bool Projector::SweepAll() {
  bool all_well = true;
  for (Source& source : sources_) {
    source.swept = Sweep(source.parts);
    all_well = all_well && source.swept.ok();
  }
  return all_well;
}

absl::Status Projector::Sweep(const ProjectionSource& source) {
  Values values;
  absl::Status first_error;
  HeadSweep sweep{type::IsCaseStream, HeadsOf(source.streams), HeadsOf(store_), {}, {}};
  sweep.know = [&](const std::vector<std::string>& streams) -> absl::Status {
    for (const std::string& stream : streams) values.erase(stream);
    ASSIGN_OR_RETURN(Values read, store_.ReadProjections(projection_.Name(), streams));
    values.merge(std::move(read));
    return absl::OkStatus();
  };
  sweep.visit = [&](const std::vector<engine::StreamHead>& heads) -> absl::Status {
    const Values before = std::exchange(values, {});
    Values changed;
    for (const engine::StreamHead& head : heads) {
      const auto known = before.find(head.stream);
      std::string value = known == before.end() ? "" : known->second;
      Keep(first_error, SweepOne(source, head, value));
      if (known == before.end() ? !value.empty() : value != known->second) {
        changed[head.stream] = value;
      }
    }
    return changed.empty() ? absl::OkStatus() : Write(before, changed, {});
  };
  RETURN_IF_ERROR(SweepHeads(sweep, signal_));
  return first_error;
}

absl::Status Projector::SweepOne(const ProjectionSource& source, const engine::StreamHead& head,
                                 std::string& value) {
  ASSIGN_OR_RETURN(const int64_t folded, projection_.Folded(value, source.upstream));
  if (head.version > folded) return CatchUp(source, head.stream, value);
  if (head.version == folded) return absl::OkStatus();
  ASSIGN_OR_RETURN(const bool lost, IsLost(source.streams, head.stream, folded));
  if (!lost) return absl::OkStatus();
  return LostTail("the upstream lacks events that were projected");
}

absl::Status Projector::Write(const Values& before, const Values& values,
                              const std::map<std::string, engine::Position>& positions) {
  engine::BatchWrite write;
  for (const auto& [stream, value] : values) {
    const auto read = before.find(stream);
    const std::string known = read == before.end() ? "" : read->second;
    if (value != known) write.projections.push_back({projection_.Name(), stream, value, known});
  }
  write.positions = positions;
  ASSIGN_OR_RETURN(std::unique_ptr<engine::Batch> batch, store_.Begin());
  PATHWAYS_CRASH_POINT("projector.before_commit");
  return batch->Commit(write);
}

}  // namespace pathways::follow
