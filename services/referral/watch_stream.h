// WatchReferrals as a stream of the host: the sink of one watch.
#ifndef PATHWAYS_SERVICES_REFERRAL_WATCH_STREAM_H_
#define PATHWAYS_SERVICES_REFERRAL_WATCH_STREAM_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "services/host/method.h"
#include "services/referral/watch.h"

namespace pathways::referral {

// Begins a watch of an agency once the stream is there. `watches` must outlive the stream.
std::shared_ptr<host::StreamHandler> StartWatch(ReferralWatches& watches, std::string agency,
                                                std::string resume_token);

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_WATCH_STREAM_H_
