// Checks that several parts of a pack share: ids, texts, counts, references.
//
// Part of CheckPack. PackChecker holds what may be referred to and gathers the faults; each check
// adds them with their place.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_PACK_FIELDS_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_PACK_FIELDS_H_

#include <map>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pathways/eligibility/v1/policy.pb.h"
#include "services/eligibility/domain/predicate_check.h"
#include "services/type/problem.h"

namespace pathways::eligibility {

inline std::string At(absl::string_view field, int index) {
  return absl::StrCat(field, "[", index, "]");
}

class PackChecker {
 public:
  PackChecker(const v1::PolicyPack& pack, type::Violations& violations);

  // a-z, 0-9 and hyphens, 1 to 64, not yet in `ids`.
  void CheckId(const std::string& field, const std::string& id, std::set<std::string>& ids);
  // The key of a text: parts like ids, joined by points; - and _ within them.
  void CheckKey(const std::string& field, const std::string& key);
  // 1 to 500 bytes and not only spaces.
  void CheckText(const std::string& field, const std::string& text);
  void CheckCount(const std::string& field, int count, int min, int max);
  void CheckSource(const std::string& field, const std::string& source);
  void CheckConfidence(const std::string& field, v1::Confidence confidence);
  // Days in force and days known. Nothing is known that was learned after the pack was written.
  void CheckPeriods(const std::string& field, const v1::Period& in_force, const v1::Period& known);
  // An enum's number that is filled in and exists.
  void CheckEnum(const std::string& field, int number, bool valid, absl::string_view expected);
  void CheckCondition(const std::string& field, const v1::Predicate& predicate);

  void Add(const std::string& field, absl::string_view description) {
    violations_.Add(field, description);
  }

  const v1::PolicyPack& pack() const { return pack_; }
  type::Violations& violations() { return violations_; }
  bool HasPathway(const std::string& id) const { return pathways_.contains(id); }
  bool HasStep(const std::string& id) const { return steps_.contains(id); }
  bool HasFact(const std::string& id) const { return facts_.contains(id); }
  // UNSPECIFIED for an id of nobody.
  v1::AuthorityKind KindOf(const std::string& authority) const;

 private:
  const v1::PolicyPack& pack_;
  type::Violations& violations_;
  std::set<std::string> sources_;
  std::set<std::string> pathways_;
  std::set<std::string> steps_;
  std::set<std::string> calendars_;
  FactsOfPack facts_;
  std::map<std::string, v1::AuthorityKind> authorities_;
};

// Whether a source of this confidence settles a matter; any other can only give a question.
bool Settles(v1::Confidence confidence);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_PACK_FIELDS_H_
