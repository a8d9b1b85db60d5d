#include "services/cli/import_stream.h"

#include <cstddef>
#include <utility>

namespace pathways::cli {
namespace {

// Far more than can be unanswered: a service that sends more is out of order.
constexpr size_t kAnswersMax = 4096;

}  // namespace

ImportStream::ImportStream(Client& client) {
  client.AddHeaders(context_);
  client.stub<intake::v1::IntakeService::Stub>().async()->ImportCases(&context_, this);
  AddHold();
  StartRead(&read_);
  StartCall();
}

ImportStream::~ImportStream() {
  std::unique_lock lock(mutex_);
  if (!end_) {
    lock.unlock();
    context_.TryCancel();
    Release();
    lock.lock();
    // Not bounded, because gRPC uses this object until it has called OnDone; after a cancellation
    // that does not depend on the service.
    changed_.wait(lock, [this] { return end_.has_value(); });
  }
}

ImportStream::News ImportStream::Wait(absl::Duration at_most, bool wants_to_write) {
  News news;
  bool is_broken = false;
  {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, absl::ToChronoNanoseconds(at_most), [&] {
      return !answers_.empty() || end_ || (is_broken_ && is_held_) ||
             (wants_to_write && !is_writing_ && !is_broken_);
    });
    news.answers.swap(answers_);
    news.can_write = !is_writing_ && !is_broken_ && !end_;
    news.end = end_;
    is_broken = is_broken_;
  }
  if (is_broken) Release();
  return news;
}

void ImportStream::Write(const std::string& site, intake::v1::RegisterCaseRequest registration) {
  *written_.mutable_registration() = std::move(registration);
  written_.mutable_registration()->set_site(site);
  {
    const std::lock_guard lock(mutex_);
    is_writing_ = true;
  }
  StartWrite(&written_);
}

void ImportStream::WritesDone() {
  StartWritesDone();
  Release();
}

void ImportStream::Release() {
  if (std::exchange(is_held_, false)) RemoveHold();
}

void ImportStream::OnReadDone(bool ok) {
  {
    const std::lock_guard lock(mutex_);
    const bool is_full = answers_.size() >= kAnswersMax;
    if (ok && !is_full) {
      answers_.push_back(std::move(read_));
    } else {
      is_broken_ = true;
    }
    changed_.notify_all();
    // At an ordinary end a cancellation could hide the service's own status.
    if (is_full) context_.TryCancel();
    if (is_broken_) return;
  }
  read_.Clear();
  StartRead(&read_);
}

void ImportStream::OnWriteDone(bool ok) {
  const std::lock_guard lock(mutex_);
  is_writing_ = false;
  if (!ok) is_broken_ = true;
  changed_.notify_all();
}

void ImportStream::OnDone(const grpc::Status& status) {
  const std::lock_guard lock(mutex_);
  end_ = status;
  changed_.notify_all();
}

}  // namespace pathways::cli
