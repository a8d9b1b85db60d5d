"""Makes the synthetic households of the sample day.

Of all facts only the entry of those who came lately depends on the day of registration: they came
within the 15 days before it. Ages fall so that no outcome of the pack changes with them from 14
August 2023 to 2036: somebody who will turn 12 in that time does not look for work, and somebody who
will turn 18 does not or was not asked. generate.py checks that it is so.
"""

import dataclasses
import datetime
import random

import names
import screening

FIRST_DAY = datetime.date(2023, 8, 14)  # Ages are as of this day, on whichever they register.
PEOPLE_MAX = 8


class Draw:
    """Chance from a seed. Only random() is promised to be the same in every Python."""

    def __init__(self, seed):
        self._random = random.Random(seed)

    def below(self, count):
        return int(self._random.random() * count)

    def between(self, low, high):
        return low + self.below(high - low + 1)

    def chance(self, percent):
        return self._random.random() * 100 < percent

    def one_of(self, options):
        return options[self.below(len(options))]

    def weighted(self, options):
        """One key of a dict by its weight."""
        place = self.below(sum(options.values()))
        for option, weight in options.items():
            place -= weight
            if place < 0:
                return option
        raise AssertionError("weights are above 0")

    def day(self, first, last):
        return first + datetime.timedelta(days=self.below((last - first).days + 1))


@dataclasses.dataclass
class Person:
    """What is true of a person. Dates are tuples of what is known: (), (y,), (y, m), (y, m, d)."""

    relationship: str
    sex: str
    given_names: str
    first_surname: str
    second_surname: str
    birth: tuple
    nationalities: list
    document: tuple = ("", "")
    phone: str = ""
    language: str = "es"
    entry: tuple = ()
    in_mexico: str = "YES"
    state: str = "MX-CHP"
    claim: str = "NONE"
    fear: str = "YES"
    seeks_work: str = "NO"
    needs: list = dataclasses.field(default_factory=list)


def _parts(day):
    return (day.year, day.month, day.day)


def _born(draw, youngest, oldest):
    """A birth date of somebody who has completed so many years on FIRST_DAY."""
    first = FIRST_DAY.replace(year=FIRST_DAY.year - oldest - 1) + datetime.timedelta(days=1)
    return draw.day(first, FIRST_DAY.replace(year=FIRST_DAY.year - youngest))


