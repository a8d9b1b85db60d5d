// What the dashboards' feed is told of a referral event.
//
// A pure function of the event and its time, so every replica and every replay tells the same. It
// names pathway, agency and state and nothing of the people; the relay adds the record's own id and
// the pseudonym of the case.
#ifndef PATHWAYS_SERVICES_REFERRAL_DOMAIN_FEED_H_
#define PATHWAYS_SERVICES_REFERRAL_DOMAIN_FEED_H_

#include <vector>

#include "absl/time/time.h"
#include "pathways/pipeline/v1/feed.pb.h"
#include "pathways/referral/v1/events.pb.h"

namespace pathways::referral {

// One record for a submission and for each change that moves or works the referral; none for facts,
// determinations and flags. `id` and `pseudonym` are left empty. `time` is the event's, and is cut
// to the hour.
std::vector<pipeline::v1::PipelineRecord> FeedOf(const v1::ReferralEvent& event, absl::Time time);

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_DOMAIN_FEED_H_
