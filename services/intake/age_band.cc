#include "services/intake/age_band.h"

#include <optional>
#include <vector>

#include "pathways/intake/v1/state.pb.h"
#include "services/base/serialize.h"
#include "services/base/status_macros.h"
#include "services/engine/engine.h"
#include "services/intake/sealing.h"
#include "services/type/dates.h"
#include "services/type/desk.h"

namespace pathways::intake {
namespace {

struct Birth {
  const type::v1::PersonFacts* person = nullptr;
  type::v1::PartialDate date;
};

// Of everybody whose birth date there is to go by. `unread` is the first error: one person whose
// key is gone must not keep the others from growing older.
std::vector<Birth> OpenBirths(const host::Keyring& keyring, const std::vector<engine::KeyRow>& keys,
                              const v1::IntakeState& state, const v1::IntakeSealed& sealed,
                              absl::Status& unread) {
  std::vector<Birth> births;
  for (int i = 0; i < sealed.people_size(); ++i) {
    const v1::SealedPerson& person = sealed.people(i);
    if (person.identity().empty() || person.outdated()) continue;
    const absl::StatusOr<v1::Identity> identity = OpenIdentity(keyring, keys, person);
    unread.Update(identity.status());
    if (identity.ok()) births.push_back({&state.facts().people(i), identity->date_of_birth()});
  }
  return births;
}

// True when the person is in another band than the one on file. Not when tomorrow's is on file: the
// case came from a place further east, where that day had begun, and nobody grows younger by it.
bool HasChanged(const Birth& birth, absl::CivilDay today) {
  const type::v1::AgeBand on_file = birth.person->age_band();
  return on_file != type::BandOn(birth.date, today) &&
         on_file != type::BandOn(birth.date, today + 1);
}

// The command of the first who has changed. The month it sets is the present one when there is
// another, so that the timer stays due.
std::optional<v1::IntakeCommand> CommandOf(const std::vector<Birth>& births, absl::CivilDay today) {
  std::optional<v1::IntakeCommand> command;
  std::optional<absl::CivilDay> next;
  for (const Birth& birth : births) {
    std::optional<absl::CivilDay> changes = type::NextBandChange(birth.date, today);
    if (HasChanged(birth, today)) {
      if (command) {
        changes = today;
      } else {
        v1::ChangeAgeBandCommand& change = *command.emplace().mutable_change_age_band();
        change.set_person_id(birth.person->person_id());
        change.set_age_band(type::BandOn(birth.date, today));
      }
    }
    if (changes && (!next || *changes < *next)) next = changes;
  }
  if (command && next) {
    *command->mutable_change_age_band()->mutable_band_changes_in() =
        type::FromMonth(absl::CivilMonth(*next));
  }
  return command;
}

}  // namespace

absl::StatusOr<follow::TimerLoop::Due> ChangeAgeBand(const engine::Domain& domain,
                                                     engine::EventReader& store,
                                                     const host::Keyring& keyring,
                                                     const engine::TimerRow& timer,
                                                     absl::Time now) {
  ASSIGN_OR_RETURN(const engine::StreamRow row, engine::ReadFolded(domain, store, timer.stream));
  ASSIGN_OR_RETURN(const std::vector<engine::KeyRow> keys, store.ReadKeys(timer.stream));
  v1::IntakeState state;
  v1::IntakeSealed sealed;
  if (!state.ParseFromString(row.state.open) || !sealed.ParseFromString(row.state.sealed) ||
      state.facts().people_size() != sealed.people_size()) {
    return absl::DataLossError("a stored case cannot be read");
  }
  absl::Status unread;
  const std::vector<Birth> births = OpenBirths(keyring, keys, state, sealed, unread);
  const std::string place = type::PlaceOf(state.facts());
  const absl::CivilDay today = type::DeskDay(place, now);
  follow::TimerLoop::Due due;
  if (const auto command = CommandOf(births, today)) {
    due.payload = base::SerializeDeterministic(*command);
    due.version = row.version;
    return due;
  }
  RETURN_IF_ERROR(unread);
  if (births.empty()) return absl::DataLossError("a timer of a case without a birth date");
  due.not_before = type::DeskMidnight(place, today + 1);
  return due;
}

}  // namespace pathways::intake
