#include "services/referral/watch.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pathways/referral/v1/events.pb.h"
#include "services/base/status_macros.h"
#include "services/engine/engine.h"
#include "services/referral/resume_token.h"
#include "services/referral/views.h"
#include "services/type/names.h"
#include "services/type/problem.h"

namespace pathways::referral {
namespace {

// A client that broke off may take this long to be noticed.
constexpr absl::Duration kWaitForPlace = absl::Seconds(10);

absl::Status Stopping() {
  return type::Refuse(absl::StatusCode::kUnavailable, "STOPPING",
                      "the service stops; watch again with the last token");
}

absl::Status Full(absl::string_view whose) {
  return type::RefuseFor(absl::StatusCode::kResourceExhausted, "WATCHES_FULL",
                         absl::StrCat("too many watches ", whose, " are open: end one first"),
                         kWaitForPlace);
}

}  // namespace

struct ReferralWatches::Change {
  type::ReferralKey key;
  std::string agency;
  int64_t position = 0;
  absl::StatusOr<WatchMessage> message = WatchMessage();  // Once it is made.
};

ReferralWatch::ReferralWatch(ReferralWatches& watches, std::string agency, int64_t position,
                             std::shared_ptr<WatchSink> sink)
    : watches_(watches),
      agency_(std::move(agency)),
      outbox_bytes_max_(watches.limits_.outbox_bytes_max),
      position_(position),
      sink_(std::move(sink)) {}

bool ReferralWatch::HasRoom() {
  std::lock_guard<std::mutex> lock(mutex_);
  return sink_ != nullptr && outbox_bytes_ < outbox_bytes_max_;
}

bool ReferralWatch::IsHungry() {
  std::lock_guard<std::mutex> lock(mutex_);
  return sink_ != nullptr && outbox_bytes_ <= outbox_bytes_max_ / 2;
}

bool ReferralWatch::Offer(const WatchMessage& message) {
  std::lock_guard<std::mutex> lock(mutex_);
  // A message may go beyond the bound, so that one of any size is sent in the end.
  if (sink_ == nullptr || outbox_bytes_ >= outbox_bytes_max_) return false;
  outbox_.push_back(message);
  outbox_bytes_ += message->ByteSizeLong();
  Pump();
  return true;
}

void ReferralWatch::Pump() {
  while (sink_ != nullptr && sink_ready_ && !outbox_.empty()) {
    WatchMessage message = std::move(outbox_.front());
    outbox_.pop_front();
    outbox_bytes_ -= message->ByteSizeLong();
    sink_ready_ = sink_->Send(std::move(message));
  }
}

void ReferralWatch::Ready() {
  const bool was_hungry = IsHungry();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    sink_ready_ = true;
    Pump();
  }
  if (!was_hungry && IsHungry()) watches_.Notify();
}

void ReferralWatch::End(const absl::Status& status) {
  std::shared_ptr<WatchSink> sink;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    sink = std::move(sink_);
    sink_ = nullptr;
    outbox_.clear();
    outbox_bytes_ = 0;
  }
  if (sink) sink->End(status);
}

ReferralWatches::ReferralWatches(const engine::Domain& domain, engine::EventReader& store,
                                 const Limits& limits)
    : domain_(domain), store_(store), limits_(limits) {}

ReferralWatches::~ReferralWatches() { Stop(); }

void ReferralWatches::Start() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!stopping_ && !thread_.joinable()) thread_ = std::thread([this] { Run(); });
}

absl::StatusOr<std::shared_ptr<ReferralWatch>> ReferralWatches::Begin(
    const std::string& agency, const std::string& resume_token, std::shared_ptr<WatchSink> sink) {
  ASSIGN_OR_RETURN(const int64_t position,
                   PositionOfResumeToken(resume_token, store_.Incarnation()));
  const std::shared_ptr<ReferralWatch> watch(
      new ReferralWatch(*this, agency, position, std::move(sink)));
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopping_) return Stopping();
    const auto count = count_by_agency_.find(agency);
    if (count != count_by_agency_.end() && count->second >= limits_.watches_of_agency_max) {
      return Full("of this agency");
    }
    if (static_cast<int>(watches_.size()) >= limits_.watches_max) return Full("of all agencies");
    watches_.insert(watch);
    ++count_by_agency_[agency];
  }
  signal_.Notify();
  return watch;
}

void ReferralWatches::Leave(const std::shared_ptr<ReferralWatch>& watch) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (watches_.erase(watch) == 0) return;
  const auto count = count_by_agency_.find(watch->agency_);
  if (--count->second == 0) count_by_agency_.erase(count);
}

void ReferralWatches::Stop() {
  std::thread thread;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    thread = std::move(thread_);
  }
  signal_.Stop();
  if (thread.joinable()) thread.join();
  for (const std::shared_ptr<ReferralWatch>& watch : All()) watch->End(Stopping());
}

void ReferralWatches::Run() {
  while (!signal_.stopped()) {
    if (Step()) continue;
    if (!signal_.Rest(base::kRest)) return;
    signal_.Wait(base::kIdleWait);
  }
}

ReferralWatches::Watches ReferralWatches::All() {
  std::lock_guard<std::mutex> lock(mutex_);
  return {watches_.begin(), watches_.end()};
}

