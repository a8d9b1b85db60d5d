#include "services/referral/rpc_watch.h"

#include <memory>
#include <utility>

#include "services/runtime/rpc/errors.h"

namespace pathways::referral {
namespace {

const runtime::Method kWatchReferrals{"WatchReferrals", {"agency"}};

// Keeps itself until gRPC is done with it.
class WatchReactor : public grpc::ServerWriteReactor<v1::WatchReferralsResponse>, public WatchSink {
 public:
  explicit WatchReactor(ReferralWatches& watches) : watches_(watches) {}

  static WatchReactor* Start(ReferralWatches& watches, const runtime::Edge& edge,
                             grpc::CallbackServerContext* context,
                             const v1::WatchReferralsRequest& request) {
    const auto reactor = std::make_shared<WatchReactor>(watches);
    reactor->self_ = reactor;
    const absl::StatusOr<const runtime::Principal*> principal =
        edge.Admit(*context, kWatchReferrals);
    if (!principal.ok()) {
      reactor->End(principal.status());
      return reactor.get();
    }
    absl::StatusOr<std::shared_ptr<ReferralWatch>> watch =
        watches.Begin((*principal)->id, request.resume_token(), reactor);
    // gRPC calls the reactor only once it has been returned, so the watch is known by then.
    if (watch.ok()) {
      reactor->watch_ = *std::move(watch);
    } else {
      reactor->End(watch.status());
    }
    return reactor.get();
  }

  bool Send(WatchMessage message) override {
    writing_ = std::move(message);
    StartWrite(writing_.get());
    return false;
  }

  void End(const absl::Status& status) override { Finish(runtime::ToGrpc(status)); }

  void OnWriteDone(bool ok) override {
    if (ok) watch_->Ready();  // Else the call is broken off, and OnCancel ends the watch.
  }

  void OnCancel() override {
    if (watch_) watch_->End(absl::CancelledError("the watch was broken off"));
  }

  void OnDone() override {
    if (watch_) watches_.Leave(watch_);
    const std::shared_ptr<WatchReactor> last = std::move(self_);
  }

 private:
  ReferralWatches& watches_;
  std::shared_ptr<WatchReactor> self_;
  std::shared_ptr<ReferralWatch> watch_;  // Null: it was refused.
  WatchMessage writing_;
};

}  // namespace

grpc::ServerWriteReactor<v1::WatchReferralsResponse>* StartWatch(
    ReferralWatches& watches, const runtime::Edge& edge, grpc::CallbackServerContext* context,
    const v1::WatchReferralsRequest& request) {
  return WatchReactor::Start(watches, edge, context, request);
}

}  // namespace pathways::referral
