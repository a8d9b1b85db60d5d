// What the dashboards' feed is told of an intake event.
//
// A pure function of the event and its time, so every replica and every replay tells the same. Of
// the people it names one nationality, cut to five values, and only once; the relay adds the
// record's own id and the pseudonym of the case.
#ifndef PATHWAYS_SERVICES_INTAKE_DOMAIN_FEED_H_
#define PATHWAYS_SERVICES_INTAKE_DOMAIN_FEED_H_

#include <vector>

#include "absl/time/time.h"
#include "pathways/intake/v1/events.pb.h"
#include "pathways/pipeline/v1/feed.pb.h"

namespace pathways::intake {

// One record for a registration, with the nationality of the principal applicant (of several the
// first of Cuba, Haiti, Nicaragua, Venezuela), one for a withdrawal, none else. `id` and
// `pseudonym` are left empty. `time` is the event's, and is cut to the hour.
std::vector<pipeline::v1::PipelineRecord> FeedOf(const v1::IntakeEvent& event, absl::Time time);

}  // namespace pathways::intake

#endif  // PATHWAYS_SERVICES_INTAKE_DOMAIN_FEED_H_