bool ReferralWatches::Step() {
  const Watches watches = All();
  Watches hungry;
  int64_t front = 0;
  for (const std::shared_ptr<ReferralWatch>& watch : watches) {
    if (!watch->IsHungry()) continue;
    hungry.push_back(watch);
    front = std::max(front, watch->position_);
  }
  if (hungry.empty()) return false;
  bool more = Serve(watches, front);
  hungry.erase(std::remove_if(hungry.begin(), hungry.end(),
                              [&](const auto& watch) { return watch->position_ >= front; }),
               hungry.end());
  if (!hungry.empty()) more |= Serve(watches, InTurn(hungry).position_);
  return more;
}

ReferralWatch& ReferralWatches::InTurn(const Watches& waiting) {
  const auto turn = [this](const std::shared_ptr<ReferralWatch>& watch) {
    return std::make_pair(turns_[watch->agency_], watch->last_turn_);
  };
  const auto next =
      std::min_element(waiting.begin(), waiting.end(),
                       [&](const auto& a, const auto& b) { return turn(a) < turn(b); });
  (*next)->last_turn_ = turns_[(*next)->agency_] = ++turn_;
  return **next;
}

bool ReferralWatches::Serve(const Watches& watches, int64_t position) {
  Watches candidates;
  for (const std::shared_ptr<ReferralWatch>& watch : watches) {
    if (watch->position_ >= position && watch->HasRoom()) candidates.push_back(watch);
  }
  Watches concerned;
  const absl::StatusOr<bool> more = ServePage(candidates, position, concerned);
  if (more.ok()) return *more;
  for (const std::shared_ptr<ReferralWatch>& watch : concerned) watch->End(more.status());
  return true;
}

absl::StatusOr<bool> ReferralWatches::ServePage(const Watches& candidates, int64_t position,
                                                Watches& concerned) {
  const auto within = [&](int64_t end) {
    concerned.clear();
    std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(concerned),
                 [&](const auto& watch) { return watch->position_ <= end; });
  };
  within(position);
  ASSIGN_OR_RETURN(const std::vector<engine::EventRow> events,
                   store_.ReadAfter(position, limits_.page_events));
  if (events.empty()) return Rewind(candidates);
  const int64_t end = events.back().position;
  within(end - 1);
  ASSIGN_OR_RETURN(std::vector<Change> changes, ChangesIn(events, concerned));
  RETURN_IF_ERROR(MakeMessages(changes));
  for (const std::shared_ptr<ReferralWatch>& watch : concerned) Give(changes, end, *watch);
  return true;
}

void ReferralWatches::Give(const std::vector<Change>& changes, int64_t end, ReferralWatch& watch) {
  for (const Change& change : changes) {
    if (change.agency != watch.agency_ || change.position <= watch.position_) continue;
    if (!change.message.ok()) {
      watch.End(change.message.status());
      return;
    }
    if (!watch.Offer(*change.message)) {
      watch.position_ = change.position - 1;  // It goes on here when there is room.
      return;
    }
    watch.position_ = change.position;
  }
  watch.position_ = end;
}

absl::StatusOr<bool> ReferralWatches::Rewind(const Watches& watches) {
  ASSIGN_OR_RETURN(const int64_t head, store_.LastPosition());
  bool found = false;
  for (const std::shared_ptr<ReferralWatch>& watch : watches) {
    if (watch->position_ <= head) continue;
    watch->position_ = 0;
    found = true;
  }
  return found;
}

absl::StatusOr<std::vector<ReferralWatches::Change>> ReferralWatches::ChangesIn(
    const std::vector<engine::EventRow>& events, const Watches& concerned) const {
  std::map<std::string, int64_t> from;  // The first position that an agency still wants.
  for (const std::shared_ptr<ReferralWatch>& watch : concerned) {
    const auto [at, added] = from.emplace(watch->agency_, watch->position_);
    if (!added) at->second = std::min(at->second, watch->position_);
  }
  std::vector<Change> changes;
  for (const engine::EventRow& row : events) {
    v1::ReferralEvent event;
    if (!event.ParseFromString(row.data)) {
      return absl::DataLossError("a stored event cannot be read");
    }
    Change change{{row.stream, ""}, "", row.position};
    if (event.has_referral_submitted()) {
      change.agency = event.referral_submitted().agency();
      change.key.referral_id = event.referral_submitted().referral_id();
    } else if (event.has_referral_changed()) {
      change.agency = event.referral_changed().agency();
      change.key.referral_id = event.referral_changed().referral_id();
    }
    const auto wanted = from.find(change.agency);
    if (wanted == from.end() || row.position <= wanted->second) continue;
    changes.push_back(std::move(change));
  }
  return changes;
}

// All states in one read: one for each change would hold back a page by a page of round trips.
absl::Status ReferralWatches::MakeMessages(std::vector<Change>& changes) const {
  if (changes.empty()) return absl::OkStatus();
  std::vector<std::string> streams;
  for (const Change& change : changes) streams.push_back(change.key.case_id);
  ASSIGN_OR_RETURN(const auto rows, engine::ReadFolded(domain_, store_, streams));
  const std::string incarnation = store_.Incarnation();
  for (Change& change : changes) {
    auto message = std::make_shared<v1::WatchReferralsResponse>();
    const auto row = rows.find(change.key.case_id);
    absl::StatusOr<v1::Referral> referral = NoSuchReferral();
    if (row != rows.end() && !row->second.ok()) {
      referral = row->second.status();
    } else if (row != rows.end()) {
      referral = ReferralOf(*row->second, change.key, Reader::Agency(change.agency));
    }
    if (referral.ok()) {
      *message->mutable_referral() = *std::move(referral);
      message->set_resume_token(ResumeTokenOf(incarnation, change.position));
      change.message = std::move(message);
    } else {
      change.message = referral.status();
    }
  }
  return absl::OkStatus();
}

}  // namespace pathways::referral
