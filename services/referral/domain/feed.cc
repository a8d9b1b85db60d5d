#include "services/referral/domain/feed.h"

#include <string>

#include "absl/time/civil_time.h"
#include "services/referral/domain/machine.h"

namespace pathways::referral {
namespace {

pipeline::v1::PipelineRecord Record(pipeline::v1::Stage stage, const std::string& pathway,
                                    const std::string& agency, absl::Time time) {
  pipeline::v1::PipelineRecord record;
  record.set_stage(stage);
  record.set_pathway(pathway);
  record.set_agency(agency);
  const absl::TimeZone utc = absl::UTCTimeZone();
  const absl::Time hour = absl::FromCivil(absl::ToCivilHour(time, utc), utc);
  record.mutable_hour()->set_seconds(absl::ToUnixSeconds(hour));
  return record;
}

}  // namespace

std::vector<pipeline::v1::PipelineRecord> FeedOf(const v1::ReferralEvent& event, absl::Time time) {
  if (event.has_referral_submitted()) {
    const v1::ReferralSubmitted& submitted = event.referral_submitted();
    return {Record(pipeline::v1::STAGE_REFERRED, submitted.pathway(), submitted.agency(), time)};
  }
  if (event.has_referral_changed() && !IsBesideState(event.referral_changed().action())) {
    const v1::ReferralChanged& changed = event.referral_changed();
    pipeline::v1::PipelineRecord record =
        Record(pipeline::v1::STAGE_ANSWERED, changed.pathway(), changed.agency(), time);
    record.set_outcome(v1::ReferralState_Name(changed.state()));
    return {record};
  }
  return {};
}

}  // namespace pathways::referral
