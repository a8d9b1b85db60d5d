#include "services/referral/rpc_watch.h"

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pathways/referral/v1/events.pb.h"
#include "services/referral/views.h"
#include "services/runtime/rpc/errors.h"
#include "services/runtime/rpc/pages.h"
#include "services/runtime/status_macros.h"
#include "services/type/problem.h"

namespace pathways::referral {
namespace {

using Reactor = grpc::ServerWriteReactor<v1::WatchReferralsResponse>;

constexpr int kPage = 256;

const runtime::Method kWatchReferrals{"WatchReferrals", {"agency"}};

absl::Status Stopping() {
  return type::Refuse(absl::StatusCode::kUnavailable, "STOPPING",
                      "the service stops; watch again with the last token");
}

std::string TokenOf(const std::string& incarnation, int64_t position) {
  return runtime::PageTokenOf(absl::StrCat(incarnation, "/", position));
}

// The position in a token; 0 for an empty one and for one of another store.
absl::StatusOr<int64_t> PositionOf(const std::string& token, const std::string& incarnation) {
  if (token.empty()) return 0;
  int64_t position = 0;
  const std::optional<std::string> text = runtime::KeyOfPageToken(token);
  const std::vector<std::string> parts = absl::StrSplit(text.value_or(""), '/');
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[1], &position) || position < 0) {
    type::Violations violations;
    violations.Add("resume_token", "must be a resume_token of this watch, or empty");
    return violations.ToStatus(runtime::kInvalidRequest);
  }
  return parts[0] == incarnation ? position : 0;
}

// The referral that an event tells an agency of. Nothing: it is not for this agency.
std::optional<std::string> ReferralIn(const v1::ReferralEvent& event, const std::string& agency) {
  if (event.has_referral_submitted() && event.referral_submitted().agency() == agency) {
    return event.referral_submitted().referral_id();
  }
  if (event.has_referral_changed() && event.referral_changed().agency() == agency) {
    return event.referral_changed().referral_id();
  }
  return std::nullopt;
}

// A watch that is refused at once.
class Refused : public Reactor {
 public:
  explicit Refused(const absl::Status& status) { Finish(runtime::ToGrpc(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

// One watch. Kept alive by the set of watches until gRPC is done with it.
class Watchers::Watch : public Reactor, public std::enable_shared_from_this<Watch> {
 public:
  Watch(Watchers& watchers, std::string agency, int64_t position)
      : watchers_(watchers), agency_(std::move(agency)), position_(position) {}

  // Reads one page when everything before it was sent. True: there may be more to read now.
  bool ReadOn() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (ended_ || !outbox_.empty()) return false;
    }
    std::deque<v1::WatchReferralsResponse> changes;
    const absl::StatusOr<size_t> read = ReadChanges(changes);
    if (!read.ok()) {
      End(read.status());
      return false;
    }
    std::lock_guard<std::mutex> lock(mutex_);
    if (ended_) return false;
    outbox_ = std::move(changes);
    SendNext();
    return *read > 0 && outbox_.empty();
  }

  void End(const absl::Status& status) {
    const std::shared_ptr<Watch> alive = shared_from_this();  // Finish may lead to OnDone at once.
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (ended_) return;
      ended_ = true;
    }
    Finish(runtime::ToGrpc(status));
  }

  void OnWriteDone(bool ok) override {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      outbox_.pop_front();
      if (ok && !ended_) SendNext();
      if (!outbox_.empty()) return;
    }
    watchers_.Notify();
  }

  void OnCancel() override { End(absl::CancelledError("the watch was broken off")); }

  void OnDone() override { watchers_.Remove(shared_from_this()); }

 private:
  // mutex_ is held.
  void SendNext() {
    if (!outbox_.empty()) StartWrite(&outbox_.front());
  }

