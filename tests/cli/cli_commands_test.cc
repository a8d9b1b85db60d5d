// Goal: each command sends the request it says, and shows what comes back. Method: one row per
// command with the exact request; the changes that read first, the watch and the output forms on
// their own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "pathways/eligibility/v1/eligibility_service.pb.h"
#include "pathways/intake/v1/intake_service.pb.h"
#include "pathways/referral/v1/agency_service.pb.h"
#include "services/cli/exit_codes.h"
#include "tests/cli/cli_support.h"
#include "tests/support/facts.h"
#include "tests/support/temp_folder.h"

namespace pathways::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Puts the ids in for CASE and REQUEST.
std::string Filled(const std::string& text) {
  return absl::StrReplaceAll(text, {{"CASE", kCaseId}, {"REQUEST", kRequestId}});
}

class CliCommandsTest : public ::testing::Test {
 protected:
  Ran Run(std::vector<std::string> arguments) {
    for (std::string& argument : arguments) argument = Filled(argument);
    return RunCli(services_.address(), arguments);
  }

  std::string FileOf(const std::string& content) {
    const std::string path = folder_.path() + "/file.json";
    std::ofstream(path) << content;
    return path;
  }

  FakeServices services_;
  const testing_support::TempFolder folder_;
};

TEST_F(CliCommandsTest, EachSendsItsRequest) {
  eligibility::v1::ReplayScreeningResponse replayed;
  replayed.set_same_outcomes(true);
  services_.Answer("ReplayScreening", replayed);
  struct Row {
    std::vector<std::string> arguments;
    std::string call;
  };
  const std::string change = " request_id: \"REQUEST\"}";
  const std::string referral = "name: \"cases/CASE/referrals/r1\" etag: \"7\"";
  const std::vector<std::string> ids = {"CASE/r1", "--etag", "7", "--request-id", "REQUEST"};
  std::vector<Row> rows = {
      {{"case", "get", "CASE"}, "GetCase {name: \"cases/CASE\"}"},
      {{"screen", "--facts", FileOf("{\"people\": [{\"sex\": \"SEX_FEMALE\"}]}")},
       "ScreenAnonymously {facts { people { sex: SEX_FEMALE } } language: \"en\" audience: "
       "AUDIENCE_STAFF}"},
      {{"policy", "versions", "--page-size", "5"}, "ListPolicyVersions {page_size: 5}"},
      {{"policy", "changes", "--version", "current"},
       "ListPolicyChanges {name: \"policyVersions/current\"}"},
      {{"review", "list", "--page-size", "5"}, "ListReviews {page_size: 5}"},
      {{"review", "decide", "CASE", "override", "--pathway", "a", "--persons", "p1,p2", "--outcome",
        "meets", "--reason", "PAPERS_SEEN", "--etag", "7", "--request-id", "REQUEST"},
       "ReviewDetermination {name: \"cases/CASE/screening\" etag: \"7\" pathway: \"a\" person_ids: "
       "\"p1\" person_ids: \"p2\" verdict: REVIEW_VERDICT_OVERRIDE outcome: OUTCOME_MEETS "
       "reason_code: \"PAPERS_SEEN\"" +
           change},
      {{"determination", "replay", "CASE", "--number", "4"},
       "ReplayScreening {name: \"cases/CASE/screening\" number: 4}"},
      {{"case", "list", "--page-size", "5", "--page-token", "t"},
       "ListCases {page_size: 5 page_token: \"t\"}"},
      {{"case", "status", "cases/CASE"}, "GetCaseStatus {name: \"cases/CASE/status\"}"},
      {{"case", "withdraw", "CASE", "--etag", "7", "--request-id", "REQUEST"},
       "WithdrawCase {name: \"cases/CASE\" etag: \"7\"" + change},
      {{"case", "update", "CASE", "--consent", "no", "--request-id", "REQUEST"},
       "UpdateCase {case { name: \"cases/CASE\" consent: false } update_mask { paths: "
       "\"consent\" }" +
           change},
      {{"cases", "stuck", "--hours", "5", "--limit", "6"}, "ListStuckCases {hours: 5 limit: 6}"},
      {{"screen", "CASE", "--request-id", "REQUEST"},
       "ScreenCase {name: \"cases/CASE/screening\"" + change},
      {{"screening", "get", "CASE", "--language", "ht", "--plain"},
       "GetScreening {name: \"cases/CASE/screening\" language: \"ht\" audience: AUDIENCE_PERSON}"},
      {{"policy", "list"}, "ListPathways {}"},
      {{"policy", "show", "us-refugee"}, "GetPathway {name: \"pathways/us-refugee\"}"},
      {{"routes", "list"}, "GetRoutes {}"},
      {{"routes", "proposal"}, "GetRoutesProposal {}"},
      {{"facts", "proposal"}, "GetFactsProposal {}"},
      {{"policy", "proposal"}, "GetPolicyProposal {}"},
      {{"routes", "confirm", "DIGEST", "--request-id", "REQUEST"},
       "ConfirmRoutes {digest: \"DIGEST\"" + change},
      {{"facts", "confirm", "DIGEST", "--request-id", "REQUEST"},
       "ConfirmFacts {digest: \"DIGEST\"" + change},
      {{"policy", "confirm", "DIGEST", "--request-id", "REQUEST"},
       "ConfirmPolicy {digest: \"DIGEST\"" + change},
      {{"routes", "history", "--page-size", "5"}, "ListRouteVersions {page_size: 5}"},
      {{"parked", "list", "--service", "intake", "--limit", "6"},
       "ListParkedCases {service: \"intake\" limit: 6}"},
      {{"withheld", "list", "--service", "intake", "--limit", "6"},
       "ListWithheldCases {service: \"intake\" limit: 6}"},
      {{"parked", "redrive", "CASE", "--service", "referral"},
       "RedriveCase {service: \"referral\" name: \"cases/CASE\"}"},
      {{"tail-loss", "acknowledge", "--service", "referral", "--upstream", "intake"},
       "AcknowledgeTailLoss {service: \"referral\" upstream: \"intake\"}"},
      {{"referral", "get", "CASE/r1"}, "GetReferral {name: \"cases/CASE/referrals/r1\"}"},
      {{"referral", "list"}, "ListReferrals {parent: \"cases/-\"}"},
      {{"referral", "list", "CASE"}, "ListReferrals {parent: \"cases/CASE\"}"},
      {{"referral", "list", "--as-agency", "--state", "submitted"},
       "ListReferrals {state: REFERRAL_STATE_SUBMITTED}"},
  };
  // Actions on a referral: what each takes beside the ids, and the request between etag and id.
  struct Action {
    std::vector<std::string> arguments;
    std::string method;
    std::string fields;
  };
  const std::vector<Action> actions = {
      {{"receive"}, "ReceiveReferral", ""},
      {{"accept"}, "AcceptReferral", ""},
      {{"reject", "--reason", "FULL"}, "RejectReferral", " reason_code: \"FULL\""},
      {{"return", "--fields", "a,b"},
       "ReturnReferral",
       " fields_to_correct: \"a\" fields_to_correct: \"b\""},
      {{"report-stage", "--stage", "S"}, "ReportStage", " stage: \"S\""},
      {{"complete"}, "CompleteReferral", ""},
      {{"close", "--reason", "GONE"}, "CloseReferral", " reason_code: \"GONE\""},
      {{"answer-withdrawal", "--grant"}, "AnswerWithdrawal", " granted: true"},
      {{"answer-withdrawal", "--refuse", "--reason", "LATE"},
       "AnswerWithdrawal",
       " reason_code: \"LATE\""},
      {{"resubmit"}, "ResubmitReferral", ""},
      {{"withdraw"}, "WithdrawReferral", ""},
      {{"hold", "--reason", "ASK"}, "SetHold", " on_hold: true reason_code: \"ASK\""},
      {{"release"}, "SetHold", ""},
      {{"escalate"}, "SetEscalation", " escalated: true"},
      {{"escalate", "--clear"}, "SetEscalation", ""},
  };
  for (const Action& action : actions) {
    Row& row = rows.emplace_back(Row{.arguments = {"referral"}});
    row.arguments.insert(row.arguments.end(), action.arguments.begin(), action.arguments.end());
    row.arguments.insert(row.arguments.end(), ids.begin(), ids.end());
    row.call = absl::StrCat(action.method, " {", referral, action.fields, change);
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    const Ran ran = Run(rows[i].arguments);
    EXPECT_EQ(ran.exit_code, kExitOk) << ::testing::PrintToString(rows[i].arguments) << ran.err;
    const std::vector<std::string> calls = services_.calls();
    ASSERT_EQ(calls.size(), i + 1) << ::testing::PrintToString(rows[i].arguments) << ran.err;
    EXPECT_EQ(calls.back(), Filled(rows[i].call));
  }
}

