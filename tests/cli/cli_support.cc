#include "tests/cli/cli_support.h"

#include <google/protobuf/descriptor.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <chrono>
#include <cstdlib>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "google/rpc/status.pb.h"
#include "services/cli/commands.h"
#include "services/cli/policy_ledger_commands.h"

namespace pathways::cli {
namespace {

using ::google::protobuf::Message;

grpc::ByteBuffer BufferOf(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) std::abort();
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

// "/pathways.intake.v1.IntakeService/GetCase" and a request are "GetCase {name: ...}".
std::string TextOf(const std::string& path, const grpc::ByteBuffer& request) {
  const std::string name = absl::StrReplaceAll(path.substr(1), {{"/", "."}});
  const auto* method = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(name);
  if (method == nullptr) std::abort();
  const std::unique_ptr<Message> message(google::protobuf::MessageFactory::generated_factory()
                                             ->GetPrototype(method->input_type())
                                             ->New());
  if (!message->ParseFromString(BytesOf(request))) std::abort();
  return absl::StrCat(method->name(), " {", message->ShortDebugString(), "}");
}

}  // namespace

// Reads the one request, writes the messages laid out, and ends.
class FakeServices::Call : public grpc::ServerGenericBidiReactor {
 public:
  Call(FakeServices& services, grpc::GenericCallbackServerContext& context)
      : services_(services), path_(context.method()) {
    const auto token = context.client_metadata().find("authorization");
    if (token != context.client_metadata().end()) {
      authorization_.assign(token->second.data(), token->second.size());
    }
    const auto trace = context.client_metadata().find("traceparent");
    if (trace != context.client_metadata().end()) {
      traceparent_.assign(trace->second.data(), trace->second.size());
    }
    StartRead(&request_);
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::CANCELLED);
    reply_ = services_.Take(path_, request_, authorization_, traceparent_);
    WriteNext();
  }
  void OnWriteDone(bool ok) override { WriteNext(); }
  void OnDone() override { delete this; }

  void WriteNext() {
    if (written_ == reply_.messages.size()) return Finish(reply_.status);
    response_ = BufferOf(reply_.messages[written_++]);
    StartWrite(&response_);
  }

  FakeServices& services_;
  std::string path_;
  std::string authorization_;
  std::string traceparent_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  Reply reply_;
  size_t written_ = 0;
};

grpc::Status Refusal(grpc::StatusCode code, const std::string& reason,
                     const std::vector<std::pair<std::string, std::string>>& violations) {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  details.add_details()->PackFrom(info);
  if (!violations.empty()) {
    google::rpc::BadRequest bad_request;
    for (const auto& [field, description] : violations) {
      auto& violation = *bad_request.add_field_violations();
      violation.set_field(field);
      violation.set_description(description);
    }
    details.add_details()->PackFrom(bad_request);
  }
  return {code, "what happened", details.SerializeAsString()};
}

FakeServices::FakeServices(const std::shared_ptr<grpc::ServerCredentials>& credentials) {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", credentials, &port);
  builder.RegisterCallbackGenericService(this);
  server_ = builder.BuildAndStart();
  if (!server_ || port == 0) std::abort();
  address_ = absl::StrCat("127.0.0.1:", port);
}

FakeServices::~FakeServices() {
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(5));
}

void FakeServices::Answer(const std::string& method, const Message& message) {
  AnswerStream(method, {&message}, grpc::Status::OK);
}

void FakeServices::Answer(const std::string& method, const grpc::Status& status) {
  AnswerStream(method, {}, status);
}

void FakeServices::AnswerStream(const std::string& method,
                                const std::vector<const Message*>& messages,
                                const grpc::Status& status) {
  Reply reply{.messages = {}, .status = status};
  for (const Message* message : messages) reply.messages.push_back(message->SerializeAsString());
  const std::lock_guard lock(mutex_);
  replies_[method].push_back(std::move(reply));
}

std::vector<std::string> FakeServices::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

std::string FakeServices::authorization() const {
  const std::lock_guard lock(mutex_);
  return authorization_;
}

std::vector<std::string> FakeServices::traceparents() const {
  const std::lock_guard lock(mutex_);
  return traceparents_;
}

grpc::ServerGenericBidiReactor* FakeServices::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  return new Call(*this, *context);
}

FakeServices::Reply FakeServices::Take(const std::string& path, const grpc::ByteBuffer& request,
                                       const std::string& authorization,
                                       const std::string& traceparent) {
  const std::lock_guard lock(mutex_);
  calls_.push_back(TextOf(path, request));
  authorization_ = authorization;
  traceparents_.push_back(traceparent);
  std::deque<Reply>& replies = replies_[path.substr(path.rfind('/') + 1)];
  if (replies.empty()) return {};
  Reply reply = std::move(replies.front());
  replies.pop_front();
  return reply;
}

Ran RunCli(const std::string& address, std::vector<std::string> arguments,
           const std::string& token) {
  std::ostringstream out;
  std::ostringstream err;
  int exit_code = kExitOk;
  CLI::App app("", "pathways");
  app.require_subcommand(1);
  const Terminal terminal{.out = out, .err = err, .token = token};
  AddClientCommands(app, terminal, exit_code);
  // The program brings what compares two folders.
  AddPolicyDiffCommand(*app.get_subcommand("policy"),
                       std::make_shared<const CommandContext>(
                           CommandContext{.terminal = terminal, .exit_code = exit_code}),
                       [&out](const std::string& before, const std::string& after) {
                         out << DifferenceLine('~', "compared", before, after);
                         return kExitOk;
                       });
  arguments.insert(arguments.begin(), "pathways");
  arguments.insert(arguments.end(), {"--address", address});
  std::vector<const char*> argv;
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  Ran ran;
  ran.exit_code = ParseAndRun(app, static_cast<int>(argv.size()), argv.data(), terminal, exit_code);
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}

}  // namespace pathways::cli
