// Whether the parts of a pack beside its pathways make sense.
//
// Part of CheckPack: sources, authorities, calendars, steps, interactions, facts and texts. Each
// check adds its faults with their place.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_PARTS_CHECK_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_PARTS_CHECK_H_

#include "services/eligibility/domain/pack_fields.h"

namespace pathways::eligibility {

void CheckSources(PackChecker& checker);

// Ids of bodies that are known to control migration or enforce law must say so.
void CheckAuthorities(PackChecker& checker);

void CheckCalendars(PackChecker& checker);

// Also that both name pathways and steps that exist, and that no weak source closes a pathway.
void CheckSteps(PackChecker& checker);

// Also that every key that is needed has a text in every language.
void CheckCatalogues(PackChecker& checker);

// The facts that came with the pack, each by itself.
void CheckFacts(PackChecker& checker);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_PARTS_CHECK_H_
