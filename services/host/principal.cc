#include "services/host/principal.h"

#include <algorithm>
#include <cstddef>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/base/private_file.h"
#include "services/base/status_macros.h"
#include "services/type/names.h"
#include "services/type/problem.h"

namespace pathways::host {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;
// A shorter token could be guessed.
constexpr size_t kTokenLengthMin = 32;
constexpr size_t kTokenLengthMax = 128;

// A kind, and the roles that it may have. An agency's role goes with an agency's name alone: it
// opens what the agency of that name has. The role service reads every fact of everybody, so no
// person and no agency has it.
struct Kind {
  absl::string_view name;
  std::vector<absl::string_view> roles;
};

const std::vector<Kind>& Kinds() {
  static const auto* const kKinds =
      new std::vector<Kind>{{"staff", {kRegistrar, kViewer, kReviewer, kPolicyOfficer, kOperator}},
                            {"agency", {kAgency}},
                            {"service", {kService}},
                            {"operator", {kOperator}}};
  return *kKinds;
}

constexpr absl::string_view kRoles[] = {kRegistrar, kViewer,        kAgency,  kService,
                                        kOperator,  kPolicyOfficer, kReviewer};

// One line of a token file. The token is part of the file's text.
struct Line {
  int number = 0;
  absl::string_view token;
  Principal principal;
};

bool IsToken(absl::string_view text) {
  return text.size() >= kTokenLengthMin && text.size() <= kTokenLengthMax &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_'; });
}

template <typename Range>
bool Contains(const Range& range, absl::string_view wanted) {
  return std::find(std::begin(range), std::end(range), wanted) != std::end(range);
}

// What is wrong with a principal, without its values.
std::vector<std::string> FaultsOf(const Principal& principal) {
  std::vector<std::string> faults;
  const auto kind = std::find_if(Kinds().begin(), Kinds().end(), [&principal](const Kind& known) {
    return known.name == principal.kind;
  });
  if (kind == Kinds().end()) {
    const auto name_of = [](std::string* out, const Kind& known) {
      out->append(known.name.data(), known.name.size());
    };
    faults.push_back(absl::StrCat("kind must be one of ", absl::StrJoin(Kinds(), ", ", name_of)));
  }
  if (!type::IsId(principal.id)) faults.push_back("id must be 1 to 64 characters a-z, 0-9 and -");
  std::vector<std::string> roles = principal.roles;
  std::sort(roles.begin(), roles.end());
  const bool twice = std::adjacent_find(roles.begin(), roles.end()) != roles.end();
  const bool known = std::all_of(roles.begin(), roles.end(),
                                 [](const std::string& role) { return Contains(kRoles, role); });
  if (roles.empty() || twice || !known) {
    faults.push_back(absl::StrCat("roles must be of ", absl::StrJoin(kRoles, ", "),
                                  ", each at most once, with a comma between them"));
  } else if (kind != Kinds().end() &&
             !std::all_of(roles.begin(), roles.end(), [&kind](const std::string& role) {
               return Contains(kind->roles, role);
             })) {
    faults.push_back(absl::StrCat(kind->name, " may have only the role",
                                  kind->roles.size() == 1 ? " " : "s ",
                                  absl::StrJoin(kind->roles, ", ")));
  }
  return faults;
}

// Reads the lines of a token file, and gathers every fault.
class LineParser {
 public:
  explicit LineParser(absl::string_view path) : path_(path) {}

  absl::StatusOr<std::vector<Line>> Parse(absl::string_view text) {
    int number = 0;
    for (const absl::string_view whole : absl::StrSplit(text, '\n')) {
      ++number;
      const absl::string_view content = absl::StripAsciiWhitespace(whole);
      if (!content.empty() && content[0] != '#') ParseLine(number, content);
    }
    if (!faults_.empty()) return absl::InvalidArgumentError(absl::StrJoin(faults_, "\n"));
    return std::move(lines_);
  }

 private:
  void Fault(int number, absl::string_view what) {
    faults_.push_back(absl::StrCat(path_, ":", number, ": ", what));
  }

