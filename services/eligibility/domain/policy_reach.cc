#include "services/eligibility/domain/policy_reach.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "services/eligibility/domain/changes.h"
#include "services/eligibility/domain/text_keys.h"
#include "services/type/desk.h"

namespace pathways::eligibility {
namespace {

// Ids have no such character.
constexpr char kBetween[] = "\n";
constexpr char kThen[] = "then";
constexpr char kNow[] = "now";

std::string OfCriterion(const std::string& pathway, const std::string& criterion) {
  return absl::StrCat("criterion", kBetween, pathway, kBetween, criterion);
}
std::string OfShown(const std::string& pathway, const std::string& criterion) {
  return absl::StrCat("shown", kBetween, pathway, kBetween, criterion);
}
std::string OfPathway(const std::string& pathway) {
  return absl::StrCat("pathway", kBetween, pathway);
}
std::string OfTerms(const std::string& pathway) { return absl::StrCat("terms", kBetween, pathway); }
std::string OfStatus(const std::string& pathway) {
  return absl::StrCat("status", kBetween, pathway);
}
std::string OfText(const char* side, const std::string& key) {
  return absl::StrCat("text", kBetween, side, kBetween, key);
}
std::string OfFact(const char* side, const std::string& fact) {
  return absl::StrCat("fact", kBetween, side, kBetween, fact);
}
std::string OfSource(const char* side, const std::string& source) {
  return absl::StrCat("source", kBetween, side, kBetween, source);
}

std::vector<std::string> TargetsOf(const ReachTargets& difference) {
  std::vector<std::string> targets;
  const char* const side = difference.is_gone ? kThen : kNow;
  for (const auto& [pathway, criterion] : difference.criteria) {
    targets.push_back(OfCriterion(pathway, criterion));
  }
  for (const auto& [pathway, criterion] : difference.shown) {
    targets.push_back(OfShown(pathway, criterion));
  }
  for (const std::string& pathway : difference.terms) targets.push_back(OfTerms(pathway));
  for (const std::string& pathway : difference.pathways) targets.push_back(OfPathway(pathway));
  for (const std::string& pathway : difference.statuses) targets.push_back(OfStatus(pathway));
  for (const std::string& key : difference.texts) targets.push_back(OfText(side, key));
  for (const std::string& fact : difference.facts) targets.push_back(OfFact(side, fact));
  for (const std::string& source : difference.sources) targets.push_back(OfSource(side, source));
  return targets;
}

// The outcome of criteria, were one of them to come to another result. Unspecified: it is not in
// force.
v1::Outcome OutcomeWith(const v1::Determination& determination, const std::string& criterion,
                        v1::Outcome result) {
  std::vector<v1::Outcome> results;
  for (const v1::CriterionResult& other : determination.criteria()) {
    if (other.criterion() != criterion) results.push_back(other.outcome());
  }
  if (result != v1::OUTCOME_UNSPECIFIED) results.push_back(result);
  const auto has = [&](v1::Outcome outcome) {
    return std::find(results.begin(), results.end(), outcome) != results.end();
  };
  if (has(v1::OUTCOME_DOES_NOT_MEET)) return v1::OUTCOME_DOES_NOT_MEET;
  if (has(v1::OUTCOME_NEEDS_INFORMATION) || results.empty()) return v1::OUTCOME_NEEDS_INFORMATION;
  return v1::OUTCOME_MEETS;
}

// Whether an outcome that is another hangs on this criterion: its change alone would make the first
// outcome another, or taking it alone back the second. Of what people reviewed their outcome is the
// first; their review lapses with any change.
bool HangsOn(const v1::Determination& before, const v1::Determination& after,
             const std::string& criterion) {
  if (before.pathway().empty() || after.pathway().empty()) return true;
  return OutcomeWith(before, criterion, OutcomeOf(after, criterion)) != before.outcome() ||
         OutcomeWith(after, criterion, OutcomeOf(before, criterion)) != after.outcome();
}

v1::CriterionResult ResultOf(const v1::Determination& determination, const std::string& criterion) {
  for (const v1::CriterionResult& result : determination.criteria()) {
    if (result.criterion() == criterion) return result;
  }
  return {};
}

// The same outcome, and the same facts to ask for.
bool IsSameResult(const v1::CriterionResult& a, const v1::CriterionResult& b) {
  return a.outcome() == b.outcome() &&
         std::equal(a.missing_facts().begin(), a.missing_facts().end(), b.missing_facts().begin(),
                    b.missing_facts().end());
}

std::set<std::string> CriteriaOf(const v1::Determination& before, const v1::Determination& after) {
  std::set<std::string> criteria;
  for (const v1::Determination* const one : {&before, &after}) {
    for (const v1::CriterionResult& result : one->criteria()) criteria.insert(result.criterion());
  }
  return criteria;
}

ReachMove MoveBy(const ReachMove& move, const std::string& criterion,
                 const v1::Determination& before, const v1::Determination& after) {
  ReachMove by = move;
  by.criterion = criterion;
  by.criterion_from = OutcomeOf(before, criterion);
  by.criterion_to = OutcomeOf(after, criterion);
  return by;
}

std::map<std::string, std::string> DaysOfStatuses(const Rules& rules, const AsOf& as_of) {
  const RulesOfDay of_day = rules.On(as_of);
  std::map<std::string, std::string> days;
  for (int i = 0; i < rules.pack().pathways_size(); ++i) {
    const v1::Pathway& pathway = rules.pack().pathways(i);
    const int status = of_day.pathway(static_cast<size_t>(i)).status;
    if (status < 0) continue;
    days[pathway.id()] = pathway.statuses(status).in_force().SerializeAsString();
  }
  return days;
}

// The keys whose texts an explanation of the determination shows (explain.h).
std::set<std::string> KeysOf(const v1::Determination& determination) {
  std::set<std::string> keys = {PathwayKey(determination.pathway()),
                                OutcomeKey(determination.outcome()),
                                determination.status_message_key(), kNoticeKey};
  for (const v1::CriterionResult& result : determination.criteria()) {
    keys.insert(result.message_key());
  }
  for (const v1::FactChange& change : determination.changes()) {
    keys.insert(ChangeKey(change.outcome()));
  }
  if (determination.review_required()) keys.insert(kReviewKey);
  if (determination.mode() == v1::REFERRAL_MODE_INFORM) keys.insert(kInformKey);
  if (determination.has_holds_until()) keys.insert(kHoldsUntilKey);
  if (IsPreparedOnly(determination)) keys.insert(kPrepareKey);
  return keys;
}

}  // namespace

std::set<std::string> KeysCounted(const v1::PolicyPack& pack) {
  std::set<std::string> keys = {kNoticeKey, kReviewKey, kInformKey, kHoldsUntilKey, kPrepareKey};
  for (const v1::Pathway& pathway : pack.pathways()) {
    keys.insert(PathwayKey(pathway.id()));
    for (const v1::Criterion& criterion : pathway.criteria()) {
      for (int outcome = v1::OUTCOME_MEETS; outcome < v1::Outcome_ARRAYSIZE; ++outcome) {
        keys.insert(CriterionKey(criterion.message(), static_cast<v1::Outcome>(outcome)));
      }
    }
    for (const v1::StatusPeriod& period : pathway.statuses()) keys.insert(period.message());
  }
  for (int status = 0; status < v1::PathwayStatus_ARRAYSIZE; ++status) {
    keys.insert(StatusKey(static_cast<v1::PathwayStatus>(status)));
  }
  for (int outcome = v1::OUTCOME_MEETS; outcome < v1::Outcome_ARRAYSIZE; ++outcome) {
    keys.insert(OutcomeKey(static_cast<v1::Outcome>(outcome)));
    keys.insert(ChangeKey(static_cast<v1::Outcome>(outcome)));
  }
  return keys;
}

PolicyReach::PolicyReach(const PolicyInForce& before, const PolicyInForce& after, absl::Time now,
                         const std::vector<ReachTargets>& differences)
    : before_(before),
      after_(after),
      now_(now),
      reaches_(differences.size()),
      counted_(differences.size()) {
  for (size_t i = 0; i < differences.size(); ++i) {
    for (const std::string& target : TargetsOf(differences[i])) by_target_[target].push_back(i);
  }
}

void PolicyReach::Note(const std::string& target, const ReachMove* move) {
  const auto found = by_target_.find(target);
  if (found == by_target_.end()) return;
  for (const size_t index : found->second) {
    Reach& reach = reaches_[index];
    Counted& counted = counted_[index];
    if (counted.reached != case_) ++reach.cases;
    counted.reached = case_;
    if (move == nullptr) continue;
    if (counted.altered != case_) ++reach.altered;
    counted.altered = case_;
    int64_t& last = counted.moves[*move];
    if (last != case_) ++reach.moves[*move];
    last = case_;
  }
}

void PolicyReach::AddReads(const v1::Determination& determination, const char* side) {
  if (determination.pathway().empty()) return;
  for (const std::string& key : KeysOf(determination)) Note(OfText(side, key), nullptr);
  for (const std::string& fact : determination.missing_facts()) {
    Note(OfFact(side, fact), nullptr);
  }
  std::set<std::string> sources = {determination.status_source()};
  for (const v1::CriterionResult& result : determination.criteria()) {
    sources.insert(result.source());
  }
  for (const std::string& source : sources) Note(OfSource(side, source), nullptr);
}

const PolicyReach::StatusDays& PolicyReach::StatusDaysOn(const AsOf& as_of) {
  const auto [found, is_new] = status_days_.try_emplace(as_of.day);
  if (is_new) {
    found->second = {DaysOfStatuses(before_.rules, as_of), DaysOfStatuses(after_.rules, as_of)};
  }
  return found->second;
}

bool PolicyReach::AddCriteria(const Pair& pair, const ReachMove& move) {
  bool hangs = false;
  for (const std::string& criterion : CriteriaOf(pair.before, pair.after)) {
    const v1::CriterionResult now = ResultOf(pair.after, criterion);
    if (!now.criterion().empty()) Note(OfShown(move.pathway, criterion), nullptr);
    if (IsSameResult(ResultOf(pair.before, criterion), now)) continue;
    const bool alters = move.from != move.to && HangsOn(pair.before, pair.after, criterion);
    hangs |= alters;
    const ReachMove by = MoveBy(move, criterion, pair.before, pair.after);
    Note(OfCriterion(move.pathway, criterion), alters ? &by : nullptr);
  }
  return hangs;
}

void PolicyReach::AddLapsed(const Pair& pair, const ReachMove& move) {
  Note(OfTerms(move.pathway), &move);
  for (const std::string& criterion : CriteriaOf(pair.before, pair.after)) {
    const ReachMove by = MoveBy(move, criterion, pair.before, pair.after);
    Note(OfCriterion(move.pathway, criterion), &by);
  }
}

void PolicyReach::AddPair(const Pair& pair, const StatusDays& days) {
  const v1::Determination& before = pair.before;
  const v1::Determination& after = pair.after;
  ReachMove move;
  move.pathway = after.pathway().empty() ? before.pathway() : after.pathway();
  move.from = before.outcome();
  move.to = after.outcome();
  move.status_from = before.status();
  move.status_to = after.status();
  move.status_key = after.status_message_key();
  const bool is_outcome = move.from != move.to;
  const bool is_status = move.status_from != move.status_to;
  if (is_outcome || is_status) Note(OfPathway(move.pathway), &move);
  const auto days_in = [&](const std::map<std::string, std::string>& of_pack) {
    const auto found = of_pack.find(move.pathway);
    return found == of_pack.end() ? "" : found->second;
  };
  const bool is_told_otherwise = before.status_message_key() != after.status_message_key() ||
                                 before.status_source() != after.status_source() ||
                                 days_in(days.then) != days_in(days.now);
  if (is_status || is_told_otherwise) Note(OfStatus(move.pathway), is_status ? &move : nullptr);
  if (before.mode() != after.mode() || before.review_required() != after.review_required()) {
    Note(OfTerms(move.pathway), nullptr);
  }
  const bool hangs = AddCriteria(pair, move);
  if (is_outcome && !is_status && !hangs) AddLapsed(pair, move);
  AddReads(before, kThen);
  AddReads(after, kNow);
}

void PolicyReach::Add(const v1::EligibilityState& state, const v1::CaseScreened& now) {
  ++case_;
  const v1::CaseScreened then = ScreenState(state, before_, now_);
  const StatusDays& days = StatusDaysOn(AsOfTime(type::PlaceOf(state.facts()), now_));
  const v1::Determination none;
  for (const v1::Determination& determination : now.determinations()) {
    const v1::Determination* const before = FindUnit(then.determinations(), determination);
    AddPair({before != nullptr ? *before : none, determination}, days);
  }
  for (const v1::Determination& determination : then.determinations()) {
    if (FindUnit(now.determinations(), determination) == nullptr)
      AddPair({determination, none}, days);
  }
}

}  // namespace pathways::eligibility
