#include "tests/support/caller.h"

#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/byte_buffer.h>

#include <chrono>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/base/ids.h"
#include "services/base/status_macros.h"
#include "tests/support/answers.h"
#include "tests/support/stores.h"

namespace pathways::testing_support {
namespace {

using intake::v1::IntakeService;
using referral::v1::AgencyService;
using referral::v1::ReferralService;

constexpr absl::Duration kLook = absl::Milliseconds(5);
constexpr char kAgency[] = "unhcr-mx";
constexpr char kPhoneStart[] = "+52999";

// Cases of the script, by what becomes of them.
constexpr int kTakenCase = 0;
constexpr int kChangedCase = 1;
constexpr int kWithdrawnCase = 2;
constexpr int kSilentCase = 3;  // Without consent.
constexpr int kLastCase = 4;    // Two people; nothing comes after its referral.
constexpr int kCases = 5;

std::string RequestId(const std::string& what) { return base::UuidOf("script/" + what); }

type::v1::PartialDate Date(int year, int month, int day) {
  type::v1::PartialDate date;
  date.set_year(year);
  date.set_month(month);
  date.set_day(day);
  return date;
}

intake::v1::Person PersonOf(const std::string& test, int index, int member, History& history) {
  const std::string mark = absl::StrFormat("Zz%s%04dm%d", test, index, member);
  intake::v1::Person person;
  intake::v1::Identity& identity = *person.mutable_identity();
  identity.set_given_names(mark + "Given");
  identity.set_first_surname(mark + "Family");
  identity.set_registration_number(mark + "Number");
  identity.set_phone(absl::StrFormat("%s%06d", kPhoneStart, index));
  *identity.mutable_date_of_birth() = Date(1990, 2, 3);
  auto& document = *identity.add_documents();
  document.set_type(type::v1::DOCUMENT_TYPE_PASSPORT);
  document.set_number(mark + "Document");
  history.Plant("Zz" + test);
  history.Plant(kPhoneStart);
  person.set_relationship(member == 1 ? type::v1::RELATIONSHIP_PRINCIPAL
                                      : type::v1::RELATIONSHIP_SPOUSE);
  person.set_sex(type::v1::SEX_FEMALE);
  person.add_nationalities("HTI");
  *person.mutable_entry_date() = Date(2023, 6, 1);
  SetAnswer(person, "in_mexico", true);
  person.set_state("MX-CHP");
  return person;
}

intake::v1::RegisterCaseRequest ScriptRegistration(int index, History& history) {
  intake::v1::RegisterCaseRequest request = RegistrationOf("script", index, history);
  if (index == kSilentCase) request.mutable_case_()->set_consent(false);
  if (index == kLastCase) {
    *request.mutable_case_()->add_people() = PersonOf("script", index, 2, history);
  }
  return request;
}

// One round of the script; `process` tells when there is nobody to ask any more.
class Script {
 public:
  Script(const ServeFolder& folder, ServeProcess& process, History& history)
      : process_(process),
        history_(history),
        desk_(folder, process, "staff/desk"),
        agency_(folder, process, absl::StrCat("agency/", kAgency)) {}

  absl::Status Play() {
    std::vector<std::string> cases;
    for (int i = 0; i < kCases; ++i) {
      ASSIGN_OR_RETURN(const auto registered,
                       desk_.Change("RegisterCase", &IntakeService::Stub::RegisterCase,
                                    ScriptRegistration(i, history_), history_));
      cases.push_back(registered.name());
    }
    RETURN_IF_ERROR(SeekWork(cases[kChangedCase]));
    RETURN_IF_ERROR(TakeReferral(cases[kTakenCase]));
    RETURN_IF_ERROR(ReferralOf(cases[kWithdrawnCase]).status());
    intake::v1::WithdrawCaseRequest withdrawal;
    withdrawal.set_name(cases[kWithdrawnCase]);
    withdrawal.set_request_id(RequestId("withdraw"));
    RETURN_IF_ERROR(
        desk_.Change("WithdrawCase", &IntakeService::Stub::WithdrawCase, withdrawal, history_)
            .status());
    return ReferralOf(cases[kLastCase]).status();
  }

 private:
  // A new fact, by which a second pathway is open.
  absl::Status SeekWork(const std::string& name) {
    intake::v1::UpdateCaseRequest request;
    *request.mutable_case_() = ScriptRegistration(kChangedCase, history_).case_();
    request.mutable_case_()->set_name(name);
    for (auto& person : *request.mutable_case_()->mutable_people()) person.clear_identity();
    SetAnswer(*request.mutable_case_()->mutable_people(0), "seeks_work", true);
    request.mutable_update_mask()->add_paths("people");
    request.set_request_id(RequestId("update"));
    return desk_.Change("UpdateCase", &IntakeService::Stub::UpdateCase, request, history_).status();
  }

