#include "services/cli/importer.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/base/status_macros.h"
#include "services/cli/import_stream.h"
#include "services/cli/import_warnings.h"

namespace pathways::cli {
namespace {

// How soon a stop flag or a due retry is seen while nothing else happens.
constexpr absl::Duration kTick = absl::Milliseconds(50);

// A household on its way.
struct Pending {
  ImportItem item;
  int sent = 0;
  absl::Time due;            // Not sent before.
  bool lost_answer = false;  // It was sent before, and may have been registered by that.
};

bool IsBusy(absl::StatusCode code) {
  return code == absl::StatusCode::kUnavailable || code == absl::StatusCode::kResourceExhausted;
}

// Would be answered to every household alike.
bool IsForAll(absl::StatusCode code) {
  return code == absl::StatusCode::kUnauthenticated || code == absl::StatusCode::kPermissionDenied;
}

// A refusal without a field to name.
std::string ReasonOf(const intake::v1::ImportCasesResponse& answer) {
  const auto code = static_cast<absl::StatusCode>(answer.code());
  const std::string stable =
      answer.reason().empty() ? std::string(absl::StatusCodeToString(code)) : answer.reason();
  if (code == absl::StatusCode::kAlreadyExists) {
    return absl::StrCat("is registered with other content: use 'case update' (", stable, ")");
  }
  return absl::StrCat("was refused by the service (", stable, ")");
}

// Takes households from the file, and notes what is refused of them.
class HouseholdReader {
 public:
  HouseholdReader(ImportFile& file, ImportSummary& summary) : file_(file), summary_(summary) {
    summary_.ignored_columns = file.ignored_columns();
  }

  // The next household, with or without errors; nothing at the end, or where the file cannot be
  // read on.
  std::optional<ImportItem> Next() {
    std::optional<ImportItem> item = file_.Next();
    if (!item) {
      summary_.status.Update(file_.status());
      return std::nullopt;
    }
    ++summary_.households;
    if (item->errors.empty()) {
      for (RowError& warning : warnings_.Of(*item)) {
        if (summary_.warnings.size() < kWarningsMax)
          summary_.warnings.push_back(std::move(warning));
      }
    }
    return item;
  }

  // False when there are so many errors that it is not the file that was meant.
  bool Refuse(const ImportItem& item, std::vector<RowError> errors) {
    ++summary_.refused;
    summary_.refused_lines.insert(summary_.refused_lines.end(), item.lines.begin(),
                                  item.lines.end());
    for (RowError& error : errors) summary_.errors.push_back(std::move(error));
    return summary_.errors.size() <= kRowErrorsMax;
  }

  void Sort() {
    const auto by_place = [](const RowError& a, const RowError& b) {
      return std::tie(a.line, a.column) < std::tie(b.line, b.column);
    };
    std::stable_sort(summary_.errors.begin(), summary_.errors.end(), by_place);
    std::stable_sort(summary_.warnings.begin(), summary_.warnings.end(), by_place);
    std::sort(summary_.refused_lines.begin(), summary_.refused_lines.end());
    std::sort(summary_.cases.begin(), summary_.cases.end(),
              [](const ImportedCase& a, const ImportedCase& b) { return a.line < b.line; });
  }

 private:
  ImportFile& file_;
  ImportSummary& summary_;
  ImportWarnings warnings_;
};

absl::Status TooManyErrors() {
  return absl::InvalidArgumentError(
      absl::StrCat("more than ", kRowErrorsMax, " errors: is this the file that was meant?"));
}

// One import. Single-threaded.
class Importer {
 public:
  Importer(Client& client, const ImportSettings& settings, ImportFile& file)
      : client_(client), settings_(settings), households_(file, summary_) {}

  ImportSummary Run();

 private:
  bool IsStopped() const { return settings_.stop != nullptr && settings_.stop->load(); }
  absl::Duration BackoffAfter(int attempts) const;
  void Report() {
    if (settings_.progress) settings_.progress(summary_);
  }

  // Reads on until there is a household to send; refuses on the way. Nothing at the end.
  std::optional<Pending> ReadNext();
  void Refuse(const ImportItem& item, std::vector<RowError> errors);
  // The household to send now: one that is due again, else the next of the file.
  std::optional<Pending> TakeNext();
  bool HasRoom() const {
    return unanswered_.size() + waiting_.size() < static_cast<size_t>(settings_.window);
  }
  bool IsFinished() const { return is_read_ && waiting_.empty() && unanswered_.empty(); }

