#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "services/base/status_macros.h"
#include "services/eligibility/difference_reach.h"
#include "services/eligibility/domain/decide.h"
#include "services/eligibility/domain/policy_reach.h"
#include "services/eligibility/domain/simulation.h"
#include "services/eligibility/domain/text_keys.h"
#include "services/eligibility/domain/told_count.h"
#include "services/eligibility/explain.h"
#include "services/eligibility/explain_grounds.h"
#include "services/eligibility/methods.h"
#include "services/eligibility/pack_differences.h"
#include "services/eligibility/policy_file.h"
#include "services/host/case_pass.h"
#include "services/host/pages.h"
#include "services/type/desk.h"
#include "services/type/facts.h"
#include "services/type/problem.h"
#include "services/type/stream_id.h"

namespace pathways::eligibility {
namespace {

using host::Caller;

constexpr int kPeopleMax = 50;
constexpr absl::Duration kTryAgain = absl::Seconds(20);
constexpr absl::Duration kFactsWait = absl::Seconds(2);

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

// Answers are held against the catalogue like those of a registration; nothing of them is stored.
// Gives the version of the catalogue.
absl::StatusOr<std::string> CheckAnswers(const MethodParts& parts, type::v1::CaseFacts& facts,
                                         type::Violations& violations) {
  ASSIGN_OR_RETURN(const engine::StreamRow row,
                   engine::ReadFolded(parts.domain, parts.store, type::kFactLedger));
  ASSIGN_OR_RETURN(const v1::EligibilityState state, StateIn(row));
  type::v1::FactCatalogue catalogue;
  if (row.version == 0 || !catalogue.ParseFromString(state.ledger().content())) {
    return type::RefuseFor(absl::StatusCode::kUnavailable, "FACTS_NOT_TOLD",
                           "intake has not told yet what people are asked: try again", kFactsWait);
  }
  ASSIGN_OR_RETURN(const auto known, type::Facts::Compile(std::move(catalogue)));
  const absl::CivilDay today = type::DeskDay(type::PlaceOf(facts), parts.clock.Now());
  for (int i = 0; i < facts.people_size(); ++i) {
    type::v1::PersonFacts& person = *facts.mutable_people(i);
    for (type::v1::FactAnswer& answer : *person.mutable_answers()) answer.clear_answered_on();
    *person.mutable_answers() =
        type::CheckAnswers(*known, person.answers(), {},
                           {absl::StrCat("facts.people[", i, "].answers"), today,
                            person.relationship() == type::v1::RELATIONSHIP_PRINCIPAL},
                           violations);
  }
  return state.ledger().versions().rbegin()->version();
}

void CheckAnonymous(const type::v1::CaseFacts& facts, type::Violations& violations) {
  if (facts.people().empty() || facts.people_size() > kPeopleMax) {
    violations.Add("facts.people", "must be 1 to 50 people");
  } else if (!CheckFacts(facts).ok()) {
    violations.Add("facts.people",
                   "must have one principal applicant, ids of their own and codes that exist");
  }
}

absl::Status AnotherSimulates() {
  return type::RefuseFor(absl::StatusCode::kResourceExhausted, "SIMULATION_RUNS",
                         "another simulation runs in this process; try again", kTryAgain);
}

absl::Status ScreenAnonymously(MethodContext& context, const v1::ScreenAnonymouslyRequest& request,
                               v1::ScreenAnonymouslyResponse& response) {
  type::v1::CaseFacts facts = Completed(request.facts());
  type::Violations violations;
  CheckAnonymous(facts, violations);
  std::string catalogue;
  if (facts.people_size() <= kPeopleMax) {
    ASSIGN_OR_RETURN(catalogue, CheckAnswers(context.parts, facts, violations));
  }
  const Wording wording = WordingOf(request.language(), request.audience(), violations);
  RETURN_IF_ERROR(violations.ToStatus(host::kInvalidRequest));
  ASSIGN_OR_RETURN(const Policy policy, context.policies.InForce());
  const absl::Time now = context.parts.clock.Now();
  v1::CaseScreened screened = ScreenFacts(facts, {*policy.rules, policy.number}, now);
  const Explainer explainer(*policy.rules, wording.language, wording.audience);
  AddSteps(explainer, policy.rules->On(AsOfTime(type::PlaceOf(facts), now)), facts,
           *response.mutable_steps());
  ExplainAll(explainer, *policy.rules, facts, catalogue, screened.determinations(),
             *response.mutable_explanations());
  response.mutable_determinations()->Swap(screened.mutable_determinations());
  response.set_policy_version(policy.rules->pack().version());
  response.set_notice(explainer.TextOf(kNoticeKey).text());
  return absl::OkStatus();
}

// Most differences that are told.
constexpr size_t kDifferencesMax = 2000;

// What `pack` is compared with, difference by difference.
absl::StatusOr<std::shared_ptr<const Rules>> RulesBefore(const v1::SimulatePolicyRequest& request,
                                                         const Policy& in_force) {
  if (!request.has_before()) return in_force.rules;
  const absl::StatusOr<v1::PolicyPack> pack = CheckedPack(request.before());
  if (pack.ok()) return Rules::Compile(*pack);
  // Told apart from the faults of the other pack.
  const type::v1::Problem problem = type::ProblemOf(pack.status());
  type::Violations violations;
  for (const type::v1::FieldViolation& fault : problem.violations()) {
    violations.Add(absl::StrCat("before.", fault.field()), fault.description());
  }
  RETURN_IF_ERROR(violations.ToStatus("INVALID_POLICY_PACK"));
  return pack.status();
}

// Differences between two packs, and what they reach. The rules must outlive it.
class Comparison {
 public:
  Comparison(const PolicyInForce& before, const PolicyInForce& after, absl::Time now)
      : after_(after.rules),
        differences_(DifferencesOf(before.rules.pack(), after.rules.pack())),
        left_out_(differences_.size() - std::min(differences_.size(), kDifferencesMax)) {
    differences_.resize(differences_.size() - left_out_);
    targets_ = TargetsOf(differences_, before.rules, after.rules);
    reach_.emplace(before, after, now, targets_);
  }