TEST_F(CliCommandsTest, RegistersAFile) {
  const std::string path = FileOf(R"({"people": [{"sex": "SEX_FEMALE"}], "consent": true})");
  const Ran ran = Run({"case", "register", path, "--request-id", "REQUEST"});
  EXPECT_EQ(ran.exit_code, kExitOk) << ran.err;
  EXPECT_THAT(services_.calls(), ElementsAre(Filled("RegisterCase {case { people { sex: SEX_FEMALE "
                                                    "} consent: true } request_id: "
                                                    "\"REQUEST\"}")));
  const Ran bad = Run({"case", "register", FileOf(R"({"nombre": "Plantado"})")});
  EXPECT_EQ(bad.exit_code, kExitUsage);
  EXPECT_THAT(bad.err, Not(HasSubstr("Plantado")));
}

TEST_F(CliCommandsTest, AnUpdateSendsWhatIsSetAndReadsNoCase) {
  intake::v1::GetFactsResponse facts;
  *facts.mutable_catalogue() = SampleFacts()->catalogue();
  services_.Answer("GetFacts", facts);
  services_.Answer("UpdateCase", Refusal(grpc::StatusCode::ABORTED, "ETAG_MISMATCH"));
  const Ran ran = Run({"case",
                       "update",
                       "CASE",
                       "--person",
                       "p2",
                       "--set",
                       "entry_date=2023-06-01",
                       "--set",
                       "answers.seeks_work=yes",
                       "--set",
                       "nationalities=VEN, COL",
                       "--set",
                       "refugee_claim=REFUGEE_CLAIM_FILED",
                       "--set",
                       "state=",
                       "--set",
                       "identity.phone=+525550001111",
                       "--set",
                       "identity.date_of_birth=1990-05",
                       "--request-id",
                       "REQUEST",
                       "--etag",
                       "4"});
  EXPECT_EQ(ran.exit_code, kExitRefused);
  EXPECT_THAT(
      services_.calls(),
      ElementsAre(
          "GetFacts {}",
          Filled(
              "UpdateCase {case { name: \"cases/CASE\" etag: \"4\" people { person_id: \"p2\" "
              "identity { date_of_birth { year: 1990 month: 5 } phone: \"+525550001111\" } "
              "nationalities: \"VEN\" nationalities: \"COL\" entry_date { year: 2023 month: 6 "
              "day: 1 } refugee_claim: REFUGEE_CLAIM_FILED answers { "
              "fact: \"seeks_work\" yes: true } } } "
              "update_mask { paths: \"people.*.entry_date\" paths: \"people.*.answers.seeks_work\" "
              "paths: \"people.*.nationalities\" paths: \"people.*.refugee_claim\" paths: "
              "\"people.*.state\" paths: \"people.*.identity.phone\" paths: "
              "\"people.*.identity.date_of_birth\" } request_id: \"REQUEST\"}")));
  EXPECT_THAT(ran.err, HasSubstr(Filled("--request-id REQUEST\n")));
}

