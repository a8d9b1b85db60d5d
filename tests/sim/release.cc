#include "tests/sim/release.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/type/stream_id.h"

namespace pathways::sim {
namespace {

// Fields that no message has, so whoever parses the bytes passes over them.
constexpr absl::string_view kMarks[] = {"\xC0\x3E\x01", "\xC0\x3E\x02"};
constexpr absl::string_view kNews = "\xC8\x3E\x01";
// Later than any simulation.
constexpr int64_t kNever = 4'000'000'000;

bool IsNews(const std::string& stream, int64_t number) {
  uint64_t hash = 0xcbf29ce484222325u + static_cast<uint64_t>(number);
  for (const char c : stream) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return (hash >> 20) % 4 == 0 && type::IsCaseStream(stream);
}

class ReleasedStream : public engine::OpenStream {
 public:
  ReleasedStream(std::unique_ptr<engine::OpenStream> stream, Release::Kind kind)
      : stream_(std::move(stream)), kind_(kind) {}

  absl::StatusOr<std::vector<engine::NewEvent>> Decide(
      absl::string_view command, const type::DecideContext& context) override {
    ASSIGN_OR_RETURN(std::vector<engine::NewEvent> made, stream_->Decide(command, context));
    int64_t number = context.version;
    for (engine::NewEvent& event : made) {
      if (kind_.writes_news && IsNews(context.stream, ++number))
        absl::StrAppend(&event.data, kNews);
    }
    return made;
  }

  absl::Status Evolve(const engine::EventRow& event) override {
    if (!kind_.is_newer && absl::EndsWith(event.data, kNews)) {
      return absl::DataLossError("an event that only the newer release knows");
    }
    return stream_->Evolve(event);
  }

  type::Folded Fold(const std::string& stream) const override {
    type::Folded folded = stream_->Fold(stream);
    if (kind_.is_newer && !folded.lists.empty()) {
      const std::string left_out = folded.lists[0].index;
      std::erase_if(folded.lists, [&](const auto& entry) { return entry.index == left_out; });
    }
    const std::string name = absl::StrCat(kOfRelease, kind_.is_newer ? "newer" : "older");
    folded.lists.push_back({name, stream});
    folded.uniques.push_back({name, stream});
    folded.timers.push_back({name, kNever});
    return folded;
  }

  engine::StoredState State() const override {
    engine::StoredState state = stream_->State();
    absl::StrAppend(&state.open, kMarks[kind_.is_newer ? 1 : 0]);
    return state;
  }

 private:
  const std::unique_ptr<engine::OpenStream> stream_;
  const Release::Kind kind_;
};

}  // namespace

absl::StatusOr<engine::StoredState> Release::WithoutMark(engine::StoredState state) const {
  if (state.open.empty() && state.sealed.empty()) return state;
  const absl::string_view mark = kMarks[kind_.is_newer ? 1 : 0];
  if (!absl::EndsWith(state.open, mark)) {
    return absl::DataLossError("a state of another release was not folded again");
  }
  state.open.resize(state.open.size() - mark.size());
  return state;
}

absl::StatusOr<std::unique_ptr<const engine::Domain>> Release::WithRules(
    const engine::StreamRow& rules_stream) const {
  engine::StreamRow row = rules_stream;
  ASSIGN_OR_RETURN(row.state, WithoutMark(std::move(row.state)));
  ASSIGN_OR_RETURN(std::unique_ptr<const engine::Domain> under, base_.WithRules(row));
  return std::unique_ptr<const engine::Domain>(new Release(std::move(under), kind_));
}

absl::StatusOr<std::unique_ptr<engine::OpenStream>> Release::Open(
    const engine::StoredState& stored) const {
  ASSIGN_OR_RETURN(const engine::StoredState state, WithoutMark(stored));
  ASSIGN_OR_RETURN(std::unique_ptr<engine::OpenStream> stream, base_.Open(state));
  return std::make_unique<ReleasedStream>(std::move(stream), kind_);
}

}  // namespace pathways::sim
