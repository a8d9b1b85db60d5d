#include "services/intake/import_cases.h"

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "pathways/intake/v1/intake_service.pb.h"
#include "pathways/intake/v1/state.pb.h"
#include "services/intake/requests.h"
#include "services/type/names.h"
#include "services/type/problem.h"

namespace pathways::intake {
namespace {

constexpr char kHouseholdRegistered[] = "HOUSEHOLD_REGISTERED";

v1::ImportCasesResponse RefusalOf(const std::string& request_id, const absl::Status& status) {
  v1::ImportCasesResponse response;
  response.set_request_id(request_id);
  response.set_code(static_cast<int>(status.code()));
  const type::v1::Problem problem = type::ProblemOf(status);
  response.set_case_name(problem.resource());
  response.set_reason(problem.reason().empty() ? absl::StatusCodeToString(status.code())
                                               : problem.reason());
  for (const type::v1::FieldViolation& found : problem.violations()) {
    v1::ImportViolation& violation = *response.add_violations();
    violation.set_field(found.field());
    violation.set_description(found.description());
  }
  return response;
}

v1::ImportCasesResponse ResponseOf(const std::string& request_id, const engine::Answer& answer,
                                   v1::ImportOutcome outcome) {
  v1::ImportCasesResponse response;
  response.set_request_id(request_id);
  response.set_case_name(type::CaseName(answer.stream));
  response.set_outcome(outcome);
  return response;
}

// The engine has compared the content.
v1::ImportOutcome OutcomeOfRepeated(const engine::Answer& answer) {
  const absl::StatusOr<v1::ImportOutcome> outcome = OutcomeOf(answer.row, "");
  const bool is_withdrawn = outcome.ok() && *outcome == v1::IMPORT_OUTCOME_WITHDRAWN;
  return is_withdrawn ? v1::IMPORT_OUTCOME_WITHDRAWN : v1::IMPORT_OUTCOME_KNOWN;
}

// Of a household whose case was read, and which is known if it says the same.
v1::ImportCasesResponse RecognisedOf(const std::string& request_id, const std::string& content,
                                     const engine::Answer& answer) {
  if (!answer.status.ok()) return RefusalOf(request_id, answer.status);
  const absl::StatusOr<v1::ImportOutcome> outcome = OutcomeOf(answer.row, content);
  if (!outcome.ok()) return RefusalOf(request_id, outcome.status());
  if (*outcome != v1::IMPORT_OUTCOME_UNSPECIFIED) return ResponseOf(request_id, answer, *outcome);
  // The desk has to find it.
  return RefusalOf(request_id,
                   type::RefuseFor(absl::StatusCode::kAlreadyExists, kHouseholdRegistered,
                                   "registered with other content", type::CaseName(answer.stream)));
}

// One stream. Functions of the transport and of the engine meet in it, so what they share is under
// a mutex; the stream itself may be used by any of them. It lives until the last answer has come.
class Import : public host::StreamHandler, public std::enable_shared_from_this<Import> {
 public:
  Import(const MethodParts& parts, const host::Caller& caller) : parts_(parts), caller_(caller) {}

  void OnStart(std::shared_ptr<host::Stream> stream) override {
    stream_ = std::move(stream);
    stream_->ReadNext();
  }

  void OnMessage(const host::Message& message) override {
    const auto& request = static_cast<const v1::ImportCasesRequest&>(message);
    const v1::RegisterCaseRequest& registration = request.registration();
    absl::StatusOr<ImportedHousehold> household = ImportCommand(
        request, caller_.principal, parts_.keyring, parts_.facts.Get(), parts_.clock.Now());
    bool read_on = false;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      read_on = ++unanswered_ < kImportWindow;
      is_held_ = !read_on;
    }
    if (household.ok()) {
      household->command.trace = caller_.trace.Child();
      parts_.engine.Submit(std::move(household->command),
                           [self = shared_from_this(), request_id = registration.request_id(),
                            content = household->content](const engine::Answer& answer) {
                             self->TakeAnswer(request_id, content, answer);
                           });
    } else {
      stream_->Send(RefusalOf(registration.request_id(), household.status()));
    }
    if (read_on) stream_->ReadNext();
  }

  void OnReadEnd() override {
    bool is_done = false;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      read_all_ = true;
      is_done = unanswered_ == 0;
    }
    if (is_done) stream_->Finish(absl::OkStatus());
  }

  void OnSent() override {
    bool read_on = false;
    bool is_done = false;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      --unanswered_;
      is_done = read_all_ && unanswered_ == 0;
      read_on = is_held_;
      is_held_ = false;
    }
    if (is_done) return stream_->Finish(absl::OkStatus());
    if (read_on) stream_->ReadNext();
  }

 private:
  // What became of a registration. One whose number is held is recognised by its holder.
  void TakeAnswer(const std::string& request_id, const std::string& content,
                  const engine::Answer& answer) {
    if (answer.status.ok()) {
      return stream_->Send(
          ResponseOf(request_id, answer,
                     answer.is_repeated ? OutcomeOfRepeated(answer) : v1::IMPORT_OUTCOME_NEW));
    }
    const type::v1::Problem problem = type::ProblemOf(answer.status);
    const auto holder = type::ParseCaseName(problem.resource());
    if (problem.reason() != kHouseholdRegistered || !holder) {
      v1::ImportCasesResponse response = RefusalOf(request_id, answer.status);
      // The request was another registration's: the desk has to find it.
      if (absl::IsAlreadyExists(answer.status)) {
        response.set_case_name(type::CaseName(answer.stream));
      }
      return stream_->Send(response);
    }
    engine::Command command = RecogniseCommand(*holder, caller_.principal);
    command.trace = caller_.trace.Child();
    parts_.engine.Submit(std::move(command), [self = shared_from_this(), request_id,
                                              content](const engine::Answer& recognised) {
      self->stream_->Send(RecognisedOf(request_id, content, recognised));
    });
  }

  const MethodParts parts_;
  const host::Caller caller_;
  std::shared_ptr<host::Stream> stream_;

  std::mutex mutex_;       // Guards what follows.
  int unanswered_ = 0;     // Read, and not yet taken by the transport as answers.
  bool is_held_ = false;   // The next message is read once there is room.
  bool read_all_ = false;  // The client sends no more.
};

}  // namespace

std::shared_ptr<host::StreamHandler> StartImport(const MethodParts& parts,
                                                 const host::Caller& caller) {
  return std::make_shared<Import>(parts, caller);
}

}  // namespace pathways::intake
