#include "services/cli/sheet_parts.h"

#include <zip.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace pathways::cli {
namespace {

constexpr size_t kPieceBytes = 64 * 1024;

absl::Status Damaged() {
  return absl::InvalidArgumentError("the spreadsheet is damaged: its zip archive cannot be read");
}

absl::Status Encrypted() {
  return absl::InvalidArgumentError(
      "the spreadsheet is protected by a password: save it without one");
}

absl::Status TooLarge() {
  return absl::ResourceExhaustedError(absl::StrCat(
      "the spreadsheet is larger than an import may be: it unpacks to more than ",
      kPartBytesMax >> 20, " MiB in one part, or ", kAllPartsBytesMax >> 20, " MiB in all"));
}

}  // namespace

void SheetParts::Discard::operator()(struct zip* archive) const { zip_discard(archive); }

absl::StatusOr<SheetParts> SheetParts::Open(absl::string_view bytes, PartBounds bounds) {
  zip_source_t* const source =
      zip_source_buffer_create(bytes.data(), bytes.size(), /*freep=*/0, nullptr);
  if (source == nullptr) return Damaged();
  zip_t* const archive = zip_open_from_source(source, ZIP_RDONLY, nullptr);
  if (archive == nullptr) {
    zip_source_free(source);
    return Damaged();
  }
  SheetParts parts(archive, bounds);
  if (zip_get_num_entries(archive, 0) > kPartsMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the spreadsheet has more than ", kPartsMax, " parts"));
  }
  return parts;
}

bool SheetParts::Has(const std::string& name) const {
  return zip_name_locate(archive_.get(), name.c_str(), ZIP_FL_ENC_RAW) >= 0;
}

absl::Status SheetParts::Read(const std::string& name,
                              absl::FunctionRef<absl::Status(absl::string_view)> take) {
  const zip_int64_t index = zip_name_locate(archive_.get(), name.c_str(), ZIP_FL_ENC_RAW);
  if (index < 0) {
    return absl::InvalidArgumentError("the spreadsheet is damaged: a part of it is missing");
  }
  zip_stat_t stat;
  if (zip_stat_index(archive_.get(), static_cast<zip_uint64_t>(index), 0, &stat) != 0) {
    return Damaged();
  }
  if ((stat.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && stat.encryption_method != ZIP_EM_NONE) {
    return Encrypted();
  }
  if ((stat.valid & ZIP_STAT_SIZE) != 0 &&
      stat.size > static_cast<zip_uint64_t>(bounds_.part_bytes_max)) {
    return TooLarge();
  }
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file(
      zip_fopen_index(archive_.get(), static_cast<zip_uint64_t>(index), 0), &zip_fclose);
  if (file == nullptr) return Damaged();
  std::vector<char> piece(kPieceBytes);
  int64_t part_bytes = 0;
  for (;;) {
    const zip_int64_t got = zip_fread(file.get(), piece.data(), piece.size());
    if (got < 0) return Damaged();
    if (got == 0) return absl::OkStatus();
    part_bytes += got;
    read_bytes_ += got;
    if (part_bytes > bounds_.part_bytes_max || read_bytes_ > bounds_.all_bytes_max) {
      return TooLarge();
    }
    RETURN_IF_ERROR(take(absl::string_view(piece.data(), static_cast<size_t>(got))));
  }
}

}  // namespace pathways::cli
