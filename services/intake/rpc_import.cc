#include "services/intake/rpc_import.h"

#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include "services/intake/requests.h"
#include "services/runtime/rpc/errors.h"
#include "services/type/names.h"
#include "services/type/problem.h"

namespace pathways::intake {
namespace {

const runtime::Method kImportCases{"ImportCases", {"registrar"}};

v1::ImportCasesResponse ResponseOf(const std::string& request_id, const runtime::Answer& answer) {
  v1::ImportCasesResponse response;
  response.set_request_id(request_id);
  response.set_code(static_cast<int>(answer.status.code()));
  if (answer.status.ok()) {
    response.set_case_name(type::CaseName(answer.stream));
    return response;
  }
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

// One stream. Callbacks of gRPC and of the engine meet in it, so everything is under one mutex.
// Finish is called once nothing is outstanding, so no callback comes after OnDone.
class Import : public grpc::ServerBidiReactor<v1::ImportCasesRequest, v1::ImportCasesResponse> {
 public:
  Import(const RpcParts& parts, const runtime::Principal* principal)
      : parts_(parts), principal_(principal) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) {  // The client has sent all, or has gone.
      Change([this] {
        reading_ = false;
        read_all_ = true;
      });
      return;
    }
    std::string request_id = request_.registration().request_id();
    absl::StatusOr<runtime::Command> command =
        RegisterCommand(request_.registration(), *principal_, parts_.keyring, parts_.clock.Now());
    // Counted before the next read, which may use request_ again.
    Change([this] {
      ++unanswered_;
      reading_ = false;
    });
    if (!command.ok()) return Answered(request_id, {command.status(), {}, {}});
    parts_.engine.Submit(*std::move(command),
                         [this, request_id = std::move(request_id)](const runtime::Answer& answer) {
                           Answered(request_id, answer);
                         });
  }

  void OnWriteDone(bool ok) override {
    Change([this, ok] {
      writing_ = false;
      responses_.pop_front();
      --unanswered_;
      broken_ |= !ok;
    });
  }

  void OnCancel() override {
    Change([this] { broken_ = true; });
  }

  void OnDone() override { delete this; }

 private:
  void Answered(const std::string& request_id, const runtime::Answer& answer) {
    Change([&] { responses_.push_back(ResponseOf(request_id, answer)); });
  }

  // Changes the state, then starts whatever it allows. Finish is called without the mutex: once it
  // is called, this object may be gone at any moment.
  void Change(const std::function<void()>& change) {
    bool broken = false;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      change();
      WriteOn();
      ReadOn();
      if (!IsDone()) return;
      finished_ = true;
      broken = broken_;
    }
    Finish(broken ? grpc::Status(grpc::StatusCode::CANCELLED, "the stream was broken off")
                  : grpc::Status::OK);
  }

  // The three below: mutex_ is held.
  void ReadOn() {
    if (reading_ || read_all_ || broken_ || unanswered_ >= kImportWindow) return;
    reading_ = true;
    StartRead(&request_);
  }

  void WriteOn() {
    if (writing_) return;
    if (broken_) {  // Nobody hears the answers; what was accepted stays accepted.
      unanswered_ -= static_cast<int>(responses_.size());
      responses_.clear();
    } else if (!responses_.empty()) {
      writing_ = true;
      StartWrite(&responses_.front());
    }
  }

  bool IsDone() const {
    return !finished_ && !reading_ && !writing_ && unanswered_ == 0 && (read_all_ || broken_);
  }

  const RpcParts parts_;
  const runtime::Principal* const principal_;
  v1::ImportCasesRequest request_;

  std::mutex mutex_;  // Guards everything below.
  std::deque<v1::ImportCasesResponse> responses_;
  int unanswered_ = 0;  // Read, and not yet written back.
  bool reading_ = true;
  bool writing_ = false;
  bool read_all_ = false;
  bool broken_ = false;
  bool finished_ = false;
};

// A stream that is refused at once.
class Refused : public grpc::ServerBidiReactor<v1::ImportCasesRequest, v1::ImportCasesResponse> {
 public:
  explicit Refused(const absl::Status& status) { Finish(runtime::ToGrpc(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerBidiReactor<v1::ImportCasesRequest, v1::ImportCasesResponse>* StartImport(
    const RpcParts& parts, grpc::CallbackServerContext* context) {
  const absl::StatusOr<const runtime::Principal*> principal =
      parts.edge.Admit(*context, kImportCases);
  if (!principal.ok()) return new Refused(principal.status());
  return new Import(parts, *principal);
}

}  // namespace pathways::intake
