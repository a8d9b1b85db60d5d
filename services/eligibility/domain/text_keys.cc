#include "services/eligibility/domain/text_keys.h"

#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace pathways::eligibility {
namespace {

// PATHWAY_STATUS_ACTIVE gives active.
std::string Suffix(absl::string_view name, absl::string_view prefix) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(absl::StripPrefix(name, prefix)), {{"_", "-"}});
}

class Needed {
 public:
  void Add(std::string key, std::string field) {
    if (seen_.insert(key).second) found_.push_back({std::move(key), std::move(field)});
  }
  std::vector<NeededText> Take() { return std::move(found_); }

 private:
  std::set<std::string> seen_;
  std::vector<NeededText> found_;
};

void AddPathway(const v1::Pathway& pathway, const std::string& field, Needed& needed) {
  needed.Add(PathwayKey(pathway.id()), absl::StrCat(field, ".id"));
  for (int i = 0; i < pathway.criteria_size(); ++i) {
    for (const v1::Outcome outcome :
         {v1::OUTCOME_MEETS, v1::OUTCOME_DOES_NOT_MEET, v1::OUTCOME_NEEDS_INFORMATION}) {
      needed.Add(CriterionKey(pathway.criteria(i).message(), outcome),
                 absl::StrCat(field, ".criteria[", i, "].message"));
    }
  }
  for (int i = 0; i < pathway.statuses_size(); ++i) {
    if (pathway.statuses(i).message().empty()) continue;
    needed.Add(pathway.statuses(i).message(), absl::StrCat(field, ".statuses[", i, "].message"));
  }
  for (int i = 0; i < pathway.documents_size(); ++i) {
    needed.Add(pathway.documents(i), absl::StrCat(field, ".documents[", i, "]"));
  }
}

void AddForEveryPack(Needed& needed) {
  constexpr char kField[] = "catalogues";
  for (const char* const key : {kNoticeKey, kReviewKey, kHoldsUntilKey, kInformKey, kPrepareKey,
                                kUnreviewedKey, kTurnNoticeKey}) {
    needed.Add(key, kField);
  }
  for (const char* const key : {"assume.policies",
                                "assume.catalogue",
                                "assume.status-from",
                                "assume.status-between",
                                "assume.counted",
                                "assume.month",
                                "assume.year",
                                "assume.answered",
                                "assume.birth-date",
                                "turn.none",
                                "turn.stopped",
                                "turn.missing",
                                "turn.recorded",
                                "turn.time-outcome",
                                "turn.time-status",
                                "answer.yes",
                                "answer.no",
                                "answer.other-than",
                                "answer.number-from",
                                "answer.number-until",
                                "answer.number-between",
                                "answer.days-from",
                                "answer.days-before",
                                "answer.days-between"}) {
    needed.Add(key, kField);
  }
  for (int basis = v1::FACT_BASIS_SAID; basis < v1::FactBasis_ARRAYSIZE; ++basis) {
    needed.Add(BasisKey(static_cast<v1::FactBasis>(basis)), kField);
  }
  for (int status = 0; status < v1::PathwayStatus_ARRAYSIZE; ++status) {
    needed.Add(StatusKey(static_cast<v1::PathwayStatus>(status)), kField);
  }
  for (int outcome = v1::OUTCOME_MEETS; outcome < v1::Outcome_ARRAYSIZE; ++outcome) {
    needed.Add(OutcomeKey(static_cast<v1::Outcome>(outcome)), kField);
    needed.Add(ChangeKey(static_cast<v1::Outcome>(outcome)), kField);
    needed.Add(TurnKey(static_cast<v1::Outcome>(outcome)), kField);
  }
  for (int effect = v1::EFFECT_OPENS; effect < v1::Effect_ARRAYSIZE; ++effect) {
    needed.Add(EffectKey(static_cast<v1::Effect>(effect)), kField);
  }
}

}  // namespace

std::string PathwayKey(const std::string& pathway) { return absl::StrCat("pathway.", pathway); }

std::string StatusKey(v1::PathwayStatus status) {
  if (status == v1::PATHWAY_STATUS_UNSPECIFIED) return "status.unknown";
  return absl::StrCat("status.", Suffix(v1::PathwayStatus_Name(status), "PATHWAY_STATUS_"));
}

std::string OutcomeKey(v1::Outcome outcome) {
  return absl::StrCat("outcome.", Suffix(v1::Outcome_Name(outcome), "OUTCOME_"));
}

std::string ChangeKey(v1::Outcome outcome) {
  return absl::StrCat("change.", Suffix(v1::Outcome_Name(outcome), "OUTCOME_"));
}

std::string CriterionKey(const std::string& message, v1::Outcome outcome) {
  switch (outcome) {
    case v1::OUTCOME_MEETS:
      return absl::StrCat(message, ".met");
    case v1::OUTCOME_DOES_NOT_MEET:
      return absl::StrCat(message, ".not-met");
    default:
      return absl::StrCat(message, ".ask");
  }
}

std::string EffectKey(v1::Effect effect) {
  return absl::StrCat("effect.", Suffix(v1::Effect_Name(effect), "EFFECT_"));
}

std::string BasisKey(v1::FactBasis basis) {
  return absl::StrCat("assume.", Suffix(v1::FactBasis_Name(basis), "FACT_BASIS_"));
}

std::string TurnKey(v1::Outcome outcome) {
  return absl::StrCat("turn.", Suffix(v1::Outcome_Name(outcome), "OUTCOME_"));
}

bool IsPreparedOnly(const v1::Determination& determination) {
  return determination.outcome() == v1::OUTCOME_MEETS && !determination.can_submit() &&
         (determination.status() == v1::PATHWAY_STATUS_SUSPENDED ||
          determination.status() == v1::PATHWAY_STATUS_ENJOINED);
}

std::vector<NeededText> NeededTexts(const v1::PolicyPack& pack) {
  Needed needed;
  for (int i = 0; i < pack.pathways_size(); ++i) {
    AddPathway(pack.pathways(i), absl::StrCat("pathways[", i, "]"), needed);
  }
  for (int i = 0; i < pack.steps_size(); ++i) {
    needed.Add(pack.steps(i).message(), absl::StrCat("steps[", i, "].message"));
  }
  for (int i = 0; i < pack.interactions_size(); ++i) {
    needed.Add(pack.interactions(i).message(), absl::StrCat("interactions[", i, "].message"));
  }
  AddForEveryPack(needed);
  return needed.Take();
}

}  // namespace pathways::eligibility
