// Reads a text file line by line, in chunks, with a bound on the length of a line.
//
// A line ends with \n, \r\n or a lone \r (old spreadsheets write it), and is given with its end, so
// that a quoted field that spans lines is put together again as it was. Memory stays within twice
// the bound whatever the file is.
#ifndef PATHWAYS_SERVICES_CLI_LINE_READER_H_
#define PATHWAYS_SERVICES_CLI_LINE_READER_H_

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pathways::cli {

// A registration is a few hundred bytes; a longer line is no registration.
inline constexpr size_t kLineBytesMax = 64 * 1024;

// Not thread-safe.
class LineReader {
 public:
  enum class Result {
    kLine,
    kTooLong,  // The line is skipped; the next call reads the one after it.
    kEnd,
    kFailed,  // The file cannot be read on.
  };

  // NOT_FOUND when there is no such file or it may not be read; INVALID_ARGUMENT for a folder.
  static absl::StatusOr<std::unique_ptr<LineReader>> Open(const std::string& path);

  // Puts the next line with its end into `line`. A byte order mark before the first is left out.
  Result Next(std::string& line);

  // Number of the line that Next gave or skipped last, from 1.
  int64_t line_number() const { return line_number_; }

  // What is read but not given yet: before the first Next the beginning of the file.
  absl::string_view Ahead() const { return absl::string_view(buffer_).substr(position_); }

 private:
  explicit LineReader(const std::string& path) : file_(path, std::ios::binary) {}

  // Reads one chunk more. False at the end of the file or on failure.
  bool Fill();
  // Bytes of the next line with its end; 0 when more must be read to tell.
  size_t LineBytes();

  std::ifstream file_;
  std::string buffer_;
  size_t position_ = 0;  // First byte of the next line in buffer_.
  size_t scanned_ = 0;   // Bytes of the next line known to hold no end.
  bool at_end_ = false;
  int64_t line_number_ = 0;
};

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_LINE_READER_H_
