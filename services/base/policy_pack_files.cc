#include "services/base/policy_pack_files.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/base/text_format_file.h"
#include "services/type/languages.h"

namespace pathways::base {
namespace {

namespace fs = std::filesystem;

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::TextFormat;

// Files of the ending in a folder, by name. None where there is no such folder.
std::vector<std::string> FilesIn(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".textproto") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// Empty: the folder holds none, and what others share makes no pack.
std::vector<std::string> PackFiles(const std::string& folder) {
  std::vector<std::string> paths = FilesIn(folder);
  if (paths.empty()) return paths;
  // "policies/2023-07-28/" has no name of its own in std::filesystem.
  const fs::path shared = fs::path(folder + "/..").lexically_normal();
  std::vector<std::string> folders = {(shared / "calendars").string()};
  for (const std::string& language : type::Languages()) {
    folders.push_back((shared / "messages" / language).string());
  }
  for (const std::string& each : folders) {
    for (std::string& path : FilesIn(each)) paths.push_back(std::move(path));
  }
  return paths;
}

// One part of a field's path: "criteria[1]". Without brackets the index is -1.
struct PathPart {
  std::string name;
  int index = -1;
};

PathPart PartOf(absl::string_view text) {
  PathPart part;
  const size_t bracket = text.find('[');
  part.name = std::string(text.substr(0, bracket));
  if (bracket == absl::string_view::npos) return part;
  if (!absl::SimpleAtoi(text.substr(bracket + 1, text.size() - bracket - 2), &part.index)) {
    part.index = -1;
  }
  return part;
}

// Follows the path as far as the file goes. `line` counts from 0, -1: not at all.
TextFormat::ParseLocation Follow(const std::vector<PathPart>& parts,
                                 const TextFormat::ParseInfoTree& root) {
  const TextFormat::ParseInfoTree* tree = &root;
  const Descriptor* type = eligibility::v1::PolicyPack::descriptor();
  TextFormat::ParseLocation found;
  for (const PathPart& part : parts) {
    const FieldDescriptor* const field = type->FindFieldByName(part.name);
    if (field == nullptr) break;
    const int index = field->is_repeated() ? part.index : -1;
    if (field->is_repeated() && index < 0) break;
    const TextFormat::ParseLocation here = tree->GetLocation(field, index);
    if (here.line < 0) break;
    found = here;
    if (field->message_type() == nullptr) break;
    tree = tree->GetTreeForNested(field, index);
    type = field->message_type();
    if (tree == nullptr) break;
  }
  return found;
}

}  // namespace

absl::StatusOr<PolicyPackFiles> PolicyPackFiles::Read(const std::string& folder) {
  const std::vector<std::string> paths = PackFiles(folder);
  if (paths.empty()) {
    return absl::NotFoundError(absl::StrCat(folder, ": no file *.textproto can be read here"));
  }
  return ReadFiles(paths);
}

absl::StatusOr<PolicyPackFiles> PolicyPackFiles::ReadFiles(const std::vector<std::string>& paths) {
  PolicyPackFiles files;
  std::vector<std::string> faults;
  absl::StatusCode code = absl::StatusCode::kOk;
  for (const std::string& path : paths) {
    File file{path, {}, std::make_unique<TextFormat::ParseInfoTree>()};
    const absl::Status status = ReadTextFormat(path, file.part, file.places.get());
    if (!status.ok()) {
      code = status.code();
      faults.push_back(std::string(status.message()));
      continue;
    }
    files.pack_.MergeFrom(file.part);
    files.files_.push_back(std::move(file));
  }
  if (!faults.empty()) return absl::Status(code, absl::StrJoin(faults, "\n"));
  return files;
}

std::string PolicyPackFiles::PlaceOf(absl::string_view field) const {
  std::vector<PathPart> parts;
  for (const absl::string_view part : absl::StrSplit(field, '.')) parts.push_back(PartOf(part));
  const FieldDescriptor* const first =
      eligibility::v1::PolicyPack::descriptor()->FindFieldByName(parts.front().name);
  const File* holder = &files_.front();
  for (const File& file : files_) {
    if (first == nullptr) break;
    const auto& reflection = *file.part.GetReflection();
    const bool is_list = first->is_repeated() && parts.front().index >= 0;
    if (!is_list) {
      const bool there = first->is_repeated() ? reflection.FieldSize(file.part, first) > 0
                                              : reflection.HasField(file.part, first);
      if (there) holder = &file;
      if (there) break;
      continue;
    }
    const int size = reflection.FieldSize(file.part, first);
    holder = &file;
    if (parts.front().index < size) break;
    parts.front().index -= size;  // It lies in a later file.
  }
  const TextFormat::ParseLocation place = Follow(parts, *holder->places);
  return absl::StrCat(holder->path, ":", std::max(place.line, 0) + 1, ":",
                      std::max(place.column, 0) + 1);
}

std::string PolicyPackFiles::LineOf(const type::v1::FieldViolation& fault) const {
  return absl::StrCat(PlaceOf(fault.field()), ": ", fault.field(), ": ", fault.description());
}

}  // namespace pathways::base
