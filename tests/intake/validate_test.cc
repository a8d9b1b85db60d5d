// Goal: every rule of case.proto is held, each boundary from both sides, all bad fields are named
// at once, and no text of a refusal holds a value. Method: a case that is right, changed in one
// place per row; the row says which fields must be named.
#include "services/intake/domain/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/intake/builders.h"
#include "tests/support/answers.h"

namespace pathways::intake {
namespace {

using ::testing::ElementsAreArray;

std::string Characters(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "ñ";
  return text;
}

struct Row {
  std::string name;
  std::function<void(v1::Case&)> change;
  Fields expected;
};

void CheckRows(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    v1::Case input = GoodCase();
    row.change(input);
    type::Violations violations;
    CheckCase(input, *SampleFacts(), kToday, violations);
    EXPECT_THAT(FieldsOf(violations), ElementsAreArray(row.expected));
    ExpectNoValue(violations);
    const auto result = ValidateForRegistration(input, *SampleFacts(), kToday);
    EXPECT_EQ(result.ok(), row.expected.empty());
    EXPECT_EQ(Describe(result.status()),
              row.expected.empty() ? "OK" : "INVALID_ARGUMENT INVALID_CASE");
  }
}

TEST(CheckCase, GoodCasePasses) {
  CheckRows({{"as it is", [](v1::Case&) {}, {}}});
}

TEST(CheckCase, CountsPeople) {
  const auto resize = [](int count) {
    return [count](v1::Case& input) {
      while (input.people_size() < count) *input.add_people() = GoodPerson();
      while (input.people_size() > count) input.mutable_people()->RemoveLast();
    };
  };
  CheckRows({{"none", resize(0), {"case.people"}},
             {"one", resize(1), {}},
             {"50", resize(50), {}},
             {"51", resize(51), {"case.people"}},
             {"10,000", resize(10'000), {"case.people"}}});
}

TEST(CheckCase, NeedsOnePrincipalAndConsent) {
  CheckRows(
      {{"no principal",
        [](v1::Case& input) {
          input.mutable_people(0)->set_relationship(type::v1::RELATIONSHIP_SPOUSE);
        },
        {"case.people"}},
       {"two principals",
        [](v1::Case& input) {
          input.mutable_people(1)->set_relationship(type::v1::RELATIONSHIP_PRINCIPAL);
        },
        {"case.people[1].relationship"}},
       {"consent not asked", [](v1::Case& input) { input.clear_consent(); }, {"case.consent"}},
       {"consent refused", [](v1::Case& input) { input.set_consent(false); }, {}},
       {"both at once with too many people",
        [](v1::Case& input) {
          input.clear_consent();
          input.clear_people();
        },
        {"case.people", "case.consent"}}});
}

TEST(CheckCase, ChecksNames) {
  const std::string path = "case.people[0].identity.";
  struct Text {
    const char* field;
    std::function<void(v1::Identity&, const std::string&)> set;
    int characters_max;
    bool required;
  };
  const Text texts[] = {
      {"given_names", [](auto& who, const auto& text) { who.set_given_names(text); }, 200, true},
      {"first_surname", [](auto& who, const auto& text) { who.set_first_surname(text); }, 200,
       false},
      {"second_surname", [](auto& who, const auto& text) { who.set_second_surname(text); }, 200,
       false},
      {"registration_number",
       [](auto& who, const auto& text) { who.set_registration_number(text); }, 50, false},
      {"documents[0].number",
       [](auto& who, const auto& text) { who.mutable_documents(0)->set_number(text); }, 50, true}};
  std::vector<Row> rows;
  for (const Text& text : texts) {
    const auto row = [&](const char* name, const std::string& value, bool good) {
      rows.push_back({absl::StrCat(text.field, " ", name),
                      [text, value](v1::Case& input) { text.set(First(input), value); },
                      good ? Fields{} : Fields{path + text.field}});
    };
    row("empty", "", !text.required);
    row("blank", " \t\n", !text.required);
    row("one character", "ñ", true);
    row("longest", Characters(text.characters_max), true);
    row("longest with space around", "  " + Characters(text.characters_max) + " \n", true);
    row("too long", Characters(text.characters_max + 1), false);
    row("not UTF-8", std::string(kPlanted) + "\xFF", false);
    row("overlong", std::string(kPlanted) + "\xC0\xAF", false);
    row("surrogate", std::string(kPlanted) + "\xED\xA0\x80", false);
    row("control character", std::string(kPlanted) + '\x07', false);
    row("NUL", std::string(kPlanted) + '\0', false);
    row("override", std::string(kPlanted) + "\xE2\x80\xAE", false);
  }
  CheckRows(rows);
}

TEST(CheckCase, MissingIdentityIsAMissingName) {
  CheckRows({{"no identity",
              [](v1::Case& input) { input.mutable_people(0)->clear_identity(); },
              {"case.people[0].identity.given_names"}}});
}

TEST(CheckCase, ChecksBirth) {
  const Fields bad = {"case.people[0].identity.date_of_birth"};
  const auto born = [](type::v1::PartialDate date) {
    return [date](v1::Case& input) {
      *First(input).mutable_date_of_birth() = date;
      input.mutable_people(0)->clear_entry_date();
    };
  };
  CheckRows({{"unknown", born({}), {}},
             {"unset", [](v1::Case& input) { First(input).clear_date_of_birth(); }, {}},
             {"today", born(Date(2023, 7, 28)), {}},
             {"tomorrow", born(Date(2023, 7, 29)), bad},
             {"this month", born(Date(2023, 7)), {}},
             {"next month", born(Date(2023, 8)), bad},
             {"this year", born(Date(2023)), {}},
             {"next year", born(Date(2024)), bad},
             {"122 years ago", born(Date(1901, 7, 28)), {}},
             {"122 years and a day ago", born(Date(1901, 7, 27)), bad},
             {"month 122 years ago", born(Date(1901, 7)), {}},
             {"month before it", born(Date(1901, 6)), bad},
             {"year 122 years ago", born(Date(1901)), {}},
             {"year before it", born(Date(1900)), bad},
             {"planted", born(Date(kPlantedYear, 1, 1)), bad},
             {"30 February", born(Date(1990, 2, 30)), bad},
             {"29 February of a common year", born(Date(1990, 2, 29)), bad},
             {"29 February of a leap year", born(Date(2000, 2, 29)), {}},
             {"month 13", born(Date(1990, 13)), bad},
             {"day without month", born(Date(1990, 0, 5)), bad},
             {"month without year", born(Date(0, 5)), bad},
             {"negative", born(Date(-1990, 5, 1)), bad},
             {"year 9999", born(Date(9999)), bad},
             {"year 10000", born(Date(10000)), bad}});
}

TEST(CheckCase, ChecksEntry) {
  const Fields bad = {"case.people[0].entry_date"};
  const auto entered = [](type::v1::PartialDate date, type::v1::PartialDate birth = {}) {
    return [date, birth](v1::Case& input) {
      *input.mutable_people(0)->mutable_entry_date() = date;
      if (birth.year() > 0) *First(input).mutable_date_of_birth() = birth;
    };
  };
  const type::v1::PartialDate born = Date(2023, 5, 10);
  CheckRows({{"unknown", entered({}), {}},
             {"today", entered(Date(2023, 7, 28)), {}},
             {"tomorrow", entered(Date(2023, 7, 29)), bad},
             {"this month", entered(Date(2023, 7)), {}},
             {"next month", entered(Date(2023, 8)), bad},
             {"this year", entered(Date(2023)), {}},
             {"next year", entered(Date(2024)), bad},
             {"does not exist", entered(Date(2023, 6, 31)), bad},
             {"on the day of birth", entered(Date(2023, 5, 10), born), {}},
             {"the day before birth", entered(Date(2023, 5, 9), born), bad},
             {"in the month of birth", entered(Date(2023, 5), born), {}},
             {"in the month before birth", entered(Date(2023, 4), born), bad},
             {"in the year of birth", entered(Date(2023), born), {}},
             {"in the year before birth", entered(Date(2022), born), bad},
             {"birth known by year", entered(Date(2023, 1, 1), Date(2023)), {}},
             {"before a birth known by year", entered(Date(2022, 12, 31), Date(2023)), bad},
             {"a wrong birth does not count against the entry",
              entered(Date(2023), Date(2024)),
              {"case.people[0].identity.date_of_birth"}}});
}

TEST(CheckCase, ChecksDocuments) {
  const std::string path = "case.people[0].identity.documents";
  const auto document = [](int type, const char* number) {
    return [type, number](v1::Case& input) {
      v1::Document& document = *First(input).mutable_documents(0);
      document.set_type(static_cast<type::v1::DocumentType>(type));
      document.set_number(number);
    };
  };
  const auto count = [](int documents) {
    return [documents](v1::Case& input) {
      while (First(input).documents_size() < documents) {
        *First(input).add_documents() = First(input).documents(0);
      }
    };
  };
  std::vector<Row> rows = {
      {"none", [](v1::Case& input) { First(input).clear_documents(); }, {}},
      {"number without type", document(0, kPlanted), {path + "[0].type"}},
      {"type without number", document(1, ""), {path + "[0].number"}},
      {"neither", document(0, ""), {path + "[0].number", path + "[0].type"}},
      {"unknown type", document(6, kPlanted), {path + "[0].type"}},
      {"negative type", document(-1, kPlanted), {path + "[0].type"}},
      {"10", count(10), {}},
      {"11", count(11), {path}},
      {"second is bad",
       [](v1::Case& input) { First(input).add_documents()->set_number(kPlanted); },
       {path + "[1].type"}}};
  for (int type = 1; type <= type::v1::DocumentType_MAX; ++type) {
    rows.push_back({absl::StrCat("type ", type), document(type, "A1"), {}});
  }
  CheckRows(rows);
}

TEST(CheckCase, ChecksPhoneAndLanguage) {
  const Fields bad_phone = {"case.people[0].identity.phone"};
  const Fields bad_language = {"case.people[0].identity.language"};
  const auto phone = [](const std::string& text) {
    return [text](v1::Case& input) { First(input).set_phone(text); };
  };
  const auto language = [](const std::string& text) {
    return [text](v1::Case& input) { First(input).set_language(text); };
  };
  CheckRows({{"no phone", phone(""), {}},
             {"blank phone", phone("  "), {}},
             {"8 digits", phone("+12345678"), {}},
             {"15 digits", phone("+123456789012345"), {}},
             {"space around", phone(" +529621234567 "), {}},
             {"7 digits", phone("+1234567"), bad_phone},
             {"16 digits", phone("+1234567890123456"), bad_phone},
             {"no plus", phone("529621234567"), bad_phone},
             {"country code 0", phone("+029621234567"), bad_phone},
             {"space inside", phone("+52 9621234567"), bad_phone},
             {"letters", phone("+5296212345ab"), bad_phone},
             {"only a plus", phone("+"), bad_phone},
             {"planted", phone(kPlanted), bad_phone},
             {"not UTF-8", phone("+52962123456\xFF"), bad_phone},
             {"no language", language(""), {}},
             {"upper case", language("FR"), {}},
             {"unknown language", language("de"), bad_language},
             {"planted language", language(kPlanted), bad_language},
             {"language not UTF-8", language("\xFF"), bad_language}});
}

TEST(CheckCase, ChecksCodes) {
  const std::string path = "case.people[0].";
  const auto nationalities = [](const Fields& codes) {
    return [codes](v1::Case& input) {
      *input.mutable_people(0)->mutable_nationalities() = {codes.begin(), codes.end()};
    };
  };
  const auto needs = [](const Fields& codes) {
    return [codes](v1::Case& input) {
      *input.mutable_people(0)->mutable_needs() = {codes.begin(), codes.end()};
    };
  };
  const auto state = [](const std::string& code) {
    return [code](v1::Case& input) { input.mutable_people(0)->set_state(code); };
  };
  CheckRows({{"no nationality", nationalities({}), {path + "nationalities"}},
             {"3", nationalities({"VE", "CUB", "xxa"}), {}},
             {"4", nationalities({"VE", "CUB", "XXA", "HT"}), {path + "nationalities"}},
             {"not known", nationalities({" xxx "}), {}},
             {"known and not", nationalities({"VE", "XXX"}), {path + "nationalities[1]"}},
             {"unknown", nationalities({"VE", "ZZ9"}), {path + "nationalities[1]"}},
             {"empty", nationalities({""}), {path + "nationalities[0]"}},
             {"not UTF-8", nationalities({"\xFF"}), {path + "nationalities[0]"}},
             {"all bad",
              nationalities({"ZZ9", kPlanted}),
              {path + "nationalities[0]", path + "nationalities[1]"}},
             {"no needs", needs({}), {}},
             {"20 needs", needs(Fields(20, "CR-CP")), {}},
             {"21 needs", needs(Fields(21, "CR-CP")), {path + "needs"}},
             {"unknown need", needs({"CR-CP", "CR-ZZ9"}), {path + "needs[1]"}},
             {"empty need", needs({""}), {path + "needs[0]"}},
             {"no state", state(""), {}},
             {"blank state", state(" "), {}},
             {"unknown state", state("MX-ZZ9"), {path + "state"}},
             {"state not UTF-8", state("MX-\xFF"), {path + "state"}}});
}

TEST(CheckCase, HoldsAnswersAgainstTheCatalogue) {
  const auto answer = [](const std::string& fact, bool yes) {
    return [=](v1::Case& input) { SetAnswer(*input.mutable_people(1), fact, yes); };
  };
  CheckRows(
      {{"one more", answer("job_offer", true), {}},
       {"unknown", answer("zodiac", true), {"case.people[1].answers[0].fact"}},
       {"a field", answer("state", true), {"case.people[1].answers[0].fact"}},
       {"never recorded", answer("irregular_entry", false), {"case.people[1].answers[0].fact"}}});
}

TEST(CheckCase, ChecksEveryNumberOfEveryEnum) {
  struct Enum {
    const char* field;
    int max;
    bool required;
    std::function<void(v1::Person&, int)> set;
  };
  const Enum enums[] = {
      {"relationship", type::v1::Relationship_MAX, true,
       [](auto& who, int n) { who.set_relationship(static_cast<type::v1::Relationship>(n)); }},
      {"sex", type::v1::Sex_MAX, true,
       [](auto& who, int n) { who.set_sex(static_cast<type::v1::Sex>(n)); }},
      {"refugee_claim", type::v1::RefugeeClaim_MAX, false,
       [](auto& who, int n) { who.set_refugee_claim(static_cast<type::v1::RefugeeClaim>(n)); }}};
  std::vector<Row> rows;
  for (const Enum& each : enums) {
    for (const int number : {-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 9999}) {
      const bool principal = number == 1 && std::string(each.field) == "relationship";
      const bool good = number > 0 ? number <= each.max : number == 0 && !each.required;
      rows.push_back(
          {absl::StrCat(each.field, " ", number),
           [each, number](v1::Case& input) { each.set(*input.mutable_people(1), number); },
           good && !principal ? Fields{} : Fields{absl::StrCat("case.people[1].", each.field)}});
    }
  }
  CheckRows(rows);
}

TEST(CheckCase, NamesEveryBadFieldAtOnce) {
  CheckRows({{"many",
              [](v1::Case& input) {
                v1::Person& person = *input.mutable_people(1);
                person.mutable_identity()->set_given_names("");
                person.mutable_identity()->set_first_surname(std::string(kPlanted) + "\xFF");
                *person.mutable_identity()->mutable_date_of_birth() = Date(kPlantedYear);
                person.mutable_identity()->set_phone(kPlanted);
                person.clear_sex();
                person.clear_nationalities();
                *person.mutable_entry_date() = Date(9999);
                person.set_state(kPlanted);
                person.add_needs(kPlanted);
                input.clear_consent();
              },
              {"case.people[1].identity.given_names", "case.people[1].identity.first_surname",
               "case.people[1].identity.date_of_birth", "case.people[1].identity.phone",
               "case.people[1].sex", "case.people[1].nationalities", "case.people[1].entry_date",
               "case.people[1].state", "case.people[1].needs[0]", "case.consent"}}});
}

}  // namespace
}  // namespace pathways::intake
