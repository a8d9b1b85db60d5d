#include "services/referral/resume_token.h"

#include <cstdint>

#include "services/host/pages.h"
#include "tests/fuzz/targets.h"

namespace pathways::fuzz {
namespace {

constexpr char kIncarnation[] = "0f1e2d3c";

void ReadPosition(absl::string_view token) {
  const absl::StatusOr<int64_t> position = referral::PositionOfResumeToken(token, kIncarnation);
  if (!position.ok()) return;
  Require(*position >= 0, "a watch begins at a position");
  const auto again = referral::PositionOfResumeToken(
      referral::ResumeTokenOf(kIncarnation, *position), kIncarnation);
  Require(again.ok() && *again == *position, "a watch goes on where it was told");
}

}  // namespace

void ResumeToken(absl::string_view bytes) {
  ReadPosition(bytes);
  if (!bytes.empty()) ReadPosition(host::PageTokenOf(bytes));
}

}  // namespace pathways::fuzz
