// Reads of facts between services: ReadStream and ReadHeads over the stores of this process.
//
// Only published columns are read, so identity cannot leave through it. For services; agencies and
// staff have their own APIs.
#ifndef PATHWAYS_SERVICES_HOST_STREAM_METHODS_H_
#define PATHWAYS_SERVICES_HOST_STREAM_METHODS_H_

#include <map>
#include <string>

#include "services/engine/store/event_store.h"
#include "services/host/method.h"

namespace pathways::host {

// Bytes of events after which a page of ReadStream ends. It has at least one event, however large.
inline constexpr size_t kStreamPageBytesMax = 1 << 20;

// pathways.stream.v1.StreamService over stores by service name, which must outlive it. Its reads
// have threads of their own: what repairs a follower must not wait behind people's lists.
Api StreamApi(std::map<std::string, engine::EventReader*> stores);

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_STREAM_METHODS_H_
