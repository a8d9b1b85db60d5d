#include "services/type/codes.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "services/type/languages.h"

namespace pathways::type {
namespace {

struct Country {
  absl::string_view alpha2;
  absl::string_view alpha3;
};

constexpr absl::string_view kStateless = "XXA";

// Sorted by alpha-2, as the other tables are sorted by code.
constexpr std::array<Country, 249> kCountries = {
    {{"AD", "AND"}, {"AE", "ARE"}, {"AF", "AFG"}, {"AG", "ATG"}, {"AI", "AIA"}, {"AL", "ALB"},
     {"AM", "ARM"}, {"AO", "AGO"}, {"AQ", "ATA"}, {"AR", "ARG"}, {"AS", "ASM"}, {"AT", "AUT"},
     {"AU", "AUS"}, {"AW", "ABW"}, {"AX", "ALA"}, {"AZ", "AZE"}, {"BA", "BIH"}, {"BB", "BRB"},
     {"BD", "BGD"}, {"BE", "BEL"}, {"BF", "BFA"}, {"BG", "BGR"}, {"BH", "BHR"}, {"BI", "BDI"},
     {"BJ", "BEN"}, {"BL", "BLM"}, {"BM", "BMU"}, {"BN", "BRN"}, {"BO", "BOL"}, {"BQ", "BES"},
     {"BR", "BRA"}, {"BS", "BHS"}, {"BT", "BTN"}, {"BV", "BVT"}, {"BW", "BWA"}, {"BY", "BLR"},
     {"BZ", "BLZ"}, {"CA", "CAN"}, {"CC", "CCK"}, {"CD", "COD"}, {"CF", "CAF"}, {"CG", "COG"},
     {"CH", "CHE"}, {"CI", "CIV"}, {"CK", "COK"}, {"CL", "CHL"}, {"CM", "CMR"}, {"CN", "CHN"},
     {"CO", "COL"}, {"CR", "CRI"}, {"CU", "CUB"}, {"CV", "CPV"}, {"CW", "CUW"}, {"CX", "CXR"},
     {"CY", "CYP"}, {"CZ", "CZE"}, {"DE", "DEU"}, {"DJ", "DJI"}, {"DK", "DNK"}, {"DM", "DMA"},
     {"DO", "DOM"}, {"DZ", "DZA"}, {"EC", "ECU"}, {"EE", "EST"}, {"EG", "EGY"}, {"EH", "ESH"},
     {"ER", "ERI"}, {"ES", "ESP"}, {"ET", "ETH"}, {"FI", "FIN"}, {"FJ", "FJI"}, {"FK", "FLK"},
     {"FM", "FSM"}, {"FO", "FRO"}, {"FR", "FRA"}, {"GA", "GAB"}, {"GB", "GBR"}, {"GD", "GRD"},
     {"GE", "GEO"}, {"GF", "GUF"}, {"GG", "GGY"}, {"GH", "GHA"}, {"GI", "GIB"}, {"GL", "GRL"},
     {"GM", "GMB"}, {"GN", "GIN"}, {"GP", "GLP"}, {"GQ", "GNQ"}, {"GR", "GRC"}, {"GS", "SGS"},
     {"GT", "GTM"}, {"GU", "GUM"}, {"GW", "GNB"}, {"GY", "GUY"}, {"HK", "HKG"}, {"HM", "HMD"},
     {"HN", "HND"}, {"HR", "HRV"}, {"HT", "HTI"}, {"HU", "HUN"}, {"ID", "IDN"}, {"IE", "IRL"},
     {"IL", "ISR"}, {"IM", "IMN"}, {"IN", "IND"}, {"IO", "IOT"}, {"IQ", "IRQ"}, {"IR", "IRN"},
     {"IS", "ISL"}, {"IT", "ITA"}, {"JE", "JEY"}, {"JM", "JAM"}, {"JO", "JOR"}, {"JP", "JPN"},
     {"KE", "KEN"}, {"KG", "KGZ"}, {"KH", "KHM"}, {"KI", "KIR"}, {"KM", "COM"}, {"KN", "KNA"},
     {"KP", "PRK"}, {"KR", "KOR"}, {"KW", "KWT"}, {"KY", "CYM"}, {"KZ", "KAZ"}, {"LA", "LAO"},
     {"LB", "LBN"}, {"LC", "LCA"}, {"LI", "LIE"}, {"LK", "LKA"}, {"LR", "LBR"}, {"LS", "LSO"},
     {"LT", "LTU"}, {"LU", "LUX"}, {"LV", "LVA"}, {"LY", "LBY"}, {"MA", "MAR"}, {"MC", "MCO"},
     {"MD", "MDA"}, {"ME", "MNE"}, {"MF", "MAF"}, {"MG", "MDG"}, {"MH", "MHL"}, {"MK", "MKD"},
     {"ML", "MLI"}, {"MM", "MMR"}, {"MN", "MNG"}, {"MO", "MAC"}, {"MP", "MNP"}, {"MQ", "MTQ"},
     {"MR", "MRT"}, {"MS", "MSR"}, {"MT", "MLT"}, {"MU", "MUS"}, {"MV", "MDV"}, {"MW", "MWI"},
     {"MX", "MEX"}, {"MY", "MYS"}, {"MZ", "MOZ"}, {"NA", "NAM"}, {"NC", "NCL"}, {"NE", "NER"},
     {"NF", "NFK"}, {"NG", "NGA"}, {"NI", "NIC"}, {"NL", "NLD"}, {"NO", "NOR"}, {"NP", "NPL"},
     {"NR", "NRU"}, {"NU", "NIU"}, {"NZ", "NZL"}, {"OM", "OMN"}, {"PA", "PAN"}, {"PE", "PER"},
     {"PF", "PYF"}, {"PG", "PNG"}, {"PH", "PHL"}, {"PK", "PAK"}, {"PL", "POL"}, {"PM", "SPM"},
     {"PN", "PCN"}, {"PR", "PRI"}, {"PS", "PSE"}, {"PT", "PRT"}, {"PW", "PLW"}, {"PY", "PRY"},
     {"QA", "QAT"}, {"RE", "REU"}, {"RO", "ROU"}, {"RS", "SRB"}, {"RU", "RUS"}, {"RW", "RWA"},
     {"SA", "SAU"}, {"SB", "SLB"}, {"SC", "SYC"}, {"SD", "SDN"}, {"SE", "SWE"}, {"SG", "SGP"},
     {"SH", "SHN"}, {"SI", "SVN"}, {"SJ", "SJM"}, {"SK", "SVK"}, {"SL", "SLE"}, {"SM", "SMR"},
     {"SN", "SEN"}, {"SO", "SOM"}, {"SR", "SUR"}, {"SS", "SSD"}, {"ST", "STP"}, {"SV", "SLV"},
     {"SX", "SXM"}, {"SY", "SYR"}, {"SZ", "SWZ"}, {"TC", "TCA"}, {"TD", "TCD"}, {"TF", "ATF"},
     {"TG", "TGO"}, {"TH", "THA"}, {"TJ", "TJK"}, {"TK", "TKL"}, {"TL", "TLS"}, {"TM", "TKM"},
     {"TN", "TUN"}, {"TO", "TON"}, {"TR", "TUR"}, {"TT", "TTO"}, {"TV", "TUV"}, {"TW", "TWN"},
     {"TZ", "TZA"}, {"UA", "UKR"}, {"UG", "UGA"}, {"UM", "UMI"}, {"US", "USA"}, {"UY", "URY"},
     {"UZ", "UZB"}, {"VA", "VAT"}, {"VC", "VCT"}, {"VE", "VEN"}, {"VG", "VGB"}, {"VI", "VIR"},
     {"VN", "VNM"}, {"VU", "VUT"}, {"WF", "WLF"}, {"WS", "WSM"}, {"YE", "YEM"}, {"YT", "MYT"},
     {"ZA", "ZAF"}, {"ZM", "ZMB"}, {"ZW", "ZWE"}}};

constexpr std::array<absl::string_view, 32> kStates = {
    "MX-AGU", "MX-BCN", "MX-BCS", "MX-CAM", "MX-CHH", "MX-CHP", "MX-CMX", "MX-COA",
    "MX-COL", "MX-DUR", "MX-GRO", "MX-GUA", "MX-HID", "MX-JAL", "MX-MEX", "MX-MIC",
    "MX-MOR", "MX-NAY", "MX-NLE", "MX-OAX", "MX-PUE", "MX-QUE", "MX-ROO", "MX-SIN",
    "MX-SLP", "MX-SON", "MX-TAB", "MX-TAM", "MX-TLA", "MX-VER", "MX-YUC", "MX-ZAC"};

constexpr std::array<absl::string_view, 113> kNeeds = {
    "CR",    "CR-AF", "CR-CC", "CR-CH", "CR-CL", "CR-CP", "CR-CS", "CR-LO", "CR-LW", "CR-MS",
    "CR-NE", "CR-SE", "CR-TP", "DS",    "DS-BD", "DS-DF", "DS-MM", "DS-MS", "DS-PM", "DS-PS",
    "DS-SD", "ER",    "ER-FR", "ER-MC", "ER-NF", "ER-OC", "ER-SC", "ER-UR", "FU",    "FU-FR",
    "FU-TR", "LP",    "LP-AF", "LP-AN", "LP-AP", "LP-BN", "LP-CR", "LP-DA", "LP-DN", "LP-DO",
    "LP-DP", "LP-DT", "LP-ES", "LP-FR", "LP-IH", "LP-LS", "LP-MD", "LP-MM", "LP-MS", "LP-NA",
    "LP-ND", "LP-PV", "LP-RD", "LP-RP", "LP-RR", "LP-ST", "LP-TA", "LP-TC", "LP-TD", "LP-TO",
    "LP-TR", "LP-UP", "LP-VA", "LP-VF", "LP-VO", "LP-VP", "LP-WP", "PG",    "PG-HR", "PG-LC",
    "SC",    "SC-CH", "SC-FC", "SC-IC", "SC-NC", "SC-SC", "SC-UC", "SC-UF", "SC-UM", "SM",
    "SM-AD", "SM-CC", "SM-CI", "SM-DP", "SM-MI", "SM-MN", "SM-OT", "SP",    "SP-CG", "SP-GP",
    "SP-PT", "SV",    "SV-FM", "SV-GM", "SV-HK", "SV-HP", "SV-SS", "SV-VA", "SV-VF", "SV-VO",
    "TR",    "TR-HO", "TR-PI", "TR-WV", "WR",    "WR-GM", "WR-HR", "WR-LC", "WR-PY", "WR-SF",
    "WR-UW", "WR-WF", "WR-WR"};

// Major and sub-major groups of ISCO-08.
constexpr std::array<absl::string_view, 53> kOccupations = {
    "0",  "01", "02", "03", "1",  "11", "12", "13", "14", "2",  "21", "22", "23", "24",
    "25", "26", "3",  "31", "32", "33", "34", "35", "4",  "41", "42", "43", "44", "5",
    "51", "52", "53", "54", "6",  "61", "62", "63", "7",  "71", "72", "73", "74", "75",
    "8",  "81", "82", "83", "9",  "91", "92", "93", "94", "95", "96"};
constexpr size_t kOccupationDigitsMax = 4;

template <typename Table>
std::optional<std::string> Find(const Table& table, std::string code) {
  if (!std::binary_search(table.begin(), table.end(), absl::string_view(code))) {
    return std::nullopt;
  }
  return code;
}

}  // namespace

std::optional<std::string> NationalityCode(absl::string_view text) {
  const std::string code = absl::AsciiStrToUpper(text);
  if (code == kStateless) return code;
  const auto found = std::find_if(
      kCountries.begin(), kCountries.end(),
      [&](const Country& country) { return country.alpha2 == code || country.alpha3 == code; });
  if (found == kCountries.end()) return std::nullopt;
  return std::string(found->alpha3);
}

std::optional<std::string> StateCode(absl::string_view text) {
  return Find(kStates, absl::AsciiStrToUpper(text));
}

std::optional<std::string> NeedCode(absl::string_view text) {
  return Find(kNeeds, absl::AsciiStrToUpper(text));
}

std::optional<std::string> OccupationCode(absl::string_view text) {
  const bool is_number = text.size() <= kOccupationDigitsMax &&
                         std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
  if (!is_number || !Find(kOccupations, std::string(text.substr(0, 2)))) return std::nullopt;
  return std::string(text);
}

std::optional<std::string> CodeIn(v1::CodeList list, absl::string_view text) {
  switch (list) {
    case v1::CODE_LIST_ISO_3166_1:
      return NationalityCode(text);
    case v1::CODE_LIST_ISO_3166_2_MX:
      return StateCode(text);
    case v1::CODE_LIST_ISCO_08:
      return OccupationCode(text);
    case v1::CODE_LIST_UNHCR_NEEDS:
      return NeedCode(text);
    default:
      return std::nullopt;
  }
}

std::optional<std::string> LanguageCode(absl::string_view text) { return LanguageOfTag(text); }

}  // namespace pathways::type
