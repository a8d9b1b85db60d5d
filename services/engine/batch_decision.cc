#include "services/engine/batch_decision.h"

#include <algorithm>
#include <iterator>

#include "services/base/faults.h"
#include "services/base/ids.h"
#include "services/base/status_macros.h"
#include "services/engine/fold.h"
#include "services/type/problem.h"
#include "services/type/stream_id.h"

namespace pathways::engine {
namespace {

constexpr size_t kFingerprintBytes = 4;

type::v1::Cause CauseOf(const std::string& service, int64_t number, const std::string& ce_id) {
  type::v1::Cause cause;
  cause.set_service(service);
  cause.set_number(number);
  cause.set_ce_id(ce_id);
  return cause;
}

// A stable code for a parked stream.
std::string ParkReason(const absl::Status& status) {
  const std::string reason = type::ProblemOf(status).reason();
  return reason.empty() ? absl::StatusCodeToString(status.code()) : reason;
}

Answer RefuseUnfolded(const Command& command) { return {OtherRelease(), command.stream, {}}; }

// Entries of `from` that are not in `in`.
template <typename Entry>
std::vector<Entry> EntriesOnlyIn(std::vector<Entry> from, std::vector<Entry> in) {
  std::sort(from.begin(), from.end());
  std::sort(in.begin(), in.end());
  std::vector<Entry> result;
  std::set_difference(from.begin(), from.end(), in.begin(), in.end(), std::back_inserter(result));
  return result;
}

}  // namespace

type::Folded EntriesOnlyIn(const type::Folded& from, const type::Folded& in) {
  return {EntriesOnlyIn(from.lists, in.lists), EntriesOnlyIn(from.uniques, in.uniques),
          EntriesOnlyIn(from.timers, in.timers)};
}

BatchDecision::BatchDecision(const Domain& domain, BatchData data, std::set<std::string> unfolded,
                             std::set<std::string> folded_again)
    : domain_(domain),
      rules_stream_(domain.StreamOfRules()),
      data_(std::move(data)),
      unfolded_(std::move(unfolded)),
      folded_again_(std::move(folded_again)),
      lookups_(std::move(data_.holders), data_.lists) {}

BatchDecision::Work& BatchDecision::WorkOf(const std::string& stream) {
  auto [found, made] = work_.try_emplace(stream);
  if (made) {
    if (auto row = data_.streams.find(stream); row != data_.streams.end()) {
      found->second.now = std::move(row->second);
      found->second.version_before = found->second.now.version;
    }
  }
  return found->second;
}

absl::Time BatchDecision::TimeOf(const Work& work) const {
  return std::max(data_.now, work.now.last_event_time);
}

absl::StatusOr<OpenStream*> BatchDecision::Open(const std::string& stream, Work& work) const {
  if (work.open) return work.open.get();
  ASSIGN_OR_RETURN(std::unique_ptr<OpenStream> open, domain_.Open(work.now.state));
  const bool first = work.events.empty();
  if (first && work.version_before > 0) work.folded_before = open->Fold(stream);
  for (size_t i = work.events_in_state; i < work.events.size(); ++i) {
    RETURN_IF_ERROR(EvolveStored(domain_, work.events[i], *open));
  }
  work.open = std::move(open);  // Not before it is whole.
  return work.open.get();
}

absl::Status BatchDecision::Store(const std::string& stream, Work& work) const {
  if (work.events_in_state == work.events.size()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const OpenStream* open, Open(stream, work));
  work.now.state = open->State();
  work.events_in_state = work.events.size();
  return absl::OkStatus();
}

Answer BatchDecision::Decide(const Command& command) {
  if (const auto* request = std::get_if<RequestOrigin>(&command.origin)) {
    return DecideRequest(command, *request);
  }
  if (const auto* event = std::get_if<EventOrigin>(&command.origin)) {
    return DecideEvent(command, *event);
  }
  if (const auto* rules_stream = std::get_if<NewRulesOrigin>(&command.origin)) {
    return DecideNewRules(command, *rules_stream);
  }
  if (std::holds_alternative<FoldOrigin>(command.origin)) return DecideFold(command);
  return DecideTimer(command, std::get<TimerOrigin>(command.origin));
}

Answer BatchDecision::DecideRequest(const Command& command, const RequestOrigin& origin) {
  if (auto known = data_.requests.find(origin.key); known != data_.requests.end()) {
    const RequestRow& row = known->second;
    // After a restore it is not known what the request said: it is taken for the same.
    if (!row.fingerprint.empty() && row.fingerprint != origin.fingerprint) {
      return {type::Refuse(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                           "the request id was used with other content"),
              row.stream,
              {}};
    }
    if (unfolded_.contains(row.stream)) return RefuseUnfolded(command);
    Answer answer = AnswerWith(row.stream, WorkOf(row.stream));
    answer.is_repeated = true;
    answer.number = row.number;
    return answer;
  }
  if (IsUnfolded(command)) return RefuseUnfolded(command);
  Work& work = WorkOf(command.stream);
  // A read changes nothing, and a parked case is just the one that somebody has to look at.
  if (!work.now.parked_reason.empty() && !origin.key.empty()) {
    return {RefuseParked(command, work), command.stream, {}};
  }
  const absl::Status status =
      Apply(command, CauseOf("request", 0, base::RequestCauseId(origin.key)), work);
  if (absl::IsInternal(status)) Park(command.stream, work, "", 0, ParkReason(status));
  if (!status.ok()) return {status, command.stream, {}};
  if (!origin.key.empty() && !PATHWAYS_MUTANT("no_request_ids")) {
    const RequestRow row{command.stream, work.now.version, origin.fingerprint};
    data_.requests[origin.key] = row;
    write_.requests[origin.key] = row;
  }
  if (!PATHWAYS_MUTANT("no_audit")) {
    write_.audit.push_back({origin.principal, origin.method, command.stream, work.now.version});
  }
  Answer answer = AnswerWith(command.stream, work);
  answer.number = work.now.version;
  return answer;
}

Answer BatchDecision::AnswerWith(const std::string& stream, Work& work) const {
  if (absl::Status status = Store(stream, work); !status.ok())
    return {std::move(status), stream, {}};
  return {absl::OkStatus(), stream, work.now};
}

absl::Status BatchDecision::RefuseParked(const Command& command, Work& work) {
  // In a copy: what it would change must not stay.
  RETURN_IF_ERROR(Store(command.stream, work));
  ASSIGN_OR_RETURN(const std::unique_ptr<OpenStream> copy, domain_.Open(work.now.state));
  ASSIGN_OR_RETURN(const type::DecideContext context, ContextOf(command, work));
  const absl::Status refused = copy->Decide(command.payload, context).status();
  const bool is_broken = absl::IsInternal(refused) || absl::IsDataLoss(refused);
  if (!refused.ok() && !is_broken) return refused;
  return type::Refuse(absl::StatusCode::kFailedPrecondition, "STREAM_PARKED",
                      "the case is parked and waits for an operator");
}

Answer BatchDecision::DecideEvent(const Command& command, const EventOrigin& origin) {
  Answer answer = MovePosition(command, origin);
  if (answer.status.ok() && !command.stream.empty()) {
    ApplyUpstream(command, origin, WorkOf(command.stream));
  }
  return answer;
}

Answer BatchDecision::MovePosition(const Command& command, const EventOrigin& origin) {
  bool is_stale = false;
  if (!origin.incarnation.empty()) {
    Position& stored = data_.positions[origin.position_key];
    if (stored.incarnation != origin.incarnation) stored = {origin.incarnation, 0};
    if (stored.position < origin.previous_position) {
      return {absl::AbortedError("an earlier record was not committed"), command.stream, {}, true};
    }
    is_stale = origin.position <= stored.position;
    if (origin.position > stored.position) {
      stored.position = origin.position;
      write_.positions[origin.position_key] = stored;
    }
  }
  return {absl::OkStatus(), command.stream, {}, is_stale};
}

void BatchDecision::ApplyUpstream(const Command& command, const EventOrigin& origin, Work& work) {
  const bool numbered = !PATHWAYS_MUTANT("no_number_checks");
  Applied& applied = work.now.applied[origin.upstream];
  if (numbered && origin.number <= applied.number && !PATHWAYS_MUTANT("skip_duplicate_check")) {
    // It could not be fetched, and has come by the bus meanwhile.
    if (!origin.unreadable.empty() && origin.ce_id.empty()) return;
    const size_t at = static_cast<size_t>(origin.number - 1) * kFingerprintBytes;
    const std::string known = applied.fingerprints.substr(at, kFingerprintBytes);
    const bool same =
        known == base::FingerprintOf(origin.ce_id) || known == base::kUnknownFingerprint;
    if (!same) Park(command.stream, work, origin.upstream, origin.number, "EVENT_CONFLICT");
    return;
  }
  work.touched = true;
  if (numbered && MustWait(command, origin, work)) return;
  if (!origin.unreadable.empty()) {
    Park(command.stream, work, origin.upstream, origin.number, origin.unreadable);
    return;
  }
  const type::v1::Cause cause = CauseOf(origin.upstream, origin.number, origin.ce_id);
  if (const absl::Status status = Apply(command, cause, work); !status.ok()) {
    Park(command.stream, work, origin.upstream, origin.number, ParkReason(status));
    return;
  }
  if (!numbered) return;
  applied.number = origin.number;
  applied.fingerprints += base::FingerprintOf(origin.ce_id);
  if (auto behind = work.now.behind.find(origin.upstream);
      behind != work.now.behind.end() && behind->second <= origin.number) {
    work.now.behind.erase(behind);
  }
}

bool BatchDecision::MustWait(const Command& command, const EventOrigin& origin, Work& work) {
  bool missing = !work.now.parked_reason.empty() || IsUnfolded(command);
  missing |= origin.number > work.now.applied[origin.upstream].number + 1;
  for (const Requirement& requirement : origin.requires_applied) {
    if (work.now.applied[requirement.upstream].number >= requirement.number) continue;
    int64_t& behind = work.now.behind[requirement.upstream];
    behind = std::max(behind, requirement.number);
    missing = true;
  }
  if (!missing) return false;
  int64_t& behind = work.now.behind[origin.upstream];
  behind = std::max(behind, origin.number);
  return true;
}

Answer BatchDecision::DecideTimer(const Command& command, const TimerOrigin& origin) {
  if (IsUnfolded(command)) return RefuseUnfolded(command);
  Work& work = WorkOf(command.stream);
  Answer answer{absl::OkStatus(), command.stream, {}};
  const int64_t version = work.now.version;
  // Whoever submitted it may have read an earlier state, or another clock.
  const bool is_early = origin.due_unix_seconds > absl::ToUnixSeconds(TimeOf(work));
  const bool moved_on = origin.version > 0 && origin.version != version;
  if (is_early || moved_on || !work.now.parked_reason.empty()) return answer;
  const type::TimerEntry timer{origin.kind, origin.due_unix_seconds};
  const absl::StatusOr<OpenStream*> open = Open(command.stream, work);
  answer.status = open.status();
  if (open.ok()) {
    const std::vector<type::TimerEntry> timers = (*open)->Fold(command.stream).timers;
    if (std::find(timers.begin(), timers.end(), timer) == timers.end()) {
      DropTimer(command.stream, work, timer);
      return answer;
    }
    answer.status = Apply(command, CauseOf("timer", 0, base::NewUuid()), work);
  }
  if (!answer.status.ok()) {
    Park(command.stream, work, "", 0, ParkReason(answer.status));
  } else if (work.now.version == version) {
    // It would be due again at once, for ever.
    answer.is_dropped = DropTimer(command.stream, work, timer);
  }
  return answer;
}

bool BatchDecision::DropTimer(const std::string& stream, Work& work,
                              const type::TimerEntry& timer) const {
  if (work.version_before == 0 || folded_again_.contains(stream)) return false;
  work.dropped.push_back(timer);
  work.touched = true;
  return true;
}

Answer BatchDecision::GiveUp(const Command& command, const absl::Status& why, bool is_blind) {
  const auto* event = std::get_if<EventOrigin>(&command.origin);
  Answer answer{why, command.stream, {}};
  if (event != nullptr) {
    answer = MovePosition(command, *event);
    // Of a record that another replica has handled nothing is left to be done.
    if (!answer.status.ok() || answer.is_stale) return answer;
  }
  const std::string upstream = event != nullptr ? event->upstream : "";
  const int64_t number = event != nullptr ? event->number : 0;
  if (is_blind) {
    write_.parked.push_back({command.stream, upstream, number, ParkReason(why), data_.now});
    return answer;
  }
  Work& work = WorkOf(command.stream);
  if (event == nullptr || number > work.now.applied[upstream].number) {
    Park(command.stream, work, upstream, number, ParkReason(why));
  }
  return answer;
}

Answer BatchDecision::DecideNewRules(const Command& command, const NewRulesOrigin& origin) {
  if (IsUnfolded(command)) return RefuseUnfolded(command);
  Work& work = WorkOf(command.stream);
  const auto marked = work.now.applied.find(rules_stream_.mark);
  const bool is_done =
      marked != work.now.applied.end() && marked->second.number >= data_.rules_version;
  const bool moved_on = origin.version != data_.rules_version;
  if (is_done || moved_on || work.now.version == 0 || !work.now.parked_reason.empty()) {
    return {absl::OkStatus(), command.stream, {}};
  }
  const absl::Status status =
      Apply(command, CauseOf(rules_stream_.mark, origin.version, origin.ce_id), work);
  if (!status.ok()) Park(command.stream, work, "", 0, ParkReason(status));
  return {status, command.stream, {}};
}

Answer BatchDecision::DecideFold(const Command& command) {
  if (unfolded_.contains(command.stream)) return RefuseUnfolded(command);
  if (folded_again_.contains(command.stream)) WorkOf(command.stream).touched = true;
  return {absl::OkStatus(), command.stream, {}};
}

void BatchDecision::MarkRules(const std::string& stream, Work& work) {
  if (data_.rules_version == 0 || rules_stream_.mark.empty()) return;
  if (!type::IsCaseStream(stream)) return;  // What is the service's own is no case to be decided.
  // No fingerprints: it is no event that was applied, and any later one will do as well.
  work.now.applied[rules_stream_.mark] = {data_.rules_version, ""};
}

bool BatchDecision::IsUnfolded(const Command& command) const {
  const std::vector<std::string>& others = command.lookup.streams;
  return unfolded_.contains(command.stream) ||
         std::any_of(others.begin(), others.end(),
                     [this](const std::string& stream) { return unfolded_.contains(stream); });
}

absl::StatusOr<type::DecideContext> BatchDecision::ContextOf(const Command& command,
                                                             const Work& work) {
  type::DecideContext context{command.stream, work.now.version, TimeOf(work)};
  if (command.lookup.empty()) return context;
  for (const type::ListRange& range : command.lookup.lists) {
    if (!IsLimit(range.limit)) return absl::InternalError("a range is looked up without a limit");
  }
  has_looked_up_ = true;
  RETURN_IF_ERROR(UpdateLookups());
  if (!lookups_.Find(command.lookup, context.found)) {
    must_split_ = true;
    return absl::AbortedError("what the command looks up changes in its batch");
  }
  RETURN_IF_ERROR(FindStreams(command.lookup.streams, context.found));
  return context;
}

absl::Status BatchDecision::FindStreams(const std::vector<std::string>& streams,
                                        type::Found& found) {
  for (const std::string& stream : streams) {
    looked_up_.insert(stream);
    Work& other = WorkOf(stream);
    if (other.now.version == 0) continue;
    RETURN_IF_ERROR(Store(stream, other));
    found.streams[stream] = {other.now.version, other.now.state.open, other.now.state.sealed};
  }
  return absl::OkStatus();
}

absl::Status BatchDecision::UpdateLookups() {
  if (lookups_.empty()) return absl::OkStatus();
  for (auto& [stream, work] : work_) {
    // Whatever is written of a stream that another release has folded replaces all its entries.
    const bool is_replaced = work.touched && folded_again_.contains(stream);
    const bool is_changed = work.events.size() != work.events_for_lookups;
    if (!is_changed && (work.is_told || !is_replaced)) continue;
    ASSIGN_OR_RETURN(const OpenStream* open, Open(stream, work));
    if (!work.is_told && folded_again_.contains(stream)) {
      lookups_.Drop(stream);
    } else if (!work.is_told) {
      work.folded_for_lookups = work.folded_before;
    }
    type::Folded now = open->Fold(stream);
    lookups_.Change(stream, EntriesOnlyIn(work.folded_for_lookups, now),
                    EntriesOnlyIn(now, work.folded_for_lookups));
    work.folded_for_lookups = std::move(now);
    work.events_for_lookups = work.events.size();
    work.is_told = true;
  }
  return absl::OkStatus();
}

void BatchDecision::Erase(const EventRow& event, Work& work) {
  const int64_t through = AddErasure(domain_, event, write_);
  for (EventRow& earlier : work.events) {
    if (earlier.number <= through) earlier.sealed.clear();
  }
}

absl::Status BatchDecision::Apply(const Command& command, const type::v1::Cause& cause,
                                  Work& work) {
  ASSIGN_OR_RETURN(OpenStream * open, Open(command.stream, work));
  ASSIGN_OR_RETURN(const type::DecideContext context, ContextOf(command, work));
  const absl::Time now = context.now;
  absl::StatusOr<std::vector<NewEvent>> decided = open->Decide(command.payload, context);
  if (!decided.ok()) {
    if (absl::IsInternal(decided.status())) work.open.reset();
    return decided.status();
  }
  const base::Trace trace = command.trace.IsNone() ? base::Trace::New() : command.trace;
  for (NewEvent& made : *decided) {
    EventRow event;
    event.stream = command.stream;
    event.number = ++work.now.version;
    event.ce_id = base::NewUuid();
    event.type = std::move(made.type);
    event.time = now;
    event.cause = cause;
    event.trace = trace;
    event.data = std::move(made.data);
    event.sealed = std::move(made.sealed);
    Erase(event, work);
    work.events.push_back(std::move(event));
  }
  work.touched = true;
  MarkRules(command.stream, work);
  write_.keys.insert(write_.keys.end(), command.keys.begin(), command.keys.end());
  if (decided->empty()) return absl::OkStatus();
  work.now.last_event_time = now;
  work.now.evolve_version = domain_.EvolveVersion();
  return absl::OkStatus();
}

void BatchDecision::Park(const std::string& stream, Work& work, const std::string& upstream,
                         int64_t number, const std::string& reason) {
  if (work.now.parked_reason.empty()) {  // The first reason is the one to look at.
    work.now.parked_reason = reason;
    write_.parked.push_back({stream, upstream, number, reason, data_.now});
  }
  const auto applied = work.now.applied.find(upstream);
  const bool is_applied = applied != work.now.applied.end() && applied->second.number >= number;
  // Nothing is missing of what another event was applied for.
  if (upstream.empty() || is_applied) return;
  int64_t& behind = work.now.behind[upstream];
  behind = std::max(behind, number);
  work.touched = true;
}

absl::Status BatchDecision::BuildFolded(const std::string& stream, Work& work,
                                        StreamWrite& write) const {
  write.removed.timers = std::move(work.dropped);
  if (!write.state_changed) return absl::OkStatus();
  ASSIGN_OR_RETURN(const OpenStream* open, Open(stream, work));
  const type::Folded after = open->Fold(stream);
  if (write.replaces_folded) {
    write.added = after;
    return Store(stream, work);
  }
  type::Folded gone = EntriesOnlyIn(work.folded_before, after);
  gone.timers.insert(gone.timers.end(), write.removed.timers.begin(), write.removed.timers.end());
  write.removed = std::move(gone);
  write.added = EntriesOnlyIn(after, work.folded_before);
  // One that is overdue may have been dropped, for a state that was another one.
  for (const type::TimerEntry& timer : after.timers) {
    const bool is_due = timer.due_unix_seconds <= absl::ToUnixSeconds(TimeOf(work));
    auto& added = write.added.timers;
    if (is_due && std::find(added.begin(), added.end(), timer) == added.end()) {
      added.push_back(timer);
    }
  }
  return Store(stream, work);
}

absl::StatusOr<BatchWrite> BatchDecision::Build() {
  if (must_split_) return absl::AbortedError("what a command looks up changes in its batch");
  if (has_looked_up_) {
    RETURN_IF_ERROR(UpdateLookups());
    write_.looked_up = lookups_.Now();
  }
  for (const std::string& stream : looked_up_) {
    if (WorkOf(stream).now.version == 0) write_.looked_up.missing.push_back(stream);
  }
  for (auto& [stream, work] : work_) {
    if (!work.touched) continue;
    StreamWrite write;
    write.stream = stream;
    write.expected_version = work.version_before;
    write.replaces_folded = folded_again_.contains(stream);
    write.state_changed = !work.events.empty() || write.replaces_folded;
    RETURN_IF_ERROR(BuildFolded(stream, work, write));
    write.events = std::move(work.events);
    std::erase_if(work.now.applied, [](const auto& entry) { return entry.second.number == 0; });
    write.row = std::move(work.now);
    write_.streams.push_back(std::move(write));
  }
  return std::move(write_);
}

}  // namespace pathways::engine
