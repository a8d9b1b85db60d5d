// What operators ask of a process: stuck and parked cases, and try again.
//
// Works over the stores of this process and knows no service: what "without progress" means is a
// function that each service gives.
#ifndef PATHWAYS_SERVICES_RUNTIME_RPC_OPERATIONS_SERVICE_H_
#define PATHWAYS_SERVICES_RUNTIME_RPC_OPERATIONS_SERVICE_H_

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pathways/operations/v1/operations_service.grpc.pb.h"
#include "services/runtime/clock.h"
#include "services/runtime/rpc/edge.h"
#include "services/runtime/store/event_store.h"

namespace pathways::runtime {

// One service as operators see it.
struct OperatedService {
  std::string name;
  EventStore* store;
  // Cases that nobody has moved since `before`, oldest first, at most `limit`: name, stage and
  // since are set. Empty function: the service has none.
  std::function<absl::StatusOr<std::vector<operations::v1::StuckCase>>(absl::Time before,
                                                                       int limit)>
      without_progress;
  // Applies again what waits. Must not block.
  std::function<void()> wake;
  // Services that it follows, and what ends the alarm that one of them lost events: whether it was
  // ringing. Must not block.
  std::set<std::string> followed;
  std::function<bool(const std::string& upstream)> acknowledge_tail_loss;
};

// Every case of one service that does not move, at most `limit` of each kind. Reads only.
absl::StatusOr<std::vector<operations::v1::StuckCase>> StuckCases(const OperatedService& service,
                                                                  absl::Time before, int limit);

class OperationsRpc : public operations::v1::OperationsService::CallbackService {
 public:
  // All must outlive the service.
  OperationsRpc(const Edge& edge, const Clock& clock, std::vector<OperatedService> services)
      : edge_(edge), clock_(clock), services_(std::move(services)) {}

  grpc::ServerUnaryReactor* ListStuckCases(
      grpc::CallbackServerContext* context, const operations::v1::ListStuckCasesRequest* request,
      operations::v1::ListStuckCasesResponse* response) override;
  grpc::ServerUnaryReactor* ListParkedCases(
      grpc::CallbackServerContext* context, const operations::v1::ListParkedCasesRequest* request,
      operations::v1::ListParkedCasesResponse* response) override;
  grpc::ServerUnaryReactor* RedriveCase(grpc::CallbackServerContext* context,
                                        const operations::v1::RedriveCaseRequest* request,
                                        operations::v1::RedriveCaseResponse* response) override;
  grpc::ServerUnaryReactor* AcknowledgeTailLoss(
      grpc::CallbackServerContext* context,
      const operations::v1::AcknowledgeTailLossRequest* request,
      operations::v1::AcknowledgeTailLossResponse* response) override;

 private:
  const OperatedService* Find(const std::string& name) const;

  const Edge& edge_;
  const Clock& clock_;
  const std::vector<OperatedService> services_;
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_RPC_OPERATIONS_SERVICE_H_
