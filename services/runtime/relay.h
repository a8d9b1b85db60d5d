// Publishes a service's events in commit order.
//
// One thread reads what was committed after the watermark, hands it to the Publisher, and moves the
// watermark once the Publisher has acknowledged, one small row a batch and nothing per event. A
// crash in between publishes at most one batch again, which consumers recognise by number. There is
// no second way out: to publish everything again is to set the watermark back.
#ifndef PATHWAYS_SERVICES_RUNTIME_RELAY_H_
#define PATHWAYS_SERVICES_RUNTIME_RELAY_H_

#include <thread>

#include "absl/status/statusor.h"
#include "services/runtime/bus/bus.h"
#include "services/runtime/report.h"
#include "services/runtime/signal.h"
#include "services/runtime/store/event_store.h"

namespace pathways::runtime {

class Relay {
 public:
  // All must outlive the relay. `report` hears of every error and of the first success after it.
  Relay(EventStore& store, Publisher& publisher, Report report);
  // Stops.
  ~Relay();
  // Something was committed. Never blocks.
  void Notify() { signal_.Notify(); }
  void Stop();

  // Publishes one batch. The number of events published.
  absl::StatusOr<size_t> PublishOnce();

 private:
  void Run();

  EventStore& store_;
  Publisher& publisher_;
  Reporter reporter_;
  Signal signal_;
  std::thread thread_;
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_RELAY_H_
