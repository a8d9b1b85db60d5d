// Determinations in words: keys become texts of the pack, in one language, for one audience.
//
// Nothing here decides: it says in the pack's own words what a determination holds as keys and ids.
// Every explanation says that it is a screening and no decision. A text in Haitian Creole that no
// named speaker has signed is shown as unreviewed. A key or an id that the pack does not know (a
// determination of another pack) becomes an empty text. Explainer keeps a reference to the rules
// and may be used by many threads at once.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_EXPLAIN_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_EXPLAIN_H_

#include <string>
#include <unordered_map>

#include "absl/strings/string_view.h"
#include "pathways/eligibility/v1/explanation.pb.h"
#include "pathways/eligibility/v1/policy.pb.h"
#include "pathways/eligibility/v1/screening.pb.h"
#include "pathways/eligibility/v1/text.pb.h"
#include "services/eligibility/domain/rules.h"
#include "services/eligibility/text_pattern.h"

namespace pathways::eligibility {

// 2026-11, for example, of a date that has no day.
std::string IsoOf(const type::v1::PartialDate& date);

// Puts `more` after `text`, with a space between them; unreviewed where one is.
void Append(const v1::ShownText& more, v1::ShownText& text);

class Explainer {
 public:
  // Texts for `audience` in `language`: "es", "ht" or "en"; any other is "en". `rules` must outlive
  // the explainer.
  Explainer(const Rules& rules, const std::string& language, v1::Audience audience);

  // All but what it stands on (explain_grounds.h).
  v1::Explanation Explain(const v1::Determination& determination) const;

  // A pathway without people: its name, its status on the day, and when each criterion is met.
  v1::PathwayText Describe(const v1::Pathway& pathway, const AsOf& as_of) const;

  // The text of a key, with its arguments.
  v1::ShownText TextOf(const std::string& key, const Arguments& arguments = {}) const;

  // One part of the words of a fact of the pack: its name, the question, or why it is asked.
  v1::ShownText FactText(const std::string& fact,
                         const std::string& (type::v1::FactWords::*part)() const) const;

  // The step and what it does, each effect with its source: the text of an interaction, or of the
  // criterion that would no longer be met.
  v1::StepText Advise(const v1::StepAdvice& advice) const;

  // Words of a code of a fact, of those that the fact lists.
  v1::ShownText CodeText(const type::v1::FactCode& code) const;

  // Citation of a source, with its date. Empty for an id of none.
  std::string CitationOf(const std::string& source) const;

  const v1::PolicyPack& pack() const { return pack_; }
  v1::Audience audience() const { return audience_; }

 private:
  std::string NameOfPathway(const std::string& id) const;
  v1::ShownText EffectText(const v1::StepAdvice& advice, const v1::StepEffect& effect) const;
  v1::ShownText StatusText(const v1::Determination& determination) const;
  v1::ShownText ChangeText(const v1::FactChange& change) const;

  const v1::PolicyPack& pack_;
  const Rules& rules_;
  std::string language_;
  v1::Audience audience_;
  std::unordered_map<std::string, const v1::Text*> texts_;
  std::unordered_map<std::string, const v1::Source*> sources_;
  std::unordered_map<std::string, const type::v1::FactWords*> facts_;
};

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_EXPLAIN_H_