  absl::Status TakeReferral(const std::string& case_name) {
    ASSIGN_OR_RETURN(const std::string name, ReferralOf(case_name));
    referral::v1::ReceiveReferralRequest receive;
    receive.set_name(name);
    receive.set_request_id(RequestId("receive"));
    RETURN_IF_ERROR(
        agency_.Change("ReceiveReferral", &AgencyService::Stub::ReceiveReferral, receive, history_)
            .status());
    referral::v1::AcceptReferralRequest accept;
    accept.set_name(name);
    accept.set_request_id(RequestId("accept"));
    return agency_.Change("AcceptReferral", &AgencyService::Stub::AcceptReferral, accept, history_)
        .status();
  }

  // The first referral of a case, once there is one.
  absl::StatusOr<std::string> ReferralOf(const std::string& case_name) {
    referral::v1::ListReferralsRequest request;
    request.set_parent(case_name);
    const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoSeconds(kPatience);
    for (;;) {
      ASSIGN_OR_RETURN(const auto page, desk_.Call(&ReferralService::Stub::ListReferrals, request));
      if (page.referrals_size() > 0) return page.referrals(0).name();
      if (process_.WaitForEnd(kLook)) return absl::UnavailableError("the process ended");
      if (std::chrono::steady_clock::now() > deadline) {
        return absl::DeadlineExceededError(case_name + " was not referred");
      }
    }
  }

  ServeProcess& process_;
  History& history_;
  const Caller desk_;
  const Caller agency_;
};

grpc::ByteBuffer BufferOf(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Valid() || !buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

}  // namespace

std::shared_ptr<grpc::Channel> ChannelTo(int port) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // A port may be given to the next process: nothing of the last connection may be left.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port),
                                   grpc::InsecureChannelCredentials(), arguments);
}

Caller::Caller(const ServeFolder& folder, const ServeProcess& process, const std::string& principal)
    : Caller(process.port(), principal, folder.TokenOf(principal)) {}

Caller::Caller(int port, std::string principal, const std::string& token)
    : principal_(std::move(principal)),
      authorization_(absl::StrCat("Bearer ", token)),
      channel_(ChannelTo(port)) {}

Caller Caller::WithLimit(absl::Duration limit) const {
  Caller limited = *this;
  limited.limit_ = limit;
  return limited;
}

void Caller::Prepare(grpc::ClientContext& context, absl::Duration limit) const {
  context.AddMetadata("authorization", authorization_);
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(limit));
}

absl::StatusOr<std::string> Caller::CallRaw(const std::string& path,
                                            const std::string& bytes) const {
  grpc::ClientContext context;
  Prepare(context);
  grpc::GenericStub stub(channel_);
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareUnaryCall(&context, path, BufferOf(bytes), &queue);
  call->StartCall();
  grpc::ByteBuffer answer;
  grpc::Status status;
  call->Finish(&answer, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);  // The call has a deadline.
  if (!status.ok()) return cli::ToStatus(status);
  return BytesOf(answer);
}

// grpc.health.v1 by hand, so that no health protos have to be there: the request's field 1 is the
// name, the response's field 1 is 1 for SERVING.
bool Caller::IsServing(const std::string& service) const {
  const std::string request =
      absl::StrCat("\x0a", std::string(1, static_cast<char>(service.size())), service);
  const auto answer = CallRaw("/grpc.health.v1.Health/Check", request);
  return answer.ok() && *answer == "\x08\x01";
}

intake::v1::RegisterCaseRequest RegistrationOf(const std::string& test, int index,
                                               History& history) {
  intake::v1::RegisterCaseRequest request;
  *request.mutable_case_()->add_people() = PersonOf(test, index, 1, history);
  request.mutable_case_()->set_consent(true);
  request.set_request_id(base::UuidOf(absl::StrCat(test, "/", index)));
  return request;
}

absl::Status PlayScript(const ServeFolder& folder, ServeProcess& process, History& history) {
  return Script(folder, process, history).Play();
}

absl::Status MoveLastCase(const ServeFolder& folder, const ServeProcess& process,
                          const std::string& state, History& history) {
  const Caller desk(folder, process, "staff/desk");
  intake::v1::UpdateCaseRequest request;
  *request.mutable_case_() = ScriptRegistration(kLastCase, history).case_();
  ASSIGN_OR_RETURN(const auto registered,
                   desk.Change("RegisterCase", &IntakeService::Stub::RegisterCase,
                               ScriptRegistration(kLastCase, history), history));
  request.mutable_case_()->set_name(registered.name());
  for (auto& person : *request.mutable_case_()->mutable_people()) {
    person.clear_identity();
    person.set_state(state);
  }
  request.mutable_update_mask()->add_paths("people");
  request.set_request_id(RequestId("move/" + state));
  return desk.Change("UpdateCase", &IntakeService::Stub::UpdateCase, request, history).status();
}

bool WaitUntilSettled(const ServeFolder& folder, ServeProcess& process, absl::Duration limit) {
  Stores stores(folder.data());
  const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(limit);
  while (!stores.HaveCaughtUp()) {
    if (process.WaitForEnd(kLook) || std::chrono::steady_clock::now() > deadline) return false;
  }
  return true;
}

}  // namespace pathways::testing_support
