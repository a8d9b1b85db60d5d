#include "services/runtime/rpc/operations_service.h"

#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "services/runtime/rpc/pages.h"
#include "services/runtime/status_macros.h"
#include "services/type/dates.h"
#include "services/type/names.h"
#include "services/type/problem.h"
#include "services/type/stream.h"

namespace pathways::runtime {
namespace {

using operations::v1::StuckCase;

constexpr int kLimitMax = 1000;
constexpr int kLimitUsual = 100;
constexpr int kHoursMax = 8760;
constexpr int kHoursUsual = 72;

const Method kListStuckCases{"ListStuckCases", {"operator"}};
const Method kListParkedCases{"ListParkedCases", {"operator"}};
const Method kRedriveCase{"RedriveCase", {"operator"}};
const Method kAcknowledgeTailLoss{"AcknowledgeTailLoss", {"operator"}};

StuckCase MakeStuck(const std::string& service, const std::string& stream,
                    operations::v1::StuckKind kind, const std::string& stage, absl::Time since) {
  StuckCase stuck;
  stuck.set_service(service);
  stuck.set_name(type::CaseName(stream));
  stuck.set_kind(kind);
  stuck.set_stage(stage);
  *stuck.mutable_since() = type::TimestampOf(since);
  return stuck;
}

// Notes who asks, before anything is done.
absl::Status Audit(EventStore& store, const Principal& principal, const Method& method,
                   const std::string& stream) {
  ASSIGN_OR_RETURN(const StreamRow row, store.ReadState(stream));
  BatchWrite write;
  write.audit.push_back({principal.Name(), method.name, stream, row.version});
  ASSIGN_OR_RETURN(std::unique_ptr<Batch> batch, store.Begin());
  return batch->Commit(write);
}

}  // namespace

absl::StatusOr<std::vector<StuckCase>> StuckCases(const OperatedService& service, absl::Time before,
                                                  int limit) {
  std::vector<StuckCase> stuck;
  ASSIGN_OR_RETURN(const std::vector<ParkedRow> parked, service.store->ReadParked(limit));
  for (const ParkedRow& row : parked) {
    stuck.push_back(MakeStuck(service.name, row.stream, operations::v1::STUCK_KIND_PARKED,
                              row.reason, row.since));
  }
  ASSIGN_OR_RETURN(const std::vector<BehindRow> behind, service.store->ReadBehind(limit));
  for (const BehindRow& row : behind) {
    stuck.push_back(MakeStuck(service.name, row.stream, operations::v1::STUCK_KIND_BEHIND,
                              row.upstream, row.since));
  }
  if (!service.without_progress) return stuck;
  ASSIGN_OR_RETURN(const std::vector<StuckCase> idle, service.without_progress(before, limit));
  for (StuckCase entry : idle) {
    entry.set_service(service.name);
    entry.set_kind(operations::v1::STUCK_KIND_NO_PROGRESS);
    stuck.push_back(std::move(entry));
  }
  return stuck;
}

const OperatedService* OperationsRpc::Find(const std::string& name) const {
  for (const OperatedService& service : services_) {
    if (service.name == name) return &service;
  }
  return nullptr;
}

grpc::ServerUnaryReactor* OperationsRpc::ListStuckCases(
    grpc::CallbackServerContext* context, const operations::v1::ListStuckCasesRequest* request,
    operations::v1::ListStuckCasesResponse* response) {
  return edge_.Read(context, kListStuckCases, [=, this](const Principal&) -> absl::Status {
    type::Violations violations;
    const int hours = CheckPageSize(request->hours(), kHoursUsual, kHoursMax, "hours", violations);
    const int limit = CheckPageSize(request->limit(), kLimitUsual, kLimitMax, "limit", violations);
    RETURN_IF_ERROR(violations.ToStatus(kInvalidRequest));
    const absl::Time before = clock_.Now() - absl::Hours(hours);
    for (const OperatedService& service : services_) {
      ASSIGN_OR_RETURN(const std::vector<StuckCase> stuck, StuckCases(service, before, limit));
      for (const StuckCase& entry : stuck) *response->add_cases() = entry;
    }
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* OperationsRpc::ListParkedCases(
    grpc::CallbackServerContext* context, const operations::v1::ListParkedCasesRequest* request,
    operations::v1::ListParkedCasesResponse* response) {
  return edge_.Read(context, kListParkedCases, [=, this](const Principal&) -> absl::Status {
    type::Violations violations;
    const int limit = CheckPageSize(request->limit(), kLimitUsual, kLimitMax, "limit", violations);
    if (!request->service().empty() && Find(request->service()) == nullptr) {
      violations.Add("service", "must be the name of a service of this process, or empty");
    }
    RETURN_IF_ERROR(violations.ToStatus(kInvalidRequest));
    for (const OperatedService& service : services_) {
      if (!request->service().empty() && request->service() != service.name) continue;
      ASSIGN_OR_RETURN(const std::vector<ParkedRow> parked, service.store->ReadParked(limit));
      for (const ParkedRow& row : parked) {
        auto& entry = *response->add_cases();
        entry.set_service(service.name);
        entry.set_name(type::CaseName(row.stream));
        entry.set_upstream(row.upstream);
        entry.set_number(row.number);
        entry.set_reason(row.reason);
        *entry.mutable_since() = type::TimestampOf(row.since);
      }
    }
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* OperationsRpc::RedriveCase(
    grpc::CallbackServerContext* context, const operations::v1::RedriveCaseRequest* request,
    operations::v1::RedriveCaseResponse* response) {
  return edge_.Read(context, kRedriveCase, [=, this](const Principal& principal) -> absl::Status {
    type::Violations violations;
    const OperatedService* const service = Find(request->service());
    if (service == nullptr) {
      violations.Add("service", "must be the name of a service of this process");
    }
    const std::optional<std::string> stream = type::ParseCaseName(request->name());
    if (!stream) violations.Add("name", "must be cases/{case}");
    RETURN_IF_ERROR(violations.ToStatus(kInvalidRequest));
    RETURN_IF_ERROR(Audit(*service->store, principal, kRedriveCase, *stream));
    const absl::Status cleared = service->store->ClearParked(*stream);
    if (!cleared.ok() && !absl::IsNotFound(cleared)) return cleared;
    response->set_was_parked(cleared.ok());
    if (cleared.ok() && service->wake) service->wake();
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* OperationsRpc::AcknowledgeTailLoss(
    grpc::CallbackServerContext* context, const operations::v1::AcknowledgeTailLossRequest* request,
    operations::v1::AcknowledgeTailLossResponse* response) {
  return edge_.Read(
      context, kAcknowledgeTailLoss, [=, this](const Principal& principal) -> absl::Status {
        type::Violations violations;
        const OperatedService* const service = Find(request->service());
        if (service == nullptr) {
          violations.Add("service", "must be the name of a service of this process");
        } else if (!service->followed.contains(request->upstream())) {
          violations.Add("upstream", "must be the name of a service that this one follows");
        }
        RETURN_IF_ERROR(violations.ToStatus(kInvalidRequest));
        const std::string stream =
            absl::StrCat(type::kServiceStreamPrefix, "tail-of-", request->upstream());
        RETURN_IF_ERROR(Audit(*service->store, principal, kAcknowledgeTailLoss, stream));
        response->set_was_ringing(service->acknowledge_tail_loss(request->upstream()));
        return absl::OkStatus();
      });
}

}  // namespace pathways::runtime
