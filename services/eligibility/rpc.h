// Eligibility's gRPC API: pathways.eligibility.v1.EligibilityService.
//
// A thin edge: who may call, which command a request is, what is answered. Rules are in domain/ and
// in the policy pack. No handler blocks a gRPC thread.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_RPC_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_RPC_H_

#include <vector>

#include "pathways/eligibility/v1/eligibility_service.grpc.pb.h"
#include "pathways/operations/v1/operations_service.pb.h"
#include "services/eligibility/domain/rules.h"
#include "services/runtime/engine.h"
#include "services/runtime/keys.h"
#include "services/runtime/rpc/edge.h"
#include "services/runtime/store/event_store.h"

namespace pathways::eligibility {

// What the API stands on. All must outlive the service.
struct RpcParts {
  const runtime::Edge& edge;
  runtime::Engine& engine;
  runtime::EventStore& store;
  const runtime::Keyring& keyring;
  const Rules& rules;
};

class EligibilityRpc : public v1::EligibilityService::CallbackService {
 public:
  explicit EligibilityRpc(const RpcParts& parts) : parts_(parts) {}

  grpc::ServerUnaryReactor* GetScreening(grpc::CallbackServerContext* context,
                                         const v1::GetScreeningRequest* request,
                                         v1::Screening* response) override;
  grpc::ServerUnaryReactor* ListScreenings(grpc::CallbackServerContext* context,
                                           const v1::ListScreeningsRequest* request,
                                           v1::ListScreeningsResponse* response) override;
  grpc::ServerUnaryReactor* ScreenCase(grpc::CallbackServerContext* context,
                                       const v1::ScreenCaseRequest* request,
                                       v1::Screening* response) override;
  grpc::ServerUnaryReactor* ListPathways(grpc::CallbackServerContext* context,
                                         const v1::ListPathwaysRequest* request,
                                         v1::ListPathwaysResponse* response) override;
  grpc::ServerUnaryReactor* GetPathway(grpc::CallbackServerContext* context,
                                       const v1::GetPathwayRequest* request,
                                       v1::Pathway* response) override;

 private:
  const RpcParts parts_;
};

// Open cases that have waited since before a time for somebody to ask them for facts, for the
// operators' list.
absl::StatusOr<std::vector<operations::v1::StuckCase>> WaitingForInformation(
    runtime::EventStore& store, absl::Time before, int limit);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_RPC_H_
