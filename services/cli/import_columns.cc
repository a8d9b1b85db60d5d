#include "services/cli/import_columns.h"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pathways/type/v1/person.pb.h"
#include "services/base/unicode.h"
#include "services/cli/fact_answers.h"
#include "services/cli/import_words.h"
#include "services/cli/spreadsheet_cells.h"
#include "services/type/dates.h"
#include "services/type/text.h"

namespace pathways::cli {
namespace {

struct ColumnRule {
  absl::string_view name;
  bool required;
};

// Not constexpr: under UBSan this compiler takes no address of a named array for a constant.
const ColumnRule kColumns[] = {
    {kHouseholdNumber, true}, {kRelationship, true},      {"given_names", true},
    {"first_surname", true},  {"second_surname", false},  {"sex", true},
    {"date_of_birth", true},  {"nationality", true},      {"other_nationality", false},
    {"document_type", false}, {"document_number", false}, {"phone", false},
    {"language", false},      {"entry_date", true},       {"state", false},
    {"refugee_claim", true},  {"needs", false},           {kConsent, true},
    {"registered_on", false}};

// The fact that is kept among the answers and has this id; null: none.
const type::v1::Fact* AnsweredFact(const type::Facts& facts, absl::string_view id) {
  const type::v1::Fact* const fact = facts.Find(id);
  return fact != nullptr && fact->storage() == type::v1::FACT_STORAGE_ANSWER ? fact : nullptr;
}

// Whether it is a fact that is only ever asked: a file that holds such answers is a list that could
// harm the people on it, and nothing of it is read.
bool IsNeverRecorded(const type::Facts& facts, absl::string_view id) {
  const type::v1::Fact* const fact = facts.Find(id);
  return fact != nullptr && fact->storage() == type::v1::FACT_STORAGE_NEVER;
}

// The id of the fact whose words call a column so; the word itself where none does.
std::string FactOfWord(const type::Facts& facts, std::string word) {
  for (const type::v1::Fact& fact : facts.catalogue().facts()) {
    if (fact.storage() != type::v1::FACT_STORAGE_ANSWER &&
        fact.storage() != type::v1::FACT_STORAGE_NEVER) {
      continue;
    }
    for (const type::v1::FactWords& words : fact.words()) {
      if (absl::c_linear_search(words.columns(), word)) return fact.id();
    }
  }
  return word;
}

// The column that a header cell names, or the cell in the form of a column name.
std::string NameOf(absl::string_view cell, const type::Facts& facts, const ColumnMapping& mapping) {
  const std::string word = WordOf(cell);
  const auto mapped = mapping.find(word);
  return mapped == mapping.end() ? FactOfWord(facts, ColumnOfWord(word)) : mapped->second;
}

bool IsFixedColumn(absl::string_view name) {
  return std::any_of(std::begin(kColumns), std::end(kColumns),
                     [&](const ColumnRule& column) { return column.name == name; });
}

bool IsColumn(absl::string_view name, const type::Facts& facts) {
  return IsFixedColumn(name) || AnsweredFact(facts, name) != nullptr;
}

// A word that a cell may hold.
template <typename Enum>
struct Meaning {
  absl::string_view word;
  Enum value;
};

constexpr Meaning<type::v1::Relationship> kRelationships[] = {
    {"PRINCIPAL", type::v1::RELATIONSHIP_PRINCIPAL},
    {"SPOUSE", type::v1::RELATIONSHIP_SPOUSE},
    {"CHILD", type::v1::RELATIONSHIP_CHILD},
    {"PARENT", type::v1::RELATIONSHIP_PARENT},
    {"SIBLING", type::v1::RELATIONSHIP_SIBLING},
    {"GRANDPARENT", type::v1::RELATIONSHIP_GRANDPARENT},
    {"GRANDCHILD", type::v1::RELATIONSHIP_GRANDCHILD},
    {"OTHER_RELATIVE", type::v1::RELATIONSHIP_OTHER_RELATIVE},
    {"NOT_RELATED", type::v1::RELATIONSHIP_NOT_RELATED}};

constexpr Meaning<type::v1::Sex> kSexes[] = {{"F", type::v1::SEX_FEMALE},
                                             {"M", type::v1::SEX_MALE},
                                             {"X", type::v1::SEX_OTHER},
                                             {"U", type::v1::SEX_UNKNOWN}};

constexpr Meaning<type::v1::RefugeeClaim> kRefugeeClaims[] = {
    {"NONE", type::v1::REFUGEE_CLAIM_NONE},
    {"FILED", type::v1::REFUGEE_CLAIM_FILED},
    {"RECOGNISED", type::v1::REFUGEE_CLAIM_RECOGNISED},
    {"REFUSED", type::v1::REFUGEE_CLAIM_REFUSED},
    {"", type::v1::REFUGEE_CLAIM_UNSPECIFIED}};

constexpr Meaning<type::v1::DocumentType> kDocumentTypes[] = {
    {"PASSPORT", type::v1::DOCUMENT_TYPE_PASSPORT},
    {"NATIONAL_ID", type::v1::DOCUMENT_TYPE_NATIONAL_ID},
    {"BIRTH_CERTIFICATE", type::v1::DOCUMENT_TYPE_BIRTH_CERTIFICATE},
    {"CONSULAR_ID", type::v1::DOCUMENT_TYPE_CONSULAR_ID},
    {"OTHER", type::v1::DOCUMENT_TYPE_OTHER},
    {"NONE", type::v1::DOCUMENT_TYPE_UNSPECIFIED},
    {"", type::v1::DOCUMENT_TYPE_UNSPECIFIED}};

// Reads the cells of one row.
class RowReader {
 public:
  RowReader(const Columns& columns, const CsvRow& row, std::vector<RowError>& errors)
      : columns_(columns), row_(row), errors_(errors) {}

