#include "services/referral/routes_file.h"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "services/base/status_macros.h"
#include "services/base/text_format_file.h"

namespace pathways::referral {
namespace {

using google::protobuf::TextFormat;

constexpr size_t kIdLengthMax = 64;

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

void Check(const v1::AgencyRoutes& routes, TextFormat::ParseInfoTree& places,
           base::FileFaults& faults) {
  const auto add = [&](int route, const char* field, absl::string_view message) {
    const TextFormat::ParseLocation location = LocationOf(places, route, field);
    faults.Add(location.line, location.column, message);
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
  if (routes.routes().empty()) faults.Add(0, 0, "no route: nobody would be referred");
}

}  // namespace

absl::StatusOr<v1::AgencyRoutes> LoadRoutes(const std::string& path) {
  v1::AgencyRoutes routes;
  TextFormat::ParseInfoTree places;
  RETURN_IF_ERROR(base::ReadTextFormat(path, routes, &places));
  base::FileFaults faults(path);
  Check(routes, places, faults);
  RETURN_IF_ERROR(faults.ToStatus());
  return routes;
}

}  // namespace pathways::referral
