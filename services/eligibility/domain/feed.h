// What the dashboards' feed is told of an eligibility event.
//
// A pure function of the event and its time, so every replica and every replay tells the same. It
// names pathway and outcome and nothing of the people; the relay adds the record's own id and the
// pseudonym of the case.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_FEED_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_FEED_H_

#include <vector>

#include "absl/time/time.h"
#include "pathways/eligibility/v1/events.pb.h"
#include "pathways/pipeline/v1/feed.pb.h"

namespace pathways::eligibility {

// One record per determination of a screening, in order; none for facts and for the end of the
// screening, which intake tells. `id` and `pseudonym` are left empty. `time` is the event's, and is
// cut to the hour.
std::vector<pipeline::v1::PipelineRecord> FeedOf(const v1::EligibilityEvent& event,
                                                 absl::Time time);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_FEED_H_
