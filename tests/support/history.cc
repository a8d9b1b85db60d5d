#include "tests/support/history.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/ids.h"
#include "services/engine/engine.h"
#include "services/host/keys.h"
#include "services/intake/status_projection.h"
#include "services/type/facts.h"
#include "services/type/names.h"
#include "services/type/stream_id.h"
#include "tests/support/history_view.h"
#include "tests/support/serve_process.h"

namespace pathways::testing_support {
namespace {

constexpr int kRowsMax = 1'000'000;
constexpr size_t kFingerprintBytes = 4;

constexpr std::array<const char*, 5> kFaultNames = {"lost", "doubled", "out of order", "unexpected",
                                                    "waiting"};

ServiceEvents Read(StoreView& view, Findings& findings) {
  ServiceEvents service;
  service.view = &view;
  const auto events = view.store->ReadAfter(0, kRowsMax);
  const auto parked = view.store->ReadParked(kRowsMax);
  const auto behind = view.store->ReadBehind(kRowsMax);
  if (!events.ok() || !parked.ok() || !behind.ok()) {
    findings.Add(Fault::kLost, view.name + ": the store cannot be read");
    return service;
  }
  service.events = *events;
  for (const engine::EventRow& event : *events) {
    const bool is_case = type::IsCaseStream(event.stream);
    (is_case ? service.streams : service.own_streams)[event.stream].push_back(event);
  }
  for (const engine::ParkedRow& row : *parked) {
    service.waiting.insert(row.stream);
    findings.Add(Fault::kWaiting, service, row.stream, "parked: " + row.reason);
  }
  for (const engine::BehindRow& row : *behind) {
    service.waiting.insert(row.stream);
    findings.Add(Fault::kWaiting, service, row.stream,
                 absl::StrCat("behind ", row.upstream, " ", row.number));
  }
  return service;
}

void CheckNumbers(const ServiceEvents& service, Findings& findings) {
  int64_t position = 0;
  std::set<std::string> ids;
  std::map<std::string, int64_t> numbers;
  for (const engine::EventRow& event : service.events) {
    if (event.position <= position) {
      findings.Add(Fault::kOutOfOrder, service, event.stream, "a position does not ascend");
    }
    position = event.position;
    if (!ids.insert(event.ce_id).second) {
      findings.Add(Fault::kDoubled, service, event.stream, "ce_id " + event.ce_id);
    }
    const int64_t expected = ++numbers[event.stream];
    if (event.number == expected) continue;
    findings.Add(Fault::kOutOfOrder, service, event.stream,
                 absl::StrCat("number ", event.number, " where ", expected, " should be"));
  }
}

const engine::EventRow* Find(const ServiceEvents& service, const std::string& stream,
                             int64_t number) {
  const Streams& streams = type::IsCaseStream(stream) ? service.streams : service.own_streams;
  const auto found = streams.find(stream);
  if (found == streams.end()) return nullptr;
  for (const engine::EventRow& event : found->second) {
    if (event.number == number) return &event;
  }
  return nullptr;
}

// The event that led to this one; null when there is none such.
const engine::EventRow* CauseOf(const ServiceEvents& service, const engine::EventRow& event,
                                const AllEvents& all) {
  const std::string& from = event.cause.service();
  const engine::RulesStream& rules = service.view->domain->StreamOfRules();
  if (from == rules.mark) return Find(service, rules.stream, event.cause.number());
  const std::vector<std::string>& upstreams = service.view->upstreams;
  const bool known = std::find(upstreams.begin(), upstreams.end(), from) != upstreams.end();
  return known ? Find(Named(all, from), event.stream, event.cause.number()) : nullptr;
}

void CheckCauses(const ServiceEvents& service, const AllEvents& all, Findings& findings) {
  for (const engine::EventRow& event : service.events) {
    const std::string& from = event.cause.service();
    if (from == "request" || from == "timer") continue;  // CheckRequests looks at the requests.
    const engine::EventRow* const cause = CauseOf(service, event, all);
    if (cause != nullptr && cause->ce_id == event.cause.ce_id()) continue;
    findings.Add(Fault::kUnexpected, service, event.stream,
                 absl::StrCat("event ", event.number, " has a cause that does not exist"));
  }
}

// What one stream has applied of one upstream is what the upstream has published of it.
void CheckAppliedOf(const ServiceEvents& service, const ServiceEvents& upstream,
                    const std::string& stream, const std::vector<engine::EventRow>& events,
                    Findings& findings) {
  const auto row = service.view->store->ReadState(stream);
  if (!row.ok()) {
    findings.Add(Fault::kUnexpected, service, stream, "the state cannot be read");
    return;
  }
  engine::Applied applied;
  if (const auto found = row->applied.find(upstream.view->name); found != row->applied.end()) {
    applied = found->second;
  }
  const auto published = static_cast<int64_t>(events.size());
  const std::string counts = absl::StrCat(applied.number, " of ", published, " events of ",
                                          upstream.view->name, " applied");
  if (applied.number < published) findings.Add(Fault::kLost, service, stream, counts);
  if (applied.number > published) findings.Add(Fault::kUnexpected, service, stream, counts);
  const size_t prints = applied.fingerprints.size() / kFingerprintBytes;
  if (prints > static_cast<size_t>(std::max<int64_t>(applied.number, 0))) {
    findings.Add(Fault::kDoubled, service, stream,
                 absl::StrCat(prints, " applications of ", counts));
    return;
  }
  for (size_t i = 0; i < prints && i < events.size(); ++i) {
    if (applied.fingerprints.substr(i * kFingerprintBytes, kFingerprintBytes) ==
        base::FingerprintOf(events[i].ce_id)) {
      continue;
    }
    findings.Add(Fault::kOutOfOrder, service, stream,
                 absl::StrCat("another event was applied as number ", i + 1));
  }
}

void CheckApplied(const ServiceEvents& service, const AllEvents& all, Findings& findings) {
  for (const std::string& name : service.view->upstreams) {
    const ServiceEvents& upstream = Named(all, name);
    for (const auto& [stream, events] : upstream.streams) {
      CheckAppliedOf(service, upstream, stream, events, findings);
    }
    for (const auto& [stream, events] : upstream.own_streams) {
      if (stream != type::kFactLedger || name != "intake") continue;
      CheckAppliedOf(service, upstream, stream, events, findings);
    }
  }
}

// The stored state is what its events fold to, and no state is without events.
void CheckFolded(const ServiceEvents& service, Findings& findings) {
  engine::EventStore& store = *service.view->store;
  Streams all = service.streams;
  all.insert(service.own_streams.begin(), service.own_streams.end());
  for (const auto& [stream, events] : all) {
    const auto stored = store.ReadState(stream);
    engine::StreamRow folded;
    if (stored.ok() && engine::FoldAgain(*service.view->domain, store, stream, folded).ok() &&
        folded.state == stored->state && folded.version == stored->version &&
        folded.version == static_cast<int64_t>(events.size())) {
      continue;
    }
    findings.Add(Fault::kUnexpected, service, stream, "the state is not the fold of its events");
  }
  const auto heads = store.ReadHeads("", kRowsMax);
  for (const engine::StreamHead& head : heads.value_or(std::vector<engine::StreamHead>())) {
    if (all.contains(head.stream)) continue;
    findings.Add(Fault::kUnexpected, service, head.stream, "a state without events");
  }
}

// Everything clients said under one request id.
struct Asked {
  bool is_answered_ok = false;
  bool is_refused = false;  // For good: not for want of the service.
  std::set<std::string> names;
};

using AskedKey = std::tuple<std::string, std::string, std::string>;  // Principal, method, id.

bool IsForGood(absl::StatusCode code) {
  return code != absl::StatusCode::kUnavailable && code != absl::StatusCode::kCancelled &&
         code != absl::StatusCode::kDeadlineExceeded && code != absl::StatusCode::kUnknown &&
         code != absl::StatusCode::kResourceExhausted && code != absl::StatusCode::kAborted;
}

std::map<AskedKey, Asked> AskedBy(const History& history) {
  std::map<AskedKey, Asked> asked;
  for (const RecordedCall& call : history.calls()) {
    Asked& one = asked[{call.principal, call.method, call.request_id}];
    if (call.code == absl::StatusCode::kOk) {
      one.is_answered_ok = true;
      one.names.insert(call.name);
    } else {
      one.is_refused |= IsForGood(call.code);
    }
  }
  return asked;
}

std::string ServiceOf(const std::string& method) {
  static const auto& others = *new std::map<std::string, std::string>{
      {"RegisterCase", "intake"},       {"UpdateCase", "intake"},
      {"WithdrawCase", "intake"},       {"ProposeFacts", "intake"},
      {"ConfirmFacts", "intake"},       {"ProposePolicy", "eligibility"},
      {"ConfirmPolicy", "eligibility"},
  };
  const auto found = others.find(method);
  return found == others.end() ? "referral" : found->second;
}

// Case id in the name of a case or of a referral.
std::string CaseIn(const std::string& name) {
  if (const auto referral = type::ParseReferralName(name)) return referral->case_id;
  return type::ParseCaseName(name).value_or("");
}

// One request against the row that remembers it; the stream it changed, if it was accepted.
std::optional<std::string> CheckRequest(const AskedKey& key, const Asked& asked,
                                        const ServiceEvents& service, const host::Keyring& keyring,
                                        Findings& findings) {
  const auto& [principal, method, id] = key;
  const std::string who = absl::StrCat(method, " ", id);
  const auto row = service.view->store->ReadRequest(keyring.RequestKey(principal, method, id));
  if (!row.ok()) {
    findings.Add(Fault::kUnexpected, who + ": cannot be read");
    return std::nullopt;
  }
  if (!row->has_value()) {
    if (asked.is_answered_ok) findings.Add(Fault::kLost, who + " was answered OK");
    return std::nullopt;
  }
  const engine::RequestRow& accepted = **row;
  if (asked.is_refused && !asked.is_answered_ok) {
    findings.Add(Fault::kUnexpected, who + " was refused and is in the store");
  }
  const engine::EventRow* effect = Find(service, accepted.stream, accepted.number);
  if (effect == nullptr) {
    findings.Add(Fault::kLost, who + ": its event");
    return accepted.stream;
  }
  const std::string made = LedgerAnswerOf(service, *effect);
  for (const std::string& name : asked.names) {
    if (made.empty() ? CaseIn(name) == accepted.stream : name == made) continue;
    findings.Add(Fault::kUnexpected,
                 absl::StrCat(who, " was answered with what it did not make: ", name));
  }
  return accepted.stream;
}

// Every request that was answered has its effect, once, and nothing else is an effect of a request.
void CheckRequests(const AllEvents& all, const History& history, const host::Keyring& keyring,
                   Findings& findings) {
  std::map<std::pair<std::string, std::string>, std::set<std::string>> requests;
  std::map<std::string, std::string> registered;
  for (const auto& [key, asked] : AskedBy(history)) {
    const std::string& method = std::get<1>(key);
    const ServiceEvents& service = Named(all, ServiceOf(method));
    const auto stream = CheckRequest(key, asked, service, keyring, findings);
    if (!stream) continue;
    requests[{service.view->name, *stream}].insert(method + std::get<2>(key));
    if (method != "RegisterCase") continue;
    if (!registered.emplace(*stream, std::get<2>(key)).second) {
      findings.Add(Fault::kLost, service, *stream, "two requests have one case");
    }
  }
  for (const ServiceEvents& service : all) {
    Streams streams = service.streams;
    streams.insert(service.own_streams.begin(), service.own_streams.end());
    for (const auto& [stream, events] : streams) {
      std::set<std::string> causes;
      for (const engine::EventRow& event : events) {
        // A ledger begins by itself.
        if (event.stream == service.view->domain->StreamOfRules().stream && event.number == 1) {
          continue;
        }
        if (event.cause.service() == "request") causes.insert(event.cause.ce_id());
      }
      const size_t asked = requests[{service.view->name, stream}].size();
      const std::string counts = absl::StrCat(causes.size(), " effects of ", asked, " requests");
      if (causes.size() < asked) findings.Add(Fault::kLost, service, stream, counts);
      if (causes.size() > asked) findings.Add(Fault::kUnexpected, service, stream, counts);
    }
  }
}

// The status that intake shows is what the upstream events fold to.
void CheckStatus(const AllEvents& all, Findings& findings) {
  const intake::StatusProjection projection;
  const ServiceEvents& intake = Named(all, "intake");
  for (const auto& [stream, registered] : intake.streams) {
    std::string expected;
    for (const std::string upstream : {"eligibility", "referral"}) {
      const ServiceEvents& service = Named(all, upstream);
      const auto found = service.streams.find(stream);
      if (found == service.streams.end()) continue;
      for (const engine::EventRow& event : found->second) {
        if (projection.Fold(expected, upstream, event).ok()) continue;
        findings.Add(Fault::kUnexpected, service, stream, "an event that the status cannot show");
      }
    }
    auto shown = intake.view->store->ReadProjections(projection.Name(), {stream});
    if (shown.ok() && (*shown)[stream] == expected) continue;
    findings.Add(Fault::kUnexpected, intake, stream, "the status is not what happened");
  }
}

void CheckPlain(const std::string& data_folder, const std::string& log_file, const History& history,
                Findings& findings) {
  std::vector<std::string> files = {log_file};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(data_folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path().string());
  }
  for (const std::string& file : files) {
    const std::string content = ReadFile(file);
    for (const std::string& text : history.planted()) {
      if (content.find(text) == std::string::npos) continue;
      findings.Add(Fault::kUnexpected, absl::StrCat(text, " in plain in ", file));
    }
  }
}

void CheckStores(Stores& stores, const std::string& data_folder, const History& history,
                 Findings& findings) {
  AllEvents all = {Read(stores.intake(), findings), Read(stores.eligibility(), findings),
                   Read(stores.referral(), findings)};
  for (const ServiceEvents& service : all) {
    CheckNumbers(service, findings);
    CheckCauses(service, all, findings);
    CheckApplied(service, all, findings);
    CheckFolded(service, findings);
  }
  const auto keyring = host::Keyring::Load(data_folder + "/keys/master.key");
  if (keyring.ok()) {
    CheckRequests(all, history, **keyring, findings);
  } else {
    findings.Add(Fault::kUnexpected, "the master key cannot be read");
  }
  CheckLedgers(all, history, findings);
  CheckOutcomes(all, findings);
  CheckStatus(all, findings);
}

}  // namespace

