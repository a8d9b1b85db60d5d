#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "tests/fuzz/targets.h"

namespace pathways::fuzz {

void Require(bool kept, const char* promise) {
  if (kept) return;
  std::fprintf(stderr, "a promise is broken: %s\n", promise);
  std::abort();
}

MemoryFile::MemoryFile(absl::string_view bytes) : number_(memfd_create("fuzz", MFD_CLOEXEC)) {
  Require(number_ >= 0 && fchmod(number_, S_IRUSR | S_IWUSR) == 0, "a file can be made");
  while (!bytes.empty()) {
    const ssize_t written = write(number_, bytes.data(), bytes.size());
    Require(written > 0, "a file can be written");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

MemoryFile::~MemoryFile() { (void)close(number_); }

std::string MemoryFile::path() const { return absl::StrCat("/proc/self/fd/", number_); }

}  // namespace pathways::fuzz
