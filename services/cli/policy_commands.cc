#include "services/cli/policy_commands.h"

#include <algorithm>
#include <climits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/cli/policy_ledger_commands.h"

namespace pathways::cli {
namespace {

using eligibility::v1::EligibilityService;

using Explanations = google::protobuf::RepeatedPtrField<eligibility::v1::Explanation>;

// In which words a screening is told.
struct Words {
  std::string language = "en";
  bool is_plain = false;
};

void AddWords(CLI::App& command, Words& words) {
  command
      .add_option("--language", words.language,
                  "Language of the words: es, ht or en; of fr and pt the nearest")
      ->capture_default_str();
  command.add_flag("--plain", words.is_plain, "Words for the person, not for staff");
}

template <typename Request>
void Ask(const Words& words, Request& request) {
  request.set_language(words.language);
  request.set_audience(words.is_plain ? eligibility::v1::AUDIENCE_PERSON
                                      : eligibility::v1::AUDIENCE_STAFF);
}

std::string Shown(const eligibility::v1::ShownText& text) {
  return absl::StrCat(text.unreviewed() ? "(unreviewed) " : "", text.text());
}

// What each outcome means, and whether the pathway is open.
Table MeaningOf(const Explanations& explanations) {
  Table meaning{.header = {"pathway", "person_ids", "outcome", "status"}};
  for (const eligibility::v1::Explanation& explanation : explanations) {
    meaning.rows.push_back({explanation.pathway(), CellOf(explanation, "person_ids"),
                            Shown(explanation.outcome()), Shown(explanation.status())});
  }
  return meaning;
}

// One row per criterion, so that each outcome is seen with its reason and source.
Table ReasonsOf(const Explanations& explanations) {
  Table reasons{.header = {"pathway", "person_ids", "criterion", "reason", "citation"}};
  for (const eligibility::v1::Explanation& explanation : explanations) {
    for (const eligibility::v1::CriterionText& criterion : explanation.criteria()) {
      reasons.rows.push_back({explanation.pathway(), CellOf(explanation, "person_ids"),
                              criterion.criterion(), Shown(criterion.text()),
                              criterion.citation()});
    }
  }
  return reasons;
}

// What the explanations assume, in sentences: first those that all of them share.
Table AssumedIn(const Explanations& explanations) {
  Table table{.header = {"pathway", "person_ids", "assumes"}};
  std::map<std::string, int> shared;
  for (const eligibility::v1::Explanation& explanation : explanations) {
    std::set<std::string> said;
    for (const auto& sentence : explanation.assumes().sentences()) said.insert(Shown(sentence));
    for (const std::string& sentence : said) ++shared[sentence];
  }
  const auto is_shared = [&](const std::string& sentence) {
    return shared[sentence] == explanations.size();
  };
  for (const eligibility::v1::Explanation& explanation : explanations) {
    for (const auto& sentence : explanation.assumes().sentences()) {
      if (&explanation != &*explanations.begin() || !is_shared(Shown(sentence))) continue;
      table.rows.push_back({"all", "", Shown(sentence)});
    }
  }
  for (const eligibility::v1::Explanation& explanation : explanations) {
    for (const auto& sentence : explanation.assumes().sentences()) {
      if (is_shared(Shown(sentence))) continue;
      table.rows.push_back(
          {explanation.pathway(), CellOf(explanation, "person_ids"), Shown(sentence)});
    }
  }
  return table;
}

// The fewest facts that would alter each outcome, and the day on which time alone does.
Table TurnsIn(const Explanations& explanations) {
  Table table{.header = {"pathway", "person_ids", "smallest_change"}};
  for (const eligibility::v1::Explanation& explanation : explanations) {
    const auto add = [&](const eligibility::v1::ShownText& text) {
      if (text.text().empty()) return;
      table.rows.push_back({explanation.pathway(), CellOf(explanation, "person_ids"), Shown(text)});
    };
    std::vector<const eligibility::v1::OutcomeTurn*> turns;
    for (const eligibility::v1::OutcomeTurn& turn : explanation.turns()) turns.push_back(&turn);
    // Those of the fewest facts first.
    std::stable_sort(turns.begin(), turns.end(), [](const auto* a, const auto* b) {
      const auto rank = [](const eligibility::v1::OutcomeTurn* turn) {
        return turn->changes().empty() ? INT_MAX : turn->fact_count();
      };
      return rank(a) < rank(b);
    });
    for (const eligibility::v1::OutcomeTurn* const turn : turns) {
      for (const eligibility::v1::FactsChange& change : turn->changes()) add(change.text());
      add(turn->text());
    }
    add(explanation.time_turn().text());
  }
  for (const eligibility::v1::Explanation& explanation : explanations) {
    if (explanation.turns_notice().text().empty()) continue;
    table.rows.push_back({"all", "", Shown(explanation.turns_notice())});
    break;
  }
  return table;
}

// What explanations say, from what they assume to what would alter the outcome.
std::vector<Table> TablesOf(const Explanations& explanations) {
  return {AssumedIn(explanations), MeaningOf(explanations), ReasonsOf(explanations),
          TurnsIn(explanations)};
}

using Steps = google::protobuf::RepeatedPtrField<eligibility::v1::StepText>;

// One row per effect: what a step would do is seen before anybody takes it.
Table StepsIn(const Steps& steps) {
  Table table{.header = {"step", "person_ids", "acknowledge", "pathway", "effect", "citation"}};
  for (const eligibility::v1::StepText& step : steps) {
    const std::string acknowledge = step.must_acknowledge() ? "yes" : "";
    if (step.effects().empty()) {
      table.rows.push_back(
          {Shown(step.text()), CellOf(step, "person_ids"), acknowledge, "", "", ""});
    }
    for (const eligibility::v1::EffectText& effect : step.effects()) {
      table.rows.push_back({Shown(step.text()), CellOf(step, "person_ids"), acknowledge,
                            effect.pathway(), Shown(effect.text()), effect.citation()});
    }
  }
  return table;
}

void ShowScreening(const eligibility::v1::Screening& screening, Output& output) {
  std::vector<Table> tables = {
      FieldsOf(screening, {"name", "etag", "based_on", "screen_time", "withdrawn"}),
      TableOf(screening.determinations(),
              {"pathway", "person_ids", "outcome", "status", "can_submit", "missing_facts",
               "holds_until", "policy_version"})};
  for (Table& table : TablesOf(screening.explanations())) tables.push_back(std::move(table));
  tables.push_back(StepsIn(screening.steps()));
  output.Show(screening, tables);
}

absl::Status Screen(Session& session, const std::string& name) {
  eligibility::v1::ScreenCaseRequest request;
  request.set_name(absl::StrCat(name, "/screening"));
  request.set_request_id(session.request_id);
  ASSIGN_OR_RETURN(const eligibility::v1::Screening screening,
                   session.client.Call(&EligibilityService::Stub::ScreenCase, request));
  ShowScreening(screening, session.output);
  return absl::OkStatus();
}

// Nothing is stored of it.
absl::Status ScreenFile(Session& session, const std::string& path, const Words& words) {
  eligibility::v1::ScreenAnonymouslyRequest request;
  Ask(words, request);
  RETURN_IF_ERROR(ReadJson(path, *request.mutable_facts()));
  ASSIGN_OR_RETURN(const eligibility::v1::ScreenAnonymouslyResponse answer,
                   session.client.Call(&EligibilityService::Stub::ScreenAnonymously, request));
  std::vector<Table> tables = {FieldsOf(answer, {"policy_version"}),
                               TableOf(answer.determinations(), {"pathway", "person_ids", "outcome",
                                                                 "status", "missing_facts"})};
  for (Table& table : TablesOf(answer.explanations())) tables.push_back(std::move(table));
  tables.push_back(StepsIn(answer.steps()));
  session.output.Show(answer, tables);
  return absl::OkStatus();
}

absl::Status GetScreening(Session& session, const std::string& name, const Words& words) {
  eligibility::v1::GetScreeningRequest request;
  Ask(words, request);
  request.set_name(absl::StrCat(name, "/screening"));
  ASSIGN_OR_RETURN(const eligibility::v1::Screening screening,
                   session.client.Call(&EligibilityService::Stub::GetScreening, request));
  ShowScreening(screening, session.output);
  return absl::OkStatus();
}

absl::Status ListPolicies(Session& session) {
  ASSIGN_OR_RETURN(const eligibility::v1::ListPathwaysResponse answer,
                   session.client.Call(&EligibilityService::Stub::ListPathways,
                                       eligibility::v1::ListPathwaysRequest()));
  session.output.Show(
      answer, {FieldsOf(answer, {"policy_version", "title"}),
               TableOf(answer.pathways(), {"id", "title", "unit", "mode", "shown.status.text"})});
  return absl::OkStatus();
}

absl::Status ShowPolicy(Session& session, const std::string& id) {
  eligibility::v1::GetPathwayRequest request;
  request.set_name(absl::StartsWith(id, "pathways/") ? id : absl::StrCat("pathways/", id));
  ASSIGN_OR_RETURN(const eligibility::v1::Pathway pathway,
                   session.client.Call(&EligibilityService::Stub::GetPathway, request));
  Table criteria{.header = {"id", "confidence", "met", "citation"}};
  for (int i = 0; i < pathway.criteria_size() && i < pathway.shown().criteria_size(); ++i) {
    const eligibility::v1::CriterionText& text = pathway.shown().criteria(i);
    criteria.rows.push_back({pathway.criteria(i).id(), CellOf(pathway.criteria(i), "confidence"),
                             text.text().text(), text.citation()});
  }
  session.output.Show(
      pathway,
      {FieldsOf(pathway, {"id", "title", "unit", "authority", "mode", "shown.status.text"}),
       criteria});
  return absl::OkStatus();
}

using Questions = google::protobuf::RepeatedPtrField<eligibility::v1::Question>;

void AddQuestions(const Questions& questions, const char* setting, Table& table) {
  for (const eligibility::v1::Question& question : questions) {
    table.rows.push_back({setting, question.fact(), CellOf(question, "person_ids"),
                          CellOf(question, "kind"), Shown(question.ask()), Shown(question.why()),
                          CellOf(question, "pathways")});
  }
}

absl::Status ListQuestions(Session& session, const std::string& of_case,
                           const std::vector<std::string>& pathways, const std::string& language) {
  eligibility::v1::ListQuestionsRequest request;
  request.set_case_(of_case);
  for (const std::string& pathway : pathways) request.add_pathways(pathway);
  request.set_language(language);
  ASSIGN_OR_RETURN(const eligibility::v1::ListQuestionsResponse answer,
                   session.client.Call(&EligibilityService::Stub::ListQuestions, request));
  Table table{.header = {"asked", "fact", "person_ids", "kind", "ask", "why", "pathways"}};
  AddQuestions(answer.in_company(), "in company", table);
  AddQuestions(answer.alone(), "alone", table);
  session.output.Show(answer, {FieldsOf(answer, {"policy_version"}), table});
  return absl::OkStatus();
}

void AddQuestionsCommand(CLI::App& group, const CommandContextPtr& context) {
  auto of_case = std::make_shared<std::string>();
  auto pathways = std::make_shared<std::vector<std::string>>();
  auto language = std::make_shared<std::string>("en");
  CLI::App& questions = AddCommand(
      group, context, "questions", "List what a case misses, or what pathways ask, to be asked",
      [=](Session& session) { return ListQuestions(session, *of_case, *pathways, *language); });
  AddCaseArgument(questions, *of_case);
  CLI::Option* const name = questions.get_option("case");
  name->required(false);
  questions.add_option("--pathway", *pathways, "A pathway id instead of a case; may be repeated")
      ->allow_extra_args(false)
      ->excludes(name);
  questions.add_option("--language", *language, "Language of the words: es, ht or en")
      ->capture_default_str();
}

void AddScreen(CLI::App& app, const CommandContextPtr& context) {
  auto screened = std::make_shared<std::string>();
  auto facts = std::make_shared<std::string>();
  auto words = std::make_shared<Words>();
  CLI::App& screen =
      AddChange(app, context, "screen",
                "Screen with the policies in force: a case again, or facts that are not stored",
                [=](Session& session) -> absl::Status {
                  if (!facts->empty()) return ScreenFile(session, *facts, *words);
                  if (!screened->empty()) return Screen(session, *screened);
                  return absl::InvalidArgumentError("name a case, or facts with --facts");
                });
  AddCaseArgument(screen, *screened);
  CLI::Option* const name = screen.get_option("case");
  name->required(false);
  screen.add_option("--facts", *facts, "File of facts as JSON (pathways.type.v1.CaseFacts)")
      ->excludes(name);
  AddWords(screen, *words);
}

}  // namespace

void AddPolicyCommands(CLI::App& app, const CommandContextPtr& context) {
  AddScreen(app, context);

  CLI::App& screening = AddGroup(app, "screening", "Read screenings");
  auto name = std::make_shared<std::string>();
  auto words = std::make_shared<Words>();
  CLI::App& get =
      AddCommand(screening, context, "get", "Show what a case was screened as, and why",
                 [=](Session& session) { return GetScreening(session, *name, *words); });
  AddCaseArgument(get, *name);
  AddWords(get, *words);
  AddQuestionsCommand(screening, context);

  CLI::App& policy = AddGroup(app, "policy", "The pathways, with their conditions and sources");
  AddCommand(policy, context, "list", "List the pathways in force", ListPolicies);
  AddPolicyLedgerCommands(policy, context);
  auto id = std::make_shared<std::string>();
  AddCommand(policy, context, "show", "Show one pathway with its criteria and citations",
             [id](Session& session) { return ShowPolicy(session, *id); })
      .add_option("pathway", *id, "Pathway id, for example us-refugee-resettlement")
      ->required();
}

}  // namespace pathways::cli
