// The whole road in one process: three services on SQLite files, their consumers and pullers.
//
// For tests that reach into engines and stores; whole processes are in serve_process.h. A folder
// may be opened again; only one Road may use it at a time. The policy pack and the routes are those
// of the source tree. All people are synthetic.
#ifndef PATHWAYS_TESTS_SUPPORT_ROAD_H_
#define PATHWAYS_TESTS_SUPPORT_ROAD_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "pathways/referral/v1/state.pb.h"
#include "services/base/clock.h"
#include "services/engine/engine.h"
#include "services/engine/store/sqlite_store.h"
#include "services/follow/bus/in_process_topic.h"
#include "services/follow/consumer.h"
#include "services/follow/puller.h"
#include "services/follow/relay.h"

namespace pathways::testing_support {

// One service: its store, domain and engine.
struct Service {
  // Stops the process when the store cannot be opened.
  Service(const std::string& path, const base::Clock& clock, std::unique_ptr<engine::Domain> pure);

  // Submits a request and waits for its answer.
  engine::Answer Call(const std::string& stream, const std::string& payload,
                      const std::string& request);

  std::unique_ptr<engine::Domain> domain;
  std::unique_ptr<engine::SqliteStore> store;
  std::unique_ptr<follow::InProcessTopic> topic;
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<follow::Relay> relay;
};

class Road {
 public:
  explicit Road(const std::string& folder);
  ~Road();

  // Stops delivery by position; what is missing then comes through the pullers alone.
  void StopConsumers() { consumers_.clear(); }
  void WakeAll();
  // Compares heads on every connection, twice, so that what is missing is fetched.
  absl::Status SweepAll();
  // Waits until `holds`, at most 20 seconds of waiting.
  bool Eventually(const std::function<bool()>& holds);
  referral::v1::ReferralCaseState ReferralState(const std::string& id);

  Service& intake() { return *intake_; }
  Service& eligibility() { return *eligibility_; }
  Service& referral() { return *referral_; }
  std::vector<Service*> services() { return {&intake(), &eligibility(), &referral()}; }

 private:
  void Connect(const std::string& name, Service& from, Service& to);

  base::ManualClock clock_{absl::FromUnixSeconds(1697500000)};
  base::Signal changed_;
  std::unique_ptr<Service> intake_;
  std::unique_ptr<Service> eligibility_;
  std::unique_ptr<Service> referral_;
  std::vector<std::unique_ptr<follow::Consumer>> consumers_;
  std::vector<std::unique_ptr<follow::Puller>> pullers_;
};

// A registration of one adult who meets the conditions of us-refugee-resettlement only, serialised.
std::string Registration();

// An action of the agency unhcr-mx on referral r1, serialised.
std::string Action(referral::v1::ReferralAction action);

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_SUPPORT_ROAD_H_