  void Refuse(absl::string_view column, absl::string_view reason) {
    AddError(errors_, {row_.line, std::string(column), std::string(reason)});
  }

  // Empty, with an error, where the cell is in another encoding: a message cannot hold it.
  std::string Text(absl::string_view column) {
    const absl::string_view cell = columns_.Cell(row_, column);
    if (!type::IsUtf8(cell)) {
      Refuse(column, "must be valid UTF-8: save the file in that encoding");
      return "";
    }
    const SpreadsheetCell read = ReadCell(cell);
    if (!read.fault.empty()) Refuse(column, read.fault);
    return base::Nfc(read.text);  // As the service has it before it counts characters.
  }

  // Of a number that somebody else gave. Numbers of 12 digits and more are shown in short.
  std::string Number(absl::string_view column) {
    std::string text = Text(column);
    if (!IsShortenedNumber(text)) return text;
    Refuse(column,
           "was shortened by a spreadsheet: give the column the format text and write it again");
    return "";
  }

  // A spreadsheet takes +52... for a number and shows it without the +. What is left could be a
  // number without the code of its country too, so it is not guessed.
  std::string Phone(absl::string_view column) {
    std::string text = Number(column);
    const bool is_number = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
      return absl::ascii_isdigit(static_cast<unsigned char>(c));
    });
    if (!is_number) return text;
    Refuse(column,
           "has no + before the code of the country, which spreadsheets take away: give the column "
           "the format text and write it with the +");
    return "";
  }

  type::v1::PartialDate Date(absl::string_view column) {
    const auto date = ParseDate(Text(column));
    if (date && type::IsValid(*date)) return *date;
    Refuse(column,
           "must be a date that exists, as YYYY-MM-DD, D/M/YYYY, YYYY-MM, MM/YYYY or YYYY, or "
           "empty");
    return {};
  }

  // What the cell of a fact's column says; nothing where it is empty, or wrong, with an error.
  std::optional<type::v1::FactAnswer> Answer(const type::v1::Fact& fact) {
    auto answer = ReadAnswer(fact, Text(fact.id()), '|');
    if (answer.ok()) return *std::move(answer);
    Refuse(fact.id(), answer.status().message());
    return std::nullopt;
  }

