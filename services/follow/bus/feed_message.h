// What the relay gives a publisher for the dashboards' feed beside an event.
//
// A service says what an event tells (services/*/domain/feed.h) by a TellFeed; the host adds
// pseudonym and id (kafka_feed.h) and hands FeedMessages to the publisher.
#ifndef PATHWAYS_SERVICES_FOLLOW_BUS_FEED_MESSAGE_H_
#define PATHWAYS_SERVICES_FOLLOW_BUS_FEED_MESSAGE_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "pathways/pipeline/v1/feed.pb.h"
#include "services/engine/store/event_store.h"

namespace pathways::follow {

// One record of the feed.
struct FeedMessage {
  std::string key;    // Pseudonym of the case.
  std::string value;  // Serialised PipelineRecord.
  absl::Time hour;    // Of the event, also the time of the record.
};

// What an event tells the dashboards, without id and pseudonym: a pure function of the event. Of an
// event that cannot be read it tells nothing.
using TellFeed = std::function<std::vector<pipeline::v1::PipelineRecord>(const engine::EventRow&)>;

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_BUS_FEED_MESSAGE_H_
