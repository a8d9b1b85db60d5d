// A zip archive in memory.
#ifndef PATHWAYS_TESTS_SUPPORT_ZIP_FILE_H_
#define PATHWAYS_TESTS_SUPPORT_ZIP_FILE_H_

#include <string>
#include <utility>
#include <vector>

namespace pathways::testing_support {

// Names and contents.
using Parts = std::vector<std::pair<std::string, std::string>>;

// An archive of these parts, deflated. Names must be there once each.
std::string Zip(const Parts& parts);

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_SUPPORT_ZIP_FILE_H_