TEST_F(CliCommandsTest, AnUpdateFromAFileSendsWhatTheFileHolds) {
  const std::string path = FileOf(R"({"people": [{"sex": "SEX_MALE"}], "consent": false})");
  const Ran ran = Run({"case", "update", "CASE", "--file", path, "--mask", "people,consent",
                       "--request-id", "REQUEST"});
  EXPECT_EQ(ran.exit_code, kExitOk) << ran.err;
  EXPECT_THAT(services_.calls(),
              ElementsAre(Filled("UpdateCase {case { name: \"cases/CASE\" people { sex: SEX_MALE } "
                                 "consent: false } update_mask { paths: \"people\" paths: "
                                 "\"consent\" } request_id: \"REQUEST\"}")));
}

referral::v1::WatchReferralsResponse Change(const std::string& token) {
  referral::v1::WatchReferralsResponse change;
  change.mutable_referral()->set_name(Filled("cases/CASE/referrals/r1"));
  change.mutable_referral()->set_pathway("us-refugee");
  change.mutable_referral()->set_state(referral::v1::REFERRAL_STATE_SUBMITTED);
  change.set_resume_token(token);
  return change;
}

TEST_F(CliCommandsTest, AWatchResumesAfterTheLastChangeShown) {
  const auto t1 = Change("t1");
  const auto t2 = Change("t2");
  const auto t3 = Change("t3");
  services_.AnswerStream("WatchReferrals", {&t1, &t2},
                         {grpc::StatusCode::UNAVAILABLE, "restarting"});
  services_.AnswerStream("WatchReferrals", {&t3}, Refusal(grpc::StatusCode::UNAUTHENTICATED, "X"));
  const Ran ran = Run({"referral", "watch", "--resume", "t0"});
  EXPECT_EQ(ran.exit_code, kExitNotAllowed);
  const std::string line = "  cases/CASE/referrals/r1  us-refugee  SUBMITTED  ";
  EXPECT_EQ(ran.out, Filled(absl::StrCat(line, "t1\n", line, "t2\n", line, "t3\n")));
  EXPECT_THAT(ran.err, HasSubstr("--resume t3"));
  EXPECT_THAT(services_.calls(), ElementsAre("WatchReferrals {resume_token: \"t0\"}",
                                             "WatchReferrals {resume_token: \"t2\"}"));
}

