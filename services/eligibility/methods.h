// Eligibility's API: the methods of pathways.eligibility.v1.EligibilityService.
//
// Thin: which command a request is, and what is answered. Rules are in domain/ and in the policy
// ledger. Screenings and pathways are in methods.cc, the ledger in methods_policy.cc, people who
// look at screenings in methods_review.cc, what stores nothing in methods_screening.cc.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_METHODS_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_METHODS_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pathways/eligibility/v1/eligibility_service.pb.h"
#include "pathways/eligibility/v1/state.pb.h"
#include "pathways/operations/v1/operations_service.pb.h"
#include "services/base/clock.h"
#include "services/eligibility/explain.h"
#include "services/eligibility/policy_reader.h"
#include "services/engine/domain.h"
#include "services/engine/engine.h"
#include "services/engine/store/event_store.h"
#include "services/host/keys.h"
#include "services/host/method.h"
#include "services/type/problem.h"

namespace pathways::eligibility {

// What the methods stand on. All must outlive them.
struct MethodParts {
  engine::Engine& engine;
  const engine::Domain& domain;
  engine::EventReader& store;
  const host::Keyring& keyring;
  const base::Clock& clock;
  std::function<void()> policy_changed;  // Called after a new version; must not block.
};

// Anonymous screenings of one principal in a minute.
inline constexpr int kAnonymousPerMinute = 60;

host::Api EligibilityApi(const MethodParts& parts);

// What all methods share.
struct MethodContext {
  explicit MethodContext(const MethodParts& stands_on)
      : parts(stands_on), policies(stands_on.domain, stands_on.store) {}

  const MethodParts parts;
  PolicyReader policies;
  std::atomic<bool> simulates = false;
};
using Context = std::shared_ptr<MethodContext>;

// Shows `add` the stored cases, as host::ForEachCase says, for what is counted over all of them.
// RESOURCE_EXHAUSTED with reason SIMULATION_RUNS: another count runs in this process.
absl::StatusOr<bool> Simulate(MethodContext& context, const host::Caller& caller,
                              absl::Duration most,
                              const std::function<void(const v1::EligibilityState&)>& add);

// Those of each file.
void AddPolicyMethods(const Context& context, host::Api& api);
void AddQuestionMethods(const Context& context, host::Api& api);
void AddReviewMethods(const Context& context, host::Api& api);
void AddUnstoredMethods(const Context& context, host::Api& api);

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

// Version of the fact catalogue that intake told last. Empty: none yet. DATA_LOSS as StateIn.
absl::StatusOr<std::string> FactCatalogueTold(const MethodParts& parts);

// A stored case as the API shows it. NOT_FOUND when it was not screened, DATA_LOSS when it cannot
// be read.
absl::StatusOr<v1::Screening> ScreeningOf(const std::string& case_id, const engine::StreamRow& row);

// A case, or the ledger, as it is stored. DATA_LOSS when it cannot be read.
absl::StatusOr<v1::EligibilityState> StateIn(const engine::StreamRow& row);

// Open cases that have waited since before a time for somebody to ask them for facts, for the
// operators' list.
absl::StatusOr<std::vector<operations::v1::StuckCase>> WaitingForInformation(
    const engine::Domain& domain, engine::EventReader& store, absl::Time before, int limit);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_METHODS_H_
