// Checks and normalises what a desk sends, before it becomes a command.
//
// Pure: "today" is a parameter, the desk's civil day. Every bad field is found at once, with its
// path and what is expected, and never with its value. What comes out is split in two: facts, which
// are codes and may be published, and identities, which the caller seals before anything else sees
// them. A result is to be used only when no violation was found.
#ifndef PATHWAYS_SERVICES_INTAKE_DOMAIN_VALIDATE_H_
#define PATHWAYS_SERVICES_INTAKE_DOMAIN_VALIDATE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "pathways/intake/v1/case.pb.h"
#include "pathways/intake/v1/intake_service.pb.h"
#include "pathways/type/v1/person.pb.h"
#include "services/type/facts.h"
#include "services/type/problem.h"

namespace pathways::intake {

inline constexpr char kInvalidCase[] = "INVALID_CASE";
inline constexpr char kConsentRequired[] = "is required: the principal applicant says yes or no";

// Limits of proto/pathways/intake/v1/case.proto.
inline constexpr int kPeopleMax = 50;
inline constexpr int kNationalitiesMax = 3;
inline constexpr int kNeedsMax = 20;
inline constexpr int kDocumentsMax = 10;
inline constexpr int kNameCharactersMax = 200;
inline constexpr int kNumberCharactersMax = 50;
// The highest age that was ever verified: a birth date before it is a slip of the pen, or the 1900
// that stands for none.
inline constexpr int kAgeYearsMax = 122;

// One person's identity, in the form that is stored.
struct NormalisedIdentity {
  std::string person_id;
  v1::Identity identity;
  // First day after today on which the age band changes: as private as the birth date. Empty:
  // never, or the birth date is unknown.
  type::v1::PartialDate band_changes_on;
};

// Year and month in which first one of these people changes age band. Empty: nobody does.
type::v1::PartialDate FirstBandChange(const std::vector<NormalisedIdentity>& identities);

struct NormalisedCase {
  type::v1::CaseFacts facts;
  std::vector<NormalisedIdentity> identities;  // One per person, in order.
};

// What an update asks of one person of a case.
struct PersonUpdate {
  // As the person shall be. Nothing: as on file.
  std::optional<v1::Person> person;
  std::string path;  // Where the request lists the person, for example case.people[0].
  // The identity of `person` replaces the one on file. Otherwise it is the one on file, as far as
  // it could be read, and only bounds the date of entry.
  bool identity_changes = false;
};

// The people of a case as an update leaves them.
struct NormalisedPeople {
  type::v1::CaseFacts facts;
  std::vector<NormalisedIdentity> identities;  // Only of people whose identity is replaced.
};

// Checks a new case and adds every violation, with paths that begin with "case.". Of more than
// kPeopleMax people none is looked at: their number alone is the violation.
// Answers are held against `facts`.
NormalisedCase CheckCase(const v1::Case& input, const type::Facts& facts, absl::CivilDay today,
                         type::Violations& violations);

// Checks an update of the people of a case whose facts are `current`, one for each of them. Who
// keeps the identity keeps the age band of `current`, which Decide takes from the state once more.
NormalisedPeople CheckPeople(const std::vector<PersonUpdate>& people,
                             const type::v1::CaseFacts& current, const type::Facts& facts,
                             absl::CivilDay today, type::Violations& violations);

// A person as shown, without identity.
v1::Person PersonOf(const type::v1::PersonFacts& facts);

// CheckCase, with INVALID_ARGUMENT and reason INVALID_CASE in place of violations.
absl::StatusOr<NormalisedCase> ValidateForRegistration(const v1::Case& input,
                                                       const type::Facts& facts,
                                                       absl::CivilDay today);

}  // namespace pathways::intake

#endif  // PATHWAYS_SERVICES_INTAKE_DOMAIN_VALIDATE_H_
