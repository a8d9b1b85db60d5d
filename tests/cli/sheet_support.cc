#include "tests/cli/sheet_support.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "services/cli/spreadsheet.h"

namespace pathways::cli {
namespace {

constexpr char kMain[] = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
constexpr char kOffice[] = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
constexpr char kPackage[] = "http://schemas.openxmlformats.org/package/2006/relationships";

constexpr char kStyles[] =
    R"(<numFmts count="7"><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/>
<numFmt numFmtId="165" formatCode="yyyy\-mm\-dd hh:mm:ss"/><numFmt numFmtId="166" formatCode="000000"/>
<numFmt numFmtId="167" formatCode="&quot;TAP-&quot;0000"/></numFmts>
<cellStyleXfs count="1"><xf numFmtId="14"/></cellStyleXfs>
<cellXfs count="9"><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="14"/><xf numFmtId="165"/>
<xf numFmtId="17"/><xf numFmtId="16"/><xf numFmtId="166"/><xf numFmtId="167"/><xf numFmtId="3"/>
</cellXfs>)";

std::string Escaped(const std::string& text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}});
}

std::string Relation(const std::string& id, const std::string& type, const std::string& target) {
  return absl::StrCat("<Relationship Id=\"", id, "\" Type=\"", kOffice, "/", type, "\" Target=\"",
                      target, "\"/>");
}

std::string Relations(const std::string& relations) {
  return absl::StrCat("<Relationships xmlns=\"", kPackage, "\">", relations, "</Relationships>");
}

std::vector<std::vector<std::string>> TextsOf(const std::vector<Cells>& rows) {
  std::vector<std::vector<std::string>> texts(1);
  for (const auto& [column, cell] : GoodRow()) texts[0].push_back(column);
  for (const Cells& row : rows) {
    texts.emplace_back();
    for (const auto& [column, cell] : row) texts.back().push_back(cell);
  }
  return texts;
}

}  // namespace

Parts WithPart(Parts parts, const std::string& name, const std::string& content) {
  for (auto& part : parts) {
    if (part.first != name) continue;
    part.second = content;
    return parts;
  }
  parts.emplace_back(name, content);
  return parts;
}

Parts XlsxParts(const std::vector<XlsxSheet>& sheets, const std::string& workbook_properties) {
  std::string entries;
  std::string relations = absl::StrCat(Relation("strings", "sharedStrings", "sharedStrings.xml"),
                                       Relation("styles", "styles", "/xl/styles.xml"));
  std::string strings;
  for (int i = 0; i < 3; ++i) absl::StrAppend(&strings, "<si><t>shared ", i, "</t></si>");
  Parts parts = {
      {"[Content_Types].xml",
       "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>"},
      {"_rels/.rels", Relations(Relation("rId1", "officeDocument", "xl/workbook.xml"))},
      {"xl/styles.xml",
       absl::StrCat("<styleSheet xmlns=\"", kMain, "\">", kStyles, "</styleSheet>")},
      {"xl/sharedStrings.xml", absl::StrCat("<sst xmlns=\"", kMain, "\">", strings, "</sst>")}};
  for (size_t i = 0; i < sheets.size(); ++i) {
    const std::string id = absl::StrCat("rId", i + 1);
    absl::StrAppend(&entries, "<sheet name=\"", Escaped(sheets[i].name), "\" sheetId=\"", i + 1,
                    "\" r:id=\"", id, "\"",
                    sheets[i].state.empty() ? "" : absl::StrCat(" state=\"", sheets[i].state, "\""),
                    "/>");
    const std::string target = absl::StrCat("worksheets/sheet", i + 1, ".xml");
    absl::StrAppend(&relations, Relation(id, "worksheet", target));
    parts.emplace_back(absl::StrCat("xl/", target),
                       absl::StrCat("<worksheet xmlns=\"", kMain, "\"><sheetData>", sheets[i].rows,
                                    "</sheetData>", sheets[i].after_rows, "</worksheet>"));
  }
  parts.emplace_back("xl/workbook.xml", absl::StrCat("<workbook xmlns=\"", kMain, "\" xmlns:r=\"",
                                                     kOffice, "\">", workbook_properties,
                                                     "<sheets>", entries, "</sheets></workbook>"));
  parts.emplace_back("xl/_rels/workbook.xml.rels", Relations(relations));
  return parts;
}

std::string Xlsx(const std::string& rows, const std::string& workbook_properties) {
  return Zip(XlsxParts({{.rows = rows}}, workbook_properties));
}

Parts OdsParts(const std::string& tables, const std::string& styles) {
  const auto name = [](const char* space) {
    return absl::StrCat(" xmlns:", space, "=\"urn:oasis:names:tc:opendocument:xmlns:", space,
                        ":1.0\"");
  };
  return {{"mimetype", "application/vnd.oasis.opendocument.spreadsheet"},
          {"content.xml",
           absl::StrCat("<office:document-content", name("office"), name("table"), name("text"),
                        name("style"),
                        " xmlns:number=\"urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0\"",
                        " xmlns:calcext=\"urn:org:documentfoundation:names:experimental:calc:xmlns:"
                        "calcext:1.0\"><office:automatic-styles>",
                        styles, "</office:automatic-styles><office:body><office:spreadsheet>",
                        tables, "</office:spreadsheet></office:body></office:document-content>")}};
}

std::string Ods(const std::string& rows, const std::string& styles) {
  return Zip(
      OdsParts(absl::StrCat("<table:table table:name=\"Hoja1\">", rows, "</table:table>"), styles));
}

std::string XlsxTextRow(const std::vector<std::string>& texts) {
  // Each cell says its column by the order, and a blank one is there without a text.
  std::string row = "<row>";
  for (const std::string& text : texts) {
    absl::StrAppend(&row, text.empty() ? std::string("<c/>")
                                       : absl::StrCat("<c t=\"inlineStr\"><is><t>", Escaped(text),
                                                      "</t></is></c>"));
  }
  return row + "</row>";
}

std::string OdsTextRow(const std::vector<std::string>& texts) {
  std::string row = "<table:table-row>";
  for (const std::string& text : texts) {
    absl::StrAppend(
        &row, text.empty() ? std::string("<table:table-cell/>")
                           : absl::StrCat("<table:table-cell office:value-type=\"string\"><text:p>",
                                          Escaped(text), "</text:p></table:table-cell>"));
  }
  return row + "</table:table-row>";
}

std::string XlsxOfText(const std::vector<Cells>& rows) {
  std::string xml;
  for (const auto& texts : TextsOf(rows)) xml += XlsxTextRow(texts);
  return Xlsx(xml);
}

std::string OdsOfText(const std::vector<Cells>& rows) {
  std::string xml;
  for (const auto& texts : TextsOf(rows)) xml += OdsTextRow(texts);
  return Ods(xml);
}

SheetReading ReadBytes(absl::string_view bytes, const std::string& sheet) {
  SheetReading reading;
  reading.status = ReadSpreadsheet(bytes, sheet, [&](const SheetRow& row) {
    reading.rows.push_back(absl::StrCat(row.number, ": ", absl::StrJoin(row.cells, "|")));
    return absl::OkStatus();
  });
  return reading;
}

}  // namespace pathways::cli
