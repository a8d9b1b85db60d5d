#include "services/host/ledger_bound.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/faults.h"
#include "services/base/status_macros.h"

namespace pathways::host {
namespace {

constexpr int kPage = 500;
constexpr size_t kCaseIdLength = 36;

}  // namespace

absl::Status LedgerBound::Begin(int64_t version) {
  ASSIGN_OR_RETURN(const type::v1::LedgerState ledger, parts_.read());
  if (version < 1 || version > ledger.versions_size()) {
    return absl::DataLossError("the ledger lacks the version that is swept");
  }
  const type::v1::LedgerVersion& in_force = ledger.versions(static_cast<int>(version - 1));
  is_bound_ = in_force.has_ceiling();
  ceiling_ = in_force.ceiling();
  if (PATHWAYS_MUTANT("ceiling_of_none")) ceiling_.Clear();
  done_.Clear();
  counted_.clear();
  last_key_.clear();
  version_ = version;
  return absl::OkStatus();
}

absl::Status LedgerBound::CountUpTo(const std::string& next) {
  const std::string prefix = parts_.prefix(version_);
  for (bool is_last = false; !is_last;) {
    ASSIGN_OR_RETURN(const std::vector<std::string> keys,
                     parts_.store.ReadList(parts_.index, prefix, last_key_, kPage));
    std::vector<std::string> cases;
    for (const std::string& key : keys) {
      std::string case_id = key.substr(prefix.size(), kCaseIdLength);
      if (case_id >= next) break;
      cases.push_back(std::move(case_id));
    }
    is_last = cases.size() < kPage;
    if (cases.empty()) break;
    ASSIGN_OR_RETURN(const type::v1::LedgerEffect effect, parts_.done(version_, cases));
    done_.set_referrals(done_.referrals() + effect.referrals());
    done_.set_holds(done_.holds() + effect.holds());
    last_key_ = keys[cases.size() - 1];
  }
  counted_ = next;
  return absl::OkStatus();
}

absl::StatusOr<size_t> LedgerBound::Next(int64_t version, const std::vector<std::string>& next) {
  if (version != version_ || next.front() < counted_) RETURN_IF_ERROR(Begin(version));
  if (!is_bound_) return next.size();
  RETURN_IF_ERROR(CountUpTo(next.front()));
  ASSIGN_OR_RETURN(const std::vector<type::v1::LedgerEffect> effects, parts_.would_do(next));
  int64_t referrals = ceiling_.referrals() - done_.referrals();
  int64_t holds = ceiling_.holds() - done_.holds();
  size_t allowed = 0;
  for (const type::v1::LedgerEffect& effect : effects) {
    referrals -= effect.referrals();
    holds -= effect.holds();
    if (referrals < 0 || holds < 0) break;
    ++allowed;
  }
  if (allowed > 0) return allowed;
  return absl::ResourceExhaustedError(absl::StrCat(
      "the version in force is brought to no further case, which would go beyond what was "
      "confirmed: it made ",
      done_.referrals(), " referrals of at most ", ceiling_.referrals(), " and ", done_.holds(),
      " holds of at most ", ceiling_.holds(),
      "; propose a version to go back, or one with a higher ceiling to go on"));
}

}  // namespace pathways::host
