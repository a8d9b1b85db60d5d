// Registers synthetic cases through gRPC, with many calls in flight, and prints one line of JSON.
//
// The next call starts when one is answered, until the time is over; then the rest is awaited. So
// the service is never offered more than `in_flight` calls, and the rate is what it can take. With
// --rate each call waits for its place in a steady stream instead. The cases depend on the seed
// alone, those of --one_referral on the day too; the request ids are random, so that every call is
// a new case. No call is repeated: what fails is counted. Each answered case goes to a file, with
// the times of its answer and of its call (microseconds of the monotonic clock), for the check that
// each is stored once.
#include <grpcpp/alarm.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "pathways/intake/v1/intake_service.grpc.pb.h"
#include "services/base/ids.h"
#include "services/type/dates.h"
#include "services/type/desk.h"

ABSL_FLAG(std::string, address, "", "HOST:PORT of the service");
ABSL_FLAG(std::string, token, "", "Token of a registrar");
ABSL_FLAG(std::string, answered, "", "File that gets name and times of each case answered OK");
ABSL_FLAG(int, in_flight, 256, "Calls in flight");
ABSL_FLAG(int, run_ms, 3000, "How long new calls are made");
ABSL_FLAG(uint64_t, seed, 1, "Seed of the cases");
ABSL_FLAG(double, rate, 0, "Calls a second over all; 0: as many as are answered");
ABSL_FLAG(bool, one_referral, false, "Every case qualifies for exactly one pathway, as a family");

namespace pathways::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Connections: one alone would put every message through one lock and one socket.
constexpr int kChannels = 4;
// A call that takes longer has failed.
constexpr std::chrono::seconds kCallMax{30};

constexpr std::array kGivenNames = {"Ana", "Luis", "Marie", "Jean", "Rosa", "José", "Yolanda"};
constexpr std::array kSurnames = {"Pérez", "Joseph", "García", "Pierre", "Ramos", "Louis"};
constexpr std::array kNationalities = {"CUB", "HTI", "NIC", "VEN", "HND"};

// Makes cases of one to four people. Wholly synthetic: lists of names and SYN document numbers.
class CaseMaker {
 public:
  CaseMaker(uint64_t seed, bool one_referral) : random_(seed), one_referral_(one_referral) {}

  intake::v1::Case Make() {
    intake::v1::Case made;
    made.set_consent(UpTo(20) > 0 || one_referral_);
    const int people = 1 + UpTo(4);
    const char* nationality = kNationalities[static_cast<size_t>(UpTo(kNationalities.size()))];
    for (int i = 0; i < people; ++i) {
      intake::v1::Person& person = *made.add_people();
      FillPerson(i, nationality, person);
      if (one_referral_) QualifyForAsylumAlone(person);
    }
    return made;
  }

 private:
  // 0 to bound - 1. By the remainder, which is the same in every standard library.
  int UpTo(uint64_t bound) { return static_cast<int>(random_() % bound); }

