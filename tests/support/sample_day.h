// The sample day as if its people registered on another day: samples/generate.py --day.
#ifndef PATHWAYS_TESTS_SUPPORT_SAMPLE_DAY_H_
#define PATHWAYS_TESTS_SUPPORT_SAMPLE_DAY_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/support/run_in_shell.h"

namespace pathways::testing_support {

// Writes tapachula-day.csv, and expected.json with what it gives on `day`, to a folder. For
// programs that go by the machine's clock: "today" is their day. False: it could not be written.
inline bool WriteSampleDay(const std::string& day, const std::string& folder) {
  return RunInShell(absl::StrCat("python3 -B '", PATHWAYS_SOURCE_DIR,
                                 "/samples/generate.py' --day ", day, " --out '", folder, "'"))
             .second == 0;
}

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_SUPPORT_SAMPLE_DAY_H_
