// The parts of a spreadsheet file: a zip archive in memory, read by libzip within bounds.
//
// A small file can hold parts that are huge when they are inflated, and its directory can lie about
// them. So a part is inflated piece by piece, what comes out is counted, and reading ends at the
// bound; nothing is held but the piece. Nothing of a part that is not asked for is inflated.
#ifndef PATHWAYS_SERVICES_CLI_SHEET_PARTS_H_
#define PATHWAYS_SERVICES_CLI_SHEET_PARTS_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct zip;

namespace pathways::cli {

// Of a file. The import of 100,000 people reads 3 to 8 MB.
inline constexpr int64_t kSheetFileBytesMax = int64_t{64} << 20;
inline constexpr int64_t kPartsMax = 20'000;
// Inflated, of one part and of all that are read.
inline constexpr int64_t kPartBytesMax = int64_t{512} << 20;
inline constexpr int64_t kAllPartsBytesMax = int64_t{1} << 30;

struct PartBounds {
  int64_t part_bytes_max = kPartBytesMax;
  int64_t all_bytes_max = kAllPartsBytesMax;
};

// Not thread-safe.
class SheetParts {
 public:
  // `bytes` must outlive it. INVALID_ARGUMENT: no zip archive, or a damaged one.
  // RESOURCE_EXHAUSTED: too many parts.
  static absl::StatusOr<SheetParts> Open(absl::string_view bytes, PartBounds bounds = {});

  bool Has(const std::string& name) const;

  // Hands the part over, piece by piece, until `take` fails. INVALID_ARGUMENT: there is none of the
  // name, or it is damaged or encrypted. RESOURCE_EXHAUSTED: it is beyond a bound. Else what `take`
  // returned.
  absl::Status Read(const std::string& name,
                    absl::FunctionRef<absl::Status(absl::string_view)> take);

 private:
  struct Discard {
    void operator()(struct zip* archive) const;
  };

  SheetParts(struct zip* archive, PartBounds bounds) : archive_(archive), bounds_(bounds) {}

  std::unique_ptr<struct zip, Discard> archive_;
  PartBounds bounds_;
  int64_t read_bytes_ = 0;
};

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_SHEET_PARTS_H_
