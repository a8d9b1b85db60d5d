// What a program counts and measures, in the words of the project, for Prometheus.
//
// Each function stands for one metric; there is no way to make up a name, so docs, alert rules and
// dashboards can list them all. Labels are services, methods and codes, which are few: never an id,
// never a personal value. Should a caller let a label grow all the same, further values of that
// metric are counted as "other" once it has kMetricSeriesMax series, so the memory stays bounded.
// What costs a query is not kept up to date but sampled: AddSampler takes a function that sets
// gauges, and Text calls it.
#ifndef PATHWAYS_SERVICES_HOST_METRICS_H_
#define PATHWAYS_SERVICES_HOST_METRICS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace pathways::host {

inline constexpr size_t kMetricSeriesMax = 256;

// kRulesStream: a new version of the policies, told as "policy". kFold: a state that another
// release folded.
enum class CommandOrigin { kRequest, kEvent, kTimer, kRulesStream, kFold };

// Thread-safe; no function but Text blocks for long.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The engine answered a command.
  void CountCommand(absl::string_view service, CommandOrigin origin, absl::StatusCode code);
  // A batch was committed, `took` from its decision to the answer of the store.
  void ObserveCommit(absl::string_view service, int64_t commands, absl::Duration took);
  // Events were appended.
  void CountEvents(absl::string_view service, int64_t events);
  // Timers were due and changed nothing: a domain's fault, without harm.
  void CountDroppedTimers(absl::string_view service, int64_t timers = 1);
  // Commands that wait for the engine.
  void SetQueueLength(absl::string_view service, int64_t commands);

  // A call was answered. `method` is one of the compiled methods ("RegisterCase").
  void CountCall(absl::string_view method, absl::StatusCode code, absl::Duration took);

  // Committed events that the relay has not seen acknowledged.
  void SetRelayLag(absl::string_view service, int64_t events);
  // Published events of an upstream that the service has not handled.
  void SetConsumerLag(absl::string_view service, absl::string_view upstream, int64_t events);
  // Streams that wait for a person (parked), for an earlier event (behind), or that made no
  // progress although nothing says why (stuck).
  void SetParked(absl::string_view service, int64_t streams);
  void SetBehind(absl::string_view service, int64_t streams);
  void SetStuck(absl::string_view service, int64_t streams);
  // States that another evolve version made, and those of them that this release cannot fold.
  void SetOtherFolds(absl::string_view service, int64_t streams);
  void SetUnfoldable(absl::string_view service, int64_t streams);
  // Records of an upstream were handed in that were not the next of their log.
  void CountStalePosition(absl::string_view service, absl::string_view upstream,
                          int64_t records = 1);
  // A sweep found cases without an event of the upstream that the bus did not bring: an alarm.
  void CountSweptMissing(absl::string_view service, absl::string_view upstream, int64_t cases);
  // An upstream lost events that this service has handled: an alarm, whatever else is well.
  void SetUpstreamTailLost(absl::string_view service, absl::string_view upstream, bool lost);

  // The service lost events that it has published, and has stopped: an alarm.
  void SetOwnTailLost(absl::string_view service, bool lost);
  // Whether the version in force of the service's rules did all that it may, and is brought to no
  // further case.
  void SetVersionStopped(absl::string_view service, bool stopped);

  // Adds a function that Text calls before it renders, one call at a time, in the thread of the
  // scrape. It should be quick, must not call Text or AddSampler, and must stay valid until nothing
  // calls Text any more.
  void AddSampler(std::function<void()> sampler);

  // Everything in the text exposition format, version 0.0.4.
  std::string Text();

 private:
  struct Families;

  const std::unique_ptr<Families> families_;
};

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_METRICS_H_
