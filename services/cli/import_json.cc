#include <google/protobuf/util/json_util.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/ids.h"
#include "services/base/unicode.h"
#include "services/cli/import_formats.h"
#include "services/cli/json_faults.h"
#include "services/intake/domain/validate.h"
#include "services/type/text.h"

namespace pathways::cli {
namespace {

std::string NumberOf(const intake::v1::Case& registration) {
  for (const intake::v1::Person& person : registration.people()) {
    if (person.relationship() == type::v1::RELATIONSHIP_PRINCIPAL) {
      return type::Clean(person.identity().registration_number()).text;
    }
  }
  return "";
}

}  // namespace

std::optional<std::string> JsonImport::TakeLine(ImportItem& item) {
  std::string line;
  while (true) {
    const LineReader::Result result = lines_->Next(line);
    item.first_line = lines_->line_number();
    switch (result) {
      case LineReader::Result::kLine:
        if (!type::IsBlank(line)) return line;
        break;
      case LineReader::Result::kTooLong:
        item.errors.push_back(
            {item.first_line, "", absl::StrCat("is longer than ", kLineBytesMax, " bytes")});
        return "";
      case LineReader::Result::kFailed:
        status_ = absl::DataLossError(
            absl::StrCat("line ", item.first_line, ": the file cannot be read on"));
        return std::nullopt;
      case LineReader::Result::kEnd:
        return std::nullopt;
    }
  }
}

void JsonImport::ReadCase(const std::string& line, ImportItem& item) {
  intake::v1::Case& registration = *item.request.mutable_case_();
  // The parser's own message can quote the line, so it is not passed on.
  if (!type::IsUtf8(line) ||
      !google::protobuf::util::JsonStringToMessage(line, &registration).ok()) {
    for (JsonFault& fault : FaultsOfJson(line, *registration.GetDescriptor())) {
      item.errors.push_back({item.first_line, std::move(fault.path), std::move(fault.reason)});
    }
    return;
  }
  base::NormaliseText(registration);
  item.household_number = NumberOf(registration);
  type::Violations violations;
  intake::CheckCase(registration, *facts_, today_, violations);
  for (const auto& violation : violations.found()) {
    item.errors.push_back(LocateViolation(item, violation.field(), violation.description()));
  }
  // A case without number is told from others by its content.
  const std::string key =
      item.household_number.empty()
          ? absl::StrCat("registration-content/", registration.SerializeAsString())
          : absl::StrCat("registration/", item.household_number);
  item.request.set_request_id(base::UuidOf(key));
  if (!used_.Take(item.request.request_id())) {
    item.errors.push_back({item.first_line, "people[].identity.registration_number",
                           "is already used in this file, or the line comes twice"});
  }
}

std::optional<ImportItem> JsonImport::Next() {
  ImportItem item;
  const std::optional<std::string> line = TakeLine(item);
  if (!line) return std::nullopt;
  if (used_.IsFull()) {
    status_ = TooManyHouseholds();
    return std::nullopt;
  }
  item.lines = {item.first_line};
  if (item.errors.empty()) ReadCase(*line, item);
  if (!item.errors.empty()) item.request.Clear();
  return item;
}

}  // namespace pathways::cli
