// WatchReferrals over gRPC: the transport of a watch (services/referral/watch.h).
//
// One write is under way at a time; the next is asked for when it is done. No rule of watching is
// here.
#ifndef PATHWAYS_SERVICES_REFERRAL_RPC_WATCH_H_
#define PATHWAYS_SERVICES_REFERRAL_RPC_WATCH_H_

#include "pathways/referral/v1/agency_service.grpc.pb.h"
#include "services/referral/watch.h"
#include "services/runtime/rpc/edge.h"

namespace pathways::referral {

// Begins one watch, or refuses it. `watches` must outlive the call.
grpc::ServerWriteReactor<v1::WatchReferralsResponse>* StartWatch(
    ReferralWatches& watches, const runtime::Edge& edge, grpc::CallbackServerContext* context,
    const v1::WatchReferralsRequest& request);

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_RPC_WATCH_H_
