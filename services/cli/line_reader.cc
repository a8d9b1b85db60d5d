#include "services/cli/line_reader.h"

#include <filesystem>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/match.h"

namespace pathways::cli {
namespace {

constexpr char kByteOrderMark[] = "\xEF\xBB\xBF";
constexpr size_t kByteOrderMarkBytes = 3;

}  // namespace

absl::StatusOr<std::unique_ptr<LineReader>> LineReader::Open(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return absl::InvalidArgumentError("is a folder, not a file");
  }
  std::unique_ptr<LineReader> reader(new LineReader(path));
  if (!reader->file_.is_open()) return absl::NotFoundError("cannot be opened for reading");
  reader->Fill();
  if (absl::StartsWith(reader->buffer_, kByteOrderMark)) reader->position_ = kByteOrderMarkBytes;
  return reader;
}

bool LineReader::Fill() {
  if (at_end_) return false;
  buffer_.erase(0, position_);
  position_ = 0;
  const size_t before = buffer_.size();
  buffer_.resize(before + kLineBytesMax);
  file_.read(&buffer_[before], kLineBytesMax);
  buffer_.resize(before + static_cast<size_t>(file_.gcount()));
  at_end_ = !file_.good();
  return buffer_.size() > before;
}

size_t LineReader::LineBytes() {
  const absl::string_view ahead = Ahead();
  const size_t end = ahead.find_first_of("\r\n", scanned_);
  if (end == absl::string_view::npos) {
    scanned_ = ahead.size();
    return at_end_ ? ahead.size() : 0;
  }
  if (ahead[end] == '\n') return end + 1;
  if (end + 1 < ahead.size()) return ahead[end + 1] == '\n' ? end + 2 : end + 1;
  scanned_ = end;
  return at_end_ ? ahead.size() : 0;
}

LineReader::Result LineReader::Next(std::string& line) {
  line.clear();
  ++line_number_;
  bool too_long = false;
  scanned_ = 0;
  while (true) {
    const size_t bytes = LineBytes();
    if (bytes > 0) {
      too_long = too_long || bytes > kLineBytesMax;
      if (!too_long) line.assign(buffer_, position_, bytes);
      position_ += bytes;
      return too_long ? Result::kTooLong : Result::kLine;
    }
    if (Ahead().size() > kLineBytesMax) {
      // Dropped but for the last byte, which may be a \r that ends the line.
      too_long = true;
      position_ = buffer_.size() - 1;
      scanned_ = 0;
    }
    if (!Fill() && Ahead().empty()) {
      if (file_.bad()) return Result::kFailed;
      if (too_long) return Result::kTooLong;
      --line_number_;
      return Result::kEnd;
    }
  }
}

}  // namespace pathways::cli
