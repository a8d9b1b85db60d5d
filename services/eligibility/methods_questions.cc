// The method that lists what a desk has to ask.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/eligibility/domain/questions.h"
#include "services/eligibility/explain.h"
#include "services/eligibility/methods.h"
#include "services/host/pages.h"
#include "services/type/names.h"
#include "services/type/problem.h"

namespace pathways::eligibility {
namespace {

using host::Caller;

constexpr int kPathwaysMost = 50;

v1::Question InWords(const AskedFact& asked, const Explainer& explainer) {
  const type::v1::Fact& fact = *asked.fact;
  v1::Question question;
  question.set_fact(fact.id());
  question.set_kind(fact.kind());
  question.set_list(fact.list());
  for (const type::v1::FactCode& code : fact.codes()) {
    v1::QuestionCode& shown = *question.add_codes();
    shown.set_code(code.code());
    *shown.mutable_text() = explainer.CodeText(code);
  }
  question.set_least(fact.least());
  question.set_greatest(fact.greatest());
  question.set_scope(fact.scope());
  question.set_storage(fact.storage());
  *question.mutable_ask() = explainer.FactText(fact.id(), &type::v1::FactWords::ask);
  *question.mutable_why() = explainer.FactText(fact.id(), &type::v1::FactWords::why);
  *question.mutable_person_ids() = {asked.person_ids.begin(), asked.person_ids.end()};
  *question.mutable_pathways() = {asked.pathways.begin(), asked.pathways.end()};
  *question.mutable_ask_only_if() = fact.ask_only_if();
  return question;
}

// The case named, or the pathways, which the policies must know.
void Check(const v1::ListQuestionsRequest& request, const Rules& rules,
           type::Violations& violations) {
  if (request.case_().empty() == request.pathways().empty()) {
    violations.Add("case", "must be given, or pathways, and not both");
  } else if (!request.case_().empty() && !type::ParseCaseName(request.case_())) {
    violations.Add("case", "must be cases/{case}");
  }
  if (request.pathways_size() > kPathwaysMost) {
    violations.Add("pathways", absl::StrCat("must be at most ", kPathwaysMost));
    return;
  }
  for (int i = 0; i < request.pathways_size(); ++i) {
    const auto& known = rules.pack().pathways();
    const bool is_known = std::any_of(known.begin(), known.end(), [&](const v1::Pathway& pathway) {
      return pathway.id() == request.pathways(i);
    });
    if (is_known) continue;
    violations.Add(absl::StrCat("pathways[", i, "]"),
                   "must be the id of a pathway of the policies in force");
  }
}

absl::StatusOr<std::vector<AskedFact>> Asked(const MethodParts& parts, const Rules& rules,
                                             const v1::ListQuestionsRequest& request) {
  if (request.case_().empty()) {
    return QuestionsOf(rules,
                       std::set<std::string>(request.pathways().begin(), request.pathways().end()));
  }
  const std::string case_id = *type::ParseCaseName(request.case_());
  ASSIGN_OR_RETURN(const engine::StreamRow row,
                   engine::ReadFolded(parts.domain, parts.store, case_id));
  RETURN_IF_ERROR(ScreeningOf(case_id, row).status());
  ASSIGN_OR_RETURN(const v1::EligibilityState state, StateIn(row));
  return QuestionsOf(rules, state.facts(), state.determinations());
}

absl::Status ListQuestions(MethodContext& context, const v1::ListQuestionsRequest& request,
                           v1::ListQuestionsResponse& response) {
  ASSIGN_OR_RETURN(const Policy policy, context.policies.InForce());
  type::Violations violations;
  Check(request, *policy.rules, violations);
  const Wording wording = WordingOf(request.language(), v1::AUDIENCE_PERSON, violations);
  RETURN_IF_ERROR(violations.ToStatus(host::kInvalidRequest));
  ASSIGN_OR_RETURN(const std::vector<AskedFact> asked,
                   Asked(context.parts, *policy.rules, request));
  const Explainer explainer(*policy.rules, wording.language, wording.audience);
  for (const AskedFact& fact : asked) {
    const bool is_alone = fact.fact->setting() == type::v1::FACT_SETTING_ALONE;
    (is_alone ? *response.add_alone() : *response.add_in_company()) = InWords(fact, explainer);
  }
  response.set_policy_version(policy.rules->pack().version());
  return absl::OkStatus();
}

}  // namespace

void AddQuestionMethods(const Context& context, host::Api& api) {
  api.methods.push_back(host::ReadMethod<v1::ListQuestionsRequest, v1::ListQuestionsResponse>(
      "ListQuestions", {host::kRegistrar, host::kViewer},
      [context](const Caller&, const auto& request, auto& response) {
        return ListQuestions(*context, request, response);
      }));
}

}  // namespace pathways::eligibility
