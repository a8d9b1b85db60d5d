#include "services/eligibility/explain_grounds.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/eligibility/domain/text_keys.h"
#include "services/type/dates.h"
#include "services/type/people.h"

namespace pathways::eligibility {
namespace {

using AssumedFacts = std::vector<const v1::AssumedFact*>;

class Words {
 public:
  Words(const Explainer& explainer, std::string unit)
      : explainer_(explainer), unit_(std::move(unit)) {}

  void AddSentences(v1::Assumptions& assumes) const;
  void AddText(v1::OutcomeTurn& turn) const;
  void AddText(v1::TimeTurn& turn, const v1::Explanation& explanation) const;
  // Leave out what another member of the family could say when alone.
  void LeaveOutOfOthers(v1::Assumptions& assumes) const;
  void LeaveOutOfOthers(v1::OutcomeTurn& turn) const;

 private:
  const type::v1::Fact* FindFact(const std::string& id) const;
  bool IsOfOtherAlone(const std::string& fact, const std::string& person) const;
  void AddStatus(v1::Assumptions& assumes) const;
  void AddFacts(v1::Assumptions& assumes) const;
  void AddList(const std::string& key, const AssumedFacts& facts, v1::Assumptions& assumes) const;
  v1::ShownText NameOf(const v1::AssumedFact& assumed) const;
  v1::ShownText CodeOf(const type::v1::Fact* fact, const std::string& code) const;
  v1::ShownText AnswersOf(const v1::FactWouldBe& would_be) const;
  v1::ShownText PhraseOf(const v1::FactWouldBe& would_be) const;

