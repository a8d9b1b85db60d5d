// Builders of intake's messages, and a case that runs commands as the engine does.
#ifndef PATHWAYS_TESTS_INTAKE_BUILDERS_H_
#define PATHWAYS_TESTS_INTAKE_BUILDERS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "pathways/intake/v1/case.pb.h"
#include "services/intake/domain/decide.h"
#include "services/intake/domain/validate.h"
#include "services/intake/facts_in_force.h"
#include "tests/support/facts.h"

namespace pathways::intake {

inline constexpr char kCaseId[] = "3f2c1b0a-9d8e-4f7a-8b6c-5d4e3f2a1b0c";
inline constexpr absl::CivilDay kToday(2023, 7, 28);

// The catalogue that a case is registered by where there is no ledger yet.
inline FactsVersion Facts() { return {SampleFacts(), 0}; }

type::v1::PartialDate Date(int year, int month = 0, int day = 0);

// A case that is right: a principal applicant of 33 years (p1), a daughter who becomes 12 on
// 2023-08-01 (p2).
v1::Case GoodCase();

// A person who is right, a brother or sister of the principal applicant.
v1::Person GoodPerson();

// The commands that registering or updating makes of it; "sealed" is the name in the clear.
v1::IntakeCommand RegisterCommand(const v1::Case& input);

// The identity of the first person.
v1::Identity& First(v1::Case& input);

using Fields = std::vector<std::string>;

// The fields that violations name, in order.
Fields FieldsOf(const type::Violations& violations);

// A text and a year that are found again wherever they leak.
inline constexpr char kPlanted[] = "Plantado";
inline constexpr int kPlantedYear = 1871;

// Fails the test when a violation, or the status made of them, holds a planted value, one of
// GoodCase, or another that the tests use.
void ExpectNoValue(const type::Violations& violations);

// "OK", or code name and reason.
std::string Describe(const absl::Status& status);

// One case, run as the engine runs it. Its clock moves one second per command.
class RunningCase {
 public:
  // Not registered.
  RunningCase() = default;

  // Decides a command, and applies its events to a state that is stored as bytes in between.
  absl::StatusOr<std::vector<CaseEvent>> Do(const v1::IntakeCommand& command);

  const CaseRecord& record() const { return record_; }
  const std::vector<CaseEvent>& events() const { return events_; }
  absl::Time now() const { return now_; }
  type::Folded Folded() const { return Fold(kCaseId, record_); }

 private:
  CaseRecord record_;
  std::vector<CaseEvent> events_;
  absl::Time now_ = absl::FromUnixMicros(1'690'500'000'123'456);
};

}  // namespace pathways::intake

#endif  // PATHWAYS_TESTS_INTAKE_BUILDERS_H_
