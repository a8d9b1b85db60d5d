// Goal: what a call leads to, in whichever service, bears the trace of that call; whoever sends
// none, or what is none, gets one. Method: one site, and the events of a case as its three stores
// have them after all have followed.
#include "services/base/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pathways/stream/v1/stream_service.grpc.pb.h"
#include "services/type/names.h"
#include "tests/rpc/site.h"

namespace pathways {
namespace {

using intake::v1::IntakeService;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing_support::kDesk;
using testing_support::kServicePrincipal;
using testing_support::Registration;
using testing_support::Site;

constexpr char kTraceId[] = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr char kParentId[] = "00f067aa0ba902b7";

std::string Given() { return absl::StrCat("00-", kTraceId, "-", kParentId, "-01"); }

std::string IdOf(const std::string& case_name) {
  return type::ParseCaseName(case_name).value_or("");
}

struct Hop {
  std::string trace_id;
  std::string parent_id;
  std::string flags;
};

Hop HopOf(const std::string& traceparent) {
  EXPECT_FALSE(base::Trace::Parse(traceparent).IsNone()) << traceparent;
  const std::vector<std::string> parts = absl::StrSplit(traceparent, '-');
  return parts.size() == 4 ? Hop{parts[1], parts[2], parts[3]} : Hop();
}

class TraceTest : public testing::Test {
 protected:
  // Registers a case with these headers, waits until all have followed, and gives its name.
  std::string Register(const std::vector<std::string>& traceparents,
                       const intake::v1::RegisterCaseRequest& request = Registration()) {
    grpc::ClientContext context;
    site_.Prepare(context, kDesk);
    for (const std::string& one : traceparents) context.AddMetadata(base::kTraceparent, one);
    IntakeService::Stub stub(site_.channel());
    intake::v1::Case registered;
    const grpc::Status status = stub.RegisterCase(&context, request, &registered);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_TRUE(site_.Settle());
    return registered.name();
  }
  // "cause|traceparent" of each of the case's events in a service.
  std::vector<std::string> Rows(const std::string& service, const std::string& name) {
    return site_.Sql(service, absl::StrCat("SELECT hex(cause), trace FROM events WHERE stream = '",
                                           IdOf(name), "' ORDER BY number"));
  }
  std::vector<Hop> Hops(const std::string& service, const std::string& name) {
    std::vector<Hop> hops;
    for (const std::string& row : Rows(service, name)) {
      hops.push_back(HopOf(row.substr(row.find('|') + 1)));
    }
    EXPECT_THAT(hops, Not(IsEmpty())) << service;
    return hops;
  }
  // The one trace id of all events of the case in all services.
  std::string TraceIdOf(const std::string& name) {
    std::set<std::string> ids;
    for (const char* service : kAll) {
      for (const Hop& hop : Hops(service, name)) ids.insert(hop.trace_id);
    }
    EXPECT_EQ(ids.size(), 1U);
    return ids.empty() ? "" : *ids.begin();
  }

  static constexpr const char* kAll[] = {"intake", "eligibility", "referral"};
  Site site_;
};

TEST_F(TraceTest, ACallsTraceGoesThroughAllServicesEachCommandAHopOfItsOwn) {
  const std::string name = Register({Given()});
  std::map<std::string, std::string> parent_of;  // By service and cause.
  std::set<std::string> parents = {kParentId};
  for (const std::string service : kAll) {
    for (const std::string& row : Rows(service, name)) {
      const std::vector<std::string> parts = absl::StrSplit(row, '|');
      ASSERT_EQ(parts.size(), 2U);
      const Hop hop = HopOf(parts[1]);
      EXPECT_EQ(hop.trace_id, kTraceId) << service;
      EXPECT_EQ(hop.flags, "01") << service;
      // Events of one command are of one hop, and no two commands are of the same.
      const auto [known, is_new] = parent_of.emplace(service + parts[0], hop.parent_id);
      EXPECT_EQ(known->second, hop.parent_id);
      EXPECT_EQ(parents.insert(hop.parent_id).second, is_new) << service;
    }
  }
  // The call at intake; intake's event at eligibility; at referral, that and eligibility's.
  EXPECT_GE(parent_of.size(), 4U);
}

TEST_F(TraceTest, WhatSendsNoneOrWhatIsNoneGetsAFreshOne) {
  const std::string good = Given();
  std::set<std::string> ids = {kTraceId};
  const std::vector<std::vector<std::string>> rows = {
      {}, {""}, {good + "-01"}, {"01" + good.substr(2)}, {"Mariana Plantado"}, {good, good}};
  for (const std::vector<std::string>& row : rows) {
    EXPECT_TRUE(ids.insert(TraceIdOf(Register(row))).second) << row.size();
  }
}

TEST_F(TraceTest, AMalformedHeaderIsNowhere) {
  Register({"Mariana-Plantado-1990-04-17"});
  for (const char* service : kAll) {
    EXPECT_THAT(site_.Sql(service, "SELECT number FROM events WHERE instr(trace, 'Mariana')"),
                IsEmpty());
  }
  site_.Stop();  // All is logged.
  EXPECT_THAT(site_.logged(), Not(IsEmpty()));
  EXPECT_THAT(site_.logged(), Not(HasSubstr("Mariana")));
}

TEST_F(TraceTest, ARepeatedRequestKeepsTheTraceOfTheFirst) {
  const intake::v1::RegisterCaseRequest request = Registration();
  const std::string name = Register({Given()}, request);
  EXPECT_EQ(Register({"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}, request), name);
  EXPECT_EQ(TraceIdOf(name), kTraceId);
}

TEST_F(TraceTest, RowsOfAnImportAreHopsOfItsTrace) {
  grpc::ClientContext context;
  site_.Prepare(context, kDesk);
  context.AddMetadata(base::kTraceparent, Given());
  IntakeService::Stub stub(site_.channel());
  const auto stream = stub.ImportCases(&context);
  for (int i = 0; i < 2; ++i) {
    intake::v1::ImportCasesRequest request;
    *request.mutable_registration() = Registration();
    ASSERT_TRUE(stream->Write(request));
  }
  ASSERT_TRUE(stream->WritesDone());
  std::set<std::string> parents = {kParentId};
  intake::v1::ImportCasesResponse response;
  while (stream->Read(&response)) {
    ASSERT_EQ(response.code(), 0) << response.reason();
    const std::vector<Hop> hops = Hops("intake", response.case_name());
    ASSERT_EQ(hops.size(), 1U);
    EXPECT_EQ(hops[0].trace_id, kTraceId);
    parents.insert(hops[0].parent_id);
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(parents.size(), 3U);
}

TEST_F(TraceTest, AServiceReadsItWithTheEvent) {
  const std::string name = Register({Given()});
  grpc::ClientContext context;
  site_.Prepare(context, kServicePrincipal);
  stream::v1::ReadStreamRequest request;
  request.set_service("intake");
  request.set_stream(IdOf(name));
  request.set_from_number(1);
  stream::v1::ReadStreamResponse response;
  stream::v1::StreamService::Stub stub(site_.channel());
  ASSERT_TRUE(stub.ReadStream(&context, request, &response).ok());
  ASSERT_EQ(response.records_size(), 1);
  EXPECT_EQ(HopOf(response.records(0).traceparent()).trace_id, kTraceId);
}

}  // namespace
}  // namespace pathways
