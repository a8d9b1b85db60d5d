// Publishes a service's events in commit order.
//
// One thread reads what was committed after the watermark, hands it to the Publisher, and moves the
// watermark once the Publisher has acknowledged, one small row a batch and nothing per event. A
// crash in between publishes at most one batch again, which consumers recognise by number. There is
// no second way out: to publish everything again is to set the watermark back.
//
// Where several processes share a store, one relay leads and the others stand by, asking again
// twice a second. A relay that stood still while another one took over sends the batch it holds
// once more, and is then refused by the store.
//
// Where another server may answer under the store's address, the relay compares its topic with the
// store before it publishes and every few seconds, also while it stands by: a store that lacks what
// was published would give the numbers to other events, and the relay publishes nothing any more.
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
#include <thread>

#include "absl/status/statusor.h"
#include "services/runtime/bus/bus.h"
#include "services/runtime/report.h"
#include "services/runtime/signal.h"
#include "services/runtime/store/event_store.h"

namespace pathways::runtime {

class Relay {
 public:
  // All must outlive the relay. `report` hears of every error and of the first success after it;
  // FAILED_PRECONDITION: streams are withheld. `check_topic` may be empty; where it is not OK
  // nothing is published, and after DATA_LOSS the relay ends. Called by the publishing thread.
  Relay(EventStore& store, Publisher& publisher, Report report,
        std::function<absl::Status()> check_topic = nullptr);
  // Stops.
  ~Relay();
  // Something was committed. Never blocks.
  void Notify() { signal_.Notify(); }
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
  size_t StandBy();
  absl::Status RetryWhenDue(int64_t watermark);
  // Publishes what is withheld of one stream, as far as the watermark, and releases it.
  absl::Status Retry(const WithheldRow& row, int64_t watermark);

  EventStore& store_;
  Publisher& publisher_;
  Reporter reporter_;
  Signal signal_;
  std::atomic<bool> retry_ = true;
  std::atomic<bool> withholds_ = false;
  const std::function<absl::Status()> check_topic_;
  // Used by the publishing thread alone.
  std::chrono::steady_clock::time_point next_retry_;
  std::chrono::steady_clock::time_point next_check_;
  int64_t checked_session_ = -1;  // Session of the store in which the topic was compared.
  absl::Status lost_;             // Not OK for good once the store turned out to have lost events.
  std::thread thread_;
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_RELAY_H_
