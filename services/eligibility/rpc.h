// Eligibility's gRPC API: pathways.eligibility.v1.EligibilityService.
//
// A thin edge: who may call, which command a request is, what is answered. Rules are in domain/ and
// in the policy ledger. No handler blocks a gRPC thread. Screenings and pathways are in rpc.cc, the
// ledger in rpc_policy.cc, people who look at screenings in rpc_review.cc, what stores nothing in
// rpc_screening.cc.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_RPC_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_RPC_H_

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "pathways/eligibility/v1/eligibility_service.grpc.pb.h"
#include "pathways/eligibility/v1/state.pb.h"
#include "pathways/operations/v1/operations_service.pb.h"
#include "services/eligibility/explain.h"
#include "services/eligibility/policy_reader.h"
#include "services/runtime/clock.h"
#include "services/runtime/engine.h"
#include "services/runtime/keys.h"
#include "services/runtime/rpc/edge.h"
#include "services/runtime/rpc/rate_limit.h"
#include "services/runtime/store/event_store.h"
#include "services/type/problem.h"

namespace pathways::eligibility {

// What the API stands on. All must outlive the service.
struct RpcParts {
  const runtime::Edge& edge;
  runtime::Engine& engine;
  runtime::EventStore& store;
  const runtime::Keyring& keyring;
  const runtime::Clock& clock;
  std::function<void()> policy_changed;  // Called after ApplyPolicy; must not block.
};

// Anonymous screenings of one principal in a minute.
inline constexpr int kAnonymousPerMinute = 60;

class EligibilityRpc : public v1::EligibilityService::CallbackService {
 public:
  explicit EligibilityRpc(const RpcParts& parts)
      : parts_(parts), policies_(parts.store), anonymous_(kAnonymousPerMinute, parts.clock) {}

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
  grpc::ServerUnaryReactor* ApplyPolicy(grpc::CallbackServerContext* context,
                                        const v1::ApplyPolicyRequest* request,
                                        v1::PolicyVersion* response) override;
  grpc::ServerUnaryReactor* ListPolicyVersions(grpc::CallbackServerContext* context,
                                               const v1::ListPolicyVersionsRequest* request,
                                               v1::ListPolicyVersionsResponse* response) override;
  grpc::ServerUnaryReactor* ListPolicyChanges(grpc::CallbackServerContext* context,
                                              const v1::ListPolicyChangesRequest* request,
                                              v1::ListPolicyChangesResponse* response) override;
  grpc::ServerUnaryReactor* SimulatePolicy(grpc::CallbackServerContext* context,
                                           const v1::SimulatePolicyRequest* request,
                                           v1::SimulatePolicyResponse* response) override;
  grpc::ServerUnaryReactor* ScreenAnonymously(grpc::CallbackServerContext* context,
                                              const v1::ScreenAnonymouslyRequest* request,
                                              v1::ScreenAnonymouslyResponse* response) override;
  grpc::ServerUnaryReactor* ListReviews(grpc::CallbackServerContext* context,
                                        const v1::ListReviewsRequest* request,
                                        v1::ListReviewsResponse* response) override;
  grpc::ServerUnaryReactor* ReviewDetermination(grpc::CallbackServerContext* context,
                                                const v1::ReviewDeterminationRequest* request,
                                                v1::Screening* response) override;
  grpc::ServerUnaryReactor* ReplayScreening(grpc::CallbackServerContext* context,
                                            const v1::ReplayScreeningRequest* request,
                                            v1::ReplayScreeningResponse* response) override;

 private:
  const RpcParts parts_;
  PolicyReader policies_;
  runtime::RateLimit anonymous_;
  std::atomic<bool> simulates_ = false;
};

// Adds the steps that the people of a case could take, in words.
void AddSteps(const Explainer& explainer, const RulesOfDay& rules, const type::v1::CaseFacts& facts,
              google::protobuf::RepeatedPtrField<v1::StepText>& steps);

// In which language, and for whom, determinations are put into words.
struct Wording {
  std::string language = "en";
  v1::Audience audience = v1::AUDIENCE_STAFF;
};

// What a request asks for; notes a language that packs have no texts in.
Wording WordingOf(const std::string& language, v1::Audience audience, type::Violations& violations);

// A stored case as the API shows it. NOT_FOUND when it was not screened, DATA_LOSS when it cannot
// be read.
absl::StatusOr<v1::Screening> ScreeningOf(const std::string& case_id,
                                          const runtime::StreamRow& row);

// A case, or the ledger, as it is stored. DATA_LOSS when it cannot be read.
absl::StatusOr<v1::EligibilityState> StateIn(const runtime::StreamRow& row);

// The ledger as it is stored. DATA_LOSS when it cannot be read.
absl::StatusOr<v1::PolicyLedgerState> ReadLedger(runtime::EventStore& store);

// Open cases that have waited since before a time for somebody to ask them for facts, for the
// operators' list.
absl::StatusOr<std::vector<operations::v1::StuckCase>> WaitingForInformation(
    runtime::EventStore& store, absl::Time before, int limit);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_RPC_H_
