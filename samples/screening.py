"""What the sample day must give, by an own reading of policies/2023-07-28/README.md.

This knows nothing of the C++ services. It is written from the pack's prose and from the order of an
agency's actions, so that a fault in the evaluator or in a referral does not hide in it too.
"""

import csv
import datetime
import functools

STATEMENT = datetime.date(2023, 7, 28)
FILING_DAYS = 30
RESETTLEMENT_COUNTRIES = {"CUB", "HTI", "NIC", "VEN"}

# Pathway to the agency of agencies.textproto.
AGENCIES = {
    "us-refugee-resettlement": "unhcr-mx",
    "mx-refugee-status": "comar",
    "mx-labour": "sne",
}

OUTCOMES = ("MEETS", "DOES_NOT_MEET", "NEEDS_INFORMATION")

# State that an action leaves a referral in.
_STATE_AFTER = {
    "RECEIVE": "RECEIVED",
    "ACCEPT": "ACCEPTED",
    "STAGE": "IN_PROGRESS",
    "COMPLETE": "COMPLETED",
    "CLOSE": "CLOSED_WITHOUT_OUTCOME",
    "REJECT": "REJECTED",
    "RETURN": "RETURNED",
}


def first_day(date):
    """First day that a date of one to three known parts may mean."""
    return datetime.date(*(tuple(date) + (1, 1))[:3])


def last_day(date):
    """Last day that a date of one to three known parts may mean."""
    if len(date) == 3:
        return datetime.date(*date)
    year, month = (date[0], 12) if len(date) == 1 else date
    following = datetime.date(year + month // 12, month % 12 + 1, 1)
    return following - datetime.timedelta(days=1)


def years_between(birth, day):
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _answer(word):
    return {"YES": "met", "NO": "not met", "": "ask"}[word]


def _claim(word):
    return {"NONE": "met", "FILED": "not met", "RECOGNISED": "not met"}.get(word, "ask")


def _entry(date):
    return "met" if date and last_day(date) <= STATEMENT else "ask"


@functools.cache
def filing_from(day):
    """First day of entry from which not more than FILING_DAYS working days have begun on a day."""
    left = FILING_DAYS
    while left:
        left -= day.weekday() < 5
        day -= datetime.timedelta(days=1)
    return day


def _in_time(date, day):
    """Too late is never a no: the period also runs from when it was possible to file."""
    return "met" if date and first_day(date) >= filing_from(day) else "ask"


def _working_age(birth, day):
    """Under 12 not met, 12 to 17 and unknown a question, 18 and older met.

    An age that is not known to the year counts as unknown where it could be in two of intake's
    bands (0, 5, 12, 18, 21, 60 years and on).
    """
    if not birth:
        return "ask"
    ages = [years_between(end(birth), day) for end in (first_day, last_day)]
    bands = {sum(age >= start for start in (5, 12, 18, 21, 60)) for age in ages}
    if len(bands) > 1:
        return "ask"
    return "not met" if ages[0] < 12 else "ask" if ages[0] < 18 else "met"


def _outcome(criteria):
    if "not met" in criteria:
        return "DOES_NOT_MEET"
    return "NEEDS_INFORMATION" if "ask" in criteria else "MEETS"


def screen(household, day):
    """Yields (pathway, outcome) of each unit of a household that is screened on a day."""
    principal = next(person for person in household if person.relationship == "PRINCIPAL")
    in_mexico = _answer(principal.in_mexico)
    named = RESETTLEMENT_COUNTRIES.intersection(principal.nationalities)
    yield (
        "us-refugee-resettlement",
        _outcome(["met" if named else "not met", in_mexico, _entry(principal.entry)]),
    )
    foreign = "not met" if "MEX" in principal.nationalities else "met"
    fear, claim = _answer(principal.fear), _claim(principal.claim)
    in_time = _in_time(principal.entry, day)
    yield "mx-refugee-status", _outcome([in_mexico, foreign, fear, claim, in_time])
    for person in household:
        criteria = [_answer(person.in_mexico), _answer(person.seeks_work)]
        yield "mx-labour", _outcome([*criteria, _working_age(person.birth, day)])


def read_answers(path):
    """Reads agency-answers.csv: agency to a list of (share, state after the script)."""
    scripts = {}
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            state = "SUBMITTED"
            if row["actions"]:
                state = _STATE_AFTER[row["actions"].split(">")[-1].split(":")[0]]
            scripts.setdefault(row["agency"], []).append((int(row["share_percent"]), state))
    for agency, rows in scripts.items():
        if sum(share for share, _ in rows) != 100:
            raise ValueError(f"{path}: the shares of {agency} do not add up to 100")
    return scripts


def states_after(rows, referrals):
    """Counts the states of an agency's referrals when each got the script that is its own."""
    counts = {}
    for index in range(referrals):
        place, end = index * 37 % 100, 0
        for share, state in rows:
            end += share
            if place < end:
                counts[state] = counts.get(state, 0) + 1
                break
    return dict(sorted(counts.items()))