class Maker:
    """Makes households that register on a day, one after the other, from one source of chance."""

    def __init__(self, draw, day):
        self._draw = draw
        self._day = day
        self._documents = 0
        self._phones = 0

    # Parts of a person.

    def _names(self, origin, sex, first=None, second=None):
        list_of = names.GIVEN[origin.names]["M" if sex == "M" else "F"]
        surnames = names.SURNAMES[origin.names]
        first = self._draw.one_of(surnames) if first is None else first
        if not origin.second_surname:
            second = ""
        elif second is None:
            second = "" if self._draw.chance(6) else self._draw.one_of(surnames)
        return self._draw.one_of(list_of), first, second

    def _birth(self, youngest, oldest):
        """Mostly a whole day; year and month, year or nothing where papers are lost."""
        born = _born(self._draw, youngest, oldest)
        known = self._draw.weighted({3: 93, 2: 2, 1: 4, 0: 1})
        if youngest < 18:
            return _parts(born)[: max(known, 1)]  # The age of a child is always known somehow.
        # In the year of a 21st or 60th birthday the band of who knows no day is unknown for a time.
        bands_last = born.year <= 1962 or 1978 <= born.year <= 2001
        return _parts(born)[:known] if bands_last or not known else _parts(born)

    def _document(self, origin, adult):
        self._documents += 1
        kinds = {"PASSPORT": 40, "NATIONAL_ID": 25, "BIRTH_CERTIFICATE": 5, "CONSULAR_ID": 4}
        if not adult:
            kinds = {"PASSPORT": 25, "BIRTH_CERTIFICATE": 50}
        kind = self._draw.weighted({**kinds, "OTHER": 3, "NONE": 10, "": 8})
        if kind in ("", "NONE"):
            return kind, ""
        number = f"{origin.country}-SYN-{self._documents:05d}"
        if kind == "BIRTH_CERTIFICATE" and self._draw.chance(60):
            number = f"Acta SYN {self._documents}, libro 0, foja 00"
        return kind, number

    def _phone(self):
        """No number of these plans begins with 0 after the country code."""
        self._phones += 1
        code = self._draw.weighted({"+5200": 80, "+50900": 8, "+50400": 7, "+50200": 5})
        return f"{code}{self._phones:0{15 - len(code) - 2}d}"

    def _entry(self):
        """Before the day of the statement, lately, on both sides of it, in part or unknown."""
        draw, yesterday = self._draw, self._day - datetime.timedelta(days=1)
        kind = draw.weighted({"before": 56, "lately": 27, "edge": 4, "month": 6, "year": 3, "": 4})
        if kind == "before":
            return _parts(draw.day(datetime.date(2022, 11, 1), datetime.date(2023, 7, 26)))
        if kind == "lately":
            return _parts(draw.day(self._day - datetime.timedelta(days=15), yesterday))
        if kind == "edge":
            return draw.one_of(((2023, 7, 27), (2023, 7, 28), (2023, 7, 29)))
        if kind == "month":
            lately = (yesterday.year, yesterday.month)
            return draw.one_of(((2023, 5), (2023, 6), (2023, 7), lately))
        return draw.one_of(((2022,), (2023,))) if kind == "year" else ()

    def _seeks_work(self, person):
        youngest = 0
        if person.birth:
            youngest = screening.years_between(screening.last_day(person.birth), FIRST_DAY)
        elif person.relationship != "CHILD":
            youngest = 30  # Not known to the desk either, but no child.
        if youngest < 12:
            return "NO"
        if youngest < 18:
            return self._draw.weighted({"NO": 60, "": 40})
        if youngest >= 60:
            return self._draw.weighted({"YES": 15, "NO": 75, "": 10})
        return self._draw.weighted({"YES": 74, "NO": 16, "": 10})

    def person(self, origin, relationship, ages, sex=None, surnames=(None, None)):
        sex = sex or self._draw.weighted({"F": 50, "M": 49, "X": 1})
        given, first, second = self._names(origin, sex, *surnames)
        person = Person(relationship, sex, given, first, second, self._birth(*ages), [])
        person.nationalities = [origin.country]
        if origin.others and self._draw.chance(4):
            person.nationalities.append(self._draw.one_of(origin.others))
        adult = ages[0] >= 18
        person.document = self._document(origin, adult)
        if adult and self._draw.chance(70):
            person.phone = self._phone()
        person.language = origin.language
        if origin.language == "ht" and self._draw.chance(20):
            person.language = "fr"
        if adult and person.document[0] == "NONE":
            person.needs.append("LP-ND")
        for need, percent in {"DS": 2, "SM": 3, "TR": 2, "SV": 2, "LP": 2}.items():
            if self._draw.chance(percent):
                person.needs.append(need)
        if ages[0] >= 60 and self._draw.chance(50):
            person.needs.append("ER")
        return person

    # Kinds of households. Each returns people, the principal applicant among them.

    def single(self, origin):
        return [self.person(origin, "PRINCIPAL", (18, 58))]

    def elderly(self, origin):
        return [self.person(origin, "PRINCIPAL", (61, 84))]

    def couple(self, origin):
        first = self.person(origin, "PRINCIPAL", (19, 57), self._draw.one_of("FM"))
        other = "M" if first.sex == "F" else "F"
        if self._draw.chance(5):
            other = first.sex
        return [first, self.person(origin, "SPOUSE", (19, 57), other)]

    def _children(self, origin, parents, most):
        """Under 18; Spanish names take one surname of each parent."""
        fathers, mothers = parents[0], parents[-1]
        if len(parents) == 2 and parents[0].sex == "F":
            fathers, mothers = parents[1], parents[0]
        second = mothers.first_surname if len(parents) == 2 else mothers.second_surname
        surnames = (fathers.first_surname, second)
        return [
            self.person(origin, "CHILD", (0, 17), self._draw.one_of("FM"), surnames)
            for _ in range(self._draw.between(1, most))
        ]

    def family(self, origin):
        parents = self.couple(origin)
        for parent in parents:
            parent.birth = _parts(_born(self._draw, 24, 48))
        return parents + self._children(origin, parents, 4)

    def single_parent(self, origin):
        sex = "F" if self._draw.chance(80) else "M"
        parent = self.person(origin, "PRINCIPAL", (22, 48), sex)
        parent.needs.append("SP-PT")
        if sex == "F" and self._draw.chance(30):
            parent.needs.append("WR")
        return [parent, *self._children(origin, [parent], 3)]

    def extended(self, origin):
        people = self.family(origin)
        if self._draw.chance(60):
            people.append(self.person(origin, "PARENT", (62, 84)))
        if self._draw.chance(50):
            people.append(self.person(origin, "SIBLING", (18, 40)))
        if self._draw.chance(40):
            people.append(self.person(origin, "OTHER_RELATIVE", (19, 50)))
        return people[:PEOPLE_MAX]

    def grandparent(self, origin):
        people = [self.person(origin, "PRINCIPAL", (61, 72), "F")]
        people[0].needs.append("SP-GP")
        for _ in range(self._draw.between(1, 3)):
            people.append(self.person(origin, "GRANDCHILD", (3, 16)))
        return people

    def companions(self, origin):
        people = self.single(origin)
        for _ in range(self._draw.between(1, 3)):
            relationship = self._draw.weighted({"SIBLING": 60, "NOT_RELATED": 40})
            people.append(self.person(origin, relationship, (18, 45)))
        return people

    def separated_child(self, origin):
        people = [self.person(origin, "PRINCIPAL", (21, 45))]
        people.append(self.person(origin, "OTHER_RELATIVE", (6, 16)))
        people[1].needs.append("SC-SC")
        return people

    def child_alone(self, origin):
        people = [self.person(origin, "PRINCIPAL", (13, 17))]
        if self._draw.chance(35):
            first, second = people[0].first_surname, people[0].second_surname
            people.append(self.person(origin, "SIBLING", (7, 15), None, (first, second)))
        for person in people:
            person.needs.append("SC-UC")
        return people

    def _tell_apart(self, people, origin):
        """Nobody has the given names of another in the household."""
        for index, person in enumerate(people):
            taken = {other.given_names for other in people[:index]}
            options = names.GIVEN[origin.names]["M" if person.sex == "M" else "F"]
            free = [name for name in options if name not in taken]
            if person.given_names in taken and free:
                person.given_names = self._draw.one_of(free)

    _KINDS = {
        "single": 38,
        "couple": 9,
        "family": 18,
        "single_parent": 15,
        "extended": 6,
        "companions": 7,
        "elderly": 2,
        "grandparent": 1,
        "separated_child": 2,
        "child_alone": 4,
    }

    def household(self, origin=None):
        """A household whose people travelled together."""
        if origin is None:
            origin = self._draw.weighted({each: each.weight for each in names.ORIGINS})
        people = getattr(self, self._draw.weighted(self._KINDS))(origin)
        self._tell_apart(people, origin)
        entry = self._entry()
        state = self._draw.weighted({"MX-CHP": 88, "MX-OAX": 3, "MX-TAB": 3, "MX-CMX": 2, "": 4})
        claims = {"NONE": 63, "FILED": 20, "RECOGNISED": 3, "REFUSED": 5, "": 9}
        claim = self._draw.weighted(claims)
        fear = self._draw.weighted({"YES": 73, "NO": 14, "": 13})
        for person in people:
            person.entry, person.state, person.claim, person.fear = entry, state, claim, fear
            person.in_mexico = self._draw.weighted({"YES": 965, "NO": 15, "": 20})
            if person.in_mexico == "NO":
                person.entry, person.state = (), ""
            person.seeks_work = self._seeks_work(person)
            _settle_births_after_entry(person)
        return people


def _settle_births_after_entry(person):
    """Who was born after the family came in was born in Mexico, and is a national of it."""
    if not (person.birth and person.entry):
        return
    if screening.last_day(person.birth) >= screening.first_day(person.entry):
        person.entry = ()
        person.nationalities = [person.nationalities[0], "MEX"]
        person.claim, person.fear = "", ""
