// Whether a condition has a meaning: its shape, its codes and its days.
//
// Part of CheckPack. Whether it can ever be true is another question (reach_check.h).
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_PREDICATE_CHECK_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_PREDICATE_CHECK_H_

#include <map>
#include <set>
#include <string>

#include "pathways/eligibility/v1/policy.pb.h"
#include "services/type/problem.h"

namespace pathways::eligibility {

// Conditions within conditions, at most.
inline constexpr int kPredicateDepthMax = 20;

// The facts of a pack by their ids.
using FactsOfPack = std::map<std::string, const type::v1::Fact*>;

// Adds each fault with its place, which begins with `field`. `calendars`: ids of the pack.
void CheckPredicate(const std::string& field, const v1::Predicate& predicate,
                    const std::set<std::string>& calendars, const FactsOfPack& facts,
                    type::Violations& violations);

// Adds a fault unless both ends given are days that exist and the first comes before the second.
// `open`: an end may be left out.
void CheckPeriod(const std::string& field, const v1::Period& period, bool open,
                 type::Violations& violations);

// Adds a fault unless it is a day that exists, with year, month and day.
void CheckDay(const std::string& field, const type::v1::PartialDate& date,
              type::Violations& violations);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_PREDICATE_CHECK_H_
