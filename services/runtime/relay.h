// Publishes a service's events in commit order.
//
// One thread reads what was committed after the watermark, hands it to the Publisher, and moves the
// watermark once the Publisher has acknowledged, one small row a batch and nothing per event. While
// there is more than one batch, the next one is read meanwhile. A crash in between publishes at
// most one batch again, which consumers recognise by number; a watermark that a crash of the
// database took back does the same. There is no second way out: to publish everything again is to
// set the watermark back, which a relay notices at its next write or when it is idle.
//
// Where several processes share a store, one relay leads and the others stand by, asking again
// twice a second. A relay that stood still while another one took over sends the batch it holds
// once more, and is then refused by the store.
//
// Where another server may answer under the store's address, the relay compares its topic with the
// store before it publishes over a new session, and the ends every few seconds beside the
// publishing, also while it stands by: a store that lacks what was published would give the numbers
// to other events, and the relay publishes nothing any more.
//
// An event that the bus refuses for good must not keep the others: its stream is withheld, which
// means that its events from that one on are passed over, and its later ones wait behind it. Other
// services then fetch them by ReadStream. Withheld streams are tried again at the start and every
// minute, and released once everything up to the watermark was taken.
#ifndef PATHWAYS_SERVICES_RUNTIME_RELAY_H_
#define PATHWAYS_SERVICES_RUNTIME_RELAY_H_

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
#include "services/runtime/bus/bus.h"
#include "services/runtime/report.h"
#include "services/runtime/signal.h"
#include "services/runtime/store/event_store.h"

namespace pathways::runtime {

class Relay {
 public:
  using CheckTopic = std::function<absl::Status(TopicCheck)>;

  // All must outlive the relay. `report` hears of every error and of the first success after it;
  // FAILED_PRECONDITION: streams are withheld. `check_topic` may be empty; where it is not OK
  // nothing is published, and after DATA_LOSS the relay ends. Called by one thread at a time. What
  // a standby that took over too early may take before it is noticed is as much as `check_every`.
  // `cancel` may be empty; called by Stop, it makes a running Publish and `check_topic` end soon.
  Relay(EventStore& store, Publisher& publisher, Report report, CheckTopic check_topic = nullptr,
        std::function<void()> cancel = nullptr,
        std::chrono::milliseconds check_every = std::chrono::seconds(10));
  // Stops.
  ~Relay();
  // Something was committed. Never blocks.
  void Notify() { signal_.Notify(); }
  // Ends after what is being published, and leaves the lead to others. Idempotent.
  void Stop();

  // Tries the withheld streams again soon. Never blocks.
  void RetryWithheld();

  // Publishes one batch. The number of events that are done with; 0 also when another process
  // leads.
  absl::StatusOr<size_t> PublishOnce();

 private:
  void Run();
  absl::Status CheckTopicWhenDue();
  absl::StatusOr<size_t> PublishBatch();
  // Watermark and withheld streams, which only the leader changes: read once while it is busy.
  // Tries the withheld ones again when that is due.
  absl::Status ReadProgress();
  // The events after the watermark, in part read before.
  absl::StatusOr<std::vector<EventRow>> NextPage();
  void ReadAhead(int64_t position);
  absl::Status Withhold(const std::vector<RefusedEvent>& refused);
  size_t StandBy();
  // Publishes what is withheld of one stream, as far as the watermark, and releases it.
  absl::Status Retry(const WithheldRow& row, int64_t watermark);

  EventStore& store_;
  Publisher& publisher_;
  Reporter reporter_;
  Signal signal_;
  std::atomic<bool> retry_ = true;
  std::atomic<bool> withholds_ = false;
  const CheckTopic check_topic_;
  const std::function<void()> cancel_;
  const std::chrono::milliseconds check_every_;
  // Used by the publishing thread alone.
  std::chrono::steady_clock::time_point next_retry_;
  std::chrono::steady_clock::time_point next_check_;
  bool leads_ = true;             // False: another process does, and this one stands by.
  Lease lease_;                   // Under which what follows was read.
  int64_t session_ = 0;           // Session of the store by which this relay last asked to lead.
  int64_t checked_session_ = -1;  // Session of the store in which the topic was compared.
  absl::Status lost_;             // Not OK for good once the store turned out to have lost events.
  std::future<absl::Status> checking_;  // The comparison that is running, if one is.
  std::optional<int64_t> watermark_;    // None: to be read.
  std::set<std::string> withheld_;      // Valid while the watermark is.
  std::future<absl::StatusOr<std::vector<EventRow>>> ahead_;  // What follows ahead_after_.
  int64_t ahead_after_ = 0;
  std::thread thread_;
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_RELAY_H_
