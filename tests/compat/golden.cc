#include "tests/compat/golden.h"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "pathways/eligibility/v1/events.pb.h"
#include "pathways/intake/v1/events.pb.h"
#include "pathways/intake/v1/state.pb.h"
#include "pathways/pipeline/v1/feed.pb.h"
#include "pathways/referral/v1/events.pb.h"
#include "services/base/serialize.h"
#include "services/engine/event_type.h"

namespace pathways::compat {
namespace {

using google::protobuf::Message;

constexpr char kFolder[] = PATHWAYS_SOURCE_DIR "/tests/compat/golden";
constexpr size_t kBytesOnALine = 32;

}  // namespace

const std::vector<Family>& Families() {
  static const std::vector<Family> kFamilies = {
      {"intake", intake::v1::IntakeEvent::default_instance(), true},
      {"intake-sealed", intake::v1::IntakeSealed::default_instance()},
      {"eligibility", eligibility::v1::EligibilityEvent::default_instance(), true},
      {"referral", referral::v1::ReferralEvent::default_instance(), true},
      {"pipeline", pipeline::v1::PipelineRecord::default_instance()}};
  return kFamilies;
}

std::string Golden::PathOf(absl::string_view ending) const {
  return absl::StrCat(kFolder, "/", family.folder, "/", name, ".", ending);
}

std::unique_ptr<Message> Golden::Read() const {
  std::unique_ptr<Message> message(family.prototype.New());
  const std::string text = ReadFile(PathOf("textproto"));
  if (!google::protobuf::TextFormat::ParseFromString(text, message.get())) return nullptr;
  return message;
}

std::vector<Golden> GoldensOf(const Family& family) {
  std::vector<std::string> names;
  std::error_code error;
  const std::string folder = absl::StrCat(kFolder, "/", family.folder);
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".textproto") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  std::vector<Golden> goldens;
  for (std::string& name : names) goldens.push_back({family, std::move(name)});
  return goldens;
}

engine::EventColumns ColumnsOf(const Family& family, const Message& message) {
  if (family.is_event) return engine::SplitEvent(message);
  return {base::SerializeDeterministic(message), ""};
}

bool ReadColumns(const Family& family, const engine::EventColumns& columns, Message& message) {
  if (family.is_event) return engine::JoinEvent(columns.data, columns.sealed, message);
  return message.ParseFromString(columns.data);
}

follow::KafkaRecord RecordOf(const Family& family, const Message& event, const std::string& bytes) {
  const auto* const case_id = event.GetDescriptor()->FindFieldByName("case_id");
  engine::EventRow row;
  row.stream = event.GetReflection()->GetString(event, case_id);
  row.number = 7;
  row.ce_id = "9a3c5e70-1b2d-4f6a-8c9e-0d1f2a3b4c5d";
  row.type = engine::EventType(event);
  row.time = absl::FromUnixMicros(1697500000123456);
  row.cause.set_service("intake");
  row.cause.set_number(6);
  row.cause.set_ce_id("b7d9f1a3-5c6e-4082-9b4d-6e8f0a2c4d6e");
  row.trace = base::Trace::Parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  row.data = bytes;
  return follow::RecordOf(
      row, {follow::KafkaSourceOf(family.folder), std::string(event.GetDescriptor()->full_name())});
}

std::string HeaderText(const follow::KafkaRecord& record) {
  std::string text = absl::StrCat("key: ", record.key, "\n");
  for (const auto& [name, value] : record.headers) absl::StrAppend(&text, name, ": ", value, "\n");
  return text;
}

follow::KafkaRecord ParseHeaders(absl::string_view text, const std::string& bytes) {
  follow::KafkaRecord record;
  record.value = bytes;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    std::pair<std::string, std::string> header = absl::StrSplit(line, absl::MaxSplits(": ", 1));
    if (header.first == "key") {
      record.key = header.second;
    } else {
      record.headers.push_back(std::move(header));
    }
  }
  return record;
}

std::string HexText(absl::string_view bytes) {
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += kBytesOnALine) {
    absl::StrAppend(&text, absl::BytesToHexString(bytes.substr(at, kBytesOnALine)), "\n");
  }
  return text;
}

std::string ParseHex(absl::string_view text) {
  return absl::HexStringToBytes(absl::StrReplaceAll(text, {{"\n", ""}}));
}

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace pathways::compat
