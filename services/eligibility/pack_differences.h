// What differs between two policy packs, place by place.
//
// For whoever is to put a pack in force: what was changed, in the order of the pack, and the words
// that people will read from then on. Parts are told apart by their ids and not by where they
// stand, so a part that only moved is no difference. How many of a caseload each reaches is counted
// by a service (difference_reach.h).
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_PACK_DIFFERENCES_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_PACK_DIFFERENCES_H_

#include <string>
#include <vector>

#include "pathways/eligibility/v1/policy.pb.h"

namespace pathways::eligibility {

struct PackDifference {
  enum class Kind { kAdded, kRemoved, kChanged };
  Kind kind = Kind::kChanged;
  // For example pathways[us-h2].criteria[petition].predicate.yes. Periods of statuses and
  // suspensions have no id, and no brackets.
  std::string place;
  // The same, field by field, each with the id in its brackets or none.
  struct Step {
    std::string field;
    std::string id;
  };
  std::vector<Step> steps;
  // In protobuf text format on one line; empty where there was, or is, nothing. Of a whole pathway
  // its title alone: its texts are differences of their own.
  std::string before;
  std::string after;
};

// Both packs are as LoadPack gives them. Empty: they say the same.
std::vector<PackDifference> DifferencesOf(const v1::PolicyPack& before,
                                          const v1::PolicyPack& after);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_PACK_DIFFERENCES_H_
