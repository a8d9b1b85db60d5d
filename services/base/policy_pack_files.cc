#include "services/base/policy_pack_files.h"

#include <cstddef>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/type/languages.h"

namespace pathways::base {
namespace {

// Of a folder beside that of a pack. "policies/2023-07-28/" has no name of its own in
// std::filesystem.
std::string Shared(const std::string& folder, const std::string& name) {
  return (std::filesystem::path(folder + "/..").lexically_normal() / name).string();
}

// Empty: the folder holds none, and what others share makes no pack.
std::vector<std::string> PackFiles(const std::string& folder) {
  std::vector<std::string> paths = TextprotosIn(folder);
  if (paths.empty()) return paths;
  std::vector<std::string> folders = {Shared(folder, "calendars")};
  for (const std::string& language : type::Languages()) {
    folders.push_back(Shared(folder, absl::StrCat("messages/", language)));
  }
  for (const std::string& each : folders) {
    for (std::string& path : TextprotosIn(each)) paths.push_back(std::move(path));
  }
  return paths;
}

absl::Status NoFileIn(const std::string& folder) {
  return absl::NotFoundError(absl::StrCat(folder, ": no file *.textproto can be read here"));
}

template <typename Message>
void MergeParts(const PartFiles& files, size_t from, Message& whole) {
  for (size_t i = from; i < files.size(); ++i) whole.MergeFrom(files.part(i));
}

}  // namespace

absl::StatusOr<PolicyPackFiles> PolicyPackFiles::Read(const std::string& folder) {
  const std::vector<std::string> paths = PackFiles(folder);
  if (paths.empty()) return NoFileIn(folder);
  ASSIGN_OR_RETURN(PolicyPackFiles files, ReadFiles(paths));
  const size_t own = files.files_.size();
  RETURN_IF_ERROR(files.files_.Read(TextprotosIn(Shared(folder, "facts")),
                                    type::v1::FactCatalogue::default_instance()));
  type::v1::FactCatalogue catalogue;
  MergeParts(files.files_, own, catalogue);
  files.pack_.mutable_facts()->MergeFrom(catalogue.facts());
  return files;
}

absl::StatusOr<PolicyPackFiles> PolicyPackFiles::ReadFiles(const std::vector<std::string>& paths) {
  PolicyPackFiles files;
  RETURN_IF_ERROR(files.files_.Read(paths, eligibility::v1::PolicyPack::default_instance()));
  MergeParts(files.files_, 0, files.pack_);
  return files;
}

absl::StatusOr<FactFiles> FactFiles::Read(const std::string& folder) {
  const std::vector<std::string> paths = TextprotosIn(folder);
  if (paths.empty()) return NoFileIn(folder);
  FactFiles files;
  RETURN_IF_ERROR(files.files_.Read(paths, type::v1::FactCatalogue::default_instance()));
  MergeParts(files.files_, 0, files.catalogue_);
  return files;
}

}  // namespace pathways::base