  // The meaning of a cell; the first value of the enum, with an error, for a word without one.
  template <typename Enum, size_t Count>
  Enum Value(absl::string_view column, const Meaning<Enum> (&meanings)[Count]) {
    const std::string text = Text(column);
    const std::string word = absl::AsciiStrToUpper(EnglishOf(column, WordOf(text)));
    for (const Meaning<Enum>& meaning : meanings) {
      // A cell of nothing but punctuation is no word, and not empty.
      if (meaning.word == word && word.empty() == text.empty()) return meaning.value;
    }
    const auto append_word = [](std::string* out, const Meaning<Enum>& meaning) {
      absl::StrAppend(out, meaning.word.empty() ? "empty" : meaning.word);
    };
    Refuse(column, absl::StrCat("must be one of: ", absl::StrJoin(meanings, ", ", append_word)));
    return Enum();
  }

 private:
  const Columns& columns_;
  const CsvRow& row_;
  std::vector<RowError>& errors_;
};

intake::v1::Identity ReadIdentity(RowReader& reader) {
  intake::v1::Identity identity;
  identity.set_given_names(reader.Text("given_names"));
  identity.set_first_surname(reader.Text("first_surname"));
  identity.set_second_surname(reader.Text("second_surname"));
  *identity.mutable_date_of_birth() = reader.Date("date_of_birth");
  const type::v1::DocumentType type = reader.Value("document_type", kDocumentTypes);
  const std::string number = reader.Number("document_number");
  if (type != type::v1::DOCUMENT_TYPE_UNSPECIFIED || !number.empty()) {
    identity.add_documents()->set_type(type);
    identity.mutable_documents(0)->set_number(number);
  }
  identity.set_phone(reader.Phone("phone"));
  identity.set_language(reader.Text("language"));
  identity.set_registration_number(reader.Number(kHouseholdNumber));
  return identity;
}

void ReadCodes(RowReader& reader, intake::v1::Person& person) {
  const std::string nationality = reader.Text("nationality");
  const std::string other = reader.Text("other_nationality");
  if (nationality.empty()) {
    reader.Refuse("nationality", "is required: an ISO 3166-1 code, XXA or XXX");
  }
  person.add_nationalities(nationality);
  if (!other.empty()) person.add_nationalities(other);
  const std::string needs = reader.Text("needs");
  for (const absl::string_view need : absl::StrSplit(needs, '|', absl::SkipWhitespace())) {
    person.add_needs(std::string(absl::StripAsciiWhitespace(need)));
  }
}

std::optional<bool> ReadConsent(RowReader& reader) {
  const std::string text = reader.Text(kConsent);
  const std::string word = EnglishOf(kConsent, WordOf(text));
  if (word == "yes" || word == "no") return word == "yes";
  if (!text.empty()) reader.Refuse(kConsent, kConsentExpected);
  return std::nullopt;
}

std::optional<absl::CivilDay> ReadRegisteredOn(RowReader& reader, absl::CivilDay today) {
  const std::string text = reader.Text("registered_on");
  if (text.empty()) return std::nullopt;
  const auto date = ParseDate(text);
  if (date && type::IsValid(*date) && date->day() > 0) {
    const absl::CivilDay day = type::RangeOf(*date)->first;
    if (day <= today) return day;
  }
  reader.Refuse("registered_on", "must be a whole day, not in the future, or empty");
  return std::nullopt;
}

// A part of a date: digits only, `digits_min` to `digits_max` of them, above 0.
std::optional<int> DatePart(absl::string_view text, size_t digits_min, size_t digits_max) {
  const bool digits =
      std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isdigit(c); });
  int value = 0;
  if (!digits || text.size() < digits_min || text.size() > digits_max ||
      !absl::SimpleAtoi(text, &value) || value == 0) {
    return std::nullopt;
  }
  return value;
}

std::optional<type::v1::PartialDate> MakeDate(std::optional<int> year, std::optional<int> month,
                                              std::optional<int> day) {
  if (!year || !month || !day) return std::nullopt;
  type::v1::PartialDate date;
  date.set_year(*year);
  date.set_month(*month);
  date.set_day(*day);
  return date;
}

}  // namespace

