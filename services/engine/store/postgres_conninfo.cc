#include "services/engine/store/postgres_conninfo.h"

#include <libpq-fe.h>

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "services/base/address.h"

namespace pathways::engine {
namespace {

using Options = std::map<std::string, std::string>;

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using OptionsPtr = std::unique_ptr<PQconninfoOption, FreeOptions>;

void Take(const OptionsPtr& options, Options& taken) {
  for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword;
       ++option) {
    if (option->val != nullptr) taken[option->keyword] = option->val;
  }
}

// As libpq tells a connection string from the name of a database alone.
bool IsConnectionString(absl::string_view text) {
  return absl::StartsWith(text, "postgresql://") || absl::StartsWith(text, "postgres://") ||
         absl::StrContains(text, "=");
}

// Whether one host of the list stays on this machine. A path is the folder of a socket, and so is
// the default.
bool IsLocal(absl::string_view host) {
  return host.empty() || host[0] == '/' || host[0] == '@' || base::IsLoopback(host);
}

// Lists of hosts and numbers go together; the number, where there is one, is what is connected to.
bool IsRemote(const Options& options) {
  const auto list = [&](const char* name) -> std::vector<std::string> {
    const auto found = options.find(name);
    if (found == options.end() || found->second.empty()) return {};
    return absl::StrSplit(found->second, ',');
  };
  const std::vector<std::string> hosts = list("host");
  const std::vector<std::string> numbers = list("hostaddr");
  for (size_t i = 0; i < std::max(hosts.size(), numbers.size()); ++i) {
    const bool has_number = i < numbers.size() && !numbers[i].empty();
    const std::string& host = has_number ? numbers[i] : i < hosts.size() ? hosts[i] : "";
    if (!IsLocal(host)) return true;
  }
  return false;
}

}  // namespace

absl::Status CheckConnectionString(const std::string& connection) {
  Options named;
  if (IsConnectionString(connection)) {
    // The parser's own message can quote what it read.
    const OptionsPtr parsed(PQconninfoParse(connection.c_str(), nullptr));
    if (parsed == nullptr) {
      return absl::InvalidArgumentError(
          "PostgreSQL: the connection string is none: an option without value or of an unknown "
          "name, or a quote that is not closed");
    }
    Take(parsed, named);
  }
  std::vector<std::string> faults;
  for (const char* secret : {"password", "sslpassword"}) {
    if (named[secret].empty()) continue;
    faults.push_back(absl::StrCat("PostgreSQL: the connection string has a ", secret,
                                  ", which every user of the machine can read; keep it in a "
                                  "private file (PGPASSFILE, or a key that is not encrypted)"));
  }
  if (!named["service"].empty()) {
    faults.push_back(
        "PostgreSQL: the connection string names a service, whose host cannot be checked; name "
        "host and sslmode");
  }
  Options options;
  Take(OptionsPtr(PQconndefaults()), options);
  for (const auto& [name, value] : named) {
    if (!value.empty()) options[name] = value;
  }
  if (IsRemote(options) && options["sslmode"] != "verify-full") {
    faults.push_back(absl::StrCat("PostgreSQL: a host that is not ", base::kLoopbackHosts,
                                  " needs sslmode=verify-full, and sslrootcert with the "
                                  "certificates that the server's must come from"));
  }
  if (faults.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(faults, "\n"));
}

}  // namespace pathways::engine
