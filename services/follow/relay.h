// Publishes a service's events in commit order.
//
// One thread reads what was committed after the watermark, hands it to the Publisher, and moves the
// watermark once the Publisher has acknowledged it. That is one small write for a batch and nothing
// for an event. While there is more than one batch, the next one is read during the publishing of
// this one. After a crash at most one batch is published again, and consumers recognise it by
// number; so it is after a crash of the database that took the last watermark back. Nothing else
// publishes events. To publish everything again, the watermark is set back, which a relay notices
// at its next write or when it is idle.
//
// Where several processes share a store, one relay leads; the others stand by and ask twice a
// second for the lead. A relay that was frozen while another one took over sends the batch it holds
// once more; then the store refuses its write.
//
// Where another server may answer at the store's address, the relay compares its topic with the
// store before it publishes over a new session. Beside the publishing, and also while it stands by,
// it compares the ends of the topic every few seconds. A store that lacks published events would
// give their numbers to other events; the relay of such a store publishes nothing any more.
//
// An event that the bus refuses for good must not hold up the others. Its stream is withheld: the
// relay leaves out that event and all later ones of the stream, and other services fetch them by
// ReadStream. Withheld streams are tried again at the start and every minute, and are released once
// the bus has taken everything of them up to the watermark.
#ifndef PATHWAYS_SERVICES_FOLLOW_RELAY_H_
#define PATHWAYS_SERVICES_FOLLOW_RELAY_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "services/base/drive.h"
#include "services/base/signal.h"
#include "services/engine/store/event_store.h"
#include "services/follow/bus/bus.h"
#include "services/follow/report.h"

namespace pathways::follow {

class Relay {
 public:
  using CheckTopic = std::function<absl::Status(TopicCheck)>;

  // All must outlive the relay. `report` is told of every error and of the first success after it;
  // FAILED_PRECONDITION: streams are withheld. `check_topic` may be empty, and is called by one
  // thread at a time. While its answer is not OK nothing is published; after DATA_LOSS the relay
  // ends. When a standby database has taken over too early, `check_every` is how long it may take
  // until that is noticed. `cancel` may be empty. Stop calls it to make a running Publish and
  // `check_topic` end soon.
  Relay(engine::RelayStore& store, Publisher& publisher, Report report,
        CheckTopic check_topic = nullptr, std::function<void()> cancel = nullptr,
        std::chrono::milliseconds check_every = std::chrono::seconds(10),
        base::Drive drive = base::Drive::kThread);
  // Stops.
  ~Relay();
  // Something was committed. Never blocks.
  void Notify() { signal_.Notify(); }
  // Finishes what is being published, gives up the lead, and ends. Idempotent.
  void Stop();

  // Tries the withheld streams again soon. Never blocks.
  void RetryWithheld();

  // Publishes one batch. Returns the number of events that need no more work; 0 also when another
  // process leads.
  absl::StatusOr<size_t> PublishOnce();

  // The same, and reports. What the thread does; only for one that goes by steps.
  absl::StatusOr<size_t> Step();

 private:
  void Run();
  absl::Status CheckTopicWhenDue();
  absl::StatusOr<size_t> PublishBatch();
  // Reads the watermark and the withheld streams. Only the leader changes them, so they are read
  // once while it is busy. Tries the withheld streams again when that is due.
  absl::Status ReadProgress();
  // The events after the watermark, which may have been read ahead.
  absl::StatusOr<std::vector<engine::EventRow>> NextPage();
  void ReadAhead(int64_t position);
  absl::Status Withhold(const std::vector<RefusedEvent>& refused);
  size_t StandBy();
  // Publishes the withheld events of one stream up to the watermark, and releases the stream.
  absl::Status Retry(const engine::WithheldRow& row, int64_t watermark);

  engine::RelayStore& store_;
  Publisher& publisher_;
  Reporter reporter_;
  base::Signal signal_;
  std::atomic<bool> retry_ = true;
  std::atomic<bool> withholds_ = false;
  const CheckTopic check_topic_;
  const std::function<void()> cancel_;
  const std::chrono::milliseconds check_every_;
  // Used by the publishing thread alone.
  std::chrono::steady_clock::time_point next_retry_;
  std::chrono::steady_clock::time_point next_check_;
  bool leads_ = true;             // False: another process does, and this one stands by.
  engine::Lease lease_;           // The lease under which the progress below was read.
  int64_t session_ = 0;           // Session of the store by which this relay last asked to lead.
  int64_t checked_session_ = -1;  // Session of the store in which the topic was compared.
  absl::Status lost_;             // Stays an error once the store turned out to have lost events.
  std::future<absl::Status> checking_;  // The comparison that is running, if one is.
  std::optional<int64_t> watermark_;    // None: to be read.
  std::set<std::string> withheld_;      // Valid while the watermark is.
  std::future<absl::StatusOr<std::vector<engine::EventRow>>> ahead_;  // What follows ahead_after_.
  int64_t ahead_after_ = 0;
  std::thread thread_;
};

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_RELAY_H_
