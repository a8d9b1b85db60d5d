#!/usr/bin/env python3
"""Writes the sample day: tapachula-day.csv, and expected.json with what it must give.

Usage: generate.py [--seed N] [--day YYYY-MM-DD | --day today] [--out DIR]

The same seed and day give the same bytes on every machine. All people are synthetic: names are
recombined from lists, phones begin with 00 after the country code, which no number does, and
documents carry SYN. README.md beside this file describes the columns, and what --day moves. The
answers of the agencies are read from agency-answers.csv beside this file.
"""

import argparse
import copy
import dataclasses
import datetime
import itertools
import json
import pathlib

import faults
import names
import people
import screening

HERE = pathlib.Path(__file__).resolve().parent
PEOPLE = 1500
NOT_PRINCIPAL = (
    "SPOUSE",
    "CHILD",
    "PARENT",
    "SIBLING",
    "GRANDPARENT",
    "GRANDCHILD",
    "OTHER_RELATIVE",
    "NOT_RELATED",
)
REPEATED_HOUSEHOLDS = 3
DUPLICATES = 12
# After it policies/calendars knows no working days, so that no claim is known to be in time.
LAST_DAY = datetime.date(2030, 12, 31)
# Outcomes must not change before, but for the filing period that ends.
SAME_UNTIL = datetime.date(2036, 12, 31)
DESK_ZONE = datetime.timezone(datetime.timedelta(hours=-6))

COLUMNS = (
    "household_number relationship given_names first_surname second_surname sex date_of_birth "
    "nationality other_nationality document_type document_number phone language entry_date "
    "in_mexico state refugee_claim left_country_for_fear seeks_work needs consent registered_on"
).split()


@dataclasses.dataclass
class Row:
    """One line of the file, as cells, and the person whom it shows."""

    person: people.Person
    cells: dict
    cut: bool = False  # Written without its last field.
    line: int = 0


@dataclasses.dataclass
class Household:
    """Rows that stand together in the file."""

    persons: list
    consent: bool
    rows: list = dataclasses.field(default_factory=list)
    faults: list = dataclasses.field(default_factory=list)  # (row, column, why)
    repeats: object = None  # The household whose number this one uses again.


# The file as the desk writes it.


def date_cell(draw, date):
    if not date:
        return ""
    if draw.chance(55):
        return "-".join(f"{part:0{width}d}" for part, width in zip(date, (4, 2, 2)))
    width = 2 if draw.chance(50) else 1
    return "/".join([*(f"{part:0{width}d}" for part in date[:0:-1]), f"{date[0]}"])


def nationality_cell(draw, code):
    origins = {origin.country: origin.alpha2 for origin in names.ORIGINS}
    if code in origins and draw.chance(35):
        code = origins[code]
    return code.lower() if draw.chance(2) else code


def cells_of(draw, household, person, number, day):
    is_principal = person.relationship == "PRINCIPAL"
    consent = "YES" if household.consent else "NO"
    nationalities = [nationality_cell(draw, code) for code in person.nationalities] + [""]
    values = [number, person.relationship, person.given_names, person.first_surname]
    values += [person.second_surname, person.sex, date_cell(draw, person.birth)]
    values += [*nationalities[:2], *person.document, person.phone, person.language]
    values += [date_cell(draw, person.entry), person.in_mexico, person.state, person.claim]
    values += [person.fear, person.seeks_work, "|".join(person.needs)]
    values += [consent if is_principal or draw.chance(50) else ""]
    values += [date_cell(draw, (day.year, day.month, day.day))]
    cells = dict(zip(COLUMNS, values, strict=True))
    if draw.chance(3):
        column = draw.one_of(["given_names", "first_surname", "nationality", "household_number"])
        cells[column] = f" {cells[column]} " if cells[column] else ""
    return cells


def csv_line(row):
    cells = [row.cells[column] for column in COLUMNS][: -1 if row.cut else None]
    quoted = [
        '"' + cell.replace('"', '""') + '"' if any(c in cell for c in ',"\n') else cell
        for cell in cells
    ]
    return ",".join(quoted) + "\n"


def csv_text(households):
    """The whole file; notes on each row the line it begins on."""
    text, line = ",".join(COLUMNS) + "\n", 2
    for household in households:
        for row in household.rows:
            row.line = line
            text += csv_line(row)
            line = text.count("\n") + 1
    return text


# What the day is made of.


def made_households(draw, total, day):
    """Households with so many people together; the first ones are placed by hand."""
    maker = people.Maker(draw, day)
    made = [maker.household(names.STATELESS), *by_hand(maker)]
    left = total - sum(map(len, made))
    while left > people.PEOPLE_MAX:
        made.append(maker.household())
        left -= len(made[-1])
    haiti = names.ORIGINS[0]
    made += [maker.single(haiti) for _ in range(left)]
    return [Household(persons, draw.chance(93)) for persons in made]