  void FillPerson(int index, const char* nationality, intake::v1::Person& person) {
    intake::v1::Identity& identity = *person.mutable_identity();
    identity.set_given_names(kGivenNames[static_cast<size_t>(UpTo(kGivenNames.size()))]);
    identity.set_first_surname(kSurnames[static_cast<size_t>(UpTo(kSurnames.size()))]);
    const int age = index < 2 ? 21 + UpTo(35) : 1 + UpTo(16);  // Born before they entered.
    identity.mutable_date_of_birth()->set_year(2023 - age);
    identity.mutable_date_of_birth()->set_month(1 + UpTo(12));
    identity.mutable_date_of_birth()->set_day(1 + UpTo(28));
    intake::v1::Document& document = *identity.add_documents();
    document.set_type(type::v1::DOCUMENT_TYPE_PASSPORT);
    document.set_number(absl::StrCat("SYN", random_() % 1'000'000'000));
    person.set_relationship(index == 0   ? type::v1::RELATIONSHIP_PRINCIPAL
                            : index == 1 ? type::v1::RELATIONSHIP_SPOUSE
                                         : type::v1::RELATIONSHIP_CHILD);
    person.set_sex(UpTo(2) == 0 ? type::v1::SEX_FEMALE : type::v1::SEX_MALE);
    person.add_nationalities(nationality);
    person.mutable_entry_date()->set_year(2023);
    person.mutable_entry_date()->set_month(1 + UpTo(7));
    Say(person, "in_mexico", true);
    person.set_state("MX-CHP");
    person.set_refugee_claim(UpTo(2) == 0 ? type::v1::REFUGEE_CLAIM_NONE
                                          : type::v1::REFUGEE_CLAIM_FILED);
    Say(person, "left_country_for_fear", UpTo(2) == 0);
    Say(person, "seeks_work", age >= 18);
  }

  // Answers in place of what was answered before.
  static void Say(intake::v1::Person& person, const char* fact, bool yes) {
    for (type::v1::FactAnswer& answer : *person.mutable_answers()) {
      if (answer.fact() == fact) return answer.set_yes(yes);
    }
    type::v1::FactAnswer& answer = *person.add_answers();
    answer.set_fact(fact);
    answer.set_yes(yes);
  }

  // In the pack of 2023-07-28: the refugee status of Mexico, and no other pathway. Who came a week
  // ago is in time for the claim.
  static void QualifyForAsylumAlone(intake::v1::Person& person) {
    *person.mutable_entry_date() =
        type::FromDay(type::DeskDay(type::kDefaultPlace, absl::Now()) - 7);
    person.set_nationalities(0, "HND");
    person.set_refugee_claim(type::v1::REFUGEE_CLAIM_NONE);
    Say(person, "left_country_for_fear", true);
    Say(person, "seeks_work", false);
  }

  std::mt19937_64 random_;
  const bool one_referral_;
};

struct Registered {
  std::string name;
  SteadyClock::time_point called;
  SteadyClock::time_point answered;
};

// What was answered, by one caller or by all.
struct Answers {
  int64_t calls = 0;
  std::string first_error;  // Code and message of the first call that failed. Empty: none did.
  std::vector<double> ok_ms;
  std::vector<Registered> cases;
};

// When calls start. The places in the stream are shared by all callers.
class Schedule {
 public:
  Schedule(SteadyClock::time_point start, SteadyClock::duration run, double rate)
      : start_(start), end_(start + run), rate_(rate) {}

  // When the next call starts; nothing when the time is over.
  std::optional<SteadyClock::time_point> Next() {
    SteadyClock::time_point at = SteadyClock::now();
    if (rate_ > 0) {
      at = start_ + std::chrono::duration_cast<SteadyClock::duration>(
                        std::chrono::duration<double>(static_cast<double>(next_++) / rate_));
    }
    if (at >= end_) return std::nullopt;
    return at;
  }

 private:
  const SteadyClock::time_point start_;
  const SteadyClock::time_point end_;
  const double rate_;
  std::atomic<int64_t> next_ = 0;
};

// Counts the callers that still have a call in flight.
class Finish {
 public:
  explicit Finish(int callers) : left_(callers) {}

  void Done() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (--left_ == 0) none_left_.notify_one();
  }

  // Ends because every call has a deadline.
  void Wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    none_left_.wait(lock, [this] { return left_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable none_left_;
  int left_;
};

// Has one call in flight at a time; each starts on the thread that brought the answer before, or
// on that of the alarm for its place in the stream.
class Caller {
 public:
  Caller(const std::shared_ptr<grpc::Channel>& channel, std::string authorization, CaseMaker cases)
      : stub_(intake::v1::IntakeService::NewStub(channel)),
        authorization_(std::move(authorization)),
        cases_(std::move(cases)) {}

  void Start(Schedule& schedule, Finish& finish) {
    const std::optional<SteadyClock::time_point> at = schedule.Next();
    if (!at) return finish.Done();
    const SteadyClock::duration wait = *at - SteadyClock::now();
    if (wait <= SteadyClock::duration::zero()) return Call(schedule, finish);
    alarm_.emplace();
    alarm_->Set(std::chrono::system_clock::now() + wait,
                [this, &schedule, &finish](bool) { Call(schedule, finish); });
  }

  const Answers& answers() const { return answers_; }

 private:
  void Call(Schedule& schedule, Finish& finish) {
    context_.emplace();
    context_->AddMetadata("authorization", authorization_);
    context_->set_deadline(std::chrono::system_clock::now() + kCallMax);
    *request_.mutable_case_() = cases_.Make();
    request_.set_request_id(base::NewUuid());
    const SteadyClock::time_point start = SteadyClock::now();
    stub_->async()->RegisterCase(&*context_, &request_, &response_,
                                 [this, start, &schedule, &finish](const grpc::Status& status) {
                                   Take(status, start);
                                   Start(schedule, finish);
                                 });
  }

  void Take(const grpc::Status& status, SteadyClock::time_point start) {
    ++answers_.calls;
    if (status.ok()) {
      const SteadyClock::time_point now = SteadyClock::now();
      answers_.ok_ms.push_back(std::chrono::duration<double, std::milli>(now - start).count());
      answers_.cases.push_back({response_.name(), start, now});
    } else if (answers_.first_error.empty()) {
      answers_.first_error =
          absl::StrCat("code ", status.error_code(), ": ", status.error_message());
    }
  }

  const std::unique_ptr<intake::v1::IntakeService::Stub> stub_;
  const std::string authorization_;
  CaseMaker cases_;
  std::optional<grpc::Alarm> alarm_;
  std::optional<grpc::ClientContext> context_;  // Of the call in flight; good for one call only.
  intake::v1::RegisterCaseRequest request_;
  intake::v1::Case response_;
  Answers answers_;
};

std::vector<std::shared_ptr<grpc::Channel>> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // Without it all channels to one address share one connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < kChannels; ++i) {
    channels.push_back(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
  }
  return channels;
}

double Quantile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  return sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))];
}

