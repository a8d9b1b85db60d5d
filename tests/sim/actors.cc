#include "tests/sim/actors.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "pathways/eligibility/v1/state.pb.h"
#include "pathways/intake/v1/state.pb.h"
#include "pathways/referral/v1/state.pb.h"
#include "services/base/ids.h"
#include "services/base/serialize.h"
#include "services/eligibility/domain/ledger.h"
#include "services/host/ledger_start.h"
#include "services/intake/requests.h"
#include "services/referral/domain/routes.h"
#include "services/type/names.h"
#include "services/type/problem.h"
#include "tests/support/answers.h"

namespace pathways::sim {
namespace {

constexpr std::chrono::seconds kPatience{20};
constexpr int64_t kHouseholds = 12;
const host::Principal kDesk{"staff", "desk", {"registrar"}};

void SetDate(type::v1::PartialDate& date, int year, int month, int day) {
  date.set_year(year);
  date.set_month(month);
  date.set_day(day);
}

void MakePerson(intake::v1::Person& person, int number, Random& random) {
  person.mutable_identity()->set_given_names(absl::StrCat("Sim ", number));
  person.set_relationship(type::v1::RELATIONSHIP_PRINCIPAL);
  person.set_sex(random.OneIn(2) ? type::v1::SEX_FEMALE : type::v1::SEX_MALE);
  // Who has a birthday that matters in the days that are played.
  const bool soon = random.OneIn(2);
  SetDate(*person.mutable_identity()->mutable_date_of_birth(), soon ? 2005 : 1990, 10,
          18 + static_cast<int>(random.Below(10)));
  person.add_nationalities("HTI");
  SetDate(*person.mutable_entry_date(), 2023, 6, 1);
  SetAnswer(person, "in_mexico", true);
  person.set_state("MX-CHP");
  person.set_refugee_claim(type::v1::REFUGEE_CLAIM_NONE);
  SetAnswer(person, "left_country_for_fear", random.OneIn(2));
  SetAnswer(person, "seeks_work", random.OneIn(2));
}

// What an agency does with a referral next.
std::optional<referral::v1::ReferralActionCommand> NextAction(
    const referral::v1::StoredReferral& stored, Random& random) {
  referral::v1::ReferralActionCommand action;
  action.set_referral_id(stored.referral_id());
  action.set_agency(stored.referral().agency());
  switch (stored.referral().state()) {
    case referral::v1::REFERRAL_STATE_SUBMITTED:
      action.set_action(referral::v1::REFERRAL_ACTION_RECEIVE);
      return action;
    case referral::v1::REFERRAL_STATE_RECEIVED:
      if (random.OneIn(3)) {
        action.set_action(referral::v1::REFERRAL_ACTION_REJECT);
        action.set_reason_code("OUTSIDE_CAPACITY");
      } else {
        action.set_action(referral::v1::REFERRAL_ACTION_ACCEPT);
      }
      return action;
    case referral::v1::REFERRAL_STATE_ACCEPTED:
      action.set_action(referral::v1::REFERRAL_ACTION_REPORT_STAGE);
      action.set_stage("INTERVIEW");
      return action;
    case referral::v1::REFERRAL_STATE_WITHDRAWAL_REQUESTED:
      action.set_action(referral::v1::REFERRAL_ACTION_GRANT_WITHDRAWAL);
      return action;
    default:
      return std::nullopt;
  }
}

// Whether an answer settles a request: it was carried out, or will never be.
bool Settles(const absl::Status& status) {
  return !absl::IsUnavailable(status) && !absl::IsResourceExhausted(status) &&
         !(absl::IsAborted(status) && type::ProblemOf(status).reason().empty());
}

// Whether the same request may be accepted later, once a service has heard of another one: who was
// refused so does not call again under the same id.
bool MayTurn(const absl::Status& status) {
  return type::ProblemOf(status).reason() == "FACTS_NOT_IN_FORCE";
}

}  // namespace

Actors::Actors(Surroundings& around, const Ground& ground,
               const std::unique_ptr<MemoryStore>& intake,
               const std::unique_ptr<MemoryStore>& referral, Find find)
    : around_(around),
      ground_(ground),
      keyring_(*ground.keyring),
      intake_(intake),
      referral_(referral),
      find_(std::move(find)),
      cases_max_(2 + around.random().Below(6)),
      changes_max_(around.random().Below(20)),
      policies_max_(around.random().Below(3)) {}

void Actors::Step() {
  Random& random = around_.random();
  // First whoever waits: they call again when nobody answers, and now and then although somebody
  // did.
  if (!calls_.empty()) {
    Call& call = *calls_[static_cast<size_t>(random.Below(static_cast<int64_t>(calls_.size())))];
    const bool again = call.answered && !MayTurn(*call.answered) && call.tries < 4 &&
                       random.OneIn(30) && !finishing_;
    if (!call.answered || again) Try(call);
  }
  if (finishing_) {
    for (const auto& call : calls_) {
      if (!call->answered) Try(*call);
    }
    return;
  }
  if (static_cast<int64_t>(cases_.size()) < cases_max_ && random.OneIn(20)) return Register();
  if (policies_ < policies_max_ && random.OneIn(300)) return ChangePolicy();
  if (catalogues_ < policies_max_ && random.OneIn(300)) return ChangeFacts();
  if (routes_ < policies_max_ && random.OneIn(300)) return ChangeRoutes();
  if (cases_.empty() || !random.OneIn(20) || changes_max_ == 0) return;
  const std::string id =
      cases_[static_cast<size_t>(random.Below(static_cast<int64_t>(cases_.size())))];
  --changes_max_;
  switch (random.Below(8)) {
    case 0:
      return Withdraw(id);
    case 1:
    case 2:
    case 3:
      return Update(id);
    default:
      return Act(id);
  }
}

bool Actors::AreDone() const {
  for (const auto& call : calls_) {
    if (!call->answered) return false;
  }
  return true;
}

std::string Actors::RequestId() { return base::UuidOf(absl::StrCat("request ", ++requests_)); }

Call& Actors::Add(const std::string& service, const std::string& method) {
  calls_.push_back(std::make_unique<Call>());
  calls_.back()->service = service;
  around_.Note(method);
  return *calls_.back();
}

void Actors::Register() {
  intake::v1::RegisterCaseRequest request;
  request.set_request_id(RequestId());
  request.mutable_case_()->set_consent(!around_.random().OneIn(6));
  intake::v1::Person& person = *request.mutable_case_()->add_people();
  MakePerson(person, requests_, around_.random());
  // Of a few numbers, so that two desks register one household now and then.
  if (around_.random().OneIn(2)) {
    person.mutable_identity()->set_registration_number(
        absl::StrCat("H", around_.random().Below(kHouseholds)));
  }
  Call& call = Add("intake", "RegisterCase");
  call.registers = true;
  call.request_key = keyring_.RequestKey(kDesk.Name(), "RegisterCase", request.request_id());
  call.make = [this, request](Process&, absl::Time now) {
    return intake::RegisterCommand(request, kDesk, keyring_, ground_.in_force->Get(), now);
  };
}

void Actors::Update(const std::string& id) {
  const absl::StatusOr<engine::StreamRow> row = intake_->ReadState(id);
  // What the desk last read, or what there is now.
  engine::StreamRow& copy = copies_["intake " + id];
  if (copy.version == 0 || around_.random().OneIn(2)) copy = *row;
  absl::StatusOr<intake::v1::Case> shown = intake::CaseOf(id, copy);
  if (!shown.ok() || shown->people().empty()) return;
  intake::v1::UpdateCaseRequest request;
  request.set_request_id(RequestId());
  *request.mutable_case_() = *shown;
  if (around_.random().OneIn(2)) request.mutable_case_()->clear_etag();
  if (around_.random().OneIn(4)) {
    request.mutable_case_()->set_consent(!shown->consent());
    request.mutable_update_mask()->add_paths("consent");
  } else {
    intake::v1::Person& person = *request.mutable_case_()->mutable_people(0);
    const auto* const seeks = type::FindAnswer(person.answers(), "seeks_work");
    SetAnswer(person, "seeks_work", seeks == nullptr || !seeks->yes());
    request.mutable_update_mask()->add_paths("people");
  }
  Call& call = Add("intake", "UpdateCase");
  call.request_key = keyring_.RequestKey(kDesk.Name(), "UpdateCase", request.request_id());
  call.make = [this, request](Process& process, absl::Time now) {
    return intake::UpdateCommand(request, kDesk, keyring_, ground_.in_force->Get(),
                                 process.domain(), process.session(), now);
  };
}

void Actors::Withdraw(const std::string& id) {
  intake::v1::WithdrawCaseRequest request;
  request.set_request_id(RequestId());
  request.set_name(type::CaseName(id));
  Call& call = Add("intake", "WithdrawCase");
  call.request_key = keyring_.RequestKey(kDesk.Name(), "WithdrawCase", request.request_id());
  call.make = [this, request](Process&, absl::Time) {
    return intake::WithdrawCommand(request, kDesk, keyring_);
  };
}

void Actors::Act(const std::string& id) {
  engine::StreamRow& copy = copies_["referral " + id];
  if (copy.version == 0 || around_.random().OneIn(2)) copy = *referral_->ReadState(id);
  referral::v1::ReferralCaseState state;
  if (!state.ParseFromString(copy.state.open) || state.referrals().empty()) return;
  const auto& stored =
      state.referrals(static_cast<int>(around_.random().Below(state.referrals_size())));
  std::optional<referral::v1::ReferralActionCommand> action = NextAction(stored, around_.random());
  if (!action) return;
  if (around_.random().OneIn(2)) action->set_etag(absl::StrCat(stored.version()));
  referral::v1::ReferralCommand payload;
  *payload.mutable_action() = *std::move(action);
  const std::string bytes = base::SerializeDeterministic(payload);
  const std::string principal = "agency/" + stored.referral().agency();
  engine::Command command;
  command.stream = id;
  command.payload = bytes;
  const std::string key = keyring_.RequestKey(principal, "Act", RequestId());
  command.origin = engine::RequestOrigin{key, keyring_.Fingerprint(bytes), principal, "Act"};
  Call& call = Add("referral", "Act");
  call.request_key = key;
  call.make = [command](Process&, absl::Time) { return command; };
}

void Actors::ChangePolicy() {
  ++policies_;
  eligibility::v1::PolicyPack pack = ground_.packs[static_cast<size_t>(policies_ % 2)];
  pack.set_version(absl::StrCat(pack.version(), "-", policies_));
  ApplyAsTwo({"eligibility",
              eligibility::kPolicyLedgerKind,
              {type::kFactLedger},
              host::LedgerCommandOf<eligibility::v1::EligibilityCommand>},
             pack.version(), base::SerializeDeterministic(pack));
}

// Every other version asks for one fact less.
void Actors::ChangeFacts() {
  ++catalogues_;
  type::v1::FactCatalogue catalogue = ground_.facts->catalogue();
  catalogue.set_version(absl::StrCat(catalogue.version(), "-", catalogues_));
  for (type::v1::Fact& fact : *catalogue.mutable_facts()) {
    if (fact.id() != "work_papers" || catalogues_ % 2 == 0) continue;
    fact.mutable_retired_on()->set_year(2020);
    fact.mutable_retired_on()->set_month(1);
    fact.mutable_retired_on()->set_day(1);
  }
  ApplyAsTwo(
      {"intake", type::kFactLedgerKind, {}, host::LedgerCommandOf<intake::v1::IntakeCommand>},
      catalogue.version(), base::SerializeDeterministic(catalogue));
}

// Every other version has nobody for one of the pathways.
void Actors::ChangeRoutes() {
  ++routes_;
  referral::v1::AgencyRoutes routes = ground_.routes[static_cast<size_t>(routes_ % 2)];
  routes.set_version(absl::StrCat(routes.version(), "-", routes_));
  ApplyAsTwo({"referral",
              referral::kRoutesLedgerKind,
              {type::kFactLedger},
              host::LedgerCommandOf<referral::v1::ReferralCommand>},
             routes.version(), base::SerializeDeterministic(routes));
}

void Actors::ApplyAsTwo(const Ledger& ledger, const std::string& version, std::string content) {
  type::v1::LedgerCommand propose;
  type::v1::LedgerProposal& proposal = *propose.mutable_propose()->mutable_proposal();
  proposal.set_version(version);
  proposal.set_sha256(base::Sha256Hex(content));
  proposal.set_principal("staff/officer");
  proposal.set_reason_code("RULE_CHANGED");
  proposal.set_digest(base::Sha256Hex(base::SerializeDeterministic(proposal)));
  propose.mutable_propose()->set_content(std::move(content));
  type::v1::LedgerCommand confirm;
  confirm.mutable_confirm()->set_digest(proposal.digest());
  confirm.mutable_confirm()->set_principal("staff/second");
  engine::Command confirmation =
      LedgerRequest(ledger.kind.stream, ledger.command(confirm), "staff/second", "Confirm");
  confirmation.lookup.streams = ledger.looks_up;
  confirmation.lookup.streams.push_back(type::ProposalsOf(ledger.kind));
  Call& call = AddLedgerCall(ledger.service,
                             LedgerRequest(type::ProposalsOf(ledger.kind), ledger.command(propose),
                                           "staff/officer", "Propose"));
  call.then = [this, service = ledger.service, confirmation = std::move(confirmation)] {
    AddLedgerCall(service, confirmation);
  };
}

engine::Command Actors::LedgerRequest(const std::string& stream, std::string payload,
                                      const std::string& principal, const std::string& method) {
  engine::Command command;
  command.stream = stream;
  command.payload = std::move(payload);
  command.origin = engine::RequestOrigin{keyring_.RequestKey(principal, method, RequestId()),
                                         keyring_.Fingerprint(command.payload), principal, method};
  return command;
}

Call& Actors::AddLedgerCall(const std::string& service, engine::Command command) {
  const auto& origin = std::get<engine::RequestOrigin>(command.origin);
  Call& call = Add(service, origin.method);
  call.request_key = origin.key;
  call.make = [command = std::move(command)](Process&, absl::Time) { return command; };
  return call;
}

void Actors::Try(Call& call) {
  if (call.waits && base::SteadyNow() < call.until) return;
  absl::Time now;
  Process* process = find_(call.service, now);
  if (process == nullptr) return;
  absl::StatusOr<engine::Command> command = call.make(*process, now);
  ++call.tries;
  call.waits = true;
  call.until = base::SteadyNow() + kPatience;
  if (!command.ok()) return Hear(call, {command.status(), "", {}});
  const bool is_lost = around_.faults().lost_replies && around_.random().OneIn(4);
  process->engine().Submit(*std::move(command), [this, &call, is_lost](const engine::Answer& got) {
    // One that came after a refusal is heard: it may be another one.
    if (!is_lost || (call.answered && !call.answered->ok())) Hear(call, got);
  });
}

void Actors::Hear(Call& call, const engine::Answer& answer) {
  around_.Note(absl::StrCat("answer ", static_cast<int>(answer.status.code())));
  call.waits = false;
  if (!Settles(answer.status)) return;
  if (!call.answered) {
    call.answered = answer.status;
    call.stream = answer.stream;
    if (answer.status.ok() && call.registers) cases_.push_back(answer.stream);
    if (answer.status.ok() && call.then) call.then();
    return;
  }
  // A second answer: what was accepted stays so, under the same case.
  if (!call.answered->ok()) {
    if (answer.status.ok()) {
      call.answered = answer.status;
      call.stream = answer.stream;
      if (call.registers) cases_.push_back(answer.stream);
      if (call.then) call.then();
    }
  } else if (answer.status.ok() ? answer.stream != call.stream
                                : !absl::IsInvalidArgument(answer.status)) {
    contradictions_.push_back(absl::StrCat(call.service, ": a request that was accepted for ",
                                           call.stream, " is then answered ",
                                           answer.status.ToString(), " for ", answer.stream));
  }
}

}  // namespace pathways::sim