  void Add(const v1::EligibilityState& state, const v1::CaseScreened& now) {
    reach_->Add(state, now);
  }

  void Tell(const ToldCount& cases, v1::SimulatePolicyResponse& response) const {
    DifferenceWords words(after_);
    for (size_t i = 0; i < differences_.size(); ++i) {
      *response.add_differences() =
          words.Of(differences_[i], targets_[i], reach_->reaches()[i], cases);
    }
    response.set_differences_left_out(static_cast<int>(left_out_));
  }

 private:
  const Rules& after_;
  std::vector<PackDifference> differences_;
  size_t left_out_;
  std::vector<ReachTargets> targets_;
  std::optional<PolicyReach> reach_;
};

absl::Status SimulatePolicy(MethodContext& context, const Caller& caller,
                            const v1::SimulatePolicyRequest& request,
                            v1::SimulatePolicyResponse& response) {
  ASSIGN_OR_RETURN(const absl::Duration most, host::CasePassTime(request.seconds_max()));
  const absl::Time until = absl::Now() + most;
  ASSIGN_OR_RETURN(const v1::PolicyPack pack, CheckedPack(request.pack()));
  ASSIGN_OR_RETURN(const std::shared_ptr<const Rules> rules, Rules::Compile(pack));
  ASSIGN_OR_RETURN(const Policy in_force, context.policies.InForce());
  ASSIGN_OR_RETURN(const std::shared_ptr<const Rules> before, RulesBefore(request, in_force));
  const absl::Time now = context.parts.clock.Now();
  const PolicyInForce candidate{*rules, in_force.number + 1};
  Simulation simulation(candidate, now);
  std::optional<Comparison> comparison;
  if (request.differences()) {
    comparison.emplace(PolicyInForce{*before, in_force.number}, candidate, now);
  }
  const auto add = [&](const v1::EligibilityState& state) {
    const std::optional<v1::CaseScreened> screened = simulation.Add(state);
    if (comparison && screened) comparison->Add(state, *screened);
  };
  // Compiling and comparing the packs has taken some of the time.
  ASSIGN_OR_RETURN(const bool whole, Simulate(context, caller, until - absl::Now(), add));
  response.set_policy_version(in_force.rules->pack().version());
  const ToldCount cases = Tell(simulation.cases());
  response.set_cases(cases.told);
  response.set_whole(whole);
  for (v1::SimulationCell& cell : simulation.Cells()) *response.add_cells() = std::move(cell);
  if (!comparison) return absl::OkStatus();
  response.set_before_version(before->pack().version());
  comparison->Tell(cases, response);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> Simulate(MethodContext& context, const Caller& caller, absl::Duration most,
                              const std::function<void(const v1::EligibilityState&)>& add) {
  if (context.simulates.exchange(true)) return AnotherSimulates();
  const absl::Cleanup done = [&context] { context.simulates = false; };
  return host::ForEachCase(context.parts.domain, context.parts.store, caller, most,
                           [&](const std::string&, const engine::StreamRow& row) -> absl::Status {
                             ASSIGN_OR_RETURN(const v1::EligibilityState state, StateIn(row));
                             add(state);
                             return absl::OkStatus();
                           });
}

void AddUnstoredMethods(const Context& context, host::Api& api) {
  api.methods.push_back(host::ReadMethod<v1::SimulatePolicyRequest, v1::SimulatePolicyResponse>(
      "SimulatePolicy", {host::kPolicyOfficer},
      [context](const Caller& caller, const auto& request, auto& response) {
        return SimulatePolicy(*context, caller, request, response);
      }));
  host::Method anonymous =
      host::ReadMethod<v1::ScreenAnonymouslyRequest, v1::ScreenAnonymouslyResponse>(
          "ScreenAnonymously", {host::kRegistrar, host::kViewer},
          [context](const Caller&, const auto& request, auto& response) {
            return ScreenAnonymously(*context, request, response);
          });
  anonymous.per_minute = kAnonymousPerMinute;
  api.methods.push_back(std::move(anonymous));
}

}  // namespace pathways::eligibility
