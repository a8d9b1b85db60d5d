// What an update asks of the people of a case: the fields that its mask names, put into the people
// as they are on file.
//
// A mask names all facts of all people (people), or of the people that the request lists by their
// person_id one fact (people.*.state), the whole identity (people.*.identity) or one field of it
// (people.*.identity.phone). What no path names stays as it is, so that a corrected telephone
// number does not take the birth date with it. Pure; the result is checked by the domain.
#ifndef PATHWAYS_SERVICES_INTAKE_UPDATE_PEOPLE_H_
#define PATHWAYS_SERVICES_INTAKE_UPDATE_PEOPLE_H_

#include <optional>
#include <string>
#include <vector>

#include "pathways/intake/v1/case.pb.h"
#include "pathways/intake/v1/intake_service.pb.h"
#include "services/intake/domain/validate.h"
#include "services/type/problem.h"

namespace pathways::intake {

// What a mask names.
struct UpdateMask {
  bool consent = false;
  bool all_facts = false;  // people
  bool identity = false;   // The whole identity or a field of it.
  // Paths within a person. With all_facts: those of the identity.
  std::vector<std::string> person_paths;

  bool ChangesPeople() const { return all_facts || !person_paths.empty(); }
};

// Adds a violation for an empty mask and for each path that names nothing that can be changed.
UpdateMask ReadMask(const google::protobuf::FieldMask& mask, type::Violations& violations);

// The people as the request wants them, one for each of `on_file`, which holds their identities
// where they can be read. Adds a violation where the request lists other people than it may, or an
// identity that no path names; nothing is returned then.
std::optional<std::vector<PersonUpdate>> MergePeople(const UpdateMask& mask, const v1::Case& input,
                                                     const v1::Case& on_file,
                                                     type::Violations& violations);

}  // namespace pathways::intake

#endif  // PATHWAYS_SERVICES_INTAKE_UPDATE_PEOPLE_H_
