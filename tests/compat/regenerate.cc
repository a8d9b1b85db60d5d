// Writes the bytes and the headers of every golden event that has none yet, and prints their paths.
// What is there is kept: to replace a file, delete it first.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "tests/compat/golden.h"

namespace pathways::compat {
namespace {

bool WriteMissing(const std::string& path, const std::string& text) {
  if (std::filesystem::exists(path)) return true;
  std::printf("%s\n", path.c_str());
  std::ofstream file(path, std::ios::binary);
  file << text;
  return file.flush().good();
}

bool WriteFilesOf(const Golden& golden) {
  const std::unique_ptr<google::protobuf::Message> message = golden.Read();
  if (!message) {
    std::fprintf(stderr, "%s cannot be parsed\n", golden.PathOf("textproto").c_str());
    return false;
  }
  const auto [bytes, sealed] = ColumnsOf(golden.family, *message);
  if (!WriteMissing(golden.PathOf("hex"), HexText(bytes))) return false;
  if (!golden.family.is_event) return true;
  if (!sealed.empty() && !WriteMissing(golden.PathOf("sealed.hex"), HexText(sealed))) return false;
  return WriteMissing(golden.PathOf("headers"),
                      HeaderText(RecordOf(golden.family, *message, bytes)));
}

bool WriteAll() {
  bool ok = true;
  for (const Family& family : Families()) {
    for (const Golden& golden : GoldensOf(family)) ok = WriteFilesOf(golden) && ok;
  }
  return ok;
}

}  // namespace
}  // namespace pathways::compat

int main() { return pathways::compat::WriteAll() ? 0 : 1; }
