#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/host/principal.h"
#include "tests/fuzz/targets.h"

namespace pathways::fuzz {
namespace {

// The first word of the file that is long enough to be a token.
constexpr size_t kTokenLengthMin = 32;

}  // namespace

void TokenFile(absl::string_view bytes) {
  const MemoryFile file(bytes);
  const auto tokens = host::TokenFile::Load(file.path());
  for (const absl::string_view word :
       absl::StrSplit(bytes, absl::ByAnyChar(" \t\r\n"), absl::SkipEmpty())) {
    if (word.size() < kTokenLengthMin) continue;
    if (!tokens.ok()) {
      Require(!absl::StrContains(tokens.status().message(), word), "a fault tells no token");
      continue;
    }
    const host::Principal* const found = tokens->Find(word);
    if (found == nullptr) continue;
    const absl::StatusOr<std::string> token = host::ReadToken(file.path(), found->Name());
    Require(token.ok() && *token == word, "a principal has the token that finds it");
  }
}

}  // namespace pathways::fuzz