  const Explainer& explainer_;
  const std::string unit_;  // Whose facts count.
};

// A text with others put into it is as unreviewed as they are.
v1::ShownText Around(v1::ShownText text, const std::vector<v1::ShownText>& inner) {
  for (const v1::ShownText& one : inner) text.set_unreviewed(text.unreviewed() || one.unreviewed());
  return text;
}

// Of a pack that lacks the text, as one stored by an earlier release may, nothing is said.
void AddSentence(v1::ShownText sentence, v1::Assumptions& assumes) {
  if (!sentence.text().empty()) *assumes.add_sentences() = std::move(sentence);
}

v1::ShownText Joined(const std::vector<v1::ShownText>& texts, const char* between) {
  v1::ShownText joined;
  joined.set_text(absl::StrJoin(texts, between, [](std::string* out, const v1::ShownText& text) {
    out->append(text.text());
  }));
  return Around(std::move(joined), texts);
}

const type::v1::Fact* Words::FindFact(const std::string& id) const {
  for (const type::v1::Fact& fact : explainer_.pack().facts()) {
    if (fact.id() == id) return &fact;
  }
  return nullptr;
}

void Words::AddStatus(v1::Assumptions& assumes) const {
  const v1::Period& days = assumes.status_in_force();
  if (!days.has_from()) return;
  const std::string key = days.has_until() ? "assume.status-between" : "assume.status-from";
  AddSentence(
      explainer_.TextOf(key, {{"from", IsoOf(days.from())}, {"until", IsoOf(days.until())}}),
      assumes);
}

v1::ShownText Words::NameOf(const v1::AssumedFact& assumed) const {
  const v1::ShownText name = explainer_.FactText(assumed.fact(), &type::v1::FactWords::name);
  if (assumed.has_answered_on()) {
    return Around(explainer_.TextOf("assume.answered",
                                    {{"fact", name.text()}, {"day", IsoOf(assumed.answered_on())}}),
                  {name});
  }
  if (assumed.fact() == NameOfField(kAgeBand)) {
    return Around(explainer_.TextOf("assume.birth-date", {{"fact", name.text()}}), {name});
  }
  return name;
}

void Words::AddList(const std::string& key, const AssumedFacts& facts,
                    v1::Assumptions& assumes) const {
  if (facts.empty()) return;
  std::vector<v1::ShownText> names;
  std::set<std::string> people;
  std::set<std::string> told;
  for (const v1::AssumedFact* const assumed : facts) {
    people.insert(assumed->person_id());
    if (told.insert(assumed->fact()).second) names.push_back(NameOf(*assumed));
  }
  const v1::ShownText list = Joined(names, "; ");
  AddSentence(Around(explainer_.TextOf(
                         key, {{"facts", list.text()}, {"people", absl::StrJoin(people, ", ")}}),
                     {list}),
              assumes);
}

// By what the facts stand on; then dates that are not exact; then by what others were counted.
void Words::AddFacts(v1::Assumptions& assumes) const {
  const std::vector<v1::AssumedFact> all(assumes.facts().begin(), assumes.facts().end());
  const auto those = [&](auto are_they) {
    AssumedFacts found;
    for (const v1::AssumedFact& assumed : all) {
      if (are_they(assumed)) found.push_back(&assumed);
    }
    return found;
  };
  const auto counts = [&](const v1::AssumedFact& assumed) {
    const type::v1::Fact* const fact = FindFact(assumed.fact());
    const bool is_of_case = fact != nullptr && fact->scope() == type::v1::FACT_SCOPE_CASE;
    return assumed.person_id() == unit_ || is_of_case;
  };
  for (int basis = v1::FACT_BASIS_SAID; basis < v1::FactBasis_ARRAYSIZE; ++basis) {
    AddList(BasisKey(static_cast<v1::FactBasis>(basis)), those([&](const v1::AssumedFact& assumed) {
              return assumed.basis() == basis && counts(assumed);
            }),
            assumes);
  }
  const auto as_exact_as = [&](type::v1::DatePrecision precision) {
    return those([&, precision](const v1::AssumedFact& assumed) {
      return assumed.precision() == precision && counts(assumed) &&
             assumed.basis() != v1::FACT_BASIS_STALE;
    });
  };
  AddList("assume.month", as_exact_as(type::v1::DATE_PRECISION_MONTH), assumes);
  AddList("assume.year", as_exact_as(type::v1::DATE_PRECISION_YEAR), assumes);
  // On which day somebody else was asked is theirs.
  std::vector<v1::AssumedFact> of_others;
  for (const v1::AssumedFact& assumed : all) {
    if (!counts(assumed)) of_others.emplace_back(assumed).clear_answered_on();
  }
  AssumedFacts counted;
  for (const v1::AssumedFact& assumed : of_others) counted.push_back(&assumed);
  AddList("assume.counted", counted, assumes);
}

void Words::AddSentences(v1::Assumptions& assumes) const {
  AddSentence(explainer_.TextOf("assume.policies", {{"version", assumes.policy_version()},
                                                    {"day", IsoOf(assumes.as_of())},
                                                    {"known", IsoOf(assumes.known_on())}}),
              assumes);
  if (!assumes.fact_catalogue().empty()) {
    AddSentence(explainer_.TextOf("assume.catalogue", {{"version", assumes.fact_catalogue()}}),
                assumes);
  }
  AddStatus(assumes);
  AddFacts(assumes);
}

v1::ShownText Words::CodeOf(const type::v1::Fact* fact, const std::string& code) const {
  v1::ShownText shown;
  if (fact != nullptr && fact->kind() == type::v1::FACT_KIND_YES_NO) {
    return explainer_.TextOf(code == "YES" ? "answer.yes" : "answer.no");
  }
  if (fact != nullptr) {
    for (const type::v1::FactCode& known : fact->codes()) {
      if (known.code() == code) return explainer_.CodeText(known);
    }
  }
  shown.set_text(code);
  return shown;
}

v1::ShownText Words::AnswersOf(const v1::FactWouldBe& would_be) const {
  const type::v1::Fact* const fact = FindFact(would_be.fact());
  std::vector<v1::ShownText> answers;
  for (const std::string& code : would_be.codes()) answers.push_back(CodeOf(fact, code));
  if (would_be.other_than()) {
    const v1::ShownText named = Joined(answers, ", ");
    return Around(explainer_.TextOf("answer.other-than", {{"answers", named.text()}}), {named});
  }
  for (const v1::NumberRange& range : would_be.numbers()) {
    const bool is_open = fact != nullptr && range.greatest() >= fact->greatest();
    const bool begins = fact != nullptr && range.least() <= fact->least();
    answers.push_back(explainer_.TextOf(
        is_open  ? "answer.number-from"
        : begins ? "answer.number-until"
                 : "answer.number-between",
        {{"least", absl::StrCat(range.least())}, {"greatest", absl::StrCat(range.greatest())}}));
  }
  for (const v1::Period& days : would_be.days()) {
    const char* const key = !days.has_until()  ? "answer.days-from"
                            : !days.has_from() ? "answer.days-before"
                                               : "answer.days-between";
    answers.push_back(
        explainer_.TextOf(key, {{"from", IsoOf(days.from())}, {"until", IsoOf(days.until())}}));
  }
  return Joined(answers, ", ");
}

v1::ShownText Words::PhraseOf(const v1::FactWouldBe& would_be) const {
  v1::ShownText name = explainer_.FactText(would_be.fact(), &type::v1::FactWords::name);
  if (would_be.person_id() != unit_) {
    name.set_text(absl::StrCat(would_be.person_id(), ", ", name.text()));
  }
  const v1::ShownText answers = AnswersOf(would_be);
  return Around(explainer_.TextOf(would_be.missing() ? "turn.missing" : "turn.recorded",
                                  {{"fact", name.text()}, {"answers", answers.text()}}),
                {name, answers});
}

void Words::AddText(v1::OutcomeTurn& turn) const {
  for (v1::FactsChange& change : *turn.mutable_changes()) {
    std::vector<v1::ShownText> phrases;
    for (const v1::FactWouldBe& would_be : change.facts()) phrases.push_back(PhraseOf(would_be));
    const v1::ShownText list = Joined(phrases, "; ");
    *change.mutable_text() =
        Around(explainer_.TextOf(TurnKey(turn.outcome()), {{"facts", list.text()}}), {list});
  }
  if (turn.search() == v1::TURN_SEARCH_NONE && turn.outcome() == v1::OUTCOME_MEETS) {
    *turn.mutable_text() = explainer_.TextOf("turn.none");
  }
  if (turn.search() == v1::TURN_SEARCH_STOPPED) {
    *turn.mutable_text() =
        explainer_.TextOf("turn.stopped", {{"count", absl::StrCat(turn.fact_count())}});
  }
}

void Words::AddText(v1::TimeTurn& turn, const v1::Explanation& explanation) const {
  const std::string day = IsoOf(turn.day());
  const v1::ShownText outcome = explainer_.TextOf(OutcomeKey(turn.outcome()));
  if (outcome.text() != explanation.outcome().text()) {
    Append(
        Around(explainer_.TextOf("turn.time-outcome", {{"day", day}, {"outcome", outcome.text()}}),
               {outcome}),
        *turn.mutable_text());
  }
  if (turn.status() != explanation.assumes().status()) {
    const v1::ShownText status = explainer_.TextOf(StatusKey(turn.status()));
    Append(Around(explainer_.TextOf("turn.time-status", {{"day", day}, {"status", status.text()}}),
                  {status}),
           *turn.mutable_text());
  }
}

bool Words::IsOfOtherAlone(const std::string& fact, const std::string& person) const {
  const type::v1::Fact* const known = FindFact(fact);
  return person != unit_ && (known == nullptr || known->setting() == type::v1::FACT_SETTING_ALONE);
}

void Words::LeaveOutOfOthers(v1::Assumptions& assumes) const {
  auto& facts = *assumes.mutable_facts();
  facts.erase(std::remove_if(facts.begin(), facts.end(),
                             [&](const v1::AssumedFact& assumed) {
                               return IsOfOtherAlone(assumed.fact(), assumed.person_id());
                             }),
              facts.end());
}

void Words::LeaveOutOfOthers(v1::OutcomeTurn& turn) const {
  auto& changes = *turn.mutable_changes();
  const auto tells = [&](const v1::FactWouldBe& would_be) {
    return IsOfOtherAlone(would_be.fact(), would_be.person_id());
  };
  const auto left = std::remove_if(changes.begin(), changes.end(), [&](const v1::FactsChange& one) {
    return std::any_of(one.facts().begin(), one.facts().end(), tells);
  });
  if (left != changes.end()) turn.set_has_more(true);
  changes.erase(left, changes.end());
}

// Whose facts count for the determination. Empty: nobody's are at hand.
std::string UnitOf(const Rules& rules, const type::v1::CaseFacts& facts,
                   const v1::Determination& determination) {
  for (const v1::Pathway& pathway : rules.pack().pathways()) {
    if (pathway.id() != determination.pathway()) continue;
    if (pathway.unit() != v1::SCREENING_UNIT_FAMILY) break;
    const type::v1::PersonFacts* const principal = type::PrincipalOf(facts);
    return principal == nullptr ? "" : principal->person_id();
  }
  return determination.person_ids().empty() ? "" : determination.person_ids(0);
}

// `unit` is whose facts count for the determination.
void AddGrounds(const Explainer& explainer, Grounds grounds, const std::string& unit,
                v1::Explanation& explanation) {
  const Words words(explainer, unit);
  v1::Assumptions& assumes = *explanation.mutable_assumes();
  assumes = std::move(grounds.assumes);
  const bool is_for_staff = explainer.audience() == v1::AUDIENCE_STAFF;
  if (!is_for_staff) words.LeaveOutOfOthers(assumes);
  words.AddSentences(assumes);
  const v1::ShownText notice = explainer.TextOf(kTurnNoticeKey);
  // Changes are never shown without how they are to be read.
  if (notice.text().empty()) grounds.turns.clear();
  for (v1::OutcomeTurn& turn : grounds.turns) {
    const bool had_changes = !turn.changes().empty();
    if (!is_for_staff) words.LeaveOutOfOthers(turn);
    // That there are some, of which none may be told, tells of others too.
    if (had_changes && turn.changes().empty()) continue;
    words.AddText(turn);
    *explanation.add_turns() = std::move(turn);
  }
  if (!explanation.turns().empty()) *explanation.mutable_turns_notice() = notice;
  if (!grounds.time_turn) return;
  *explanation.mutable_time_turn() = *grounds.time_turn;
  words.AddText(*explanation.mutable_time_turn(), explanation);
}

}  // namespace

void ExplainAll(const Explainer& explainer, const Rules& rules, const type::v1::CaseFacts& facts,
                const std::string& fact_catalogue, const Determinations& determinations,
                google::protobuf::RepeatedPtrField<v1::Explanation>& explanations) {
  std::vector<Grounds> grounds = GroundsOf(rules, facts, determinations);
  for (int i = 0; i < determinations.size(); ++i) {
    Grounds& of_one = grounds[static_cast<size_t>(i)];
    of_one.assumes.set_fact_catalogue(fact_catalogue);
    v1::Explanation& explanation = *explanations.Add();
    explanation = explainer.Explain(determinations[i]);
    AddGrounds(explainer, std::move(of_one), UnitOf(rules, facts, determinations[i]), explanation);
  }
}

}  // namespace pathways::eligibility