  void ParseLine(int number, absl::string_view content) {
    const std::vector<absl::string_view> fields =
        absl::StrSplit(content, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    if (fields.size() != 4) {
      Fault(number, "must be: token kind id role[,role...]");
      return;
    }
    Line line{number,
              fields[0],
              {std::string(fields[1]), std::string(fields[2]), absl::StrSplit(fields[3], ',')}};
    if (!IsToken(line.token)) Fault(number, "token must be 32 to 128 characters of base64url");
    for (const std::string& fault : FaultsOf(line.principal)) Fault(number, fault);
    CheckUnique(number, "token", line.token, tokens_);
    CheckUnique(number, "principal", line.principal.Name(), names_);
    lines_.push_back(std::move(line));
  }

  template <typename Key>
  void CheckUnique(int number, absl::string_view what, const Key& key, std::map<Key, int>& seen) {
    const auto [first, is_new] = seen.try_emplace(key, number);
    if (!is_new)
      Fault(number, absl::StrCat("the ", what, " is in line ", first->second, " already"));
  }

  const absl::string_view path_;
  std::vector<Line> lines_;
  std::vector<std::string> faults_;
  std::map<absl::string_view, int> tokens_;
  std::map<std::string, int> names_;
};

const Line* FindName(const std::vector<Line>& lines, absl::string_view name) {
  const auto line = std::find_if(lines.begin(), lines.end(), [&](const Line& candidate) {
    return candidate.principal.Name() == name;
  });
  return line == lines.end() ? nullptr : &*line;
}

// The file's text, empty where there is none yet.
absl::StatusOr<std::string> ReadOrEmpty(const std::string& path) {
  absl::StatusOr<std::string> text = base::ReadPrivateFile(path, kFileBytesMax);
  if (absl::IsNotFound(text.status())) return std::string();
  return text;
}

}  // namespace

std::string Principal::Name() const { return absl::StrCat(kind, "/", id); }

bool Principal::Has(absl::string_view role) const { return Contains(roles, role); }

absl::StatusOr<TokenFile> TokenFile::Load(const std::string& path) {
  ASSIGN_OR_RETURN(std::string text, base::ReadPrivateFile(path, kFileBytesMax));
  const Wiper wipes(text);
  ASSIGN_OR_RETURN(std::vector<Line> lines, LineParser(path).Parse(text));
  std::vector<Entry> entries;
  for (Line& line : lines) {
    entries.push_back({HashSecret(line.token), std::move(line.principal)});
  }
  return TokenFile(std::move(entries));
}

const Principal* TokenFile::Find(absl::string_view token) const {
  const SecretHash hash = HashSecret(token);
  const Principal* found = nullptr;
  for (const Entry& entry : entries_) {  // To the end: where it stops would tell whose it is.
    if (SameHash(entry.hash, hash)) found = &entry.principal;
  }
  return found;
}

absl::StatusOr<std::string> AddToken(const std::string& path, const Principal& principal) {
  const std::vector<std::string> faults = FaultsOf(principal);
  if (!faults.empty()) return absl::InvalidArgumentError(absl::StrJoin(faults, "\n"));
  // Two processes that read and write at the same time would lose one's token.
  ASSIGN_OR_RETURN(const base::FileDescriptor lock, base::LockFolderOf(path));
  ASSIGN_OR_RETURN(std::string text, ReadOrEmpty(path));
  const Wiper wipes_text(text);
  ASSIGN_OR_RETURN(const std::vector<Line> lines, LineParser(path).Parse(text));
  if (FindName(lines, principal.Name()) != nullptr) {
    return absl::AlreadyExistsError(
        absl::StrCat(path, ": ", principal.Name(), " has a token already"));
  }
  std::string token = NewSecret();
  const absl::string_view line_end = text.empty() || text.back() == '\n' ? "" : "\n";
  std::string whole = absl::StrCat(text, line_end, token, " ", principal.kind, " ");
  absl::StrAppend(&whole, principal.id, " ", absl::StrJoin(principal.roles, ","), "\n");
  const Wiper wipes_whole(whole);
  if (whole.size() > kFileBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": would be larger than 1 MiB"));
  }
  RETURN_IF_ERROR(base::WritePrivateFile(path, whole, base::Existing::kReplace));
  return token;
}

absl::StatusOr<std::string> ReadToken(const std::string& path, absl::string_view principal_name) {
  ASSIGN_OR_RETURN(std::string text, base::ReadPrivateFile(path, kFileBytesMax));
  const Wiper wipes(text);
  ASSIGN_OR_RETURN(const std::vector<Line> lines, LineParser(path).Parse(text));
  const Line* const line = FindName(lines, principal_name);
  if (line == nullptr) {
    return absl::NotFoundError(absl::StrCat(path, ": no token of ", principal_name));
  }
  return std::string(line->token);
}

absl::Status Authorize(const Principal* principal, const std::vector<absl::string_view>& roles) {
  if (principal == nullptr) {
    return type::Refuse(absl::StatusCode::kUnauthenticated, "TOKEN_REQUIRED",
                        "the call carries no token that is known here");
  }
  for (const absl::string_view role : roles) {
    if (principal->Has(role)) return absl::OkStatus();
  }
  return type::Refuse(
      absl::StatusCode::kPermissionDenied, "ROLE_REQUIRED",
      absl::StrCat(principal->Name(), " needs one of the roles ", absl::StrJoin(roles, ", ")));
}

}  // namespace pathways::host
