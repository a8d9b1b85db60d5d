#include "services/eligibility/methods.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "pathways/eligibility/v1/state.pb.h"
#include "services/base/serialize.h"
#include "services/base/status_macros.h"
#include "services/eligibility/domain/decide.h"
#include "services/eligibility/domain/interactions.h"
#include "services/eligibility/domain/ledger.h"
#include "services/eligibility/domain/text_keys.h"
#include "services/eligibility/explain.h"
#include "services/eligibility/explain_grounds.h"
#include "services/host/pages.h"
#include "services/host/requests.h"
#include "services/type/dates.h"
#include "services/type/desk.h"
#include "services/type/facts.h"
#include "services/type/languages.h"
#include "services/type/names.h"
#include "services/type/notice.h"
#include "services/type/problem.h"

namespace pathways::eligibility {
namespace {

using engine::Answer;
using host::Caller;

constexpr int kPageUsual = 100;
constexpr int kPageMax = 1000;
constexpr char kNameForm[] = "must be cases/{case}/screening";
constexpr char kPathwayPrefix[] = "pathways/";

absl::Status NotScreened() {
  return type::Refuse(absl::StatusCode::kNotFound, "CASE_NOT_FOUND",
                      "no screening of this case: check the name, or wait until it is screened");
}

// Where nothing else is asked for.
Explainer ForStaff(const Rules& rules) { return {rules, "en", v1::AUDIENCE_STAFF}; }

bool IsMadeAlike(const v1::Determination& a, const v1::Determination& b) {
  return a.policy_version() == b.policy_version() &&
         a.as_of().SerializeAsString() == b.as_of().SerializeAsString() &&
         a.known_on().SerializeAsString() == b.known_on().SerializeAsString();
}

// Each determination in the words of the pack that it was made with, and what it stands on.
absl::Status AddWords(MethodContext& context, const Wording& wording,
                      const v1::EligibilityState& state, v1::Screening& screening) {
  ASSIGN_OR_RETURN(const std::string catalogue, FactCatalogueTold(context.parts));
  // Facts that are not whole explain nothing.
  const bool are_at_hand = !state.withdrawn() && !state.facts_lost();
  const type::v1::CaseFacts facts = are_at_hand ? state.facts() : type::v1::CaseFacts();
  const Determinations& all = screening.determinations();
  for (int begin = 0, end = 0; begin < all.size(); begin = end) {
    Determinations alike;
    while (end < all.size() && IsMadeAlike(all[begin], all[end])) *alike.Add() = all[end++];
    ASSIGN_OR_RETURN(const std::shared_ptr<const Rules> rules,
                     context.policies.OfVersion(all[begin].policy_version()));
    const Explainer explainer(*rules, wording.language, wording.audience);
    ExplainAll(explainer, *rules, facts, catalogue, alike, *screening.mutable_explanations());
    // In the language that was asked for, as the explanations are.
    screening.set_notice(explainer.TextOf(kNoticeKey).text());
  }
  return absl::OkStatus();
}

absl::Status FillPage(const MethodParts& parts, const std::string& after, int page_size,
                      v1::ListScreeningsResponse& response) {
  ASSIGN_OR_RETURN(const std::vector<std::string> keys,
                   parts.store.ReadList(kScreeningsIndex, "", after, page_size));
  for (const std::string& case_id : keys) {
    ASSIGN_OR_RETURN(const engine::StreamRow row,
                     engine::ReadFolded(parts.domain, parts.store, case_id));
    ASSIGN_OR_RETURN(*response.add_screenings(), ScreeningOf(case_id, row));
  }
  if (static_cast<int>(keys.size()) == page_size) {
    response.set_next_page_token(host::PageTokenOf(keys.back()));
  }
  return absl::OkStatus();
}

}  // namespace

Wording WordingOf(const std::string& language, v1::Audience audience,
                  type::Violations& violations) {
  Wording wording;
  const auto known = type::LanguageOfTag(language);
  if (known) wording.language = type::LanguageToSpeak(*known);
  if (!known && !language.empty()) violations.Add("language", "must be es, ht, en, fr or pt");
  if (audience != v1::AUDIENCE_UNSPECIFIED) wording.audience = audience;
  return wording;
}

void AddSteps(const Explainer& explainer, const RulesOfDay& rules, const type::v1::CaseFacts& facts,
              google::protobuf::RepeatedPtrField<v1::StepText>& steps) {
  for (const v1::StepAdvice& advice : StepsFor(rules, facts)) {
    *steps.Add() = explainer.Advise(advice);
  }
}

absl::StatusOr<v1::EligibilityState> StateIn(const engine::StreamRow& row) {
  v1::EligibilityState state;
  if (!state.ParseFromString(row.state.open)) {
    return absl::DataLossError("a stored screening cannot be read");
  }
  return state;
}

absl::StatusOr<std::string> FactCatalogueTold(const MethodParts& parts) {
  ASSIGN_OR_RETURN(const engine::StreamRow row,
                   engine::ReadFolded(parts.domain, parts.store, type::kFactLedger));
  ASSIGN_OR_RETURN(const v1::EligibilityState state, StateIn(row));
  const auto& versions = state.ledger().versions();
  return versions.empty() ? "" : versions[versions.size() - 1].version();
}

absl::StatusOr<v1::Screening> ScreeningOf(const std::string& case_id,
                                          const engine::StreamRow& row) {
  ASSIGN_OR_RETURN(const v1::EligibilityState state, StateIn(row));
  if (state.based_on() == 0) return NotScreened();
  v1::Screening screening;
  screening.set_name(type::CaseName(case_id) + "/screening");
  screening.set_etag(absl::StrCat(row.version));
  *screening.mutable_determinations() = state.determinations();
  screening.set_based_on(state.based_on());
  *screening.mutable_screen_time() = state.screen_time();
  screening.set_withdrawn(state.withdrawn());
  screening.set_notice(type::kScreeningNotice);
  return screening;
}

namespace {

absl::Status GetScreening(MethodContext& context, const v1::GetScreeningRequest& request,
                          v1::Screening& response) {
  type::Violations violations;
  const auto case_id = type::ParseSingletonName(request.name(), "screening");
  if (!case_id) violations.Add("name", kNameForm);
  const Wording wording = WordingOf(request.language(), request.audience(), violations);
  RETURN_IF_ERROR(violations.ToStatus(host::kInvalidRequest));
  ASSIGN_OR_RETURN(const engine::StreamRow row,
                   engine::ReadFolded(context.parts.domain, context.parts.store, *case_id));
  ASSIGN_OR_RETURN(response, ScreeningOf(*case_id, row));
  ASSIGN_OR_RETURN(const v1::EligibilityState state, StateIn(row));
  RETURN_IF_ERROR(AddWords(context, wording, state, response));
  if (response.withdrawn()) return absl::OkStatus();
  // What to do next is a matter of today, whenever the case was screened.
  ASSIGN_OR_RETURN(const Policy policy, context.policies.InForce());
  const Explainer explainer(*policy.rules, wording.language, wording.audience);
  const AsOf today = AsOfTime(type::PlaceOf(state.facts()), context.parts.clock.Now());
  AddSteps(explainer, policy.rules->On(today), state.facts(), *response.mutable_steps());
  return absl::OkStatus();
}

absl::Status ListScreenings(MethodContext& context, const v1::ListScreeningsRequest& request,
                            v1::ListScreeningsResponse& response) {
  type::Violations violations;
  const int page_size =
      host::CheckPageSize(request.page_size(), kPageUsual, kPageMax, "page_size", violations);
  const std::optional<std::string> after = host::KeyOfPageToken(request.page_token());
  if (!after || (!after->empty() && !type::IsUuid(*after))) {
    violations.Add("page_token", "must be a next_page_token of this list");
  }
  RETURN_IF_ERROR(violations.ToStatus(host::kInvalidRequest));
  return FillPage(context.parts, *after, page_size, response);
}

absl::StatusOr<host::Change<v1::Screening>> ScreenCase(const Context& context, const Caller& caller,
                                                       const v1::ScreenCaseRequest& request) {
  type::Violations violations;
  const auto case_id = type::ParseSingletonName(request.name(), "screening");
  if (!case_id) violations.Add("name", kNameForm);
  type::CheckRequestId(request.request_id(), violations);
  RETURN_IF_ERROR(violations.ToStatus(host::kInvalidRequest));
  v1::EligibilityCommand payload;
  payload.mutable_screen_case();
  return host::Change<v1::Screening>{
      host::RequestCommand(*case_id, base::SerializeDeterministic(payload), caller.method, request,
                           caller.principal, context->parts.keyring),
      [context](const Answer& answer, v1::Screening& response) -> absl::Status {
        ASSIGN_OR_RETURN(response, ScreeningOf(answer.stream, answer.row));
        ASSIGN_OR_RETURN(const v1::EligibilityState state, StateIn(answer.row));
        return AddWords(*context, Wording(), state, response);
      }};
}

absl::Status ListPathways(MethodContext& context, v1::ListPathwaysResponse& response) {
  ASSIGN_OR_RETURN(const Policy policy, context.policies.InForce());
  const v1::PolicyPack& pack = policy.rules->pack();
  response.set_policy_version(pack.version());
  response.set_title(pack.title());
  const Explainer explainer = ForStaff(*policy.rules);
  for (const v1::Pathway& pathway : pack.pathways()) {
    v1::Pathway& shown = *response.add_pathways();
    shown = pathway;
    *shown.mutable_shown() =
        explainer.Describe(pathway, AsOfTime(type::kDefaultPlace, context.parts.clock.Now()));
  }
  return absl::OkStatus();
}

absl::Status GetPathway(MethodContext& context, const v1::GetPathwayRequest& request,
                        v1::Pathway& response) {
  absl::string_view id = request.name();
  type::Violations violations;
  if (!absl::ConsumePrefix(&id, kPathwayPrefix)) {
    violations.Add("name", "must be pathways/{pathway}");
  }
  RETURN_IF_ERROR(violations.ToStatus(host::kInvalidRequest));
  ASSIGN_OR_RETURN(const Policy policy, context.policies.InForce());
  for (const v1::Pathway& pathway : policy.rules->pack().pathways()) {
    if (pathway.id() != id) continue;
    response = pathway;
    *response.mutable_shown() =
        ForStaff(*policy.rules)
            .Describe(pathway, AsOfTime(type::kDefaultPlace, context.parts.clock.Now()));
    return absl::OkStatus();
  }
  return type::Refuse(absl::StatusCode::kNotFound, "PATHWAY_NOT_FOUND",
                      "the pack in force has no such pathway");
}

}  // namespace

host::Api EligibilityApi(const MethodParts& parts) {
  const auto context = std::make_shared<MethodContext>(parts);
  const host::Roles readers = {host::kRegistrar, host::kViewer};
  const host::Roles anybody = {host::kRegistrar, host::kViewer, host::kAgency, host::kOperator};
  host::Api api{"pathways.eligibility.v1.EligibilityService", &parts.engine, {}};
  api.methods.push_back(host::ReadMethod<v1::GetScreeningRequest, v1::Screening>(
      "GetScreening", readers, [context](const Caller&, const auto& request, auto& response) {
        return GetScreening(*context, request, response);
      }));
  api.methods.push_back(host::ReadMethod<v1::ListScreeningsRequest, v1::ListScreeningsResponse>(
      "ListScreenings", readers, [context](const Caller&, const auto& request, auto& response) {
        return ListScreenings(*context, request, response);
      }));
  // The answer reads the ledger and puts every determination into words: not on the engine's
  // thread.
  api.methods.push_back(host::ChangeMethod<v1::ScreenCaseRequest, v1::Screening>(
      "ScreenCase", {host::kRegistrar},
      [context](const Caller& caller, const auto& request) {
        return ScreenCase(context, caller, request);
      },
      host::Runs::kAtOnce, host::Runs::kInPool));
  api.methods.push_back(host::ReadMethod<v1::ListPathwaysRequest, v1::ListPathwaysResponse>(
      "ListPathways", anybody, [context](const Caller&, const auto&, auto& response) {
        return ListPathways(*context, response);
      }));
  api.methods.push_back(host::ReadMethod<v1::GetPathwayRequest, v1::Pathway>(
      "GetPathway", anybody, [context](const Caller&, const auto& request, auto& response) {
        return GetPathway(*context, request, response);
      }));
  AddPolicyMethods(context, api);
  AddUnstoredMethods(context, api);
  AddQuestionMethods(context, api);
  AddReviewMethods(context, api);
  return api;
}

absl::StatusOr<std::vector<operations::v1::StuckCase>> WaitingForInformation(
    const engine::Domain& /*domain*/, engine::EventReader& store, absl::Time before, int limit) {
  ASSIGN_OR_RETURN(const std::vector<std::string> keys,
                   store.ReadList(kNeedsInformationIndex, "", "", limit));
  std::vector<operations::v1::StuckCase> waiting;
  for (const std::string& key : keys) {
    const size_t slash = key.find('/');
    int64_t unix_micros = 0;
    if (slash == std::string::npos || !absl::SimpleAtoi(key.substr(0, slash), &unix_micros)) {
      return absl::DataLossError("a list entry cannot be read");
    }
    const absl::Time since = absl::FromUnixMicros(unix_micros);
    if (since >= before) break;  // In order of time.
    operations::v1::StuckCase& entry = waiting.emplace_back();
    entry.set_name(type::CaseName(key.substr(slash + 1)));
    entry.set_stage("OUTCOME_NEEDS_INFORMATION");
    *entry.mutable_since() = type::TimestampOf(since);
  }
  return waiting;
}

}  // namespace pathways::eligibility