absl::StatusOr<ColumnMapping> ReadColumnMapping(const std::string& path, const type::Facts& facts) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError("the mapping cannot be opened for reading");
  ColumnMapping mapping;
  std::vector<std::string> faults;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const absl::string_view text =
        absl::StripAsciiWhitespace(absl::string_view(line).substr(0, line.find('#')));
    if (text.empty()) continue;
    const std::vector<absl::string_view> sides = absl::StrSplit(text, absl::MaxSplits('=', 1));
    const std::string theirs = WordOf(sides[0]);
    const std::string ours = sides.size() == 2 ? WordOf(sides[1]) : "";
    const bool is_twice = std::any_of(mapping.begin(), mapping.end(),
                                      [&](const auto& entry) { return entry.second == ours; });
    if (theirs.empty() || !IsColumn(ours, facts)) {
      faults.push_back(absl::StrCat("line ", number, " is not \"their name = a column of ours\""));
    } else if (is_twice || !mapping.emplace(theirs, ours).second) {
      faults.push_back(absl::StrCat("line ", number, " names a column for the second time"));
    }
  }
  if (!faults.empty()) return absl::InvalidArgumentError(absl::StrJoin(faults, "; "));
  return mapping;
}

void AddError(std::vector<RowError>& errors, RowError error) {
  const bool known = std::any_of(errors.begin(), errors.end(), [&](const RowError& other) {
    return other.line == error.line && other.column == error.column;
  });
  if (!known) errors.push_back(std::move(error));
}

absl::StatusOr<Columns> Columns::FromHeader(const std::vector<std::string>& header,
                                            std::shared_ptr<const type::Facts> facts,
                                            const ColumnMapping& mapping) {
  Columns columns;
  columns.facts_ = std::move(facts);
  std::vector<std::string> faults;
  std::vector<std::string> words;
  for (const std::string& cell : header) {
    words.push_back(WordOf(cell));
    columns.names_.push_back(NameOf(cell, *columns.facts_, mapping));
    const std::string& name = columns.names_.back();
    if (name.empty()) continue;
    columns.count_ = columns.names_.size();
    const type::v1::Fact* const fact = AnsweredFact(*columns.facts_, name);
    if (IsNeverRecorded(*columns.facts_, name)) {
      faults.push_back(absl::StrCat("the header names ", name,
                                    ", which is never recorded: take the column out of the file"));
    } else if (fact == nullptr && !IsFixedColumn(name)) {
      columns.ignored_.push_back(name);
    } else if (absl::c_count(columns.names_, name) > 1) {
      faults.push_back(absl::StrCat("the header names ", name, " twice"));
    } else if (fact != nullptr) {
      columns.answered_.push_back(fact);
    }
  }
  std::vector<absl::string_view> missing;
  for (const ColumnRule& column : kColumns) {
    if (column.required && !absl::c_linear_search(columns.names_, column.name)) {
      missing.push_back(column.name);
    }
  }
  if (!missing.empty()) {
    faults.push_back(absl::StrCat("the header lacks: ", absl::StrJoin(missing, ", ")));
  }
  for (const auto& [theirs, ours] : mapping) {
    if (!absl::c_linear_search(words, theirs)) {
      faults.push_back(absl::StrCat("the header lacks what the mapping calls ", theirs));
    }
  }
  if (!faults.empty()) return absl::InvalidArgumentError(absl::StrJoin(faults, "; "));
  return columns;
}

std::optional<char> Columns::DelimiterOf(absl::string_view header_line, const type::Facts& facts,
                                         const ColumnMapping& mapping) {
  std::optional<char> best;
  int64_t most = 0;
  for (const char delimiter : {',', ';', '\t'}) {
    const std::vector<absl::string_view> cells = absl::StrSplit(header_line, delimiter);
    const int64_t named = absl::c_count_if(cells, [&](absl::string_view cell) {
      return IsColumn(NameOf(cell, facts, mapping), facts);
    });
    if (named > most) {
      most = named;
      best = delimiter;
    }
  }
  return best;
}

