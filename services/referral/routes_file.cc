#include "services/referral/routes_file.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace pathways::referral {
namespace {

using google::protobuf::TextFormat;

constexpr size_t kFileBytesMax = 1 << 20;
constexpr size_t kIdLengthMax = 64;

// Faults of one file, as file:line:column: text.
class Faults : public google::protobuf::io::ErrorCollector {
 public:
  explicit Faults(std::string path) : path_(std::move(path)) {}

  // Line and column count from 0, as protobuf gives them; -1 where it knows none.
  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& message) override {
    found_.push_back(absl::StrCat(path_, ":", line + 1, ":", column + 1, ": ", message));
  }

  absl::Status ToStatus() const {
    if (found_.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrJoin(found_, "\n"));
  }

 private:
  std::string path_;
  std::vector<std::string> found_;
};

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.eof() && !file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kFileBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is larger than 1 MiB"));
  }
  return text;
}

bool IsId(const std::string& text) {
  return !text.empty() && text.size() <= kIdLengthMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
         });
}

// Where a field of a route stands, or the route itself where the field is missing.
TextFormat::ParseLocation LocationOf(TextFormat::ParseInfoTree& places, int route,
                                     const char* field) {
  const auto* list = v1::AgencyRoutes::descriptor()->FindFieldByName("routes");
  const auto* wanted = v1::AgencyRoute::descriptor()->FindFieldByName(field);
  TextFormat::ParseInfoTree* const place = places.GetTreeForNested(list, route);
  const TextFormat::ParseLocation location =
      place != nullptr ? place->GetLocation(wanted, -1) : TextFormat::ParseLocation();
  return location.line >= 0 ? location : places.GetLocation(list, route);
}

void Check(const v1::AgencyRoutes& routes, TextFormat::ParseInfoTree& places, Faults& faults) {
  const auto add = [&](int route, const char* field, absl::string_view message) {
    const TextFormat::ParseLocation location = LocationOf(places, route, field);
    faults.AddError(location.line, location.column, std::string(message));
  };
  std::set<std::string> pathways;
  for (int i = 0; i < routes.routes_size(); ++i) {
    const v1::AgencyRoute& route = routes.routes(i);
    if (!IsId(route.pathway())) {
      add(i, "pathway", "pathway must be 1 to 64 characters a-z, 0-9 and -");
    } else if (!pathways.insert(route.pathway()).second) {
      add(i, "pathway", absl::StrCat("pathway ", route.pathway(), " has a route already"));
    }
    if (!IsId(route.agency())) {
      add(i, "agency", "agency must be 1 to 64 characters a-z, 0-9 and -");
    }
  }
  if (routes.routes().empty()) faults.AddError(0, 0, "no route: nobody would be referred");
}

}  // namespace

absl::StatusOr<v1::AgencyRoutes> LoadRoutes(const std::string& path) {
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  Faults faults(path);
  TextFormat::ParseInfoTree places;
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&faults);
  parser.WriteLocationsTo(&places);
  v1::AgencyRoutes routes;
  if (parser.ParseFromString(*text, &routes)) Check(routes, places, faults);
  absl::Status status = faults.ToStatus();
  if (!status.ok()) return status;
  return routes;
}

}  // namespace pathways::referral
