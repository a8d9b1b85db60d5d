// What all seeds have in common, read once: the services as their values say, and the policies.
//
// Whom a service follows and shows, and its domain, are taken from its value
// (services/host/service.h), so that a value which is wrong there is found. The loops are made by
// process.h, for those of the values start threads.
#ifndef PATHWAYS_TESTS_SIM_GROUND_H_
#define PATHWAYS_TESTS_SIM_GROUND_H_

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "pathways/eligibility/v1/policy.pb.h"
#include "pathways/referral/v1/routes.pb.h"
#include "services/engine/domain.h"
#include "services/host/keys.h"
#include "services/intake/facts_in_force.h"

namespace pathways::sim {

struct Ground {
  struct Kind {
    std::string name;
    std::vector<std::string> follows;
    std::vector<std::string> projects;
    std::unique_ptr<engine::Domain> domain;
  };

  std::unique_ptr<host::Keyring> keyring;
  // What people are asked: of the fact ledger, with the version in force as intake's engines know
  // it.
  std::shared_ptr<const type::Facts> facts;
  std::shared_ptr<intake::FactsInForce> in_force;
  std::array<Kind, 3> services;
  // With the first of them the ledger begins. By the second some people get other answers.
  std::array<eligibility::v1::PolicyPack, 2> packs;
  // With the first of them the ledger begins. By the second one pathway has no agency.
  std::array<referral::v1::AgencyRoutes, 2> routes;
};

// Reads the policy pack and the routes of the source tree. Ends the program when it cannot.
Ground ReadGround();

}  // namespace pathways::sim

#endif  // PATHWAYS_TESTS_SIM_GROUND_H_
