#include "services/cli/import_words.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "services/base/unicode.h"
#include "services/type/text.h"

namespace pathways::cli {
namespace {

// First byte of U+0080 to U+00BF, the punctuation of Latin-1.
constexpr unsigned char kLatinMarks = 0xC2;

// Words in Spanish and Kreyòl of one in English, separated by spaces.
struct Translation {
  absl::string_view english;
  absl::string_view others;
};

// Not constexpr: under UBSan this compiler takes no address of a named array for a constant.
const Translation kColumnWords[] = {
    {"household_number",
     "numero_de_hogar numero_hogar hogar folio numero_de_expediente nimewo_kay nimewo_fwaye"},
    {"relationship", "parentesco relacion relasyon lyen_fanmi"},
    {"given_names", "nombres nombre nombre_s non prenon"},
    {"first_surname", "primer_apellido apellido_paterno apellido siyati premye_siyati"},
    {"second_surname", "segundo_apellido apellido_materno dezyem_siyati"},
    {"sex", "sexo seks"},
    {"date_of_birth", "fecha_de_nacimiento fecha_nacimiento dat_nesans"},
    {"nationality", "nacionalidad nasyonalite"},
    {"other_nationality", "otra_nacionalidad segunda_nacionalidad lot_nasyonalite"},
    {"document_type", "tipo_de_documento tipo_documento kalite_dokiman"},
    {"document_number", "numero_de_documento numero_documento nimewo_dokiman"},
    {"phone", "telefono telefono_movil telefon"},
    {"language", "idioma lengua lang"},
    {"entry_date",
     "fecha_de_entrada fecha_de_ingreso fecha_entrada fecha_ingreso dat_antre dat_antre_meksik"},
    {"state", "estado entidad_federativa eta"},
    {"refugee_claim", "solicitud_de_refugio solicitud_de_la_condicion_de_refugiado demann_refijye"},
    {"needs", "necesidades necesidades_especificas bezwen bezwen_espesyal"},
    {"consent", "consentimiento consiente konsantman"},
    {"registered_on", "fecha_de_registro fecha_registro dat_enskripsyon"}};

const Translation kAnswerWords[] = {{"yes", "si wi true verdadero"}, {"no", "non false falso"}};

const Translation kRelationshipWords[] = {
    {"principal", "titular solicitante solicitante_principal prensipal"},
    {"spouse", "conyuge esposo esposa pareja konjwen mari madanm"},
    {"child", "hijo hija hijo_a pitit pitit_gason pitit_fi"},
    {"parent", "padre madre papa mama manman"},
    {"sibling", "hermano hermana hermano_a fre se"},
    {"grandparent", "abuelo abuela granpapa grann granmoun"},
    {"grandchild", "nieto nieta pitit_pitit"},
    {"other_relative", "otro_familiar otro_pariente lot_fanmi"},
    {"not_related", "sin_parentesco no_familiar pa_fanmi"}};

const Translation kSexWords[] = {{"f", "female femenino femenina mujer fi fanm"},
                                 {"m", "male masculino hombre gason"},
                                 {"x", "other otro lot"},
                                 {"u", "unknown desconocido no_se_sabe pa_konnen"}};

const Translation kClaimWords[] = {{"none", "ninguna okenn"},
                                   {"filed", "presentada en_tramite depoze"},
                                   {"recognised", "recognized reconocida reconocido rekonet"},
                                   {"refused", "negada denegada rechazada refize"}};

const Translation kDocumentWords[] = {
    {"passport", "pasaporte paspo"},
    {"national_id", "cedula dni identificacion identificacion_nacional kat_idantite cin"},
    {"birth_certificate", "acta_de_nacimiento partida_de_nacimiento ak_nesans"},
    {"consular_id", "matricula_consular identificacion_consular kat_konsila"},
    {"other", "otro lot"},
    {"none", "ninguno okenn"}};

template <size_t Count>
std::string EnglishIn(const Translation (&translations)[Count], std::string word) {
  for (const Translation& translation : translations) {
    for (const absl::string_view other : absl::StrSplit(translation.others, ' ')) {
      if (other == word) return std::string(translation.english);
    }
  }
  return word;
}

}  // namespace

std::string WordOf(absl::string_view text) {
  std::string word;
  const type::CleanText clean = type::Clean(text);
  const std::string plain =
      base::Unaccented(clean.fault == type::TextFault::kNone ? clean.text : text);
  for (size_t i = 0; i < plain.size(); ++i) {
    const auto c = static_cast<unsigned char>(plain[i]);
    const bool is_mark = c == kLatinMarks && i + 1 < plain.size();
    if (is_mark) ++i;  // Of two bytes.
    if (!is_mark && (absl::ascii_isalnum(c) || !absl::ascii_isascii(c))) {
      word.push_back(static_cast<char>(absl::ascii_tolower(c)));
    } else if (!word.empty() && word.back() != '_') {
      word.push_back('_');
    }
  }
  if (!word.empty() && word.back() == '_') word.pop_back();
  return word;
}

std::string ColumnOfWord(std::string word) { return EnglishIn(kColumnWords, std::move(word)); }

std::string EnglishOf(absl::string_view column, std::string word) {
  if (column == "relationship") return EnglishIn(kRelationshipWords, std::move(word));
  if (column == "sex") return EnglishIn(kSexWords, std::move(word));
  if (column == "refugee_claim") return EnglishIn(kClaimWords, std::move(word));
  if (column == "document_type") return EnglishIn(kDocumentWords, std::move(word));
  return EnglishIn(kAnswerWords, std::move(word));
}

}  // namespace pathways::cli
