#include "services/host/program_flags.h"

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"

namespace pathways::host {
namespace {

constexpr int kUsage = 2;

}  // namespace

std::optional<int> ParseFlags(int argc, const char* const* argv, const std::string& name,
                              const std::string& description, Settings& settings) {
  CLI::App app(description, name);
  app.set_version_flag("--version", PATHWAYS_VERSION);
  for (const Setting& setting : settings.declared()) {
    std::string help = absl::StrCat(setting.help, " [", EnvironmentName(setting.name), "]");
    if (!setting.default_value.empty()) absl::StrAppend(&help, " (", setting.default_value, ")");
    app.add_option_function<std::string>(
        "--" + setting.name,
        [&settings, flag = setting.name](const std::string& value) { settings.Set(flag, value); },
        help);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  return std::nullopt;
}

}  // namespace pathways::host
