// A folder that a test owns: made empty, removed with everything in it.
//
// Every object has another folder, so tests may run at the same time. It lies where the system
// keeps temporary files. Not copyable.
#ifndef PATHWAYS_TESTS_SUPPORT_TEMP_FOLDER_H_
#define PATHWAYS_TESTS_SUPPORT_TEMP_FOLDER_H_

#include <cstdlib>
#include <filesystem>
#include <string>

namespace pathways::testing_support {

class TempFolder {
 public:
  TempFolder() {
    path_ = (std::filesystem::temp_directory_path() / "pathways-test-XXXXXX").string();
    if (mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~TempFolder() {
    std::error_code ignored;  // A folder left behind fails no test.
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_SUPPORT_TEMP_FOLDER_H_
