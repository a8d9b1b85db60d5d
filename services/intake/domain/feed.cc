#include "services/intake/domain/feed.h"

#include <algorithm>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"

namespace pathways::intake {
namespace {

struct ToldNationality {
  absl::string_view code;
  pipeline::v1::FeedNationality value;
};

constexpr ToldNationality kTold[] = {{"CUB", pipeline::v1::FEED_NATIONALITY_CU},
                                     {"HTI", pipeline::v1::FEED_NATIONALITY_HT},
                                     {"NIC", pipeline::v1::FEED_NATIONALITY_NI},
                                     {"VEN", pipeline::v1::FEED_NATIONALITY_VE}};

pipeline::v1::FeedNationality NationalityOf(const type::v1::CaseFacts& facts) {
  const auto principal = std::find_if(
      facts.people().begin(), facts.people().end(), [](const type::v1::PersonFacts& person) {
        return person.relationship() == type::v1::RELATIONSHIP_PRINCIPAL;
      });
  if (principal == facts.people().end()) return pipeline::v1::FEED_NATIONALITY_OTHER;
  for (const ToldNationality& told : kTold) {
    for (const std::string& code : principal->nationalities()) {
      if (code == told.code) return told.value;
    }
  }
  return pipeline::v1::FEED_NATIONALITY_OTHER;
}

pipeline::v1::PipelineRecord Record(pipeline::v1::Stage stage, absl::Time time) {
  pipeline::v1::PipelineRecord record;
  record.set_stage(stage);
  const absl::TimeZone utc = absl::UTCTimeZone();
  const absl::Time hour = absl::FromCivil(absl::ToCivilHour(time, utc), utc);
  record.mutable_hour()->set_seconds(absl::ToUnixSeconds(hour));
  return record;
}

}  // namespace

std::vector<pipeline::v1::PipelineRecord> FeedOf(const v1::IntakeEvent& event, absl::Time time) {
  if (event.has_case_registered()) {
    pipeline::v1::PipelineRecord record = Record(pipeline::v1::STAGE_REGISTERED, time);
    record.set_nationality(NationalityOf(event.case_registered().facts()));
    return {record};
  }
  if (event.has_case_withdrawn()) return {Record(pipeline::v1::STAGE_WITHDRAWN, time)};
  return {};
}

}  // namespace pathways::intake
