#include "tests/support/zip_file.h"

#include <zip.h>

#include <cstdlib>

namespace pathways::testing_support {
namespace {

void Require(bool is_done) {
  if (!is_done) std::abort();
}

}  // namespace

std::string Zip(const Parts& parts) {
  zip_source_t* const target = zip_source_buffer_create(nullptr, 0, 0, nullptr);
  zip_source_keep(target);  // The archive lets go of one when it is closed.
  zip_t* const archive = zip_open_from_source(target, ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  Require(archive != nullptr);
  for (const auto& [name, content] : parts) {
    zip_source_t* const source =
        zip_source_buffer(archive, content.data(), content.size(), /*freep=*/0);
    Require(zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8) >= 0);
  }
  Require(zip_close(archive) == 0 && zip_source_open(target) == 0);
  zip_stat_t stat;
  Require(zip_source_stat(target, &stat) == 0);
  std::string bytes(stat.size, '\0');
  Require(zip_source_read(target, bytes.data(), bytes.size()) ==
          static_cast<zip_int64_t>(bytes.size()));
  zip_source_close(target);
  zip_source_free(target);
  return bytes;
}

}  // namespace pathways::testing_support
