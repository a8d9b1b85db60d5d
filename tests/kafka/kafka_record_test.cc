// Goal: an event survives the way through a record, and nothing else is taken for one. Method: one
// good record, changed in one place per row.
#include "services/follow/bus/kafka_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace pathways::follow {
namespace {

constexpr char kSource[] = "/pathways/intake";
constexpr char kTrace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr char kCase[] = "0d9c8b7a-1f2e-4d3c-8b4a-5968778695a4";

engine::EventRow GoodEvent() {
  engine::EventRow event;
  event.stream = kCase;
  event.number = 7;
  event.ce_id = "0f0a";
  event.type = "pathways.intake.v1.CaseRegistered";
  event.time = absl::FromUnixMicros(1697500000123456);
  event.cause.set_service("request");
  event.cause.set_number(0);
  event.cause.set_ce_id("r-1");
  event.trace = base::Trace::Parse(kTrace);
  event.data = std::string("\0\x01 bytes", 8);
  event.sealed = "never published";
  return event;
}

KafkaRecord GoodRecord() {
  return RecordOf(GoodEvent(), {kSource, "pathways.intake.v1.IntakeEvent"});
}

std::string& Header(KafkaRecord& record, const std::string& name) {
  for (auto& [key, value] : record.headers) {
    if (key == name) return value;
  }
  return record.headers.emplace_back(name, "").second;
}

TEST(KafkaRecord, AnEventComesBackWithoutItsSealedColumn) {
  const absl::StatusOr<engine::EventRow> back = EventOf(GoodRecord(), kSource);
  ASSERT_TRUE(back.ok()) << back.status();
  const engine::EventRow sent = GoodEvent();
  EXPECT_EQ(back->stream, sent.stream);
  EXPECT_EQ(back->number, sent.number);
  EXPECT_EQ(back->ce_id, sent.ce_id);
  EXPECT_EQ(back->type, sent.type);
  EXPECT_EQ(back->time, sent.time);
  EXPECT_EQ(back->cause.SerializeAsString(), sent.cause.SerializeAsString());
  EXPECT_EQ(back->trace.Format(), kTrace);
  EXPECT_EQ(back->data, sent.data);
  EXPECT_EQ(back->sealed, "");
}

// The names are a contract with consumers in other languages.
TEST(KafkaRecord, HeadersAreThoseOfCloudEvents) {
  EXPECT_THAT(
      GoodRecord().headers,
      testing::ElementsAre(
          testing::Pair("ce_specversion", "1.0"), testing::Pair("ce_id", "0f0a"),
          testing::Pair("ce_source", "/pathways/intake"),
          testing::Pair("ce_type", "pathways.intake.v1.CaseRegistered"),
          testing::Pair("ce_subject", kCase),
          testing::Pair("ce_time", "2023-10-16T23:46:40.123456Z"),
          testing::Pair("ce_dataschema", "urn:pathways:schema:pathways.intake.v1.IntakeEvent"),
          testing::Pair("content-type", "application/protobuf"),
          testing::Pair("pathways_number", "7"), testing::Pair("pathways_cause", "request/0/r-1"),
          testing::Pair("traceparent", kTrace)));
}

// An event is worth more than where it belongs.
TEST(KafkaRecord, ATraceThatIsNoneIsNotSentAndKeepsNoEvent) {
  engine::EventRow event = GoodEvent();
  event.trace = {};
  KafkaRecord record = RecordOf(event, {kSource, "pathways.intake.v1.IntakeEvent"});
  EXPECT_THAT(record.headers, testing::Not(testing::Contains(testing::Key("traceparent"))));
  for (const char* text :
       {"", "none", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 "}) {
    Header(record, "traceparent") = text;
    const absl::StatusOr<engine::EventRow> back = EventOf(record, kSource);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_TRUE(back->trace.IsNone()) << text;
  }
}

struct Row {
  std::string name;
  std::string code;
  std::function<void(KafkaRecord&)> change;
};

std::function<void(KafkaRecord&)> Set(const std::string& header, const std::string& value) {
  return [=](KafkaRecord& record) { Header(record, header) = value; };
}

class KafkaRecordRefused : public testing::TestWithParam<Row> {};

TEST_P(KafkaRecordRefused, WithItsCode) {
  KafkaRecord record = GoodRecord();
  GetParam().change(record);
  const absl::StatusOr<engine::EventRow> event = EventOf(record, kSource);
  ASSERT_EQ(event.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(std::string(event.status().message()), GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, KafkaRecordRefused,
    testing::Values(Row{"NoHeaders", "NO_CLOUD_EVENT", [](KafkaRecord& r) { r.headers.clear(); }},
                    Row{"OtherVersion", "NO_CLOUD_EVENT", Set("ce_specversion", "0.3")},
                    Row{"OtherSource", "FOREIGN_SOURCE", Set("ce_source", "/pathways/referral")},
                    Row{"Json", "FOREIGN_CONTENT_TYPE", Set("content-type", "application/json")},
                    Row{"NoKey", "WRONG_KEY", [](KafkaRecord& r) { r.key.clear(); }},
                    Row{"OtherKey", "WRONG_KEY", [](KafkaRecord& r) { r.key.back() = '0'; }},
                    Row{"KeyThatIsNoCase", "WRONG_KEY",
                        [](KafkaRecord& r) { Header(r, "ce_subject") = r.key = "c-1"; }},
                    Row{"LongKey", "WRONG_KEY",
                        [](KafkaRecord& r) {
                          Header(r, "ce_subject") = r.key = "service/" + std::string(57, 'k');
                        }},
                    Row{"BlankInKey", "WRONG_KEY",
                        [](KafkaRecord& r) { Header(r, "ce_subject") = r.key = "service/a b"; }},
                    Row{"NullValue", "NULL_VALUE", [](KafkaRecord& r) { r.value.reset(); }},
                    Row{"NoId", "WRONG_ID", Set("ce_id", "")},
                    Row{"LongId", "WRONG_ID", Set("ce_id", std::string(65, 'i'))},
                    Row{"NoType", "WRONG_TYPE", Set("ce_type", "")},
                    Row{"LongType", "WRONG_TYPE", Set("ce_type", std::string(257, 't'))},
                    Row{"NoTime", "WRONG_TIME", Set("ce_time", "yesterday")},
                    Row{"TimeWithoutEnd", "WRONG_TIME", Set("ce_time", "infinite-future")},
                    Row{"TimeWithoutBeginning", "WRONG_TIME", Set("ce_time", "infinite-past")},
                    Row{"TimeBefore1970", "WRONG_TIME",
                        Set("ce_time", "1969-12-31T23:59:59.999999Z")},
                    Row{"TimeInYear10000", "WRONG_TIME", Set("ce_time", "10000-01-01T00:00:00Z")},
                    Row{"NumberZero", "WRONG_NUMBER", Set("pathways_number", "0")},
                    Row{"NumberNegative", "WRONG_NUMBER", Set("pathways_number", "-1")},
                    Row{"NumberHuge", "WRONG_NUMBER", Set("pathways_number", "1000000001")},
                    Row{"NumberText", "WRONG_NUMBER", Set("pathways_number", "seven")},
                    Row{"NoCause", "WRONG_CAUSE", Set("pathways_cause", "")},
                    Row{"CauseOfTwoParts", "WRONG_CAUSE", Set("pathways_cause", "request/0")},
                    Row{"CauseNegative", "WRONG_CAUSE", Set("pathways_cause", "request/-1/r")}),
    [](const auto& info) { return info.param.name; });

TEST(KafkaRecord, LimitsThemselvesAreTaken) {
  KafkaRecord record = GoodRecord();
  Header(record, "ce_subject") = record.key = "service/" + std::string(56, 'k');
  Header(record, "ce_id") = std::string(64, 'i');
  Header(record, "ce_type") = std::string(256, 't');
  Header(record, "pathways_number") = "1000000000";
  record.value = "";
  Header(record, "ce_time") = "9999-12-31T23:59:59.999999Z";
  EXPECT_TRUE(EventOf(record, kSource).ok());
  Header(record, "ce_time") = "1970-01-01T00:00:00Z";
  EXPECT_TRUE(EventOf(record, kSource).ok());
}

}  // namespace
}  // namespace pathways::follow
