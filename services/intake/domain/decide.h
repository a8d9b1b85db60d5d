// Intake's whole behaviour, as pure functions.
//
// Decide says what a command makes happen, Evolve what an event makes of the state, Fold which
// lists and timers a state has. Validation (services/intake/domain/validate.h) and sealing come
// before; neither names nor birth dates pass through here in the clear.
#ifndef PATHWAYS_SERVICES_INTAKE_DOMAIN_DECIDE_H_
#define PATHWAYS_SERVICES_INTAKE_DOMAIN_DECIDE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pathways/intake/v1/events.pb.h"
#include "pathways/intake/v1/state.pb.h"
#include "services/type/stream.h"

namespace pathways::intake {

// Changes when Evolve or Fold would make other bytes of the same events; stored states of another
// version are folded again before use.
inline constexpr int kEvolveVersion = 4;

// List of all cases, in the order in which their registrations were committed; keys are case ids.
inline constexpr char kCasesIndex[] = "cases";

// Unique entry of a household's number, by its key in hexadecimal digits.
inline constexpr char kHouseholdIndex[] = "household";
type::UniqueEntry HouseholdEntry(absl::string_view household_key);

// Everything stored of one case.
struct CaseRecord {
  v1::IntakeState open;
  v1::IntakeSealed sealed;
};

// One event with its sealed column. The column of a CaseRegistered names every person; that of a
// CaseUpdated the people whose identity changes, and there an entry with empty identity keeps the
// identity on file and marks it as outdated (GapOf). The month of the next band change is that of
// the whole case.
struct CaseEvent {
  v1::IntakeEvent event;
  v1::IntakeSealed sealed;
};

// Decides one command, with the number of the fact catalogue in force (0: the ledger is empty). One
// with a household key looks up HouseholdEntry. Errors: ALREADY_EXISTS
// with reason HOUSEHOLD_REGISTERED and the case that holds it, NOT_FOUND with reason
// CASE_NOT_FOUND, FAILED_PRECONDITION with reason CASE_WITHDRAWN (an update only), ABORTED with
// reason ETAG_MISMATCH (the etag is the version of the stream, in decimal), INTERNAL (broken
// invariant: parks the stream). No events: nothing changes, the caller is answered with the case as
// it is. Repeating a command whose effect stands gives none; a replaced identity always gives one,
// for ciphertexts cannot be compared. Consent and, of people who keep their identity, age band and
// precision are taken from the state, for they may have changed after the command was made.
absl::StatusOr<std::vector<CaseEvent>> Decide(const CaseRecord& record,
                                              const v1::IntakeCommand& command,
                                              int64_t catalogue_number,
                                              const type::DecideContext& context);

// The sealed column of an event that is taken back from the topic, where its own is not. Everybody
// whose identity it may have held is in it, with none, so that no band is worked out from a birth
// date that may have been corrected. Nobody is in that of an event that holds no identity. It sets
// no month of the next band change: that on file is early at worst, and the timer looks in vain.
v1::IntakeSealed GapOf(const v1::IntakeEvent& event);

// Applies one event. INTERNAL when the event cannot follow the state.
absl::Status Evolve(CaseRecord& record, const CaseEvent& event, const type::EventContext& context);

// List "cases" (order of registration), the household's unique entry, also of a case that is
// withdrawn, and, where there is a birth date to go by, one timer
// "age-band" when the month begins, at the case's place, in which next somebody changes band: never
// finer, for timers lie in the clear. On which day of it only the sealed birth dates tell.
type::Folded Fold(const std::string& case_id, const CaseRecord& record);

}  // namespace pathways::intake

#endif  // PATHWAYS_SERVICES_INTAKE_DOMAIN_DECIDE_H_
