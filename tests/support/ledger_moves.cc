#include "tests/support/ledger_moves.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pathways/eligibility/v1/eligibility_service.grpc.pb.h"
#include "services/base/ids.h"
#include "services/eligibility/policy_file.h"
#include "services/referral/routes_file.h"
#include "tests/support/facts.h"

namespace pathways::testing_support {
namespace {

using eligibility::v1::EligibilityService;
using intake::v1::IntakeService;
using referral::v1::ReferralService;

constexpr int64_t kCeiling = 1'000'000;
constexpr char kWork[] = "mx-labour";
constexpr int kRoutesComeRoundAfter = 3;

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) std::abort();
  return *std::move(value);
}

std::string NameOf(int version) { return absl::StrCat("moved-", version); }

type::v1::FactCatalogue FactsOf(int version) {
  type::v1::FactCatalogue catalogue = SampleFacts()->catalogue();
  catalogue.set_version(NameOf(version));
  type::v1::Fact asked;
  for (const type::v1::Fact& fact : catalogue.facts()) {
    if (fact.id() == "job_offer") asked = fact;
  }
  asked.set_id(kAskedFact);
  for (type::v1::FactWords& words : *asked.mutable_words()) {
    words.set_name(absl::StrCat(words.name(), " (2)"));
    words.clear_columns();
  }
  if (version % 2 == 1) {
    asked.mutable_retired_on()->set_year(2020);
    asked.mutable_retired_on()->set_month(1);
    asked.mutable_retired_on()->set_day(1);
  }
  *catalogue.add_facts() = std::move(asked);
  return catalogue;
}

eligibility::v1::PolicyPack PoliciesOf(int version) {
  eligibility::v1::PolicyPack pack =
      Must(eligibility::LoadPack(absl::StrCat(PATHWAYS_SOURCE_DIR, "/policies/2023-07-28")));
  pack.set_version(NameOf(version));
  for (eligibility::v1::Pathway& pathway : *pack.mutable_pathways()) {
    if (pathway.id() != kWork || version % 2 == 1) continue;
    pathway.mutable_statuses(0)->set_status(eligibility::v1::PATHWAY_STATUS_SUSPENDED);
  }
  return pack;
}

referral::v1::AgencyRoutes RoutesOf(int version) {
  referral::v1::AgencyRoutes routes =
      Must(referral::LoadRoutes(PATHWAYS_SOURCE_DIR "/samples/agencies.textproto"));
  routes.set_version(NameOf(version));
  const int turn = version % kRoutesComeRoundAfter;
  for (referral::v1::Agency& agency : *routes.mutable_agencies()) {
    if (agency.id() == "sne" && turn != 1) agency.clear_pathways();
    if (agency.id() == "comar" && turn == 0) {
      agency.add_pathways(kWork);
      agency.add_facts("seeks_work");
    }
    // What it knows of the people first.
    if (agency.id() == "unhcr-mx" && turn == 2) agency.mutable_facts()->RemoveLast();
  }
  return routes;
}

std::string RequestId(const char* what, MovedLedger ledger, int version) {
  return base::UuidOf(absl::StrCat(what, " ", ServiceOf(ledger), " ", version));
}

template <typename Stub, typename Request>
absl::StatusOr<type::v1::LedgerProposal> Propose(
    const Caller& officer, const char* name,
    grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, type::v1::LedgerProposal*),
    Request request, MovedLedger ledger, int version, History& history) {
  request.set_reason_code("MOVED_BY_TEST");
  request.set_request_id(RequestId("propose", ledger, version));
  auto proposal = officer.Call(method, request);
  history.Add({officer.principal(), name, request.request_id(),
               proposal.ok() ? proposal->digest() : "", proposal.status().code()});
  return proposal;
}

}  // namespace

const char* ServiceOf(MovedLedger ledger) {
  switch (ledger) {
    case MovedLedger::kFacts:
      return "intake";
    case MovedLedger::kPolicies:
      return "eligibility";
    case MovedLedger::kRoutes:
      break;
  }
  return "referral";
}

absl::StatusOr<type::v1::LedgerProposal> ProposeVersion(const Caller& officer, MovedLedger ledger,
                                                        int version, History& history) {
  type::v1::LedgerCeiling ceiling;
  ceiling.set_referrals(kCeiling);
  ceiling.set_holds(kCeiling);
  if (ledger == MovedLedger::kFacts) {
    intake::v1::ProposeFactsRequest request;
    *request.mutable_catalogue() = FactsOf(version);
    return Propose(officer, "ProposeFacts", &IntakeService::Stub::ProposeFacts, request, ledger,
                   version, history);
  }
  if (ledger == MovedLedger::kPolicies) {
    eligibility::v1::ProposePolicyRequest request;
    *request.mutable_pack() = PoliciesOf(version);
    *request.mutable_ceiling() = ceiling;
    return Propose(officer, "ProposePolicy", &EligibilityService::Stub::ProposePolicy, request,
                   ledger, version, history);
  }
  referral::v1::ProposeRoutesRequest request;
  *request.mutable_routes() = RoutesOf(version);
  *request.mutable_ceiling() = ceiling;
  return Propose(officer, "ProposeRoutes", &ReferralService::Stub::ProposeRoutes, request, ledger,
                 version, history);
}

absl::StatusOr<type::v1::LedgerVersion> ConfirmVersion(const Caller& officer, MovedLedger ledger,
                                                       int version, const std::string& digest,
                                                       History& history) {
  type::v1::ConfirmVersionRequest request;
  request.set_digest(digest);
  request.set_request_id(RequestId("confirm", ledger, version));
  switch (ledger) {
    case MovedLedger::kFacts:
      return officer.Change("ConfirmFacts", &IntakeService::Stub::ConfirmFacts, request, history);
    case MovedLedger::kPolicies:
      return officer.Change("ConfirmPolicy", &EligibilityService::Stub::ConfirmPolicy, request,
                            history);
    case MovedLedger::kRoutes:
      break;
  }
  return officer.Change("ConfirmRoutes", &ReferralService::Stub::ConfirmRoutes, request, history);
}

}  // namespace pathways::testing_support