TEST_F(CliCommandsTest, AWatchAsJsonIsOneObjectALineAndEndsAtItsLimit) {
  const auto t1 = Change("t1");
  services_.AnswerStream("WatchReferrals", {&t1, &t1, &t1}, grpc::Status::OK);
  const Ran ran = Run({"referral", "watch", "--limit", "2", "--output", "json"});
  EXPECT_EQ(ran.exit_code, kExitOk) << ran.err;
  const std::string line =
      Filled(R"({"referral":{"name":"cases/CASE/referrals/r1","pathway":"us-refugee",)"
             R"("state":"REFERRAL_STATE_SUBMITTED"},"resume_token":"t1"})");
  EXPECT_EQ(ran.out, absl::StrCat(line, "\n", line, "\n"));
}

TEST_F(CliCommandsTest, ShowsAScreeningWithItsNotice) {
  eligibility::v1::Screening screening;
  screening.set_name(Filled("cases/CASE/screening"));
  screening.set_notice("This is a screening, not a decision.");
  eligibility::v1::Determination& determination = *screening.add_determinations();
  determination.set_pathway("us-refugee");
  determination.add_person_ids("p1");
  determination.add_person_ids("p2");
  determination.set_outcome(eligibility::v1::OUTCOME_NEEDS_INFORMATION);
  determination.add_missing_facts("entry_date");
  determination.set_status(eligibility::v1::PATHWAY_STATUS_SUSPENDED);
  determination.mutable_holds_until()->set_year(2027);
  determination.mutable_holds_until()->set_month(1);
  determination.mutable_holds_until()->set_day(29);
  eligibility::v1::Explanation& explanation = *screening.add_explanations();
  explanation.set_pathway("us-refugee");
  *explanation.mutable_person_ids() = determination.person_ids();
  explanation.mutable_assumes()->add_sentences()->set_text("By the rules of 2023.");
  explanation.mutable_assumes()->add_sentences()->set_text("Not known: the entry.");
  // Of an explanation by other facts, whose first sentence alone is the same.
  eligibility::v1::Explanation& other = *screening.add_explanations();
  other.set_pathway("us-h2");
  other.add_person_ids("p1");
  other.mutable_assumes()->add_sentences()->set_text("By the rules of 2023.");
  for (const auto& [count, text] : {std::pair(2, "Both answers."), std::pair(1, "One answer.")}) {
    eligibility::v1::OutcomeTurn& turn = *explanation.add_turns();
    turn.set_search(eligibility::v1::TURN_SEARCH_FOUND);
    turn.set_fact_count(count);
    turn.add_changes()->mutable_text()->set_text(text);
  }
  explanation.add_turns()->mutable_text()->set_text("None.");
  explanation.mutable_time_turn()->mutable_text()->set_text("From then on.");
  explanation.mutable_turns_notice()->set_text("No advice.");
  explanation.mutable_outcome()->set_text("Ask first.");
  explanation.mutable_status()->set_text("Suspended.");
  explanation.mutable_status()->set_unreviewed(true);
  eligibility::v1::CriterionText& criterion = *explanation.add_criteria();
  criterion.set_criterion("entry");
  criterion.mutable_text()->set_text("On which day?");
  criterion.set_citation("A book (2023)");
  eligibility::v1::StepText& step = *screening.add_steps();
  step.mutable_text()->set_text("Leave the state.");
  *step.mutable_person_ids() = determination.person_ids();
  step.set_must_acknowledge(true);
  eligibility::v1::EffectText& effect = *step.add_effects();
  effect.set_pathway("mx-refugee");
  effect.mutable_text()->set_text("The claim may be lost.");
  effect.set_citation("A law (2011)");
  services_.Answer("GetScreening", screening);
  services_.Answer("GetScreening", screening);
  const Ran table = Run({"screening", "get", "CASE"});
  EXPECT_EQ(
      table.out,
      Filled("field     value\n"
             "name      cases/CASE/screening\n"
             "based_on  0\n\n"
             "pathway     person_ids  outcome            status     can_submit  missing_facts  "
             "holds_until  policy_version\n"
             "us-refugee  p1, p2      NEEDS_INFORMATION  SUSPENDED              entry_date     "
             "2027-01-29\n\n"
             "pathway     person_ids  assumes\n"
             "all                     By the rules of 2023.\n"
             "us-refugee  p1, p2      Not known: the entry.\n\n"
             "pathway     person_ids  outcome     status\n"
             "us-refugee  p1, p2      Ask first.  (unreviewed) Suspended.\n"
             "us-h2       p1\n\n"
             "pathway     person_ids  criterion  reason         citation\n"
             "us-refugee  p1, p2      entry      On which day?  A book (2023)\n\n"
             "pathway     person_ids  smallest_change\n"
             "us-refugee  p1, p2      One answer.\n"
             "us-refugee  p1, p2      Both answers.\n"
             "us-refugee  p1, p2      None.\n"
             "us-refugee  p1, p2      From then on.\n"
             "all                     No advice.\n\n"
             "step              person_ids  acknowledge  pathway     effect                  "
             "citation\n"
             "Leave the state.  p1, p2      yes          mx-refugee  The claim may be lost.  "
             "A law (2011)\n\n"
             "This is a screening, not a decision.\n"));
  const Ran json = Run({"screening", "get", "CASE", "--output", "json"});
  EXPECT_THAT(json.out, HasSubstr("\"missing_facts\": ["));
  EXPECT_THAT(json.out, HasSubstr("\"notice\": \"This is a screening, not a decision.\""));
}

