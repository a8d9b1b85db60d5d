#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/base/serialize.h"
#include "services/base/status_macros.h"
#include "services/eligibility/domain/decide.h"
#include "services/eligibility/domain/review.h"
#include "services/eligibility/list_tokens.h"
#include "services/eligibility/methods.h"
#include "services/engine/sealed_fields.h"
#include "services/engine/store/key_range.h"
#include "services/host/ledger_pages.h"
#include "services/host/pages.h"
#include "services/host/requests.h"
#include "services/type/names.h"
#include "services/type/problem.h"

namespace pathways::eligibility {
namespace {

using engine::Answer;
using host::Caller;
using host::Principal;

constexpr int kPageUsual = 100;
constexpr int kPageMax = 1000;
constexpr int kEventsPage = 500;
constexpr char kNameForm[] = "must be cases/{case}/screening";

absl::StatusOr<v1::WaitingReview> WaitingOf(const std::string& case_id,
                                            const engine::StreamRow& row) {
  ASSIGN_OR_RETURN(const v1::EligibilityState state, StateIn(row));
  v1::WaitingReview waiting;
  waiting.set_screening(type::CaseName(case_id) + "/screening");
  waiting.set_etag(absl::StrCat(row.version));
  for (const v1::Determination& determination : state.determinations()) {
    if (!WaitsForReview(determination)) continue;
    *waiting.add_determinations() = determination;
    for (const v1::Review& review : state.reviews()) {
      const bool is_first_opinion =
          !review.settled() && SameSubstance(review.evaluated(), determination);
      if (is_first_opinion) *waiting.add_opinions() = review;
    }
  }
  return waiting;
}

absl::StatusOr<v1::ReviewCommand> CommandOf(const v1::ReviewDeterminationRequest& request,
                                            const Principal& principal) {
  v1::ReviewCommand command;
  int64_t seen = 0;
  type::Violations violations;
  if (!request.etag().empty() && (!absl::SimpleAtoi(request.etag(), &seen) || seen < 1)) {
    violations.Add("etag", "must be the etag of a screening");
  }
  if (!type::ParseSingletonName(request.name(), "screening")) violations.Add("name", kNameForm);
  if (request.pathway().empty()) violations.Add("pathway", "must be named");
  if (request.person_ids().empty()) violations.Add("person_ids", "must be named");
  type::CheckRequestId(request.request_id(), violations);
  RETURN_IF_ERROR(violations.ToStatus(host::kInvalidRequest));
  command.set_seen_version(seen);
  command.set_pathway(request.pathway());
  *command.mutable_person_ids() = request.person_ids();
  command.set_verdict(request.verdict());
  command.set_outcome(request.outcome());
  command.set_reason_code(request.reason_code());
  command.set_reviewer(principal.Name());
  return command;
}

// A past screening: what is recorded, and the case as it was right before.
struct Past {
  v1::EligibilityState before;
  v1::CaseScreened screened;
  int64_t number = 0;
  absl::Time time;
};

absl::Status NoSuchScreening() {
  return type::Refuse(absl::StatusCode::kNotFound, "SCREENING_NOT_FOUND",
                      "the case has no screening of this number");
}

// `number` 0: the last one.
absl::StatusOr<Past> ReadPast(engine::EventReader& store, const std::string& case_id,
                              int64_t number) {
  Past past;
  v1::EligibilityState state;
  int64_t from = 1;
  for (;;) {
    ASSIGN_OR_RETURN(const std::vector<engine::EventRow> events,
                     store.ReadStream(case_id, from, kEventsPage, /*with_sealed=*/true));
    for (const engine::EventRow& row : events) {
      v1::EligibilityEvent event;
      if (!engine::JoinEvent(row.data, row.sealed, event)) {
        return absl::DataLossError("a stored event cannot be read");
      }
      const bool is_wanted = number == 0 || row.number == number;
      if (event.has_case_screened() && is_wanted) {
        past = {state, event.case_screened(), row.number, row.time};
      }
      RETURN_IF_ERROR(Evolve(state, event, {case_id, row.number, row.time}));
      from = row.number + 1;
    }
    if (events.size() < static_cast<size_t>(kEventsPage)) break;
  }
  if (past.number == 0) return NoSuchScreening();
  return past;
}

bool AreSameOutcomes(const Determinations& a, const Determinations& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const v1::Determination& x, const v1::Determination& y) {
                      return IsSameUnit(x, y) && x.outcome() == y.outcome();
                    });
}

bool AreSameBytes(const Determinations& a, const Determinations& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const v1::Determination& x, const v1::Determination& y) {
                      return base::SerializeDeterministic(x) == base::SerializeDeterministic(y);
                    });
}

