#include "services/intake/age_band.h"

#include <optional>
#include <vector>

#include "pathways/intake/v1/state.pb.h"
#include "services/intake/sealing.h"
#include "services/runtime/serialize.h"
#include "services/runtime/status_macros.h"
#include "services/type/dates.h"

namespace pathways::intake {
namespace {

// The person whose band changes first.
const v1::SealedPerson* FirstToChange(const v1::IntakeSealed& sealed) {
  const v1::SealedPerson* first = nullptr;
  absl::CivilDay first_day;
  for (const v1::SealedPerson& person : sealed.people()) {
    const auto range = type::RangeOf(person.band_changes_on());
    if (!range || (first != nullptr && range->first >= first_day)) continue;
    first = &person;
    first_day = range->first;
  }
  return first;
}

}  // namespace

absl::StatusOr<runtime::TimerLoop::Due> ChangeAgeBand(runtime::EventStore& store,
                                                      const runtime::Keyring& keyring,
                                                      const runtime::TimerRow& timer,
                                                      absl::Time now) {
  ASSIGN_OR_RETURN(const runtime::StreamRow row, store.ReadState(timer.stream));
  ASSIGN_OR_RETURN(const std::vector<runtime::KeyRow> keys, store.ReadKeys(timer.stream));
  v1::IntakeSealed sealed;
  if (!sealed.ParseFromString(row.state.sealed)) {
    return absl::DataLossError("a stored case cannot be read");
  }
  const v1::SealedPerson* const person = FirstToChange(sealed);
  if (person == nullptr) return absl::DataLossError("a timer of a case that has none");
  ASSIGN_OR_RETURN(const v1::Identity identity, OpenIdentity(keyring, keys, *person));
  const absl::CivilDay today = type::DeskDay(now);
  v1::IntakeCommand command;
  v1::ChangeAgeBandCommand& change = *command.mutable_change_age_band();
  change.set_person_id(person->person_id());
  change.set_age_band(type::BandOn(identity.date_of_birth(), today));
  if (const auto next = type::NextBandChange(identity.date_of_birth(), today)) {
    *change.mutable_band_changes_on() = type::FromDay(*next);
  }
  return runtime::TimerLoop::Due{runtime::SerializeDeterministic(command), row.version};
}

}  // namespace pathways::intake