int64_t Microseconds(SteadyClock::time_point at) {
  return std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count();
}

// Prints the line; true when no call failed and the file is written.
bool Report(const std::vector<std::unique_ptr<Caller>>& callers, double seconds) {
  Answers all;
  std::ofstream file(absl::GetFlag(FLAGS_answered));
  for (const std::unique_ptr<Caller>& caller : callers) {
    const Answers& answers = caller->answers();
    all.calls += answers.calls;
    all.ok_ms.insert(all.ok_ms.end(), answers.ok_ms.begin(), answers.ok_ms.end());
    if (all.first_error.empty()) all.first_error = answers.first_error;
    for (const Registered& one : answers.cases) {
      file << one.name << ' ' << Microseconds(one.answered) << ' ' << Microseconds(one.called)
           << '\n';
    }
  }
  std::sort(all.ok_ms.begin(), all.ok_ms.end());
  std::cout << absl::StrFormat(
      "{\"calls\": %d, \"ok\": %d, \"seconds\": %.6f, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n",
      all.calls, all.ok_ms.size(), seconds, Quantile(all.ok_ms, 0.5), Quantile(all.ok_ms, 0.99));
  if (!all.first_error.empty()) std::cerr << all.first_error << '\n';
  file.close();
  if (!file) std::cerr << "the file of the answered cases cannot be written\n";
  return all.first_error.empty() && file;
}

int Main() {
  const auto channels = Connect(absl::GetFlag(FLAGS_address));
  for (const auto& channel : channels) {
    if (channel->WaitForConnected(std::chrono::system_clock::now() + kCallMax)) continue;
    std::cerr << "cannot connect\n";
    return 1;
  }
  const int in_flight = absl::GetFlag(FLAGS_in_flight);
  const std::string authorization = absl::StrCat("Bearer ", absl::GetFlag(FLAGS_token));
  std::vector<std::unique_ptr<Caller>> callers;
  for (int i = 0; i < in_flight; ++i) {
    const uint64_t seed = absl::GetFlag(FLAGS_seed) * 1'000'000 + static_cast<uint64_t>(i);
    callers.push_back(std::make_unique<Caller>(channels[static_cast<size_t>(i % kChannels)],
                                               authorization,
                                               CaseMaker(seed, absl::GetFlag(FLAGS_one_referral))));
  }
  Finish finish(in_flight);
  const SteadyClock::time_point start = SteadyClock::now();
  Schedule schedule(start, std::chrono::milliseconds(absl::GetFlag(FLAGS_run_ms)),
                    absl::GetFlag(FLAGS_rate));
  for (const std::unique_ptr<Caller>& caller : callers) caller->Start(schedule, finish);
  finish.Wait();
  const double seconds = std::chrono::duration<double>(SteadyClock::now() - start).count();
  return Report(callers, seconds) ? 0 : 1;
}

}  // namespace
}  // namespace pathways::bench

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  return pathways::bench::Main();
}