absl::Status Replay(engine::EventReader& store, PolicyReader& policies, const std::string& case_id,
                    int64_t number, v1::ReplayScreeningResponse& response) {
  ASSIGN_OR_RETURN(Past past, ReadPast(store, case_id, number));
  if (past.screened.policy_number() == 0) {
    return type::Refuse(absl::StatusCode::kFailedPrecondition, "POLICY_NOT_RECORDED",
                        "the screening is older than the policy ledger");
  }
  if (past.before.facts_lost()) {
    return type::Refuse(absl::StatusCode::kFailedPrecondition, "FACTS_LOST",
                        "the facts that were screened are not recorded any more");
  }
  ASSIGN_OR_RETURN(const auto rules, policies.OfNumber(past.screened.policy_number()));
  v1::CaseScreened again =
      ScreenState(past.before, {*rules, past.screened.policy_number()}, past.time);
  const Determinations& recorded = past.screened.determinations();
  response.set_number(past.number);
  response.set_policy_version(rules->pack().version());
  if (!recorded.empty()) {
    response.set_recorded_evaluator_version(recorded[0].evaluator_version());
  }
  response.set_evaluator_version(kEvaluatorVersion);
  response.set_same_bytes(AreSameBytes(recorded, again.determinations()));
  response.set_same_outcomes(AreSameOutcomes(recorded, again.determinations()));
  response.mutable_recorded()->Swap(past.screened.mutable_determinations());
  response.mutable_replayed()->Swap(again.mutable_determinations());
  return absl::OkStatus();
}

absl::Status FillReviews(const MethodParts& parts, const std::string& after, int page_size,
                         v1::ListReviewsResponse& response) {
  ASSIGN_OR_RETURN(const std::vector<std::string> keys,
                   parts.store.ReadList(kReviewsIndex, "", after, page_size));
  for (const std::string& key : keys) {
    const std::string case_id(engine::KeyOfPlaced(key).value_or(""));
    ASSIGN_OR_RETURN(const engine::StreamRow row,
                     engine::ReadFolded(parts.domain, parts.store, case_id));
    ASSIGN_OR_RETURN(v1::WaitingReview waiting, WaitingOf(case_id, row));
    // Settled since the list was read.
    if (!waiting.determinations().empty()) *response.add_reviews() = std::move(waiting);
  }
  if (static_cast<int>(keys.size()) == page_size) {
    response.set_next_page_token(host::PlaceTokenOf(parts.store.Incarnation(), keys.back()));
  }
  return absl::OkStatus();
}

absl::Status ListReviews(MethodContext& context, const v1::ListReviewsRequest& request,
                         v1::ListReviewsResponse& response) {
  type::Violations violations;
  const int page_size =
      host::CheckPageSize(request.page_size(), kPageUsual, kPageMax, "page_size", violations);
  const std::optional<std::string> after =
      host::StoredKeyOfToken(request.page_token(), context.parts.store.Incarnation(), type::IsUuid);
  if (!after) violations.Add("page_token", host::kNotAPlaceToken);
  RETURN_IF_ERROR(violations.ToStatus(host::kInvalidRequest));
  return FillReviews(context.parts, *after, page_size, response);
}

absl::StatusOr<host::Change<v1::Screening>> ReviewDetermination(
    MethodContext& context, const Caller& caller, const v1::ReviewDeterminationRequest& request) {
  v1::EligibilityCommand payload;
  ASSIGN_OR_RETURN(*payload.mutable_review(), CommandOf(request, caller.principal));
  return host::Change<v1::Screening>{
      host::RequestCommand(*type::ParseSingletonName(request.name(), "screening"),
                           base::SerializeDeterministic(payload), caller.method, request,
                           caller.principal, context.parts.keyring),
      [](const Answer& answer, v1::Screening& response) -> absl::Status {
        ASSIGN_OR_RETURN(response, ScreeningOf(answer.stream, answer.row));
        return absl::OkStatus();
      }};
}

absl::Status ReplayScreening(MethodContext& context, const v1::ReplayScreeningRequest& request,
                             v1::ReplayScreeningResponse& response) {
  type::Violations violations;
  const auto case_id = type::ParseSingletonName(request.name(), "screening");
  if (!case_id) violations.Add("name", kNameForm);
  if (request.number() < 0) violations.Add("number", "must not be negative");
  RETURN_IF_ERROR(violations.ToStatus(host::kInvalidRequest));
  return Replay(context.parts.store, context.policies, *case_id, request.number(), response);
}

}  // namespace

void AddReviewMethods(const Context& context, host::Api& api) {
  api.methods.push_back(host::ReadMethod<v1::ListReviewsRequest, v1::ListReviewsResponse>(
      "ListReviews", {host::kReviewer, host::kRegistrar},
      [context](const Caller&, const auto& request, auto& response) {
        return ListReviews(*context, request, response);
      }));
  api.methods.push_back(host::ChangeMethod<v1::ReviewDeterminationRequest, v1::Screening>(
      "ReviewDetermination", {host::kReviewer},
      [context](const Caller& caller, const auto& request) {
        return ReviewDetermination(*context, caller, request);
      }));
  api.methods.push_back(host::ReadMethod<v1::ReplayScreeningRequest, v1::ReplayScreeningResponse>(
      "ReplayScreening", {host::kReviewer, host::kPolicyOfficer},
      [context](const Caller&, const auto& request, auto& response) {
        return ReplayScreening(*context, request, response);
      }));
}

}  // namespace pathways::eligibility
