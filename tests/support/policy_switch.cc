#include "tests/support/policy_switch.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "services/eligibility/policy_file.h"
#include "tests/support/answers.h"

namespace pathways::testing_support {
namespace {

using eligibility::v1::Determination;
using Unit = std::pair<std::string, std::string>;  // Pathway and people.

std::string OutcomeName(eligibility::v1::Outcome outcome) {
  return std::string(absl::StripPrefix(eligibility::v1::Outcome_Name(outcome), "OUTCOME_"));
}

std::string StatusName(eligibility::v1::PathwayStatus status) {
  return std::string(
      absl::StripPrefix(eligibility::v1::PathwayStatus_Name(status), "PATHWAY_STATUS_"));
}

std::map<Unit, Determination> ByUnit(const eligibility::v1::Screening& screening) {
  std::map<Unit, Determination> units;
  for (const Determination& determination : screening.determinations()) {
    units[{determination.pathway(), absl::StrJoin(determination.person_ids(), ",")}] =
        determination;
  }
  return units;
}

void AnswerNothing(intake::v1::Person& person) {
  SetAnswer(person, "in_mexico", true);
  person.set_refugee_claim(type::v1::REFUGEE_CLAIM_NONE);
  SetAnswer(person, "left_country_for_fear", false);
  SetAnswer(person, "seeks_work", false);
}

}  // namespace

eligibility::v1::PolicyPack PackNamed(const std::string& name) {
  auto pack = eligibility::LoadPack(absl::StrCat(PATHWAYS_SOURCE_DIR, "/policies/", name));
  if (!pack.ok()) {
    std::cerr << pack.status() << "\n";
    std::abort();
  }
  return *std::move(pack);
}

void MakeUnitedStatesCase(const std::string& nationality, intake::v1::Person& person) {
  AnswerNothing(person);
  person.clear_nationalities();
  person.add_nationalities(nationality);
  person.mutable_entry_date()->set_year(2023);
  person.mutable_entry_date()->set_month(6);
  person.mutable_entry_date()->set_day(1);
}

void MakeMexicanCase(const type::v1::PartialDate& entry, intake::v1::Person& person) {
  AnswerNothing(person);
  SetAnswer(person, "left_country_for_fear", true);
  person.clear_nationalities();
  person.add_nationalities("HND");
  *person.mutable_entry_date() = entry;
}

std::vector<std::string> Told(const eligibility::v1::PolicyChange& change) {
  std::vector<std::string> lines;
  for (const eligibility::v1::DeterminationChange& of : change.changes()) {
    lines.push_back(absl::StrCat(of.pathway(), " ", absl::StrJoin(of.person_ids(), ","), " ",
                                 OutcomeName(of.from()), ">", OutcomeName(of.to()), " ",
                                 StatusName(of.status_from()), ">", StatusName(of.status_to())));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::vector<std::string> Seen(const eligibility::v1::Screening& before,
                              const eligibility::v1::Screening& after) {
  std::map<Unit, Determination> from = ByUnit(before);
  std::map<Unit, Determination> to = ByUnit(after);
  std::set<Unit> units;
  for (const auto& [unit, unused] : from) units.insert(unit);
  for (const auto& [unit, unused] : to) units.insert(unit);
  std::vector<std::string> lines;
  for (const Unit& unit : units) {
    const std::string outcome =
        absl::StrCat(OutcomeName(from[unit].outcome()), ">", OutcomeName(to[unit].outcome()));
    const std::string status =
        absl::StrCat(StatusName(from[unit].status()), ">", StatusName(to[unit].status()));
    const bool is_same =
        from[unit].outcome() == to[unit].outcome() && from[unit].status() == to[unit].status();
    if (!is_same) {
      lines.push_back(absl::StrCat(unit.first, " ", unit.second, " ", outcome, " ", status));
    }
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

const eligibility::v1::Explanation& ExplanationOf(const eligibility::v1::Screening& screening,
                                                  const std::string& pathway) {
  for (const eligibility::v1::Explanation& explanation : screening.explanations()) {
    if (explanation.pathway() == pathway) return explanation;
  }
  std::cerr << "no explanation of " << pathway << "\n";
  std::abort();
}

std::string BytesOf(const google::protobuf::RepeatedPtrField<Determination>& of) {
  std::string bytes;
  for (const Determination& determination : of) {
    // None holds a map, so equal messages have equal bytes.
    absl::StrAppend(&bytes, determination.SerializeAsString(), "\n");
  }
  return bytes;
}

}  // namespace pathways::testing_support
