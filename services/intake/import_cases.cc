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

v1::ImportOutcome OutcomeOf(const engine::Answer& answer) {
  if (!answer.is_repeated) return v1::IMPORT_OUTCOME_NEW;
  v1::IntakeState state;
  const bool is_withdrawn =
      state.ParseFromString(answer.row.state.open) && state.state() == v1::CASE_STATE_WITHDRAWN;
  return is_withdrawn ? v1::IMPORT_OUTCOME_WITHDRAWN : v1::IMPORT_OUTCOME_KNOWN;
}

v1::ImportCasesResponse ResponseOf(const std::string& request_id, const engine::Answer& answer) {
  v1::ImportCasesResponse response;
  response.set_request_id(request_id);
  response.set_code(static_cast<int>(answer.status.code()));
  if (answer.status.ok()) {
    response.set_case_name(type::CaseName(answer.stream));
    response.set_outcome(OutcomeOf(answer));
    return response;
  }
  // Registered with other content: the desk has to find it.
  if (absl::IsAlreadyExists(answer.status)) response.set_case_name(type::CaseName(answer.stream));
  const type::v1::Problem problem = type::ProblemOf(answer.status);
  response.set_reason(problem.reason().empty() ? absl::StatusCodeToString(answer.status.code())
                                               : problem.reason());
  for (const type::v1::FieldViolation& found : problem.violations()) {
    v1::ImportViolation& violation = *response.add_violations();
    violation.set_field(found.field());
    violation.set_description(found.description());
  }
  return response;
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
    absl::StatusOr<engine::Command> command =
        ImportCommand(request, caller_.principal, parts_.keyring, parts_.clock.Now());
    bool read_on = false;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      read_on = ++unanswered_ < kImportWindow;
      is_held_ = !read_on;
    }
    if (command.ok()) {
      command->trace = caller_.trace.Child();
      parts_.engine.Submit(*std::move(command),
                           [self = shared_from_this(),
                            request_id = registration.request_id()](const engine::Answer& answer) {
                             self->stream_->Send(ResponseOf(request_id, answer));
                           });
    } else {
      stream_->Send(ResponseOf(registration.request_id(), {command.status(), {}, {}}));
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
