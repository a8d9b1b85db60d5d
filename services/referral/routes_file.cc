#include "services/referral/routes_file.h"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "services/base/status_macros.h"
#include "services/base/text_format_file.h"
#include "services/type/facts.h"

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

// Where a field of an entry of a list stands, or the entry itself where the field is missing.
// `element` is the place in the field, where that is a list too.
TextFormat::ParseLocation LocationOf(TextFormat::ParseInfoTree& places, const char* list_name,
                                     int entry, const char* field, int element) {
  const auto* list = v1::AgencyRoutes::descriptor()->FindFieldByName(list_name);
  const auto* wanted = list->message_type()->FindFieldByName(field);
  TextFormat::ParseInfoTree* const place = places.GetTreeForNested(list, entry);
  const TextFormat::ParseLocation location =
      place != nullptr ? place->GetLocation(wanted, element) : TextFormat::ParseLocation();
  return location.line >= 0 ? location : places.GetLocation(list, entry);
}

using AddFault =
    std::function<void(int entry, const char* field, int element, absl::string_view message)>;

constexpr char kIdExpected[] = "must be 1 to 64 characters a-z, 0-9 and -";

// The ids of the agencies that have an entry.
std::set<std::string> CheckAgencies(const v1::AgencyRoutes& routes, const AddFault& add) {
  std::set<std::string> ids;
  for (int i = 0; i < routes.agencies_size(); ++i) {
    const v1::Agency& agency = routes.agencies(i);
    if (!IsId(agency.id())) {
      add(i, "id", -1, absl::StrCat("id ", kIdExpected));
    } else if (!ids.insert(agency.id()).second) {
      add(i, "id", -1, absl::StrCat("agency ", agency.id(), " has an entry already"));
    }
    std::set<std::string> facts;
    for (int j = 0; j < agency.facts_size(); ++j) {
      const std::string& fact = agency.facts(j);
      if (!type::IsFactId(fact)) {
        add(i, "facts", j, "must be the id of a fact, for example job_offer");
      } else if (!facts.insert(fact).second) {
        add(i, "facts", j, absl::StrCat("fact ", fact, " is named already"));
      }
    }
  }
  return ids;
}

void Check(const v1::AgencyRoutes& routes, TextFormat::ParseInfoTree& places,
           base::FileFaults& faults) {
  const auto add_to = [&](const char* list) -> AddFault {
    return [&places, &faults, list](int entry, const char* field, int element,
                                    absl::string_view message) {
      const TextFormat::ParseLocation location = LocationOf(places, list, entry, field, element);
      faults.Add(location.line, location.column, message);
    };
  };
  const std::set<std::string> agencies = CheckAgencies(routes, add_to("agencies"));
  const AddFault add = add_to("routes");
  std::set<std::string> pathways;
  for (int i = 0; i < routes.routes_size(); ++i) {
    const v1::AgencyRoute& route = routes.routes(i);
    if (!IsId(route.pathway())) {
      add(i, "pathway", -1, absl::StrCat("pathway ", kIdExpected));
    } else if (!pathways.insert(route.pathway()).second) {
      add(i, "pathway", -1, absl::StrCat("pathway ", route.pathway(), " has a route already"));
    }
    if (!IsId(route.agency())) {
      add(i, "agency", -1, absl::StrCat("agency ", kIdExpected));
    } else if (!agencies.contains(route.agency())) {
      add(i, "agency", -1,
          absl::StrCat("agency ", route.agency(), " has no entry that says what it may know"));
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
