// Goal: every method of every service is open to the roles it is for and to nobody else. Method:
// the table of docs/methods.md, which is generated from the dispatcher; the walk over the services'
// descriptors fails on a method that the table has not, and the server is asked by reflection for
// services that the walk has not.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pathways/stream/v1/stream_service.grpc.pb.h"
#include "tests/rpc/site.h"

namespace pathways {
namespace {

using testing_support::CallRaw;
using testing_support::Site;

// Roles by principal of the site.
const std::map<std::string, std::string>& Principals() {
  static const auto& principals = *new std::map<std::string, std::string>{
      {"registrar", testing_support::kDesk},      {"viewer", testing_support::kViewer},
      {"agency", testing_support::kUnhcr},        {"service", testing_support::kServicePrincipal},
      {"operator", testing_support::kOperator},   {"policy-officer", testing_support::kOfficer},
      {"reviewer", testing_support::kReviewerOne}};
  return principals;
}

constexpr char kDocument[] = PATHWAYS_SOURCE_DIR "/docs/methods.md";

std::string Document() {
  std::ifstream file(kDocument);
  EXPECT_TRUE(file.is_open()) << kDocument;
  return {std::istreambuf_iterator<char>(file), {}};
}

// Who may call what, as the document says: the lines | `method` | kind | roles | audited |.
const std::map<std::string, std::set<std::string>>& Allowed() {
  static const auto& allowed = *[] {
    auto* const table = new std::map<std::string, std::set<std::string>>;
    for (const std::string& line : std::vector<std::string>(absl::StrSplit(Document(), '\n'))) {
      if (!absl::StartsWith(line, "| `")) continue;
      const std::vector<std::string> cells = absl::StrSplit(line, " | ");
      const std::string method = cells[0].substr(3, cells[0].size() - 4);
      (*table)[method] = absl::StrSplit(cells[2], ", ");
    }
    return table;
  }();
  return allowed;
}

const std::vector<std::string>& Services() {
  static const auto& services =
      *new std::vector<std::string>{intake::v1::IntakeService::service_full_name(),
                                    eligibility::v1::EligibilityService::service_full_name(),
                                    referral::v1::ReferralService::service_full_name(),
                                    referral::v1::AgencyService::service_full_name(),
                                    operations::v1::OperationsService::service_full_name(),
                                    stream::v1::StreamService::service_full_name()};
  return services;
}

std::set<std::string> DescribedMethods() {
  std::set<std::string> methods;
  for (const std::string& name : Services()) {
    const auto* service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    for (int i = 0; service != nullptr && i < service->method_count(); ++i) {
      methods.insert(absl::StrCat(name, "/", service->method(i)->name()));
    }
  }
  return methods;
}

// Bytes that let a call end: a watch, which would go on for ever, gets a token that is none.
std::string Request(const std::string& method) {
  if (!absl::EndsWith(method, "/WatchReferrals")) return "";
  referral::v1::WatchReferralsRequest request;
  request.set_resume_token("none");
  return request.SerializeAsString();
}

// The document is generated: PATHWAYS_WRITE_METHODS=1 writes its table anew, for a commit that
// shows what has changed in who may call what.
TEST(Access, TheDocumentIsTheTableOfTheDispatcher) {
  Site site;
  const std::string table = host::TableOf(site.services().apis());
  const std::string document = Document();
  const std::string before = document.substr(0, document.find("| Method |"));
  if (std::getenv("PATHWAYS_WRITE_METHODS") != nullptr) {
    std::ofstream(kDocument) << before << table;
  }
  EXPECT_EQ(document, before + table);
}

TEST(Access, TheTableHasEveryMethod) {
  std::set<std::string> table;
  for (const auto& [method, roles] : Allowed()) table.insert(method);
  EXPECT_EQ(table, DescribedMethods());
}

TEST(Access, EveryMethodIsForItsRolesAlone) {
  Site site;
  ASSERT_TRUE(site.Settle()) << "eligibility screens nobody before intake has told what is asked";
  for (const auto& [method, roles] : Allowed()) {
    const auto call = [&, &name = method](const std::string& token) {
      return CallRaw(site.channel(), "/" + name, token, Request(name)).status;
    };
    for (const std::string token : {"", "0123456789012345678901234567890123456789012"}) {
      EXPECT_EQ(call(token).error_code(), grpc::StatusCode::UNAUTHENTICATED) << method;
    }
    for (const auto& [role, principal] : Principals()) {
      const grpc::Status status = call(site.token(principal));
      const bool may = status.error_code() != grpc::StatusCode::UNAUTHENTICATED &&
                       status.error_code() != grpc::StatusCode::PERMISSION_DENIED;
      EXPECT_EQ(may, roles.contains(role)) << method << " " << role << " " << status.error_code();
      // Let in, an empty request is answered, or refused for what it lacks or what is not there:
      // never a fault.
      if (may) {
        EXPECT_TRUE(status.ok() || status.error_code() == grpc::StatusCode::INVALID_ARGUMENT ||
                    status.error_code() == grpc::StatusCode::NOT_FOUND)
            << method << " " << status.error_code() << " " << status.error_message();
      }
      if (may == false) {
        EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED) << method;
      }
    }
  }
}

TEST(Access, ATokenIsSentAsBearer) {
  Site site;
  const std::string& token = site.token(testing_support::kDesk);
  for (const std::string& header : {token, "bearer " + token, "Basic " + token, "Bearer  " + token,
                                    "Bearer " + token + "x", std::string("Bearer ")}) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    context.AddMetadata("authorization", header);
    intake::v1::ListCasesResponse response;
    const auto stub = intake::v1::IntakeService::NewStub(site.channel());
    EXPECT_EQ(stub->ListCases(&context, {}, &response).error_code(),
              grpc::StatusCode::UNAUTHENTICATED);
  }
}

TEST(Access, ReflectionIsOffUnlessAskedForAndShowsTheServicesOfTheTable) {
  constexpr char kMethod[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
  const std::string list_services("\x3A\x00", 2);  // Field 7 of the request, empty.
  Site site([](host::HostSettings& host) { host.rpc.reflection = true; });
  const auto answer = CallRaw(site.channel(), kMethod, "", list_services);
  {
    Site closed;
    EXPECT_EQ(CallRaw(closed.channel(), kMethod, "", list_services).status.error_code(),
              grpc::StatusCode::UNIMPLEMENTED);
  }
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  ASSERT_EQ(answer.responses.size(), 1U);
  size_t ours = 0;
  for (size_t at = 0; (at = answer.responses[0].find("pathways.", at)) != std::string::npos; ++at) {
    ++ours;
  }
  EXPECT_EQ(ours, Services().size());
  for (const std::string& service : Services()) {
    EXPECT_TRUE(absl::StrContains(answer.responses[0], service)) << service;
  }
}

}  // namespace
}  // namespace pathways
