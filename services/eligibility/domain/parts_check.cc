#include "services/eligibility/domain/parts_check.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "services/eligibility/domain/calendar.h"
#include "services/eligibility/domain/policy_check.h"
#include "services/eligibility/domain/predicate_check.h"
#include "services/eligibility/domain/text_keys.h"
#include "services/type/dates.h"
#include "services/type/facts.h"
#include "services/type/languages.h"

namespace pathways::eligibility {
namespace {

constexpr int kSourcesMax = 500;
constexpr int kAuthoritiesMax = 100;
constexpr int kCalendarsMax = 20;
constexpr int kHolidaysMax = 2000;
constexpr int kSuspensionsMax = 200;
constexpr Day kCoverMax = 200 * 366;
constexpr int kFactsMax = 200;
constexpr int kStepsMax = 100;
constexpr int kInteractionsMax = 500;

// Migration and enforcement bodies, whatever a pack calls them.
constexpr const char* kControllers[] = {"inm", "cbp", "ice", "dhs", "fgr", "guardia-nacional"};

void CheckSuspension(const std::string& field, const v1::Suspension& suspension,
                     PackChecker& checker) {
  checker.CheckPeriods(field, suspension.in_force(), suspension.known());
  CheckPeriod(absl::StrCat(field, ".in_force"), suspension.in_force(), false, checker.violations());
  checker.CheckSource(absl::StrCat(field, ".source"), suspension.source());
}

void CheckHolidays(const std::string& field, const v1::Calendar& calendar, PackChecker& checker) {
  checker.CheckCount(field, calendar.holidays_size(), 0, kHolidaysMax);
  type::Violations days;
  for (int i = 0; i < calendar.holidays_size(); ++i) {
    CheckDay(At(field, i), calendar.holidays(i), days);
    if (!days.empty()) break;
    if (i > 0 && DayOf(calendar.holidays(i), 0) <= DayOf(calendar.holidays(i - 1), 0)) {
      checker.Add(At(field, i), "must come after the holiday before it");
    }
  }
  for (const type::v1::FieldViolation& fault : days.found()) {
    checker.Add(fault.field(), fault.description());
  }
}

void CheckCalendar(const std::string& field, const v1::Calendar& calendar, PackChecker& checker) {
  const auto at = [&](absl::string_view name) { return absl::StrCat(field, ".", name); };
  if (calendar.version() < 1) checker.Add(at("version"), "must be 1 or more");
  checker.CheckText(at("title"), calendar.title());
  checker.CheckCount(at("business_weekdays"), calendar.business_weekdays_size(), 1, 7);
  std::set<int> weekdays;
  for (int i = 0; i < calendar.business_weekdays_size(); ++i) {
    const int weekday = calendar.business_weekdays(i);
    if (weekday < 1 || weekday > 7 || !weekdays.insert(weekday).second) {
      checker.Add(At(at("business_weekdays"), i), "must be 1 (Monday) to 7, each once");
    }
  }
  CheckHolidays(at("holidays"), calendar, checker);
  checker.CheckCount(at("suspensions"), calendar.suspensions_size(), 0, kSuspensionsMax);
  for (int i = 0; i < calendar.suspensions_size(); ++i) {
    CheckSuspension(At(at("suspensions"), i), calendar.suspensions(i), checker);
  }
  type::Violations covers;
  CheckPeriod(at("covers"), calendar.covers(), false, covers);
  for (const type::v1::FieldViolation& fault : covers.found()) {
    checker.Add(fault.field(), fault.description());
  }
  const Span span = covers.empty() ? SpanOf(calendar.covers()) : Span{0, 1};
  if (span.until - span.from > kCoverMax) checker.Add(at("covers"), "must be at most 200 years");
  checker.CheckSource(at("source"), calendar.source());
}

void CheckStep(const std::string& field, const v1::Step& step, PackChecker& checker) {
  if (!step.pathway().empty() && !checker.HasPathway(step.pathway())) {
    checker.Add(absl::StrCat(field, ".pathway"), "must be the id of a pathway of the pack");
  }
  if (step.has_when()) checker.CheckCondition(absl::StrCat(field, ".when"), step.when());
  checker.CheckKey(absl::StrCat(field, ".message"), step.message());
  for (int i = 0; i < step.sets().answers_size(); ++i) {
    if (checker.HasFact(step.sets().answers(i).fact())) continue;
    checker.Add(absl::StrCat(field, ".sets.answers[", i, "].fact"), "must be the id of a fact");
  }
}

void CheckInteraction(const std::string& field, const v1::Interaction& interaction,
                      PackChecker& checker) {
  const auto at = [&](absl::string_view name) { return absl::StrCat(field, ".", name); };
  if (!checker.HasStep(interaction.step())) {
    checker.Add(at("step"), "must be the id of a step of the pack");
  }
  if (!checker.HasPathway(interaction.pathway())) {
    checker.Add(at("pathway"), "must be the id of a pathway of the pack");
  }
  checker.CheckEnum(at("effect"), interaction.effect(), v1::Effect_IsValid(interaction.effect()),
                    "must say what happens");
  if (interaction.has_when()) checker.CheckCondition(at("when"), interaction.when());
  checker.CheckSource(at("source"), interaction.source());
  checker.CheckConfidence(at("confidence"), interaction.confidence());
  if (interaction.effect() == v1::EFFECT_CLOSES && !Settles(interaction.confidence())) {
    checker.Add(at("effect"), "a source of S3 or K can say that a pathway is endangered, not more");
  }
  checker.CheckKey(at("message"), interaction.message());
  checker.CheckPeriods(field, interaction.in_force(), interaction.known());
}

// Texts by language and key, with the place of each language's first catalogue.
using Texts = std::map<std::string, std::map<std::string, const v1::Text*>>;

void CheckText(const std::string& field, const v1::Text& text, PackChecker& checker) {
  const auto at = [&](absl::string_view name) { return absl::StrCat(field, ".", name); };
  checker.CheckKey(at("key"), text.key());
  if (absl::StripAsciiWhitespace(text.plain()).empty() || text.plain().size() > kShownBytesMax) {
    checker.Add(at("plain"), absl::StrCat("must be 1 to ", kShownBytesMax, " bytes of text"));
  }
  if (text.full().size() > kShownBytesMax) {
    checker.Add(at("full"), absl::StrCat("must be at most ", kShownBytesMax, " bytes of text"));
  }
  if (text.reviewed_by().empty() != type::IsEmpty(text.reviewed_on())) {
    checker.Add(at("reviewed_on"), "is given exactly where reviewed_by is");
  } else if (!text.reviewed_by().empty()) {
    CheckDay(at("reviewed_on"), text.reviewed_on(), checker.violations());
  }
}

void CheckCatalogue(const std::string& field, const v1::Catalogue& catalogue, Texts& texts,
                    PackChecker& checker) {
  const auto& languages = type::Languages();
  if (std::find(languages.begin(), languages.end(), catalogue.language()) == languages.end()) {
    checker.Add(absl::StrCat(field, ".language"), "must be es, ht or en");
  }
  auto& of_language = texts[catalogue.language()];
  for (int i = 0; i < catalogue.texts_size(); ++i) {
    const std::string at = At(absl::StrCat(field, ".texts"), i);
    CheckText(at, catalogue.texts(i), checker);
    if (!of_language.emplace(catalogue.texts(i).key(), &catalogue.texts(i)).second) {
      checker.Add(absl::StrCat(at, ".key"), "stands there already in this language");
    }
  }
}

}  // namespace

void CheckSources(PackChecker& checker) {
  const auto& sources = checker.pack().sources();
  checker.CheckCount("sources", sources.size(), 1, kSourcesMax);
  std::set<std::string> ids;
  for (int i = 0; i < sources.size(); ++i) {
    const std::string at = At("sources", i);
    checker.CheckId(absl::StrCat(at, ".id"), sources[i].id(), ids);
    checker.CheckText(absl::StrCat(at, ".citation"), sources[i].citation());
    if (!sources[i].url().empty()) checker.CheckText(absl::StrCat(at, ".url"), sources[i].url());
    const bool dated = !type::IsEmpty(sources[i].date());
    if (dated ? !type::IsValid(sources[i].date()) : sources[i].url().empty()) {
      checker.Add(absl::StrCat(at, ".date"),
                  "must be a date that exists, at least a year, or empty where url names a copy "
                  "that bears none");
    }
  }
}

void CheckAuthorities(PackChecker& checker) {
  const auto& authorities = checker.pack().authorities();
  checker.CheckCount("authorities", authorities.size(), 1, kAuthoritiesMax);
  std::set<std::string> ids;
  for (int i = 0; i < authorities.size(); ++i) {
    const std::string at = At("authorities", i);
    const v1::AuthorityKind kind = authorities[i].kind();
    checker.CheckId(absl::StrCat(at, ".id"), authorities[i].id(), ids);
    checker.CheckText(absl::StrCat(at, ".name"), authorities[i].name());
    checker.CheckEnum(absl::StrCat(at, ".kind"), kind, v1::AuthorityKind_IsValid(kind),
                      "must say what the authority is");
    const bool controls = std::find(std::begin(kControllers), std::end(kControllers),
                                    authorities[i].id()) != std::end(kControllers);
    if (controls && kind != v1::AUTHORITY_KIND_MIGRATION &&
        kind != v1::AUTHORITY_KIND_ENFORCEMENT) {
      checker.Add(absl::StrCat(at, ".kind"), "must be MIGRATION or ENFORCEMENT for this body");
    }
  }
}

void CheckCalendars(PackChecker& checker) {
  const auto& calendars = checker.pack().calendars();
  checker.CheckCount("calendars", calendars.size(), 0, kCalendarsMax);
  std::set<std::string> ids;
  for (int i = 0; i < calendars.size(); ++i) {
    const std::string at = At("calendars", i);
    checker.CheckId(absl::StrCat(at, ".id"), calendars[i].id(), ids);
    CheckCalendar(at, calendars[i], checker);
  }
}

void CheckSteps(PackChecker& checker) {
  const v1::PolicyPack& pack = checker.pack();
  checker.CheckCount("steps", pack.steps_size(), 0, kStepsMax);
  std::set<std::string> ids;
  for (int i = 0; i < pack.steps_size(); ++i) {
    const std::string at = At("steps", i);
    checker.CheckId(absl::StrCat(at, ".id"), pack.steps(i).id(), ids);
    CheckStep(at, pack.steps(i), checker);
  }
  checker.CheckCount("interactions", pack.interactions_size(), 0, kInteractionsMax);
  std::set<std::string> interaction_ids;
  for (int i = 0; i < pack.interactions_size(); ++i) {
    const std::string at = At("interactions", i);
    checker.CheckId(absl::StrCat(at, ".id"), pack.interactions(i).id(), interaction_ids);
    CheckInteraction(at, pack.interactions(i), checker);
  }
}

void CheckFacts(PackChecker& checker) {
  const auto& facts = checker.pack().facts();
  checker.CheckCount("facts", facts.size(), 0, kFactsMax);
  std::set<std::string> ids;
  for (int i = 0; i < facts.size(); ++i) {
    type::CheckFact(At("facts", i), facts[i], checker.violations());
    if (!ids.insert(facts[i].id()).second) {
      checker.Add(At("facts", i) + ".id", "stands in the pack already");
    }
  }
}

void CheckCatalogues(PackChecker& checker) {
  const v1::PolicyPack& pack = checker.pack();
  Texts texts;
  for (int i = 0; i < pack.catalogues_size(); ++i) {
    CheckCatalogue(At("catalogues", i), pack.catalogues(i), texts, checker);
  }
  for (const NeededText& needed : NeededTexts(pack)) {
    for (const std::string& language : type::Languages()) {
      if (texts[language].contains(needed.key)) continue;
      checker.Add(needed.field,
                  absl::StrCat("has no text ", absl::CEscape(needed.key), " in ", language));
    }
  }
}

}  // namespace pathways::eligibility
