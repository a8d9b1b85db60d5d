#include "services/embedded/demo.h"

#include <google/protobuf/struct.pb.h>

#include <chrono>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "services/base/clock.h"
#include "services/base/signal.h"
#include "services/base/status_macros.h"
#include "services/cli/client.h"
#include "services/cli/fact_commands.h"
#include "services/cli/importer.h"
#include "services/embedded/agency_player.h"
#include "services/host/principal.h"
#include "services/intake/age_band.h"
#include "services/type/desk.h"

namespace pathways::embedded {
namespace {

constexpr char kDesk[] = "staff/desk";
constexpr int kPageSize = 500;
constexpr absl::Duration kSettleMax = absl::Minutes(5);
constexpr absl::Duration kSettleLook = absl::Milliseconds(5);
// Elsewhere: so many looks without a change, so far apart.
constexpr int kSameLooks = 8;
constexpr absl::Duration kRemoteLook = absl::Milliseconds(250);
constexpr absl::Duration kCallTimeout = absl::Seconds(60);

// How often each pair of words was met, in order of the words.
using Counts = std::map<std::pair<std::string, std::string>, int>;

struct Day {
  cli::ImportSummary imported;
  Counts screened;   // Pathway, outcome.
  Counts referrals;  // Agency, state.
  double seconds = 0;
};

std::string AgencyPrincipal(const std::string& agency) { return absl::StrCat("agency/", agency); }

absl::StatusOr<std::unique_ptr<cli::Client>> Connect(const std::string& address,
                                                     const DemoOptions& options,
                                                     const std::string& principal) {
  ASSIGN_OR_RETURN(std::string token, host::ReadToken(options.tokens_file, principal));
  return cli::Client::Make({address, std::move(token), kCallTimeout, options.tls});
}

absl::Status NotSettled() {
  return absl::DeadlineExceededError("the services did not catch up; see `pathways cases stuck`");
}

absl::Status PlayAgencies(const DayServices& services, const DemoOptions& options) {
  ASSIGN_OR_RETURN(const AgencyScripts scripts, ReadAgencyScripts(options.answers_file));
  std::vector<absl::Status> results(scripts.size());
  std::vector<std::thread> threads;
  for (const auto& [agency, of_agency] : scripts) {
    threads.emplace_back([&services, &options, &agency = agency, &of_agency = of_agency,
                          &result = results[threads.size()]] {
      auto client = Connect(services.referral, options, AgencyPrincipal(agency));
      result = client.ok() ? PlayAgency(**client, of_agency) : client.status();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& result : results) RETURN_IF_ERROR(result);
  return absl::OkStatus();
}

std::string WithoutPrefix(std::string name, absl::string_view prefix) {
  return std::string(absl::StripPrefix(name, prefix));
}

absl::Status CountScreenings(cli::Client& client, Counts& counts) {
  eligibility::v1::ListScreeningsRequest request;
  request.set_page_size(kPageSize);
  for (;;) {
    ASSIGN_OR_RETURN(
        const auto page,
        client.Call(&eligibility::v1::EligibilityService::Stub::ListScreenings, request));
    for (const auto& screening : page.screenings()) {
      for (const auto& determination : screening.determinations()) {
        ++counts[{
            determination.pathway(),
            WithoutPrefix(eligibility::v1::Outcome_Name(determination.outcome()), "OUTCOME_")}];
      }
    }
    if (page.next_page_token().empty()) return absl::OkStatus();
    request.set_page_token(page.next_page_token());
  }
}

absl::Status CountReferrals(cli::Client& client, Counts& counts) {
  referral::v1::ListReferralsRequest request;
  request.set_parent("cases/-");
  request.set_page_size(kPageSize);
  for (;;) {
    ASSIGN_OR_RETURN(const auto page,
                     client.Call(&referral::v1::ReferralService::Stub::ListReferrals, request));
    for (const auto& referral : page.referrals()) {
      ++counts[{referral.agency(), WithoutPrefix(referral::v1::ReferralState_Name(referral.state()),
                                                 "REFERRAL_STATE_")}];
    }
    if (page.next_page_token().empty()) return absl::OkStatus();
    request.set_page_token(page.next_page_token());
  }
}

void AddCounts(const Counts& counts, google::protobuf::Struct& parent, const std::string& name) {
  google::protobuf::Struct& group = *(*parent.mutable_fields())[name].mutable_struct_value();
  for (const auto& [words, count] : counts) {
    google::protobuf::Struct& inner =
        *(*group.mutable_fields())[words.first].mutable_struct_value();
    (*inner.mutable_fields())[words.second].set_number_value(count);
  }
}

// The same figures as samples/expected.json, for programs.
google::protobuf::Struct ToStruct(const Day& day) {
  google::protobuf::Struct figures;
  auto& fields = *figures.mutable_fields();
  fields["households"].set_number_value(static_cast<double>(day.imported.households));
  fields["registered_households"].set_number_value(static_cast<double>(day.imported.registered));
  fields["registered_people"].set_number_value(static_cast<double>(day.imported.people));
  fields["refused_households"].set_number_value(static_cast<double>(day.imported.refused));
  fields["refused_rows"].set_number_value(static_cast<double>(day.imported.errors.size()));
  AddCounts(day.screened, figures, "screened");
  AddCounts(day.referrals, figures, "referral_states");
  fields["seconds"].set_number_value(day.seconds);
  return figures;
}

cli::Table TableOf(const Counts& counts, const std::string& first, const std::string& second) {
  cli::Table table{{first, second, "count"}, {}};
  for (const auto& [words, count] : counts) {
    table.rows.push_back({words.first, words.second, absl::StrCat(count)});
  }
  return table;
}

void Print(const Day& day, std::ostream& out) {
  out << absl::StrFormat("registered   %d households, %d people\n", day.imported.registered,
                         day.imported.people)
      << absl::StrFormat("refused      %d households; nothing of them was stored\n\n",
                         day.imported.refused);
  cli::Table refused{{"line", "column", "what is wrong"}, {}};
  for (const cli::RowError& error : day.imported.errors) {
    refused.rows.push_back({absl::StrCat(error.line), error.column, error.reason});
  }
  out << cli::Render(refused) << "\n"
      << cli::Render(TableOf(day.screened, "pathway", "screening")) << "\n"
      << cli::Render(TableOf(day.referrals, "agency", "referral")) << "\n"
      << absl::StrFormat("wholly processed in %.2f s, the agencies' answers included\n",
                         day.seconds)
      << "Every person in this day is synthetic. A screening is not a decision on any status.\n";
}

}  // namespace

absl::Status AddDemoTokens(const DemoOptions& options) {
  ASSIGN_OR_RETURN(const AgencyScripts scripts, ReadAgencyScripts(options.answers_file));
  for (const auto& [agency, of_agency] : scripts) {
    const auto added =
        host::AddToken(options.tokens_file, {"agency", agency, {std::string(host::kAgency)}});
    if (!added.ok() && !absl::IsAlreadyExists(added.status())) return added.status();
  }
  return absl::OkStatus();
}

DayServices ServicesOf(Serving& serving) {
  const std::string address = absl::StrCat("127.0.0.1:", serving.services().port());
  return {address, address, address, [&serving] {
            const auto deadline =
                std::chrono::steady_clock::now() + absl::ToChronoSeconds(kSettleMax);
            base::Signal look;
            while (!serving.services().IsSettled()) {
              if (std::chrono::steady_clock::now() > deadline) return NotSettled();
              look.Wait(kSettleLook);
            }
            return absl::OkStatus();
          }};
}

DayServices ServicesAt(const std::string& intake, const std::string& eligibility,
                       const std::string& referral, const DemoOptions& options) {
  return {
      intake, eligibility, referral, [=]() -> absl::Status {
        ASSIGN_OR_RETURN(const auto screens, Connect(eligibility, options, kDesk));
        ASSIGN_OR_RETURN(const auto refers, Connect(referral, options, kDesk));
        const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoSeconds(kSettleMax);
        base::Signal look;
        Day before;
        for (int same = 0; same < kSameLooks;) {
          if (std::chrono::steady_clock::now() > deadline) return NotSettled();
          Day now;
          RETURN_IF_ERROR(CountScreenings(*screens, now.screened));
          RETURN_IF_ERROR(CountReferrals(*refers, now.referrals));
          const bool is_same = now.screened == before.screened && now.referrals == before.referrals;
          same = is_same && !now.screened.empty() ? same + 1 : 0;
          before = std::move(now);
          look.Wait(kRemoteLook);
        }
        return absl::OkStatus();
      }};
}

absl::Status PlayDay(const DayServices& services, const DemoOptions& options, std::ostream& out) {
  ASSIGN_OR_RETURN(const auto desk, Connect(services.intake, options, kDesk));
  ASSIGN_OR_RETURN(const auto screens, Connect(services.eligibility, options, kDesk));
  ASSIGN_OR_RETURN(const auto refers, Connect(services.referral, options, kDesk));
  const auto start = std::chrono::steady_clock::now();
  Day day;
  cli::ImportSettings settings;
  ASSIGN_OR_RETURN(settings.input.facts, cli::FactsInForceAt(*desk));
  settings.input.path = options.import_file;
  settings.input.today = type::DeskDay(type::kDefaultPlace, base::SystemClock().Now());
  ASSIGN_OR_RETURN(day.imported, cli::Import(*desk, settings));
  RETURN_IF_ERROR(day.imported.status);
  RETURN_IF_ERROR(services.settle());
  RETURN_IF_ERROR(PlayAgencies(services, options));
  RETURN_IF_ERROR(services.settle());
  day.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  RETURN_IF_ERROR(CountScreenings(*screens, day.screened));
  RETURN_IF_ERROR(CountReferrals(*refers, day.referrals));
  if (options.format == cli::Format::kJson) {
    out << cli::ToJson(ToStruct(day), /*indent=*/true) << "\n";
  } else {
    Print(day, out);
  }
  out.flush();
  return absl::OkStatus();
}

}  // namespace pathways::embedded
