// Referral's gRPC APIs: ReferralService for the staff, AgencyService for agencies.
//
// Thin edges: who may call, which command a request is, what is answered. Both make the same
// command of an action; they differ in who acts. Rules are in domain/. No handler blocks a gRPC
// thread.
#ifndef PATHWAYS_SERVICES_REFERRAL_RPC_H_
#define PATHWAYS_SERVICES_REFERRAL_RPC_H_

#include "pathways/referral/v1/agency_service.grpc.pb.h"
#include "pathways/referral/v1/referral_service.grpc.pb.h"
#include "services/referral/watch.h"
#include "services/runtime/engine.h"
#include "services/runtime/keys.h"
#include "services/runtime/rpc/edge.h"
#include "services/runtime/store/event_store.h"

namespace pathways::referral {

// What the APIs stand on. All must outlive the services.
struct RpcParts {
  const runtime::Edge& edge;
  runtime::Engine& engine;
  runtime::EventStore& store;
  const runtime::Keyring& keyring;
  ReferralWatches& watches;
};

class ReferralRpc : public v1::ReferralService::CallbackService {
 public:
  explicit ReferralRpc(const RpcParts& parts) : parts_(parts) {}

  grpc::ServerUnaryReactor* GetReferral(grpc::CallbackServerContext* context,
                                        const v1::GetReferralRequest* request,
                                        v1::Referral* response) override;
  grpc::ServerUnaryReactor* ListReferrals(grpc::CallbackServerContext* context,
                                          const v1::ListReferralsRequest* request,
                                          v1::ListReferralsResponse* response) override;
  grpc::ServerUnaryReactor* ResubmitReferral(grpc::CallbackServerContext* context,
                                             const v1::ResubmitReferralRequest* request,
                                             v1::Referral* response) override;
  grpc::ServerUnaryReactor* WithdrawReferral(grpc::CallbackServerContext* context,
                                             const v1::WithdrawReferralRequest* request,
                                             v1::Referral* response) override;
  grpc::ServerUnaryReactor* SetHold(grpc::CallbackServerContext* context,
                                    const v1::SetHoldRequest* request,
                                    v1::Referral* response) override;
  grpc::ServerUnaryReactor* SetEscalation(grpc::CallbackServerContext* context,
                                          const v1::SetEscalationRequest* request,
                                          v1::Referral* response) override;

 private:
  const RpcParts parts_;
};

class AgencyRpc : public v1::AgencyService::CallbackService {
 public:
  explicit AgencyRpc(const RpcParts& parts) : parts_(parts) {}

  grpc::ServerUnaryReactor* GetReferral(grpc::CallbackServerContext* context,
                                        const v1::AgencyServiceGetReferralRequest* request,
                                        v1::Referral* response) override;
  grpc::ServerUnaryReactor* ListReferrals(
      grpc::CallbackServerContext* context, const v1::AgencyServiceListReferralsRequest* request,
      v1::AgencyServiceListReferralsResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchReferralsResponse>* WatchReferrals(
      grpc::CallbackServerContext* context, const v1::WatchReferralsRequest* request) override;
  grpc::ServerUnaryReactor* ReceiveReferral(grpc::CallbackServerContext* context,
                                            const v1::ReceiveReferralRequest* request,
                                            v1::Referral* response) override;
  grpc::ServerUnaryReactor* AcceptReferral(grpc::CallbackServerContext* context,
                                           const v1::AcceptReferralRequest* request,
                                           v1::Referral* response) override;
  grpc::ServerUnaryReactor* RejectReferral(grpc::CallbackServerContext* context,
                                           const v1::RejectReferralRequest* request,
                                           v1::Referral* response) override;
  grpc::ServerUnaryReactor* ReturnReferral(grpc::CallbackServerContext* context,
                                           const v1::ReturnReferralRequest* request,
                                           v1::Referral* response) override;
  grpc::ServerUnaryReactor* ReportStage(grpc::CallbackServerContext* context,
                                        const v1::ReportStageRequest* request,
                                        v1::Referral* response) override;
  grpc::ServerUnaryReactor* CompleteReferral(grpc::CallbackServerContext* context,
                                             const v1::CompleteReferralRequest* request,
                                             v1::Referral* response) override;
  grpc::ServerUnaryReactor* CloseReferral(grpc::CallbackServerContext* context,
                                          const v1::CloseReferralRequest* request,
                                          v1::Referral* response) override;
  grpc::ServerUnaryReactor* AnswerWithdrawal(grpc::CallbackServerContext* context,
                                             const v1::AnswerWithdrawalRequest* request,
                                             v1::Referral* response) override;

 private:
  const RpcParts parts_;
};

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_RPC_H_