def by_hand(maker):
    """Rare ones that chance may leave out."""
    honduras, cuba, guatemala = (
        next(origin for origin in names.ORIGINS if origin.country == code)
        for code in ("HND", "CUB", "GTM")
    )
    mexican = maker.single(guatemala)[0]
    mexican.nationalities = ["GTM", "MEX"]
    quoted = maker.single(cuba)[0]
    quoted.given_names, quoted.sex = 'Regla "Cuca" María', "F"
    broken = maker.single(honduras)[0]
    broken.document = ("OTHER", "SYN Constancia\nfolio 00, hoja 2")
    one_name = maker.single(next(each for each in names.ORIGINS if each.country == "AFG"))[0]
    one_name.given_names, one_name.first_surname = "Rahimullah", ""
    unknown_sex = maker.single(honduras)[0]
    unknown_sex.sex = "U"
    eve, day_after = maker.single(cuba)[0], maker.single(cuba)[0]
    eve.entry, day_after.entry = (2023, 7, 28), (2023, 7, 29)
    return [[each] for each in (mexican, quoted, broken, one_name, unknown_sex, eve, day_after)]


def misheard(name):
    for sound, letters in (("mm", "m"), ("ey", "y"), ("ou", "u"), ("i", "y"), ("c", "s")):
        if sound in name:
            return name.replace(sound, letters, 1)
    return name + "h"


def respelled(draw, person):
    """The same person, written by somebody else: an accent, a hyphen or a surname is lost."""
    again = copy.deepcopy(person)
    plain = str.maketrans("áéíóúñÁÉÍÓÚÑ-", "aeiounAEIOUN ")
    again.first_surname = person.first_surname.translate(plain).replace("'", "")
    again.given_names = person.given_names.translate(plain)
    if again.first_surname == person.first_surname and again.given_names == person.given_names:
        if person.second_surname:
            again.second_surname = ""
        else:
            again.given_names = misheard(person.given_names)
    again.phone, again.needs = "", []
    if draw.chance(40):
        again.document = ("NONE", "")
    return again