const ServiceEvents& Named(const AllEvents& all, const std::string& name) {
  return *std::find_if(all.begin(), all.end(),
                       [&](const ServiceEvents& service) { return service.view->name == name; });
}

void History::Add(RecordedCall call) {
  std::lock_guard<std::mutex> lock(mutex_);
  calls_.push_back(std::move(call));
}

std::vector<RecordedCall> History::calls() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return calls_;
}

void History::Plant(std::string text) {
  std::lock_guard<std::mutex> lock(mutex_);
  planted_.insert(std::move(text));
}

std::set<std::string> History::planted() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return planted_;
}

int Verdict::Count(Fault fault) const {
  return static_cast<int>(
      std::count_if(findings.begin(), findings.end(),
                    [fault](const Finding& finding) { return finding.fault == fault; }));
}

std::ostream& operator<<(std::ostream& out, const Verdict& verdict) {
  for (size_t i = 0; i < kFaultNames.size(); ++i) {
    out << (i == 0 ? "" : ", ") << kFaultNames[i] << " " << verdict.Count(static_cast<Fault>(i));
  }
  for (const Finding& finding : verdict.findings) {
    out << "\n  " << kFaultNames[static_cast<size_t>(finding.fault)] << ": " << finding.what;
  }
  return out;
}

void Findings::Add(Fault fault, const ServiceEvents& service, const std::string& stream,
                   const std::string& what) {
  if (fault == Fault::kLost && service.waiting.contains(stream)) fault = Fault::kWaiting;
  Add(fault, absl::StrCat(service.view->name, " ", stream, ": ", what));
}