bool Columns::Fits(const CsvRow& row) const {
  return row.fields.size() >= count_ &&
         std::all_of(row.fields.begin() +
                         static_cast<ptrdiff_t>(std::min(names_.size(), row.fields.size())),
                     row.fields.end(), [](const std::string& cell) { return type::IsBlank(cell); });
}

absl::string_view Columns::Cell(const CsvRow& row, absl::string_view column) const {
  const auto found = absl::c_find(names_, column);
  const size_t index = static_cast<size_t>(found - names_.begin());
  return index < row.fields.size() && found != names_.end() ? row.fields[index]
                                                            : absl::string_view();
}

RowReading ReadRow(const Columns& columns, const CsvRow& row, absl::CivilDay today,
                   std::vector<RowError>& errors) {
  RowReader reader(columns, row, errors);
  RowReading reading;
  intake::v1::Person& person = reading.person;
  *person.mutable_identity() = ReadIdentity(reader);
  person.set_relationship(reader.Value(kRelationship, kRelationships));
  person.set_sex(reader.Value("sex", kSexes));
  ReadCodes(reader, person);
  *person.mutable_entry_date() = reader.Date("entry_date");
  person.set_state(reader.Text("state"));
  person.set_refugee_claim(reader.Value("refugee_claim", kRefugeeClaims));
  for (const type::v1::Fact* const fact : columns.answered()) {
    if (auto answer = reader.Answer(*fact)) *person.add_answers() = *std::move(answer);
  }
  reading.consent = ReadConsent(reader);
  reading.registered_on = ReadRegisteredOn(reader, today);
  return reading;
}

std::string HouseholdNumberOf(const Columns& columns, const CsvRow& row) {
  std::vector<RowError> errors;
  const std::string number = RowReader(columns, row, errors).Number(kHouseholdNumber);
  return type::Clean(number).text;
}

type::v1::Relationship RelationshipOf(const Columns& columns, const CsvRow& row) {
  std::vector<RowError> none;
  return RowReader(columns, row, none).Value(kRelationship, kRelationships);
}

std::optional<type::v1::PartialDate> ParseDate(absl::string_view text) {
  if (text.empty()) return type::v1::PartialDate();
  const auto whole = [](absl::string_view year) { return DatePart(year, 4, 4); };
  const std::vector<absl::string_view> dashed = absl::StrSplit(text, '-');
  const std::vector<absl::string_view> slashed = absl::StrSplit(text, '/');
  if (dashed.size() == 3 && slashed.size() == 1) {
    return MakeDate(whole(dashed[0]), DatePart(dashed[1], 2, 2), DatePart(dashed[2], 2, 2));
  }
  if (slashed.size() == 3 && dashed.size() == 1) {
    return MakeDate(whole(slashed[2]), DatePart(slashed[1], 1, 2), DatePart(slashed[0], 1, 2));
  }
  if (dashed.size() == 2 && slashed.size() == 1) {
    return MakeDate(whole(dashed[0]), DatePart(dashed[1], 2, 2), 0);
  }
  if (slashed.size() == 2 && dashed.size() == 1) {
    return MakeDate(whole(slashed[1]), DatePart(slashed[0], 1, 2), 0);
  }
  return MakeDate(whole(text), 0, 0);
}

std::string ColumnOfField(absl::string_view field, const std::vector<std::string>& answered) {
  if (absl::ConsumePrefix(&field, "answers[")) {
    size_t index = 0;
    const bool is_known = absl::SimpleAtoi(field.substr(0, field.find(']')), &index);
    return is_known && index < answered.size() ? answered[index] : "";
  }
  if (absl::StartsWith(field, "nationalities[1]")) return "other_nationality";
  if (absl::StartsWith(field, "nationalities")) return "nationality";
  if (absl::StartsWith(field, "needs")) return "needs";
  absl::ConsumePrefix(&field, "identity.");
  if (absl::StartsWith(field, "documents")) {
    return absl::EndsWith(field, ".type") ? "document_type" : "document_number";
  }
  if (field == "registration_number") return kHouseholdNumber;
  return IsFixedColumn(field) ? std::string(field) : "";
}

}  // namespace pathways::cli
