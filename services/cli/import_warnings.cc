#include "services/cli/import_warnings.h"

#include <string>
#include <tuple>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "services/base/unicode.h"
#include "services/cli/import_words.h"

namespace pathways::cli {
namespace {

// Writes "date_of_birth" as the place where a reader of this format looks for it.
RowError At(const ImportItem& item, int person, absl::string_view field, std::string reason) {
  return LocateViolation(item, absl::StrCat("case.people[", person, "].", field), reason);
}

bool IsFirstOfJanuary(const type::v1::PartialDate& date) {
  return date.month() == 1 && date.day() == 1;
}

// The same for two people whom nothing tells apart.
std::string PersonOf(const intake::v1::Identity& identity) {
  return absl::StrCat(WordOf(identity.given_names()), "/", WordOf(identity.first_surname()), "/",
                      WordOf(identity.second_surname()), "/",
                      identity.date_of_birth().SerializeAsString());
}

}  // namespace

std::vector<RowError> ImportWarnings::Of(const ImportItem& item) {
  std::vector<RowError> warnings;
  absl::flat_hash_set<std::string> people;
  const auto& registered = item.request.case_().people();
  for (int i = 0; i < registered.size(); ++i) {
    const intake::v1::Identity& identity = registered[i].identity();
    if (IsFirstOfJanuary(identity.date_of_birth())) {
      warnings.push_back(At(item, i, "identity.date_of_birth",
                            "1 January is often written for a day that is not known: write the "
                            "year alone then"));
    }
    if (!people.insert(PersonOf(identity)).second) {
      warnings.push_back(At(item, i, "identity.given_names",
                            "the same names and birth date stand twice in this household"));
    }
    for (int d = 0; d < identity.documents_size(); ++d) {
      const auto& document = identity.documents(d);
      const size_t key = absl::HashOf(static_cast<int>(document.type()), WordOf(document.number()));
      const auto [known, is_new] = documents_.emplace(key, item.first_line);
      // A family may have one document for several.
      if (is_new || known->second == item.first_line) continue;
      warnings.push_back(
          At(item, i, absl::StrCat("identity.documents[", d, "].number"),
             absl::StrCat("this document is also in the household of line ", known->second)));
    }
  }
  return warnings;
}

}  // namespace pathways::cli
