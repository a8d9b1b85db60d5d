// The fact catalogue: what can be asked of people, and what an answer may be.
//
// A fact is data (proto/pathways/type/v1/fact.proto). Code knows a few of them as fields of a
// person; every other is answered by its id, and everything about its answer is held against the
// catalogue in force here. Pure.
#ifndef PATHWAYS_SERVICES_TYPE_FACTS_H_
#define PATHWAYS_SERVICES_TYPE_FACTS_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "pathways/type/v1/fact.pb.h"
#include "services/type/ledger.h"
#include "services/type/problem.h"

namespace pathways::type {

// The stream of the catalogue's versions, at intake and, as intake told them, at its followers.
inline constexpr char kFactLedger[] = "service/fact-catalogue";
inline constexpr LedgerKind kFactLedgerKind = {"FACTS", "factVersions/", "catalogue", kFactLedger};

inline constexpr char kInvalidCatalogue[] = "INVALID_FACT_CATALOGUE";

// Most answers of one person.
inline constexpr int kAnswersMax = 100;

using FactAnswers = google::protobuf::RepeatedPtrField<v1::FactAnswer>;

// Adds every fault of one fact that shows without the others, with paths that begin with `field`.
void CheckFact(const std::string& field, const v1::Fact& fact, Violations& violations);

// Whether an answer given as `found` can be used where a fact is expected to be as `expected`: the
// same kind, list, scope and storage, and every code of `expected`.
bool IsSameFact(const v1::Fact& expected, const v1::Fact& found);

// A catalogue, ready to be looked up. Immutable.
class Facts {
 public:
  // INVALID_ARGUMENT with reason INVALID_FACT_CATALOGUE and every fault.
  static absl::StatusOr<std::shared_ptr<const Facts>> Compile(v1::FactCatalogue catalogue);

  const v1::FactCatalogue& catalogue() const { return catalogue_; }
  // Null: there is no such fact.
  const v1::Fact* Find(absl::string_view id) const;

 private:
  explicit Facts(v1::FactCatalogue catalogue);

  const v1::FactCatalogue catalogue_;
  std::map<std::string, const v1::Fact*, std::less<>> by_id_;
};

// INVALID_ARGUMENT, as Compile gives it, where `next` leaves out a fact of `before`, or changes
// what its answers are.
absl::Status CheckSuccessor(const v1::FactCatalogue& before, const v1::FactCatalogue& next);

// Whose answers are checked, and on which day.
struct AnswersPlace {
  std::string path;  // Of the list, for example case.people[2].answers.
  absl::CivilDay today;
  bool is_principal = false;
};

// The answers in the form that is stored: codes in theirs, sorted by fact, and with the day on
// which each was given where the fact goes stale. `known` are those on file: one that says the same
// keeps the day that it has, and one that is no longer asked may stay as it is. Adds every fault.
// The result is to be used only when there is none.
FactAnswers CheckAnswers(const Facts& facts, const FactAnswers& input, const FactAnswers& known,
                         const AnswersPlace& place, Violations& violations);

// The answer to a fact; null when there is none.
const v1::FactAnswer* FindAnswer(const FactAnswers& answers, absl::string_view fact);

// Whether two answers say the same, whenever they were given.
bool SaySame(const v1::FactAnswer& one, const v1::FactAnswer& other);

// Whether answers to a fact of this kind are codes.
bool HasCodes(v1::FactKind kind);

// True for what may be the id of a fact: 1 to 48 lower-case letters, digits and underscores,
// beginning with a letter.
bool IsFactId(absl::string_view text);

}  // namespace pathways::type

#endif  // PATHWAYS_SERVICES_TYPE_FACTS_H_
