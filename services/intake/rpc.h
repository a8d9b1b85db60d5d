// Intake's gRPC API: pathways.intake.v1.IntakeService.
//
// A thin edge: who may call, which command a request is (requests.h), what is answered. Rules are
// in domain/. No handler blocks a gRPC thread.
#ifndef PATHWAYS_SERVICES_INTAKE_RPC_H_
#define PATHWAYS_SERVICES_INTAKE_RPC_H_

#include "pathways/intake/v1/intake_service.grpc.pb.h"
#include "services/runtime/clock.h"
#include "services/runtime/engine.h"
#include "services/runtime/keys.h"
#include "services/runtime/rpc/edge.h"
#include "services/runtime/store/event_store.h"

namespace pathways::intake {

// What the API stands on. All must outlive the service.
struct RpcParts {
  const runtime::Edge& edge;
  runtime::Engine& engine;
  runtime::EventStore& store;
  const runtime::Keyring& keyring;
  const runtime::Clock& clock;
};

class IntakeRpc : public v1::IntakeService::CallbackService {
 public:
  explicit IntakeRpc(const RpcParts& parts) : parts_(parts) {}

  grpc::ServerUnaryReactor* RegisterCase(grpc::CallbackServerContext* context,
                                         const v1::RegisterCaseRequest* request,
                                         v1::Case* response) override;
  grpc::ServerUnaryReactor* GetCase(grpc::CallbackServerContext* context,
                                    const v1::GetCaseRequest* request, v1::Case* response) override;
  grpc::ServerUnaryReactor* ListCases(grpc::CallbackServerContext* context,
                                      const v1::ListCasesRequest* request,
                                      v1::ListCasesResponse* response) override;
  grpc::ServerUnaryReactor* UpdateCase(grpc::CallbackServerContext* context,
                                       const v1::UpdateCaseRequest* request,
                                       v1::Case* response) override;
  grpc::ServerUnaryReactor* WithdrawCase(grpc::CallbackServerContext* context,
                                         const v1::WithdrawCaseRequest* request,
                                         v1::Case* response) override;
  grpc::ServerUnaryReactor* GetCaseStatus(grpc::CallbackServerContext* context,
                                          const v1::GetCaseStatusRequest* request,
                                          v1::CaseStatus* response) override;
  grpc::ServerBidiReactor<v1::ImportCasesRequest, v1::ImportCasesResponse>* ImportCases(
      grpc::CallbackServerContext* context) override;

 private:
  const RpcParts parts_;
};

}  // namespace pathways::intake

#endif  // PATHWAYS_SERVICES_INTAKE_RPC_H_