TEST_F(CliCommandsTest, ShowsAPageAndHowToGetTheNext) {
  intake::v1::ListCasesResponse page;
  intake::v1::Case& shown = *page.add_cases();
  shown.set_name("cases/1");
  shown.set_state(intake::v1::CASE_STATE_OPEN);
  shown.add_people();
  shown.set_consent(false);
  shown.mutable_register_time()->set_seconds(1690500000);
  page.set_next_page_token("more");
  services_.Answer("ListCases", page);
  EXPECT_EQ(Run({"case", "list"}).out,
            "name     state  people  consent  register_time         update_time\n"
            "cases/1  OPEN   1       no       2023-07-27T23:20:00Z\n"
            "next page: --page-token more\n");
}

// The files as they are: what of them is used, and whether they make sense, is for the service.
TEST_F(CliCommandsTest, APackIsSentAsItsFilesSayAndItsFaultsAreToldByPlace) {
  const std::string pack = folder_.path() + "/pack";
  const std::string shared = folder_.path() + "/messages/en";
  std::filesystem::create_directories(pack);
  std::filesystem::create_directories(shared);
  std::ofstream(pack + "/a.textproto") << "version: \"v2\"\n";
  std::ofstream(pack + "/b.textproto")
      << "pathways { id: \"one\" }\n\npathways {\n  id: \"Two\"\n}\n";
  std::ofstream(shared + "/c.textproto") << "catalogues { language: \"en\" }\n";
  const grpc::Status refusal =
      Refusal(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_POLICY_PACK",
              {{"pathways[1].id", "must be lower case"}, {"catalogues[0].texts", "lacks a text"}});
  const std::string places =
      absl::StrCat("error: INVALID_POLICY_PACK: ", pack,
                   "/b.textproto:4:3: pathways[1].id: must be lower case\n", shared,
                   "/c.textproto:1:1: catalogues[0].texts: lacks a text\n");
  services_.Answer("ProposePolicy", refusal);
  const Ran apply = Run({"policy", "propose", pack, "--reason", "RULE_CHANGED"});
  EXPECT_EQ(apply.exit_code, kExitRefused);
  EXPECT_THAT(apply.err, HasSubstr(places));
  services_.Answer("SimulatePolicy", refusal);
  const Ran simulate = Run({"policy", "simulate", pack});
  EXPECT_EQ(simulate.exit_code, kExitRefused);
  EXPECT_THAT(simulate.err, HasSubstr(places));
  const std::string sent =
      "pack { version: \"v2\" pathways { id: \"one\" } pathways { id: \"Two\" } "
      "catalogues { language: \"en\" } }";
  EXPECT_THAT(services_.calls(), ElementsAre(HasSubstr(sent), HasSubstr(sent)));

  services_.Answer("ProposePolicy", Refusal(grpc::StatusCode::ABORTED, "POLICY_MOVED_ON"));
  EXPECT_THAT(Run({"policy", "propose", pack, "--reason", "RULE_CHANGED"}).err,
              HasSubstr("error: POLICY_MOVED_ON: "));
  const Ran none = Run({"policy", "propose", folder_.path() + "/none", "--reason", "RULE_CHANGED"});
  EXPECT_EQ(none.exit_code, kExitUsage);
  EXPECT_THAT(none.err, HasSubstr("/none: no file *.textproto can be read here"));
  EXPECT_EQ(services_.calls().size(), 3u);
}

