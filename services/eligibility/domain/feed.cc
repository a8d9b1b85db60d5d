#include "services/eligibility/domain/feed.h"

#include "absl/time/civil_time.h"

namespace pathways::eligibility {
namespace {

pipeline::v1::PipelineRecord RecordOf(const v1::Determination& determination, absl::Time time) {
  pipeline::v1::PipelineRecord record;
  record.set_stage(pipeline::v1::STAGE_SCREENED);
  record.set_pathway(determination.pathway());
  record.set_outcome(v1::Outcome_Name(determination.outcome()));
  const absl::TimeZone utc = absl::UTCTimeZone();
  const absl::Time hour = absl::FromCivil(absl::ToCivilHour(time, utc), utc);
  record.mutable_hour()->set_seconds(absl::ToUnixSeconds(hour));
  return record;
}

}  // namespace

std::vector<pipeline::v1::PipelineRecord> FeedOf(const v1::EligibilityEvent& event,
                                                 absl::Time time) {
  std::vector<pipeline::v1::PipelineRecord> records;
  // Of an event of another kind this is an empty message.
  for (const v1::Determination& determination : event.case_screened().determinations()) {
    records.push_back(RecordOf(determination, time));
  }
  return records;
}

}  // namespace pathways::eligibility