  // One round: send, wait, take in. Returns false when it is over.
  bool Step();
  // Opens the stream when there is something to send. False when it is not to be used yet.
  bool OpenStream();
  void Send();
  // A household that has a case with the content of the file.
  void Count(const Pending& pending, const intake::v1::ImportCasesResponse& answer);
  void TakeIn(const intake::v1::ImportCasesResponse& answer);
  void OnEnd(const grpc::Status& status);
  void CheckSilence();
  void GiveUp(absl::Status status);

  Client& client_;
  const ImportSettings& settings_;
  ImportSummary summary_;
  HouseholdReader households_;
  std::unique_ptr<ImportStream> stream_;
  bool can_write_ = false;
  bool is_read_ = false;     // Nothing more is taken from the file.
  bool is_over_ = false;     // Nothing more is done.
  bool is_closing_ = false;  // The stream has been told that nothing more comes.
  int streams_in_vain_ = 0;  // In a row, without an answer.
  absl::Status broken_;      // Not OK: why the last stream ended; a new one is to be opened.
  absl::Time heard_at_;      // When something was answered, or first waited for.
  absl::flat_hash_map<std::string, Pending> unanswered_;  // By request id.
  std::deque<Pending> waiting_;                           // To be sent, by `due`.
};

absl::Duration Importer::BackoffAfter(int attempts) const {
  absl::Duration wait = settings_.backoff;
  for (int i = 1; i < attempts && wait < 20 * settings_.backoff; ++i) wait *= 2;
  return std::min(wait, 20 * settings_.backoff);
}

void Importer::Refuse(const ImportItem& item, std::vector<RowError> errors) {
  if (!households_.Refuse(item, std::move(errors))) GiveUp(TooManyErrors());
}

std::optional<Pending> Importer::ReadNext() {
  while (!is_read_ && !is_over_ && !IsStopped()) {
    std::optional<ImportItem> item = households_.Next();
    if (!item) break;
    if (item->errors.empty()) {
      return Pending{.item = *std::move(item), .due = absl::InfinitePast()};
    }
    Refuse(*item, item->errors);
    Report();
  }
  is_read_ = true;
  return std::nullopt;
}

std::optional<Pending> Importer::TakeNext() {
  if (!waiting_.empty() && waiting_.front().due <= absl::Now()) {
    Pending next = std::move(waiting_.front());
    waiting_.pop_front();
    return next;
  }
  return HasRoom() ? ReadNext() : std::nullopt;
}

void Importer::Send() {
  std::optional<Pending> next = TakeNext();
  if (!next || is_over_) return;
  if (unanswered_.empty()) heard_at_ = absl::Now();
  ++next->sent;
  stream_->Write(settings_.site, next->item.request);
  can_write_ = false;
  std::string id = next->item.request.request_id();
  unanswered_.insert_or_assign(std::move(id), *std::move(next));
}

void Importer::Count(const Pending& pending, const intake::v1::ImportCasesResponse& answer) {
  const auto note = [&](const char* outcome) {
    summary_.cases.push_back({pending.item.first_line, outcome, answer.case_name()});
  };
  if (answer.outcome() == intake::v1::IMPORT_OUTCOME_WITHDRAWN) {
    ++summary_.withdrawn;
    return note("withdrawn");
  }
  ++summary_.registered;
  summary_.people += pending.item.request.case_().people_size();
  // What is sent again because its answer was lost was registered by this import all the same.
  const bool is_known =
      answer.outcome() == intake::v1::IMPORT_OUTCOME_KNOWN && !pending.lost_answer;
  ++(is_known ? summary_.known : summary_.created);
  note(is_known ? "known" : "new");
}

void Importer::TakeIn(const intake::v1::ImportCasesResponse& answer) {
  const auto found = unanswered_.find(answer.request_id());
  if (found == unanswered_.end()) return;  // Answered before, on a stream that broke.
  Pending pending = std::move(found->second);
  unanswered_.erase(found);
  heard_at_ = absl::Now();
  streams_in_vain_ = 0;
  const auto code = static_cast<absl::StatusCode>(answer.code());
  if (code == absl::StatusCode::kOk) {
    Count(pending, answer);
  } else if (IsBusy(code) && pending.sent < settings_.attempts_max) {
    // UNAVAILABLE leaves open whether it was committed.
    pending.lost_answer |= code == absl::StatusCode::kUnavailable;
    pending.due = absl::Now() + BackoffAfter(pending.sent);
    waiting_.push_back(std::move(pending));
    std::sort(waiting_.begin(), waiting_.end(),
              [](const Pending& a, const Pending& b) { return a.due < b.due; });
    return;
  } else if (IsBusy(code) || IsForAll(code)) {
    GiveUp(ToStatus({static_cast<grpc::StatusCode>(answer.code()),
                     absl::StrCat("line ", pending.item.first_line, " ", ReasonOf(answer))}));
  } else {
    std::vector<RowError> errors;
    for (const intake::v1::ImportViolation& violation : answer.violations()) {
      errors.push_back(LocateViolation(pending.item, violation.field(), violation.description()));
    }
    if (errors.empty()) errors.push_back({pending.item.first_line, "", ReasonOf(answer)});
    if (code == absl::StatusCode::kAlreadyExists) {
      ++summary_.changed;
      summary_.cases.push_back({pending.item.first_line, "changed", answer.case_name()});
    }
    Refuse(pending.item, std::move(errors));
  }
  Report();
}

void Importer::GiveUp(absl::Status status) {
  summary_.status = std::move(status);
  is_over_ = true;
}

void Importer::OnEnd(const grpc::Status& status) {
  stream_.reset();
  if (IsFinished()) {
    is_over_ = true;
    return;
  }
  // A service that stops may end the stream without an error and without all answers, or cancel it.
  const absl::Status reason =
      status.ok() ? ToStatus({grpc::StatusCode::UNAVAILABLE, "the service ended the import"})
                  : ToStatus(status);
  if ((!IsBusy(reason.code()) && reason.code() != absl::StatusCode::kCancelled) ||
      ++streams_in_vain_ >= settings_.attempts_max) {
    GiveUp(reason);
    return;
  }
  broken_ = reason;
  heard_at_ = absl::Now();
  for (auto& [id, pending] : unanswered_) {
    pending.lost_answer = true;
    pending.due = absl::InfinitePast();
    waiting_.push_front(std::move(pending));
  }
  unanswered_.clear();
}

void Importer::CheckSilence() {
  if (!stream_ || (unanswered_.empty() && !is_closing_)) return;
  if (absl::Now() - heard_at_ < client_.timeout()) return;
  GiveUp(ToStatus({grpc::StatusCode::DEADLINE_EXCEEDED,
                   absl::StrCat("the service answered nothing for ",
                                absl::FormatDuration(client_.timeout()))}));
}

bool Importer::OpenStream() {
  if (!broken_.ok()) {
    // gRPC waits between attempts to connect, and between those to open a stream.
    if (!client_.WaitUntilConnected(kTick)) {
      if (absl::Now() - heard_at_ >= client_.timeout()) GiveUp(broken_);
      return false;
    }
    broken_ = absl::OkStatus();
  } else if (std::optional<Pending> first = ReadNext()) {
    waiting_.push_back(*std::move(first));
  }
  if (is_over_ || waiting_.empty()) {
    is_over_ = true;
    return false;
  }
  stream_ = std::make_unique<ImportStream>(client_);
  is_closing_ = false;
  can_write_ = false;
  heard_at_ = absl::Now();
  return true;
}

bool Importer::Step() {
  if (IsStopped()) {
    is_read_ = true;
    waiting_.clear();
  }
  if (!stream_ && !OpenStream()) return !is_over_;
  if (can_write_ && !is_closing_) Send();
  if (is_over_) return false;
  if (can_write_ && !is_closing_ && IsFinished()) {
    stream_->WritesDone();
    is_closing_ = true;
    heard_at_ = absl::Now();
  }
  const ImportStream::News news = stream_->Wait(kTick, !can_write_ && !is_closing_);
  can_write_ = news.can_write;
  for (const intake::v1::ImportCasesResponse& answer : news.answers) TakeIn(answer);
  if (news.end && !is_over_) OnEnd(*news.end);
  if (!is_over_) CheckSilence();
  return !is_over_;
}

ImportSummary Importer::Run() {
  while (Step()) {
  }
  stream_.reset();
  if (summary_.status.ok() && IsStopped()) {
    summary_.status = absl::CancelledError("stopped: import the file again to go on");
  }
  households_.Sort();
  return std::move(summary_);
}

}  // namespace

absl::StatusOr<ImportSummary> Import(Client& client, const ImportSettings& settings) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ImportFile> file, ImportFile::Open(settings.input));
  return Importer(client, settings, *file).Run();
}

absl::StatusOr<ImportSummary> CheckFile(const ImportSettings& settings) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ImportFile> file, ImportFile::Open(settings.input));
  ImportSummary summary;
  HouseholdReader households(*file, summary);
  while (const std::optional<ImportItem> item = households.Next()) {
    if (item->errors.empty()) {
      summary.people += item->request.case_().people_size();
    } else if (!households.Refuse(*item, item->errors)) {
      summary.status = TooManyErrors();
      break;
    }
    if (settings.stop != nullptr && settings.stop->load()) {
      summary.status = absl::CancelledError("stopped");
      break;
    }
  }
  households.Sort();
  return summary;
}

}  // namespace pathways::cli
