#include "services/host/stream_methods.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "pathways/stream/v1/stream_service.pb.h"
#include "services/base/status_macros.h"
#include "services/host/pages.h"
#include "services/type/dates.h"
#include "services/type/names.h"
#include "services/type/problem.h"
#include "services/type/stream_id.h"

namespace pathways::host {
namespace {

constexpr int kReadMax = 1000;
constexpr int kRecordsUsual = 100;
constexpr int kRecordsAtOnce = 64;

const Roles kServices = {kService};

using Stores = std::map<std::string, engine::EventReader*>;

stream::v1::StreamRecord RecordOf(const engine::EventRow& event) {
  stream::v1::StreamRecord record;
  record.set_stream(event.stream);
  record.set_number(event.number);
  record.set_position(event.position);
  record.set_ce_id(event.ce_id);
  record.set_type(event.type);
  *record.mutable_time() = type::TimestampOf(event.time);
  *record.mutable_cause() = event.cause;
  record.set_data(event.data);
  record.set_traceparent(event.trace.Format());
  return record;
}

// The store of a service, or a violation.
engine::EventReader* StoreOf(const std::map<std::string, engine::EventReader*>& stores,
                             const std::string& service, type::Violations& violations) {
  const auto found = stores.find(service);
  if (found != stores.end()) return found->second;
  violations.Add("service", "must be the name of a service of this process");
  return nullptr;
}

absl::Status FillRecords(engine::EventReader& store, const stream::v1::ReadStreamRequest& request,
                         int limit, stream::v1::ReadStreamResponse& response) {
  // A few at a time: a page that ends early must not have read all of a long stream.
  int64_t next = request.from_number();
  size_t bytes = 0;
  while (response.records_size() < limit) {
    const int some = std::min(kRecordsAtOnce, limit - response.records_size());
    ASSIGN_OR_RETURN(const std::vector<engine::EventRow> events,
                     store.ReadStream(request.stream(), next, some, /*with_sealed=*/false));
    for (const engine::EventRow& event : events) {
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

absl::Status FillHeads(engine::EventReader& store, const stream::v1::ReadHeadsRequest& request,
                       int limit, stream::v1::ReadHeadsResponse& response) {
  ASSIGN_OR_RETURN(const std::vector<engine::StreamHead> heads,
                   store.ReadHeads(request.after_stream(), limit));
  for (const engine::StreamHead& head : heads) {
    auto& entry = *response.add_heads();
    entry.set_stream(head.stream);
    entry.set_version(head.version);
  }
  response.set_incarnation(store.Incarnation());
  return absl::OkStatus();
}

absl::Status ReadStream(const Stores& stores, const stream::v1::ReadStreamRequest& request,
                        stream::v1::ReadStreamResponse& response) {
  type::Violations violations;
  engine::EventReader* const store = StoreOf(stores, request.service(), violations);
  if (!type::ParseStreamId(request.stream())) violations.Add("stream", "must be a stream id");
  if (request.from_number() < 1) violations.Add("from_number", "must be 1 or more");
  const int limit = CheckPageSize(request.limit(), kRecordsUsual, kReadMax, "limit", violations);
  RETURN_IF_ERROR(violations.ToStatus(kInvalidRequest));
  return FillRecords(*store, request, limit, response);
}

absl::Status ReadHeads(const Stores& stores, const stream::v1::ReadHeadsRequest& request,
                       stream::v1::ReadHeadsResponse& response) {
  type::Violations violations;
  engine::EventReader* const store = StoreOf(stores, request.service(), violations);
  const int limit = CheckPageSize(request.limit(), kReadMax, kReadMax, "limit", violations);
  const std::string& after = request.after_stream();
  if (!after.empty() && !type::ParseStreamId(after)) {
    violations.Add("after_stream", "must be the last stream of a page, or empty");
  }
  RETURN_IF_ERROR(violations.ToStatus(kInvalidRequest));
  return FillHeads(*store, request, limit, response);
}

}  // namespace

Api StreamApi(std::map<std::string, engine::EventReader*> stores) {
  namespace v1 = stream::v1;
  const auto all = std::make_shared<const Stores>(std::move(stores));
  Api api{"pathways.stream.v1.StreamService", nullptr, {}, ReadFor::kServices};
  api.methods.push_back(ReadMethod<v1::ReadStreamRequest, v1::ReadStreamResponse>(
      "ReadStream", kServices, [all](const Caller&, const auto& request, auto& response) {
        return ReadStream(*all, request, response);
      }));
  api.methods.push_back(ReadMethod<v1::ReadHeadsRequest, v1::ReadHeadsResponse>(
      "ReadHeads", kServices, [all](const Caller&, const auto& request, auto& response) {
        return ReadHeads(*all, request, response);
      }));
  return api;
}

}  // namespace pathways::host
