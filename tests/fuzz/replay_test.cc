// Goal: what fuzzing has found stays mended, and every seed still reads. Method: each fuzz target
// over each file of its corpus, once; a broken promise ends the process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/fuzz/targets.h"

namespace pathways::fuzz {
namespace {

namespace fs = std::filesystem;

using Target = void (*)(absl::string_view);

const std::map<std::string, Target>& Targets() {
  static const std::map<std::string, Target> kTargets = {
      {"fact_catalogue", &FactCatalogue}, {"import_csv", &ImportCsv},
      {"import_json", &ImportJson},       {"kafka_record", &KafkaRecord},
      {"list_token", &ListToken},         {"page_token", &PageToken},
      {"policy_pack", &PolicyPack},       {"resume_token", &ResumeToken},
      {"spreadsheet", &Spreadsheet},      {"token_file", &TokenFile},
      {"upstream_event", &UpstreamEvent}};
  return kTargets;
}

struct Input {
  std::string target;
  fs::path path;
};

// GoogleTest would print addresses.
void PrintTo(const Input& input, std::ostream* out) { *out << input.path.filename().string(); }

std::vector<Input> Inputs() {
  std::vector<Input> inputs;
  for (const auto& entry : fs::recursive_directory_iterator(PATHWAYS_FUZZ_CORPUS)) {
    if (!entry.is_regular_file()) continue;
    inputs.push_back({entry.path().parent_path().filename().string(), entry.path()});
  }
  std::sort(inputs.begin(), inputs.end(),
            [](const Input& a, const Input& b) { return a.path < b.path; });
  return inputs;
}

class FuzzCorpus : public testing::TestWithParam<Input> {};

TEST_P(FuzzCorpus, BreaksNothing) {
  const auto target = Targets().find(GetParam().target);
  ASSERT_NE(target, Targets().end()) << "no target reads " << GetParam().path;
  std::ostringstream bytes;
  bytes << std::ifstream(GetParam().path, std::ios::binary).rdbuf();
  target->second(bytes.str());
  target->second("");
}

INSTANTIATE_TEST_SUITE_P(Files, FuzzCorpus, testing::ValuesIn(Inputs()), [](const auto& info) {
  std::string name = absl::StrCat(info.param.target, "_", info.param.path.stem().string());
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
});

TEST(FuzzTargets, EachHasSeeds) {
  for (const auto& [name, target] : Targets()) {
    EXPECT_TRUE(fs::is_directory(fs::path(PATHWAYS_FUZZ_CORPUS) / name)) << name;
  }
}

}  // namespace
}  // namespace pathways::fuzz
