#include "services/host/keys_feed.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/base/ids.h"
#include "services/base/private_file.h"
#include "services/base/status_macros.h"
#include "services/host/keys_secret.h"

namespace pathways::host {
namespace {

constexpr size_t kFileBytesMax = 4096;  // Some forty months; there are never more than three.
constexpr size_t kPseudonymBytes = 16;
constexpr size_t kIdBytes = 32;
// None of these may change while a month's key is in use: a record that is sent again would differ.
constexpr absl::string_view kLinePrefix = "pathways-feed-key-v1";
constexpr absl::string_view kPseudonymPurpose = "pathways.feed.case.v1";
constexpr absl::string_view kIdPurpose = "pathways.feed.id.v1";

absl::CivilMonth MonthOf(absl::Time time) { return absl::ToCivilMonth(time, absl::UTCTimeZone()); }

bool IsPastGrace(absl::CivilMonth month, absl::Time now) {
  return absl::FromCivil(month + 1, absl::UTCTimeZone()) + kFeedKeyGrace <= now;
}

using Keys = std::map<absl::CivilMonth, ScopedKey>;

absl::Status ParseLine(absl::string_view line, Keys& keys) {
  const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
  absl::CivilMonth month;
  if (words.size() != 3 || words[0] != kLinePrefix || !absl::ParseCivilTime(words[1], &month)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", kLinePrefix, " <year>-<month> <64 hex digits>' is expected"));
  }
  const auto [added, is_new] = keys.try_emplace(month);
  if (!is_new) return absl::InvalidArgumentError("the month is there twice");
  if (!ParseHexKey(words[2], added->second)) {
    return absl::InvalidArgumentError("a key is 64 hex digits");
  }
  return absl::OkStatus();
}

absl::Status Parse(const std::string& path, absl::string_view text, Keys& keys) {
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    if (line.empty()) continue;
    const absl::Status parsed = ParseLine(line, keys);
    if (parsed.ok()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": line ", number, ": ", std::string(parsed.message())));
  }
  return absl::OkStatus();
}

// The lines of a file that stay, and what it lacks.
absl::StatusOr<FeedKeyChange> Rotate(const std::string& path, std::string& text, absl::Time now) {
  Keys keys;
  RETURN_IF_ERROR(Parse(path, text, keys));
  FeedKeyChange change;
  std::string kept;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    Keys of_line;
    RETURN_IF_ERROR(ParseLine(line, of_line));
    const absl::CivilMonth month = of_line.begin()->first;
    if (IsPastGrace(month, now)) {
      change.destroyed.push_back(absl::FormatCivilTime(month));
    } else {
      absl::StrAppend(&kept, line, "\n");
    }
  }
  for (const absl::CivilMonth month : {MonthOf(now), MonthOf(now) + 1}) {
    if (keys.contains(month)) continue;
    std::string hex = NewHexKey();
    const Wiper wipes(hex);
    absl::StrAppend(&kept, kLinePrefix, " ", absl::FormatCivilTime(month), " ", hex, "\n");
    change.made.push_back(absl::FormatCivilTime(month));
  }
  Wipe(text);
  text = std::move(kept);
  return change;
}

}  // namespace

absl::StatusOr<FeedKeyChange> RotateFeedKeys(const std::string& path, absl::Time now) {
  RETURN_IF_ERROR(StartSodium());
  ASSIGN_OR_RETURN(const base::FileDescriptor lock, base::LockFolderOf(path));
  auto read = base::ReadPrivateFile(path, kFileBytesMax);
  if (!read.ok() && !absl::IsNotFound(read.status())) return read.status();
  std::string text = read.ok() ? *std::move(read) : std::string();
  const Wiper wipes(text);
  ASSIGN_OR_RETURN(FeedKeyChange change, Rotate(path, text, now));
  if (change.made.empty() && change.destroyed.empty()) return change;
  RETURN_IF_ERROR(base::WritePrivateFile(path, text, base::Existing::kReplace));
  return change;
}

absl::StatusOr<FeedKeys> FeedKeys::Load(const std::string& path, absl::Time now) {
  RETURN_IF_ERROR(StartSodium());
  ASSIGN_OR_RETURN(std::string text, base::ReadPrivateFile(path, kFileBytesMax));
  const Wiper wipes(text);
  FeedKeys loaded;
  RETURN_IF_ERROR(Parse(path, text, loaded.keys_));
  std::erase_if(loaded.keys_, [now](const auto& key) { return IsPastGrace(key.first, now); });
  return loaded;
}

const ScopedKey* FeedKeys::Find(absl::Time time) const {
  const auto found = keys_.find(MonthOf(time));
  return found == keys_.end() ? nullptr : &found->second;
}

std::optional<std::string> FeedKeys::PseudonymOf(absl::string_view stream, absl::Time time) const {
  const ScopedKey* const key = Find(time);
  if (key == nullptr) return std::nullopt;
  return absl::BytesToHexString(
      KeyedHash(key->bytes, Joined({kPseudonymPurpose, stream}), kPseudonymBytes));
}

std::optional<std::string> FeedKeys::RecordIdOf(absl::string_view ce_id, size_t index,
                                                absl::Time time) const {
  const ScopedKey* const key = Find(time);
  if (key == nullptr) return std::nullopt;
  return base::UuidOf(
      KeyedHash(key->bytes, Joined({kIdPurpose, ce_id, absl::StrCat(index)}), kIdBytes));
}

std::string FeedMonthOf(absl::Time time) { return absl::FormatCivilTime(MonthOf(time)); }

}  // namespace pathways::host
