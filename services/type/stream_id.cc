#include "services/type/stream_id.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/type/names.h"

namespace pathways::type {
namespace {

constexpr size_t kNameMax = 56;

struct Kind {
  StreamKind kind;
  absl::string_view prefix;
};
// A case comes last: every id begins with nothing.
constexpr Kind kKinds[] = {{StreamKind::kAgency, "agency/"},
                           {StreamKind::kLink, "link/"},
                           {StreamKind::kService, "service/"},
                           {StreamKind::kCase, ""}};

const Kind& KindOfText(absl::string_view stream) {
  return *std::find_if(std::begin(kKinds), std::end(kKinds),
                       [&](const Kind& kind) { return absl::StartsWith(stream, kind.prefix); });
}

bool IsName(absl::string_view name) {
  return !name.empty() && name.size() <= kNameMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-' || c == '.' ||
                  c == '_';
         });
}

}  // namespace

std::string StreamId::Text() const {
  const auto found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                  [&](const Kind& of) { return of.kind == kind; });
  return absl::StrCat(found->prefix, name);
}

StreamKind KindOf(absl::string_view stream) { return KindOfText(stream).kind; }

std::optional<StreamId> ParseStreamId(absl::string_view text) {
  const Kind& kind = KindOfText(text);
  const absl::string_view name = text.substr(kind.prefix.size());
  const bool is_uuid = kind.kind == StreamKind::kCase || kind.kind == StreamKind::kLink;
  if (is_uuid ? !IsUuid(name) : !IsName(name)) return std::nullopt;
  return StreamId{kind.kind, std::string(name)};
}

}  // namespace pathways::type