  absl::StatusOr<size_t> ReadChanges(std::deque<v1::WatchReferralsResponse>& changes) {
    runtime::EventStore& store = watchers_.store_;
    ASSIGN_OR_RETURN(const std::vector<runtime::EventRow> events,
                     store.ReadAfter(position_, kPage));
    if (events.empty()) {
      ASSIGN_OR_RETURN(const int64_t head, store.LastPosition());
      // Of a log that was restored from an older copy: what the agency has seen since is gone.
      if (head < position_) position_ = 0;
      return 0;
    }
    ASSIGN_OR_RETURN(const std::vector<Told> told, ToldBy(events));
    RETURN_IF_ERROR(AddChanges(told, changes));
    position_ = events.back().position;
    return events.size();
  }

  // An event that tells this agency of a referral.
  struct Told {
    type::ReferralKey key;
    int64_t position = 0;
  };

  absl::StatusOr<std::vector<Told>> ToldBy(const std::vector<runtime::EventRow>& events) const {
    std::vector<Told> told;
    for (const runtime::EventRow& row : events) {
      v1::ReferralEvent event;
      if (!event.ParseFromString(row.data)) {
        return absl::DataLossError("a stored event cannot be read");
      }
      std::optional<std::string> id = ReferralIn(event, agency_);
      if (id) told.push_back({{row.stream, *std::move(id)}, row.position});
    }
    return told;
  }

  // All states in one read: one for each change would hold back a page by a page of round trips.
  absl::Status AddChanges(const std::vector<Told>& told,
                          std::deque<v1::WatchReferralsResponse>& changes) {
    if (told.empty()) return absl::OkStatus();
    runtime::EventStore& store = watchers_.store_;
    std::vector<std::string> streams;
    for (const Told& one : told) streams.push_back(one.key.case_id);
    ASSIGN_OR_RETURN(auto rows, store.ReadStates(streams));
    const std::string incarnation = store.Incarnation();
    for (const Told& one : told) {
      v1::WatchReferralsResponse& change = changes.emplace_back();
      ASSIGN_OR_RETURN(*change.mutable_referral(),
                       ReferralOf(rows[one.key.case_id], one.key, agency_));
      change.set_resume_token(TokenOf(incarnation, one.position));
    }
    return absl::OkStatus();
  }

  Watchers& watchers_;
  const std::string agency_;
  int64_t position_;                               // Used by the thread of the watchers alone.
  std::mutex mutex_;                               // Guards what follows.
  std::deque<v1::WatchReferralsResponse> outbox_;  // The first is being written.
  bool ended_ = false;
};

Watchers::Watchers(runtime::EventStore& store) : store_(store), thread_([this] { Run(); }) {}

Watchers::~Watchers() { Stop(); }

grpc::ServerWriteReactor<v1::WatchReferralsResponse>* Watchers::Start(
    const runtime::Edge& edge, grpc::CallbackServerContext* context,
    const v1::WatchReferralsRequest& request) {
  const absl::StatusOr<const runtime::Principal*> principal = edge.Admit(*context, kWatchReferrals);
  if (!principal.ok()) return new Refused(principal.status());
  const absl::StatusOr<int64_t> position = PositionOf(request.resume_token(), store_.Incarnation());
  if (!position.ok()) return new Refused(position.status());
  auto watch = std::make_shared<Watch>(*this, (*principal)->id, *position);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopping_) return new Refused(Stopping());
    watches_.insert(watch);
  }
  signal_.Notify();
  return watch.get();
}

void Watchers::Remove(const std::shared_ptr<Watch>& watch) {
  std::lock_guard<std::mutex> lock(mutex_);
  watches_.erase(watch);
}

void Watchers::Stop() {
  std::vector<std::shared_ptr<Watch>> ending;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    ending.assign(watches_.begin(), watches_.end());
  }
  signal_.Stop();
  if (thread_.joinable()) thread_.join();
  for (const std::shared_ptr<Watch>& watch : ending) watch->End(Stopping());
}

void Watchers::Run() {
  while (!signal_.stopped()) {
    std::vector<std::shared_ptr<Watch>> watches;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      watches.assign(watches_.begin(), watches_.end());
    }
    bool more = false;
    for (const std::shared_ptr<Watch>& watch : watches) more |= watch->ReadOn();
    if (more) continue;
    if (!signal_.Rest(runtime::kRest)) return;
    signal_.Wait(runtime::kIdleWait);
  }
}

}  // namespace pathways::referral
