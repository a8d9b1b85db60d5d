#include "services/eligibility/policy_reader.h"

#include <vector>

#include "pathways/eligibility/v1/events.pb.h"
#include "services/base/status_macros.h"
#include "services/eligibility/domain/ledger.h"
#include "services/engine/engine.h"

namespace pathways::eligibility {
namespace {

// Cases that no version has changed for long are few, and old ones are quick to compile again.
constexpr size_t kKept = 4;

}  // namespace

std::shared_ptr<const Rules> PolicyReader::Known(int64_t number) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = rules_.find(number);
  return found == rules_.end() ? nullptr : found->second;
}

absl::StatusOr<Policy> PolicyReader::InForce() {
  ASSIGN_OR_RETURN(const engine::StreamRow row, store_.ReadState(kPolicyLedger));
  if (row.version == 0) return absl::DataLossError("the policy ledger is empty");
  ASSIGN_OR_RETURN(auto rules, OfNumber(row.version));
  return Policy{std::move(rules), row.version};
}

absl::StatusOr<std::shared_ptr<const Rules>> PolicyReader::OfNumber(int64_t number) {
  if (auto known = Known(number)) return known;
  ASSIGN_OR_RETURN(const std::vector<engine::EventRow> events,
                   store_.ReadStream(kPolicyLedger, number, 1, /*with_sealed=*/false));
  v1::EligibilityEvent event;
  v1::PolicyPack pack;
  if (events.empty() || !event.ParseFromString(events[0].data) ||
      !pack.ParseFromString(event.policy_applied().applied().content())) {
    return absl::DataLossError("a version of the policy ledger cannot be read");
  }
  ASSIGN_OR_RETURN(std::shared_ptr<const Rules> rules, Rules::Compile(pack));
  std::lock_guard<std::mutex> lock(mutex_);
  rules_[number] = rules;
  if (rules_.size() > kKept) rules_.erase(rules_.begin());
  return rules;
}

absl::StatusOr<std::shared_ptr<const Rules>> PolicyReader::OfVersion(const std::string& version) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [number, rules] : rules_) {
      if (rules->pack().version() == version) return rules;
    }
  }
  ASSIGN_OR_RETURN(const engine::StreamRow row, engine::ReadFolded(domain_, store_, kPolicyLedger));
  v1::EligibilityState state;
  if (!state.ParseFromString(row.state.open)) {
    return absl::DataLossError("the stored policy ledger cannot be read");
  }
  const type::v1::LedgerVersion* const known = type::FindVersion(state.ledger(), version);
  if (known == nullptr) return absl::DataLossError("the policy ledger lacks a version");
  return OfNumber(known->number());
}

}  // namespace pathways::eligibility
