"""What a desk gets wrong: the faults planted in the sample day.

A fault is put on a household that would be right without it, so that the refused cells are known
from construction. The whole household of a bad row is refused.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class CellFault:
    """One cell that is replaced."""

    column: str
    cell: str
    why: str


# Planted on the row of any person. Every one is bad on every day of import.
CELL_FAULTS = (
    CellFault("given_names", "", "given names are missing"),
    CellFault("first_surname", "de los Santos " * 15, "a name of more than 200 characters"),
    CellFault("date_of_birth", "31/02/1990", "31 February"),
    CellFault("date_of_birth", "04/25/1991", "month before day, so a month 25"),
    CellFault("date_of_birth", "2093-05-11", "birth date in the future, typed 2093 for 1993"),
    CellFault("date_of_birth", "17/3/1887", "birth date more than 122 years ago"),
    CellFault("nationality", "SIN DATO", "nationality is not a code"),
    CellFault("other_nationality", "ZZ", "code of no country"),
    CellFault("sex", "H", "unknown sex code, H for hombre"),
    CellFault("phone", "962 000 0101", "phone without + and country code"),
    CellFault("entry_date", "2034-06-14", "entry date after the day of registration"),
    CellFault("needs", "SC-XX", "need code that does not exist"),
    CellFault("state", "CHIAPAS", "state is not a code"),
    CellFault("language", "kreyol", "language is not a code"),
    CellFault("in_mexico", "QUIZAS", "Spanish perhaps"),
)


def _entry_before_birth(rows):
    rows[-1].cells["date_of_birth"] = "2009-04-02"
    rows[-1].cells["entry_date"] = "2003-05-30"
    return [(rows[-1], "entry_date", "entry date before birth")]


def _unknown_document_type(rows):
    rows[0].cells.update(document_type="INE", document_number="SYN-90001")
    return [(rows[0], "document_type", "unknown document type")]


def _number_without_type(rows):
    rows[0].cells.update(document_type="", document_number="SYN-90002")
    return [(rows[0], "document_type", "document number without its type")]


def _no_principal(rows):
    rows[0].cells["relationship"] = "SIBLING"
    return [(rows[0], "relationship", "household without a principal applicant")]


def _two_principals(rows):
    rows[1].cells["relationship"] = "PRINCIPAL"
    return [(rows[1], "relationship", "second principal applicant")]


def _unknown_relationship(rows):
    rows[1].cells["relationship"] = "COMADRE"
    return [(rows[1], "relationship", "unknown relationship")]


def _no_consent(rows):
    rows[0].cells["consent"] = ""
    return [(rows[0], "consent", "principal applicant was not asked for consent")]


def _two_consents(rows):
    rows[0].cells["consent"], rows[1].cells["consent"] = "YES", "NO"
    return [(rows[1], "consent", "consent differs from the principal applicant's")]


def _short_row(rows):
    rows[1].cut = True
    return [(rows[1], "", "row with a field too few")]


def _no_number(rows):
    rows[1].cells["household_number"] = ""
    return [(rows[1], "household_number", "row without household number inside a household")]


def _several(rows):
    rows[0].cells["sex"] = "MUJERES"
    rows[1].cells["phone"] = "52 00 000 0077"
    rows[2].cells["given_names"] = ""
    why = "one of three bad cells of a household"
    return [(rows[0], "sex", why), (rows[1], "phone", why), (rows[2], "given_names", why)]


# With the least number of people that each needs. They take rows and return (row, column, why).
ROW_FAULTS = (
    (1, _entry_before_birth),
    (1, _unknown_document_type),
    (1, _number_without_type),
    (1, _no_principal),
    (2, _two_principals),
    (2, _unknown_relationship),
    (1, _no_consent),
    (2, _two_consents),
    (2, _short_row),
    (3, _no_number),
    (3, _several),
)