void Findings::Compare(const ServiceEvents& service, const std::string& stream,
                       const std::vector<std::string>& expected,
                       const std::vector<std::string>& actual) {
  if (expected == actual) return;
  const std::set<std::string> wanted(expected.begin(), expected.end());
  std::map<std::string, int> seen;
  bool same_set = true;
  for (const std::string& one : actual) {
    const bool again = ++seen[one] > 1;
    if (again) Add(Fault::kDoubled, service, stream, one);
    if (!wanted.contains(one)) Add(Fault::kUnexpected, service, stream, one);
    same_set &= !again && wanted.contains(one);
  }
  for (const std::string& one : expected) {
    if (seen.contains(one)) continue;
    Add(Fault::kLost, service, stream, one);
    same_set = false;
  }
  if (same_set) Add(Fault::kOutOfOrder, service, stream, actual.front() + " and what follows");
}

Verdict CheckHistory(const std::string& data_folder, const std::string& log_file,
                     const History& history) {
  Findings findings;
  CheckPlain(data_folder, log_file, history, findings);  // Before a reader tidies up the -wal.
  Stores stores(data_folder);
  CheckStores(stores, data_folder, history, findings);
  return findings.Take();
}

Verdict CheckHistory(const Databases& databases, const std::string& data_folder,
                     const std::string& log_file, const History& history) {
  Findings findings;
  CheckPlain(data_folder, log_file, history, findings);
  Stores stores(databases);
  CheckStores(stores, data_folder, history, findings);
  return findings.Take();
}

}  // namespace pathways::testing_support
