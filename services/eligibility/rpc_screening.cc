#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "services/eligibility/domain/decide.h"
#include "services/eligibility/domain/simulation.h"
#include "services/eligibility/domain/text_keys.h"
#include "services/eligibility/explain.h"
#include "services/eligibility/rpc.h"
#include "services/runtime/rpc/pages.h"
#include "services/runtime/status_macros.h"
#include "services/type/desk.h"
#include "services/type/problem.h"

namespace pathways::eligibility {
namespace {

using runtime::Method;
using runtime::Principal;
using Time = std::chrono::system_clock::time_point;

constexpr int kPeopleMax = 50;
constexpr int kHeadsPage = 500;
constexpr int kSecondsUsual = 20;
constexpr int kSecondsMax = 60;

const Method kSimulatePolicy{"SimulatePolicy", {"policy-officer"}};
const Method kScreenAnonymously{"ScreenAnonymously", {"registrar", "viewer"}};

// Puts in what somebody who is not registered need not say.
type::v1::CaseFacts Completed(type::v1::CaseFacts facts) {
  for (int i = 0; i < facts.people_size(); ++i) {
    type::v1::PersonFacts& person = *facts.mutable_people(i);
    if (person.person_id().empty()) person.set_person_id(absl::StrCat("p", i + 1));
    const bool is_alone = facts.people_size() == 1;
    if (is_alone) person.set_relationship(type::v1::RELATIONSHIP_PRINCIPAL);
  }
  return facts;
}

void CheckAnonymous(const type::v1::CaseFacts& facts, type::Violations& violations) {
  if (facts.people().empty() || facts.people_size() > kPeopleMax) {
    violations.Add("facts.people", "must be 1 to 50 people");
  } else if (!CheckFacts(facts).ok()) {
    violations.Add("facts.people",
                   "must have one principal applicant, ids of their own and codes that exist");
  }
}

// Adds cases until there are no more or the time is up. True: there are no more.
absl::StatusOr<bool> AddCases(runtime::EventStore& store,
                              const grpc::CallbackServerContext& context, Time until,
                              Simulation& simulation) {
  std::string after;
  for (;;) {
    if (std::chrono::system_clock::now() >= until || context.IsCancelled()) return false;
    ASSIGN_OR_RETURN(const std::vector<runtime::StreamHead> heads,
                     store.ReadHeads(after, kHeadsPage));
    if (heads.empty()) return true;
    std::vector<std::string> cases;
    for (const runtime::StreamHead& head : heads) {
      if (!type::IsServiceStream(head.stream)) cases.push_back(head.stream);
    }
    ASSIGN_OR_RETURN(const auto rows, store.ReadStates(cases));
    for (const auto& [case_id, row] : rows) {
      ASSIGN_OR_RETURN(const v1::EligibilityState state, StateIn(row));
      simulation.Add(state);
    }
    after = heads.back().stream;
  }
}

absl::Status AnotherSimulates() {
  return type::RefuseFor(absl::StatusCode::kResourceExhausted, "SIMULATION_RUNS",
                         "another simulation runs in this process; try again",
                         absl::Seconds(kSecondsUsual));
}

}  // namespace

grpc::ServerUnaryReactor* EligibilityRpc::ScreenAnonymously(
    grpc::CallbackServerContext* context, const v1::ScreenAnonymouslyRequest* request,
    v1::ScreenAnonymouslyResponse* response) {
  return parts_.edge.Read(
      context, kScreenAnonymously, [=, this](const Principal& principal) -> absl::Status {
        RETURN_IF_ERROR(anonymous_.Take(principal.Name()));
        const type::v1::CaseFacts facts = Completed(request->facts());
        type::Violations violations;
        CheckAnonymous(facts, violations);
        const Wording wording = WordingOf(request->language(), request->audience(), violations);
        RETURN_IF_ERROR(violations.ToStatus(runtime::kInvalidRequest));
        ASSIGN_OR_RETURN(const Policy policy, policies_.InForce());
        v1::CaseScreened screened =
            ScreenFacts(facts, {*policy.rules, policy.number}, parts_.clock.Now());
        const Explainer explainer(*policy.rules, wording.language, wording.audience);
        const AsOf today = AsOfTime(type::PlaceOf(facts), parts_.clock.Now());
        AddSteps(explainer, policy.rules->On(today), facts, *response->mutable_steps());
        for (const v1::Determination& determination : screened.determinations()) {
          *response->add_explanations() = explainer.Explain(determination);
        }
        response->mutable_determinations()->Swap(screened.mutable_determinations());
        response->set_policy_version(policy.rules->pack().version());
        response->set_notice(explainer.TextOf(kNoticeKey).text());
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* EligibilityRpc::SimulatePolicy(grpc::CallbackServerContext* context,
                                                         const v1::SimulatePolicyRequest* request,
                                                         v1::SimulatePolicyResponse* response) {
  return parts_.edge.Read(context, kSimulatePolicy, [=, this](const Principal&) -> absl::Status {
    type::Violations violations;
    const int seconds = runtime::CheckPageSize(request->seconds_max(), kSecondsUsual, kSecondsMax,
                                               "seconds_max", violations);
    RETURN_IF_ERROR(violations.ToStatus(runtime::kInvalidRequest));
    ASSIGN_OR_RETURN(const std::shared_ptr<const Rules> rules, Rules::Compile(request->pack()));
    if (simulates_.exchange(true)) return AnotherSimulates();
    const absl::Cleanup done = [this] { simulates_ = false; };
    ASSIGN_OR_RETURN(const Policy in_force, policies_.InForce());
    const PolicyInForce candidate{*rules, in_force.number + 1};
    Simulation simulation(candidate, parts_.clock.Now());
    // A little before the caller stops waiting.
    const Time until = std::min(std::chrono::system_clock::now() + std::chrono::seconds(seconds),
                                context->deadline() - std::chrono::milliseconds(200));
    ASSIGN_OR_RETURN(const bool whole, AddCases(parts_.store, *context, until, simulation));
    response->set_policy_version(in_force.rules->pack().version());
    response->set_cases(simulation.cases());
    response->set_whole(whole);
    for (v1::SimulationCell& cell : simulation.Cells()) *response->add_cells() = std::move(cell);
    return absl::OkStatus();
  });
}

}  // namespace pathways::eligibility
