#include "services/base/part_files.h"

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

namespace pathways::base {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::TextFormat;

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
TextFormat::ParseLocation Follow(const std::vector<PathPart>& parts, const Descriptor* type,
                                 const TextFormat::ParseInfoTree& root) {
  const TextFormat::ParseInfoTree* tree = &root;
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

// How many entries of a list the part has; of another field 1 where it is filled in.
int CountOf(const Message& part, const FieldDescriptor& field) {
  const auto& reflection = *part.GetReflection();
  if (field.is_repeated()) return reflection.FieldSize(part, &field);
  return reflection.HasField(part, &field) ? 1 : 0;
}

}  // namespace

std::vector<std::string> TextprotosIn(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".textproto") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

absl::Status PartFiles::Read(const std::vector<std::string>& paths, const Message& prototype) {
  std::vector<std::string> faults;
  absl::StatusCode code = absl::StatusCode::kOk;
  for (const std::string& path : paths) {
    File file{path, std::unique_ptr<Message>(prototype.New()),
              std::make_unique<TextFormat::ParseInfoTree>()};
    const absl::Status status = ReadTextFormat(path, *file.part, file.places.get());
    if (!status.ok()) {
      code = status.code();
      faults.push_back(std::string(status.message()));
      continue;
    }
    files_.push_back(std::move(file));
  }
  if (!faults.empty()) return absl::Status(code, absl::StrJoin(faults, "\n"));
  return absl::OkStatus();
}

std::string PartFiles::PlaceOf(absl::string_view field) const {
  std::vector<PathPart> parts;
  for (const absl::string_view part : absl::StrSplit(field, '.')) parts.push_back(PartOf(part));
  const File* holder = &files_.front();
  for (const File& file : files_) {
    const FieldDescriptor* const first =
        file.part->GetDescriptor()->FindFieldByName(parts.front().name);
    const int count = first == nullptr ? 0 : CountOf(*file.part, *first);
    if (count == 0) continue;
    holder = &file;
    if (!first->is_repeated() || parts.front().index < count) break;
    parts.front().index -= count;  // It lies in a later file.
  }
  const TextFormat::ParseLocation place =
      Follow(parts, holder->part->GetDescriptor(), *holder->places);
  return absl::StrCat(holder->path, ":", std::max(place.line, 0) + 1, ":",
                      std::max(place.column, 0) + 1);
}

std::string PartFiles::LineOf(const type::v1::FieldViolation& fault) const {
  return absl::StrCat(PlaceOf(fault.field()), ": ", fault.field(), ": ", fault.description());
}

}  // namespace pathways::base
