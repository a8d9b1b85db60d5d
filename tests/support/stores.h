// The three stores of a data folder, or of three PostgreSQL databases, opened beside or after the
// processes that write them.
//
// Tests read from them what the services hold, wait until everything is followed, and plant what a
// fault would have left: a position set back or forward. What plants something needs the process to
// have ended. Readers may look while it runs: SQLite's readers never wait for a writer.
#ifndef PATHWAYS_TESTS_SUPPORT_STORES_H_
#define PATHWAYS_TESTS_SUPPORT_STORES_H_

#include <array>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "services/base/clock.h"
#include "services/engine/domain.h"
#include "services/engine/store/event_store.h"

namespace pathways::testing_support {

// One service's store and what its rows mean.
struct StoreView {
  std::string name;
  std::unique_ptr<engine::Domain> domain;
  std::unique_ptr<engine::EventStore> store;
  std::vector<std::string> upstreams;  // Whose events become commands here.
  // It was set back and restored: upstreams told again what was sealed.
  bool is_restored = false;
};

// Connection strings of migrated databases.
struct Databases {
  std::string intake;
  std::string eligibility;
  std::string referral;
  std::set<std::string> restored = {};  // Services whose database was set back and restored.
};

class Stores {
 public:
  // Stops the test program when a store cannot be opened.
  explicit Stores(const std::string& data_folder);
  explicit Stores(const Databases& databases);

  StoreView& intake() { return views_[0]; }
  StoreView& eligibility() { return views_[1]; }
  StoreView& referral() { return views_[2]; }
  StoreView& Of(const std::string& name);
  std::array<StoreView, 3>& views() { return views_; }

  // True when every event was handled by who follows it, none is missing, and the status shows all.
  bool HaveCaughtUp();

 private:
  // Stores by service, in the order of the views.
  explicit Stores(
      const std::function<std::unique_ptr<engine::EventStore>(const std::string& service)>& open);
  bool HasApplied(StoreView& view, StoreView& upstream);

  const base::SystemClock clock_;
  std::array<StoreView, 3> views_;
};

// Each service that reads another, and the key of its position.
const std::vector<std::pair<std::string, std::string>>& Positions();

// Sets how far `service` has read: `key` is the upstream, or projection/upstream.
void SetPosition(const std::string& data_folder, const std::string& service, const std::string& key,
                 const std::string& upstream, int64_t position);

// Every row of a service's tables, each as text: of its states, indexes and timers, of what it
// applied, of its events, of its projections.
std::vector<std::string> FoldedRows(const std::string& data_folder, const std::string& service);
std::vector<std::string> AppliedRows(const std::string& data_folder, const std::string& service);
std::vector<std::string> EventRows(const std::string& data_folder, const std::string& service);
std::vector<std::string> ProjectionRows(const std::string& data_folder);

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_SUPPORT_STORES_H_
