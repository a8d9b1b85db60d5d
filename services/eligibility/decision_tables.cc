#include "services/eligibility/decision_tables.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/policy_pack_files.h"
#include "services/base/status_macros.h"
#include "services/base/text_format_file.h"
#include "services/eligibility/domain/decision_table.h"
#include "services/eligibility/domain/facts.h"
#include "services/eligibility/policy_file.h"
#include "services/type/dates.h"
#include "services/type/fact_fields.h"

namespace pathways::eligibility {
namespace {

using google::protobuf::TextFormat;

std::vector<std::string> TablesIn(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".cases") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

absl::Status ClearFact(const Program& program, const std::string& name,
                       type::v1::PersonFacts& person) {
  if (type::IsFieldName(name)) {
    person.GetReflection()->ClearField(&person, person.GetDescriptor()->FindFieldByName(name));
    return absl::OkStatus();
  }
  auto& answers = *person.mutable_answers();
  const auto left = std::remove_if(answers.begin(), answers.end(),
                                   [&](const auto& answer) { return answer.fact() == name; });
  if (left == answers.end() && program.FindAnswer(name) == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("no fact is called ", name));
  }
  answers.erase(left, answers.end());
  return absl::OkStatus();
}

std::optional<absl::CivilDay> DayOfDate(const type::v1::PartialDate& date) {
  if (!type::IsValid(date) || type::PrecisionOf(date) != type::v1::DATE_PRECISION_DAY) {
    return std::nullopt;
  }
  return absl::CivilDay(date.year(), date.month(), date.day());
}

// The row with what its table says for every row. INVALID_ARGUMENT: it names no pathway of the
// pack, no day, or a fact that there is not.
absl::StatusOr<FilledRow> Fill(const Rules& rules, const v1::DecisionTable& table,
                               const v1::DecisionRow& row) {
  FilledRow filled;
  filled.pathway = row.pathway().empty() ? table.pathway() : row.pathway();
  const auto& pathways = rules.pack().pathways();
  if (std::none_of(pathways.begin(), pathways.end(),
                   [&](const v1::Pathway& pathway) { return pathway.id() == filled.pathway; })) {
    return absl::InvalidArgumentError("names no pathway of the pack");
  }
  const std::optional<absl::CivilDay> day =
      DayOfDate(row.has_as_of() ? row.as_of() : table.as_of());
  if (!day) return absl::InvalidArgumentError("names no day as of which to screen");
  filled.as_of = {*day, DayOfDate(row.known_on()).value_or(*day)};
  type::v1::PersonFacts& person = *filled.facts.add_people();
  person = table.person();
  ReplaceFacts(row.with(), person);
  for (const std::string& name : row.without()) {
    const absl::Status status = ClearFact(rules.program(), name, person);
    if (!status.ok()) return status;
  }
  person.set_person_id("p1");
  person.set_relationship(type::v1::RELATIONSHIP_PRINCIPAL);
  for (const type::v1::PersonFacts& other : row.others()) {
    type::v1::PersonFacts& added = *filled.facts.add_people();
    added = other;
    added.set_person_id(absl::StrCat("p", filled.facts.people_size()));
  }
  return filled;
}

// Runs the rows of one file and adds what is wrong with them.
void RunTable(const Rules& rules, const std::string& path, Coverage& coverage, PolicyReport& report,
              std::vector<std::string>& faults) {
  v1::DecisionTable table;
  TextFormat::ParseInfoTree places;
  const absl::Status read = base::ReadTextFormat(path, table, &places);
  if (!read.ok()) {
    faults.push_back(std::string(read.message()));
    return;
  }
  const auto* const rows = v1::DecisionTable::descriptor()->FindFieldByName("rows");
  for (int i = 0; i < table.rows_size(); ++i) {
    const v1::DecisionRow& row = table.rows(i);
    const TextFormat::ParseLocation place = places.GetLocation(rows, i);
    const auto add = [&](const std::string& what) {
      faults.push_back(absl::StrCat(path, ":", place.line + 1, ":", place.column + 1, ": \"",
                                    row.name(), "\": ", what));
    };
    ++report.rows;
    const absl::StatusOr<FilledRow> filled = Fill(rules, table, row);
    if (!filled.ok()) {
      add(std::string(filled.status().message()));
      continue;
    }
    const v1::Determination determination = ScreenRow(rules, *filled);
    const std::vector<std::string> differences = Differences(row, determination);
    for (const std::string& difference : differences) add(difference);
    if (differences.empty()) coverage.Note(row, *filled, determination);
  }
  ++report.tables;
}

}  // namespace

absl::StatusOr<PolicyReport> CheckPolicy(const std::string& folder) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const Rules> rules, LoadRules(folder));
  PolicyReport report;
  report.version = rules->pack().version();
  report.pathways = rules->pack().pathways_size();
  for (const v1::Pathway& pathway : rules->pack().pathways()) {
    report.criteria += pathway.criteria_size();
  }
  for (const type::v1::Fact& fact : rules->pack().facts()) {
    if (!type::IsEmpty(fact.retired_on())) report.retired_facts.push_back(fact.id());
  }
  std::vector<std::string> faults;
  Coverage coverage(*rules);
  for (const std::string& path : TablesIn(folder)) {
    RunTable(*rules, path, coverage, report, faults);
  }
  ASSIGN_OR_RETURN(const base::PolicyPackFiles files, base::PolicyPackFiles::Read(folder));
  for (const auto& [field, what] : coverage.Gaps()) {
    faults.push_back(absl::StrCat(files.PlaceOf(field), ": ", what));
  }
  if (faults.empty()) return report;
  return absl::InvalidArgumentError(absl::StrJoin(faults, "\n"));
}

}  // namespace pathways::eligibility
