#include "services/runtime/rpc/stream_service.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "services/runtime/rpc/pages.h"
#include "services/runtime/status_macros.h"
#include "services/type/dates.h"
#include "services/type/names.h"
#include "services/type/problem.h"

namespace pathways::runtime {
namespace {

constexpr int kReadMax = 1000;
constexpr int kRecordsUsual = 100;
constexpr int kRecordsAtOnce = 64;

const Method kReadStream{"ReadStream", {"service"}};
const Method kReadHeads{"ReadHeads", {"service"}};

stream::v1::StreamRecord RecordOf(const EventRow& event) {
  stream::v1::StreamRecord record;
  record.set_stream(event.stream);
  record.set_number(event.number);
  record.set_position(event.position);
  record.set_ce_id(event.ce_id);
  record.set_type(event.type);
  *record.mutable_time() = type::TimestampOf(event.time);
  *record.mutable_cause() = event.cause;
  record.set_data(event.data);
  return record;
}

// The store of a service, or a violation.
EventStore* StoreOf(const std::map<std::string, EventStore*>& stores, const std::string& service,
                    type::Violations& violations) {
  const auto found = stores.find(service);
  if (found != stores.end()) return found->second;
  violations.Add("service", "must be the name of a service of this process");
  return nullptr;
}

absl::Status FillRecords(EventStore& store, const stream::v1::ReadStreamRequest& request, int limit,
                         stream::v1::ReadStreamResponse& response) {
  // A few at a time: a page that ends early must not have read all of a long stream.
  int64_t next = request.from_number();
  size_t bytes = 0;
  while (response.records_size() < limit) {
    const int some = std::min(kRecordsAtOnce, limit - response.records_size());
    ASSIGN_OR_RETURN(const std::vector<EventRow> events,
                     store.ReadStream(request.stream(), next, some, /*with_sealed=*/false));
    for (const EventRow& event : events) {
      stream::v1::StreamRecord record = RecordOf(event);
      bytes += record.ByteSizeLong();
      if (bytes > kStreamPageBytesMax && response.records_size() > 0) return absl::OkStatus();
      *response.add_records() = std::move(record);
      next = event.number + 1;
    }
    if (static_cast<int>(events.size()) < some) break;
  }
  return absl::OkStatus();
}

absl::Status FillHeads(EventStore& store, const stream::v1::ReadHeadsRequest& request, int limit,
                       stream::v1::ReadHeadsResponse& response) {
  ASSIGN_OR_RETURN(const std::vector<StreamHead> heads,
                   store.ReadHeads(request.after_stream(), limit));
  for (const StreamHead& head : heads) {
    auto& entry = *response.add_heads();
    entry.set_stream(head.stream);
    entry.set_version(head.version);
  }
  response.set_incarnation(store.Incarnation());
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* StreamRpc::ReadStream(grpc::CallbackServerContext* context,
                                                const stream::v1::ReadStreamRequest* request,
                                                stream::v1::ReadStreamResponse* response) {
  return edge_.Read(context, kReadStream, [=, this](const Principal&) -> absl::Status {
    type::Violations violations;
    EventStore* const store = StoreOf(stores_, request->service(), violations);
    if (!type::IsUuid(request->stream())) violations.Add("stream", "must be a case id");
    if (request->from_number() < 1) violations.Add("from_number", "must be 1 or more");
    const int limit = CheckPageSize(request->limit(), kRecordsUsual, kReadMax, "limit", violations);
    RETURN_IF_ERROR(violations.ToStatus(kInvalidRequest));
    return FillRecords(*store, *request, limit, *response);
  });
}

grpc::ServerUnaryReactor* StreamRpc::ReadHeads(grpc::CallbackServerContext* context,
                                               const stream::v1::ReadHeadsRequest* request,
                                               stream::v1::ReadHeadsResponse* response) {
  return edge_.Read(context, kReadHeads, [=, this](const Principal&) -> absl::Status {
    type::Violations violations;
    EventStore* const store = StoreOf(stores_, request->service(), violations);
    const int limit = CheckPageSize(request->limit(), kReadMax, kReadMax, "limit", violations);
    const std::string& after = request->after_stream();
    if (!after.empty() && !type::IsUuid(after) && !type::IsServiceStream(after)) {
      violations.Add("after_stream", "must be the last stream of a page, or empty");
    }
    RETURN_IF_ERROR(violations.ToStatus(kInvalidRequest));
    return FillHeads(*store, *request, limit, *response);
  });
}

}  // namespace pathways::runtime
