#include "services/eligibility/explain.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/eligibility/domain/text_keys.h"
#include "services/type/languages.h"

namespace pathways::eligibility {
namespace {

constexpr char kHaitianCreole[] = "ht";

// Whether packs have texts in it.
bool IsLanguage(absl::string_view language) {
  const auto& languages = type::Languages();
  return std::find(languages.begin(), languages.end(), language) != languages.end();
}

}  // namespace

std::string IsoOf(const type::v1::PartialDate& date) {
  if (date.month() == 0) return absl::StrFormat("%04d", date.year());
  if (date.day() == 0) return absl::StrFormat("%04d-%02d", date.year(), date.month());
  return absl::StrFormat("%04d-%02d-%02d", date.year(), date.month(), date.day());
}

void Append(const v1::ShownText& more, v1::ShownText& text) {
  if (more.text().empty()) return;
  const char* const space = text.text().empty() ? "" : " ";
  text.set_text(absl::StrCat(text.text(), space, more.text()));
  text.set_unreviewed(text.unreviewed() || more.unreviewed());
}

Explainer::Explainer(const Rules& rules, const std::string& language, v1::Audience audience)
    : pack_(rules.pack()), rules_(rules), language_(language), audience_(audience) {
  if (!IsLanguage(language)) language_ = "en";
  for (const v1::Catalogue& catalogue : pack_.catalogues()) {
    if (catalogue.language() != language_) continue;
    for (const v1::Text& text : catalogue.texts()) texts_[text.key()] = &text;
  }
  for (const v1::Source& source : pack_.sources()) sources_[source.id()] = &source;
  for (const type::v1::Fact& fact : pack_.facts()) {
    for (const type::v1::FactWords& words : fact.words()) {
      if (words.language() == language_) facts_[fact.id()] = &words;
    }
  }
}

v1::ShownText Explainer::FactText(const std::string& fact,
                                  const std::string& (type::v1::FactWords::*part)() const) const {
  v1::ShownText shown;
  const auto found = facts_.find(fact);
  if (found == facts_.end()) return shown;
  shown.set_text((found->second->*part)());
  shown.set_unreviewed(language_ == kHaitianCreole && found->second->reviewed_by().empty());
  return shown;
}

v1::ShownText Explainer::TextOf(const std::string& key, const Arguments& arguments) const {
  v1::ShownText shown;
  const auto found = texts_.find(key);
  if (found == texts_.end()) return shown;
  const v1::Text& text = *found->second;
  const bool full = audience_ == v1::AUDIENCE_STAFF && !text.full().empty();
  const auto filled = Fill(full ? text.full() : text.plain(), language_, arguments);
  if (filled.ok()) shown.set_text(*filled);
  shown.set_unreviewed(language_ == kHaitianCreole && text.reviewed_by().empty());
  return shown;
}

v1::ShownText Explainer::CodeText(const type::v1::FactCode& code) const {
  v1::ShownText shown;
  for (const type::v1::FactWords& words : code.words()) {
    if (words.language() != language_) continue;
    shown.set_text(words.name());
    shown.set_unreviewed(language_ == kHaitianCreole && words.reviewed_by().empty());
  }
  return shown;
}

std::string Explainer::CitationOf(const std::string& source) const {
  const auto found = sources_.find(source);
  if (found == sources_.end()) return "";
  return absl::StrCat(found->second->citation(), " (", IsoOf(found->second->date()), ")");
}

std::string Explainer::NameOfPathway(const std::string& id) const {
  return TextOf(PathwayKey(id)).text();
}

v1::ShownText Explainer::StatusText(const v1::Determination& determination) const {
  v1::ShownText text = TextOf(determination.status_message_key());
  if (IsPreparedOnly(determination)) Append(TextOf(kPrepareKey), text);
  if (determination.mode() == v1::REFERRAL_MODE_INFORM) Append(TextOf(kInformKey), text);
  return text;
}

v1::ShownText Explainer::ChangeText(const v1::FactChange& change) const {
  const v1::ShownText fact = FactText(change.fact(), &type::v1::FactWords::name);
  v1::ShownText text = TextOf(ChangeKey(change.outcome()), {{"fact", fact.text()}});
  text.set_unreviewed(text.unreviewed() || fact.unreviewed());
  return text;
}

v1::Explanation Explainer::Explain(const v1::Determination& determination) const {
  v1::Explanation explanation;
  explanation.set_pathway(determination.pathway());
  *explanation.mutable_person_ids() = determination.person_ids();
  explanation.set_language(language_);
  *explanation.mutable_title() = TextOf(PathwayKey(determination.pathway()));
  *explanation.mutable_outcome() = TextOf(OutcomeKey(determination.outcome()));
  *explanation.mutable_status() = StatusText(determination);
  explanation.set_status_citation(CitationOf(determination.status_source()));
  for (const v1::CriterionResult& result : determination.criteria()) {
    v1::CriterionText& criterion = *explanation.add_criteria();
    criterion.set_criterion(result.criterion());
    *criterion.mutable_text() = TextOf(result.message_key());
    criterion.set_citation(CitationOf(result.source()));
  }
  for (const std::string& fact : determination.missing_facts()) {
    v1::QuestionText& question = *explanation.add_questions();
    question.set_fact(fact);
    *question.mutable_text() = FactText(fact, &type::v1::FactWords::ask);
  }
  for (const v1::FactChange& change : determination.changes()) {
    *explanation.add_changes() = ChangeText(change);
  }
  if (determination.has_holds_until()) {
    *explanation.mutable_holds_until() =
        TextOf(kHoldsUntilKey, {{"day", IsoOf(determination.holds_until())}});
  }
  if (determination.review_required()) *explanation.mutable_review() = TextOf(kReviewKey);
  *explanation.mutable_notice() = TextOf(kNoticeKey);
  return explanation;
}

v1::PathwayText Explainer::Describe(const v1::Pathway& pathway, const AsOf& as_of) const {
  v1::PathwayText described;
  *described.mutable_title() = TextOf(PathwayKey(pathway.id()));
  const RulesOfDay rules = rules_.On(as_of);
  for (int i = 0; i < pack_.pathways_size(); ++i) {
    if (pack_.pathways(i).id() != pathway.id()) continue;
    const int index = rules.pathway(static_cast<size_t>(i)).status;
    const bool own = index >= 0 && !pathway.statuses(index).message().empty();
    *described.mutable_status() = TextOf(own ? pathway.statuses(index).message()
                                             : StatusKey(rules.StatusOf(static_cast<size_t>(i))));
  }
  for (const v1::Criterion& criterion : pathway.criteria()) {
    v1::CriterionText& text = *described.add_criteria();
    text.set_criterion(criterion.id());
    *text.mutable_text() = TextOf(CriterionKey(criterion.message(), v1::OUTCOME_MEETS));
    text.set_citation(CitationOf(criterion.source()));
  }
  for (const std::string& document : pathway.documents()) {
    *described.add_documents() = TextOf(document);
  }
  return described;
}

v1::StepText Explainer::Advise(const v1::StepAdvice& advice) const {
  v1::StepText step;
  step.set_step(advice.step());
  step.set_pathway(advice.pathway());
  *step.mutable_person_ids() = advice.person_ids();
  *step.mutable_text() = TextOf(advice.message_key());
  for (const v1::StepEffect& effect : advice.effects()) {
    v1::EffectText& shown = *step.add_effects();
    shown.set_pathway(effect.pathway());
    shown.set_effect(effect.effect());
    *shown.mutable_text() = EffectText(advice, effect);
    shown.set_citation(CitationOf(effect.source()));
  }
  step.set_must_acknowledge(advice.must_acknowledge());
  for (const v1::Step& known : pack_.steps()) {
    if (known.id() == advice.step()) step.set_proposed(known.proposed());
  }
  return step;
}

v1::ShownText Explainer::EffectText(const v1::StepAdvice& advice,
                                    const v1::StepEffect& effect) const {
  v1::ShownText text =
      TextOf(EffectKey(effect.effect()), {{"pathway", NameOfPathway(effect.pathway())},
                                          {"step", TextOf(advice.message_key()).text()}});
  Append(TextOf(effect.message_key()), text);
  return text;
}

}  // namespace pathways::eligibility