// Offline two folders are compared and nobody is called; with the caseload the service counts.
TEST_F(CliCommandsTest, ADifferenceIsShownWithWhomItReachesAndWhatTheyRead) {
  const std::string one = folder_.path() + "/one";
  const std::string other = folder_.path() + "/other";
  for (const std::string& folder : {one, other}) {
    std::filesystem::create_directories(folder);
    std::ofstream(folder + "/a.textproto") << "version: \"v\"\npathways { id: \"One\" }\n";
  }
  EXPECT_EQ(Run({"policy", "diff", one, other}).out,
            absl::StrCat("~ compared: ", one, " -> ", other, "\n"));
  EXPECT_EQ(Run({"policy", "diff", one}).exit_code, kExitUsage);
  EXPECT_THAT(services_.calls(), testing::IsEmpty());

  eligibility::v1::SimulatePolicyResponse answer;
  answer.set_before_version("v1");
  answer.set_cases(30);
  answer.set_whole(true);
  answer.set_differences_left_out(4);
  eligibility::v1::PolicyDifference& difference = *answer.add_differences();
  difference.set_kind(eligibility::v1::DIFFERENCE_KIND_CHANGED);
  difference.set_place("pathways[road].criteria[only].predicate.yes");
  difference.set_before("\"a\"");
  difference.set_after("\"b\"");
  difference.set_counted(true);
  difference.set_cases(15);
  difference.set_altered(5);
  eligibility::v1::OutcomeMove& move = *difference.add_moves();
  move.set_pathway("road");
  move.set_criterion("only");
  move.set_from(eligibility::v1::OUTCOME_MEETS);
  move.set_to(eligibility::v1::OUTCOME_NEEDS_INFORMATION);
  move.set_status_from(eligibility::v1::PATHWAY_STATUS_ACTIVE);
  move.set_status_to(eligibility::v1::PATHWAY_STATUS_ACTIVE);
  move.set_criterion_to(eligibility::v1::OUTCOME_NEEDS_INFORMATION);
  move.set_cases(5);
  eligibility::v1::ReadText& read = *move.add_reads();
  read.set_language("ht");
  read.mutable_text()->set_text("Èske w gen b?");
  read.mutable_text()->set_unreviewed(true);
  eligibility::v1::PolicyDifference& uncounted = *answer.add_differences();
  uncounted.set_kind(eligibility::v1::DIFFERENCE_KIND_ADDED);
  uncounted.set_place("steps[walk]");
  uncounted.set_after("id: \"walk\"");
  eligibility::v1::PolicyDifference& few = *answer.add_differences();
  few.set_kind(eligibility::v1::DIFFERENCE_KIND_CHANGED);
  few.set_place("pathways[road].statuses");
  few.set_after("\"\"");
  few.set_counted(true);
  services_.Answer("SimulatePolicy", answer);
  EXPECT_EQ(Run({"policy", "diff", one, other, "--caseload"}).out,
            "field           value\n"
            "before_version  v1\n"
            "cases           30\n"
            "whole           yes\n"
            "Counts are rounded down to multiples of 5; few: fewer than 5, or a part of fewer than "
            "10.\n"
            "~ pathways[road].criteria[only].predicate.yes: \"a\" -> \"b\"\n"
            "    cases: 15; outcome or status alters of: 5\n"
            "    5: road MEETS (ACTIVE) -> NEEDS_INFORMATION (ACTIVE), by only none -> "
            "NEEDS_INFORMATION\n"
            "      ht: (unreviewed) Èske w gen b?\n"
            "+ steps[walk]: id: \"walk\"\n"
            "~ pathways[road].statuses: \"\"\n"
            "    cases: few; outcome or status alters of: few\n"
            "and more that are not told: 4\n");
  EXPECT_THAT(services_.calls(), ElementsAre(HasSubstr("differences: true before { ")));

  // Faults are told by the place in the files of the pack that they are of.
  services_.Answer("SimulatePolicy",
                   Refusal(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_POLICY_PACK",
                           {{"before.pathways[0].id", "must be lower case"}}));
  EXPECT_THAT(Run({"policy", "diff", one, other, "--caseload"}).err,
              HasSubstr(one + "/a.textproto:2:12: pathways[0].id: must be lower case"));
  // One folder alone is compared with what is in force.
  services_.Answer("SimulatePolicy", answer);
  EXPECT_EQ(Run({"policy", "diff", other, "--caseload"}).exit_code, kExitOk);
  EXPECT_THAT(services_.calls().back(), testing::Not(HasSubstr("before {")));
}

}  // namespace
}  // namespace pathways::cli
