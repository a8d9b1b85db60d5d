// WatchReferrals: tells agencies of changes as they are committed.
//
// One thread serves all watches. It is woken after each commit, reads the events after each watch's
// position, and sends the changes of the watch's agency. A watch reads on only when what it has was
// sent, so a slow agency holds back nobody but itself. The resume token is the position of the
// change sent, so an agency that comes back misses nothing; a token of another store (restored)
// begins at the first change again.
#ifndef PATHWAYS_SERVICES_REFERRAL_RPC_WATCH_H_
#define PATHWAYS_SERVICES_REFERRAL_RPC_WATCH_H_

#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "pathways/referral/v1/agency_service.grpc.pb.h"
#include "services/runtime/rpc/edge.h"
#include "services/runtime/signal.h"
#include "services/runtime/store/event_store.h"

namespace pathways::referral {

class Watchers {
 public:
  // `store` must outlive the watchers.
  explicit Watchers(runtime::EventStore& store);
  ~Watchers();

  // Begins one watch, or refuses it.
  grpc::ServerWriteReactor<v1::WatchReferralsResponse>* Start(
      const runtime::Edge& edge, grpc::CallbackServerContext* context,
      const v1::WatchReferralsRequest& request);

  // Something was committed. Never blocks.
  void Notify() { signal_.Notify(); }
  // Ends every watch with UNAVAILABLE and begins no other. Idempotent.
  void Stop();

 private:
  class Watch;

  void Run();
  void Remove(const std::shared_ptr<Watch>& watch);

  runtime::EventStore& store_;
  runtime::Signal signal_;
  std::mutex mutex_;  // Guards watches_ and stopping_.
  std::set<std::shared_ptr<Watch>> watches_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_RPC_WATCH_H_
