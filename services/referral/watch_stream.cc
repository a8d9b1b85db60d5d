#include "services/referral/watch_stream.h"

#include <mutex>
#include <utility>

#include "absl/status/status.h"

namespace pathways::referral {
namespace {

// Between a watch, which sends one message at a time, and the stream that carries it.
class WatchStream : public host::StreamHandler,
                    public WatchSink,
                    public std::enable_shared_from_this<WatchStream> {
 public:
  WatchStream(ReferralWatches& watches, std::string agency, std::string resume_token)
      : watches_(watches), agency_(std::move(agency)), resume_token_(std::move(resume_token)) {}

  void OnStart(std::shared_ptr<host::Stream> stream) override {
    stream_ = std::move(stream);
    absl::StatusOr<std::shared_ptr<ReferralWatch>> watch =
        watches_.Begin(agency_, resume_token_, shared_from_this());
    if (!watch.ok()) return stream_->Finish(watch.status());
    bool is_ready = false;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      watch_ = *std::move(watch);
      is_ready = sent_early_;
    }
    if (is_ready) watch_->Ready();
  }

  void OnSent() override {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      // The first message may have been taken before Begin has returned.
      sent_early_ = watch_ == nullptr;
      if (sent_early_) return;
    }
    watch_->Ready();
  }

  void OnEnd() override {
    if (!watch_) return;
    watch_->End(absl::CancelledError("the watch was broken off"));
    watches_.Leave(watch_);
  }

  bool Send(WatchMessage message) override {
    stream_->Send(*message);
    return false;  // Not before it was taken.
  }

  void End(const absl::Status& status) override { stream_->Finish(status); }

 private:
  ReferralWatches& watches_;
  const std::string agency_;
  const std::string resume_token_;
  std::shared_ptr<host::Stream> stream_;

  std::mutex mutex_;                      // Guards what follows until OnStart has returned.
  std::shared_ptr<ReferralWatch> watch_;  // Null: not begun yet, or refused.
  bool sent_early_ = false;
};

}  // namespace

std::shared_ptr<host::StreamHandler> StartWatch(ReferralWatches& watches, std::string agency,
                                                std::string resume_token) {
  return std::make_shared<WatchStream>(watches, std::move(agency), std::move(resume_token));
}

}  // namespace pathways::referral
