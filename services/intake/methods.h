// Intake's API: the methods of pathways.intake.v1.IntakeService.
//
// Thin: which command a request is (requests.h), and what is answered. Rules are in domain/.
#ifndef PATHWAYS_SERVICES_INTAKE_METHODS_H_
#define PATHWAYS_SERVICES_INTAKE_METHODS_H_

#include "services/base/clock.h"
#include "services/engine/domain.h"
#include "services/engine/engine.h"
#include "services/engine/store/event_store.h"
#include "services/host/keys.h"
#include "services/host/method.h"
#include "services/intake/facts_in_force.h"

namespace pathways::intake {

// What the methods stand on. All must outlive them.
struct MethodParts {
  engine::Engine& engine;
  const engine::Domain& domain;
  engine::EventReader& store;
  const host::Keyring& keyring;
  const FactsInForce& facts;
  const base::Clock& clock;
};

host::Api IntakeApi(const MethodParts& parts);

// Adds those of the fact catalogue.
void AddFactMethods(const MethodParts& parts, host::Api& api);

}  // namespace pathways::intake

#endif  // PATHWAYS_SERVICES_INTAKE_METHODS_H_
