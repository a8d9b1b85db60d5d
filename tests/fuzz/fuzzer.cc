// One target as libFuzzer calls it. PATHWAYS_FUZZ_TARGET is the name of its function.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pathways::fuzz::PATHWAYS_FUZZ_TARGET(
      absl::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