def add_duplicates(draw, households):
    """Registers people again, nine alone and three with others. Returns (first, again)."""
    pairs = []
    candidates = [each for each in households if len(each.persons) > 1][40:]
    for index in range(DUPLICATES):
        adults = ("PRINCIPAL", "SPOUSE", "PARENT")
        likely = [each for each in candidates[index * 7].persons if each.relationship in adults]
        person = likely[index % len(likely)]
        again = respelled(draw, person)
        if index % 4 == 3:
            host = candidates[index * 7 + 3]
            again.relationship = "OTHER_RELATIVE"
            host.persons.append(again)
        else:
            again.relationship = "PRINCIPAL"
            place = draw.between(len(households) // 2, len(households))
            households.insert(place, Household([again], True))
        pairs.append((person, again))
    return pairs


def write_rows(draw, households, day):
    for number, household in enumerate(households, start=1):
        number = f"TAP-{day:%y%m%d}-{number:04d}"
        for person in household.persons:
            household.rows.append(Row(person, cells_of(draw, household, person, number, day)))


def sound(households, pairs):
    """Households free for a fault or a repetition: none with a registered-again person."""
    paired = {id(person) for pair in pairs for person in pair}
    return [
        household
        for household in households
        if not household.faults and not any(id(each) in paired for each in household.persons)
    ]


def plant_faults(draw, households, pairs):
    taken = set()

    def take(least):
        free = [each for each in sound(households[20:], pairs) if len(each.persons) >= least]
        household = draw.one_of([each for each in free if id(each) not in taken])
        taken.add(id(household))
        return household

    for fault in faults.CELL_FAULTS:
        household = take(1)
        row = draw.one_of(household.rows)
        row.cells[fault.column] = fault.cell
        household.faults.append((row, fault.column, fault.why))
    for least, fault in faults.ROW_FAULTS:
        household = take(least)
        household.faults += fault(household.rows)


def repeat_households(draw, households, pairs):
    """Puts whole households into the file again, with their number, further down."""
    for size in range(1, REPEATED_HOUSEHOLDS + 1):
        # Of the first third, so that other households stand between.
        early = sound(households[20 : len(households) // 3], pairs)
        first = draw.one_of([each for each in early if len(each.persons) == size])
        again = Household(first.persons, first.consent, copy.deepcopy(first.rows), repeats=first)
        why = "household number already used further up"
        again.faults.append((again.rows[0], "household_number", why))
        households.insert(draw.between(len(households) // 2, len(households)), again)


def tear_households(households):
    """Refuses whom rows without a principal applicant follow: one of them may belong there."""
    for before, household in itertools.pairwise(households):
        if all(row.cells["relationship"] in NOT_PRINCIPAL for row in household.rows):
            why = "the rows behind it have another number and no principal applicant"
            before.faults.append((household.rows[0], "household_number", why))


def make_day(seed, day):
    """Returns the households in the order of the file, and (person, the same again)."""
    draw = people.Draw(seed)
    repeated = REPEATED_HOUSEHOLDS * (REPEATED_HOUSEHOLDS + 1) // 2
    households = made_households(draw, PEOPLE - DUPLICATES - repeated, day)
    pairs = add_duplicates(draw, households)
    write_rows(draw, households, day)
    plant_faults(draw, households, pairs)
    repeat_households(draw, households, pairs)
    tear_households(households)
    return households, pairs


# What it must give.


def without_period(outcomes):
    """With the question to which an outcome comes when the filing period ends."""
    ended = {("mx-refugee-status", "MEETS"): ("mx-refugee-status", "NEEDS_INFORMATION")}
    return [ended.get(outcome, outcome) for outcome in outcomes]


def check_outcomes_last(households, day):
    """Fails when an outcome depends on the day of import otherwise than by the filing period."""
    for household in households:
        first = list(screening.screen(household.persons, day))
        for year in range(day.year, SAME_UNTIL.year + 1):
            for month in range(1, 13):
                later = max(datetime.date(year, month, 28), day)
                outcomes = list(screening.screen(household.persons, later))
                if outcomes not in (first, without_period(first)):
                    raise AssertionError(f"an outcome changes by {later}: {household.persons}")


def count_outcomes(households, day):
    """Returns pathway to outcome to units, and agency to referrals: MEETS, with consent."""
    outcomes = {name: dict.fromkeys(screening.OUTCOMES, 0) for name in screening.AGENCIES}
    referrals = dict.fromkeys(screening.AGENCIES.values(), 0)
    for household in households:
        for pathway, outcome in screening.screen(household.persons, day):
            outcomes[pathway][outcome] += 1
            if outcome == "MEETS" and household.consent:
                referrals[screening.AGENCIES[pathway]] += 1
    return outcomes, referrals


def expected(households, pairs, day):
    good = [household for household in households if not household.faults]
    check_outcomes_last(good, day)
    refused = [fault for household in households for fault in household.faults]
    lines = {id(row.person): row.line for each in good for row in each.rows}
    outcomes, referrals = count_outcomes(good, day)
    scripts = screening.read_answers(HERE / "agency-answers.csv")
    states = {
        agency: screening.states_after(scripts[agency], count)
        for agency, count in referrals.items()
    }
    return {
        "people": sum(len(household.rows) for household in households),
        "households": len(households),
        "registered_households": len(good),
        "registered_people": sum(len(household.rows) for household in good),
        "registered_without_consent": sum(not household.consent for household in good),
        "refused_households": len(households) - len(good),
        "refused_rows": sorted(
            ({"line": row.line, "column": column, "why": why} for row, column, why in refused),
            key=lambda refusal: refusal["line"],
        ),
        "same_person": [{"line": lines[id(a)], "again": lines[id(b)]} for a, b in pairs],
        "screened": outcomes,
        "referrals": referrals,
        "referral_states": states,
    }


def json_text(value):
    """JSON with each element of a list on one line."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    for refusal in value["refused_rows"] + value["same_person"]:
        tall = json.dumps(refusal, ensure_ascii=False, indent=2).replace("\n", "\n    ")
        text = text.replace(tall, json.dumps(refusal, ensure_ascii=False))
    return text + "\n"


def day_of(text):
    """A day on which the sample can register; `today` is that at the desk."""
    today = datetime.datetime.now(DESK_ZONE).date()
    day = today if text == "today" else datetime.date.fromisoformat(text)
    if not people.FIRST_DAY <= day <= LAST_DAY:
        raise argparse.ArgumentTypeError(f"not from {people.FIRST_DAY} to {LAST_DAY}: {day}")
    return day


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=20230728)
    parser.add_argument("--day", type=day_of, default=people.FIRST_DAY, metavar="DAY")
    parser.add_argument("--out", type=pathlib.Path, default=HERE, metavar="DIR")
    arguments = parser.parse_args()
    households, pairs = make_day(arguments.seed, arguments.day)
    text = csv_text(households)  # Before expected: it notes the lines.
    result = expected(households, pairs, arguments.day)
    if result["people"] != PEOPLE:
        raise AssertionError(f"{result['people']} people")
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, content in (("tapachula-day.csv", text), ("expected.json", json_text(result))):
        (arguments.out / name).write_bytes(content.encode("utf-8"))


if __name__ == "__main__":
    main()
