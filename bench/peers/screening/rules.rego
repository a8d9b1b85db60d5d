# The pack `current` as of 15 January 2026, for OPA. 0: a condition is not met. 1: something has to
# be asked. 2: all are met.
#
# Each condition is two rules, one that says when it is certainly false and one when it is certainly
# true. Numbers in the input: 0 no, 1 unknown, 2 yes; bands, claims and relationships as in
# pathways/type/v1/person.proto, 0 where unknown; entry_first and entry_last in days.
package screening

import rego.v1

four := {"CUB", "HTI", "NIC", "VEN"}

border := {"BLZ", "GTM", "HND", "SLV"}

border_sure := {"BLZ", "GTM"}

family_countries := {"COL", "CUB", "ECU", "GTM", "HND", "HTI", "SLV"}

south := {"MX-CAM", "MX-CHP", "MX-ROO", "MX-TAB"}

of(p, countries) if {
	some country in p.nationalities
	country in countries
}

not_of(p, countries) if {
	count(p.nationalities) > 0
	not of(p, countries)
}

child(p) if p.band in {1, 2}

minor(p) if p.band in {1, 2, 3}

adult(p) if p.band in {4, 5, 6}

some_adult if {
	some p in input.people
	adult(p)
}

only_minors if {
	every p in input.people {
		minor(p)
	}
}

refugee_status_fails(p) if p.in_mexico == 0

refugee_status_fails(p) if of(p, {"MEX"})

refugee_status_fails(p) if p.fear == 0

refugee_status_fails(p) if p.claim in {2, 3}

refugee_status_met(p) if {
	p.in_mexico == 2
	not_of(p, {"MEX"})
	p.fear == 2
	p.claim == 1
	p.entry_first >= input.filing_from
}

refugee_status(p) := 0 if {
	refugee_status_fails(p)
} else := 2 if {
	refugee_status_met(p)
} else := 1

complementary_fails(p) if p.in_mexico == 0

complementary_fails(p) if of(p, {"MEX"})

complementary_fails(p) if p.risk == 0

complementary_fails(p) if p.claim == 3

complementary_met(p) if {
	p.in_mexico == 2
	not_of(p, {"MEX"})
	p.risk == 2
	p.claim in {1, 2, 4}
}

complementary(p) := 0 if {
	complementary_fails(p)
} else := 2 if {
	complementary_met(p)
} else := 1

visitor_card_met(p) if p.crime == 2

visitor_card_met(p) if p.claim == 2

visitor_card_met(p) if {
	minor(p)
	only_minors
}

visitor_card(p) := 2 if {
	visitor_card_met(p)
} else := 1

border_worker_fails(p) if not_of(p, border)

border_worker_fails(p) if p.job == 0

border_worker_fails(p) if {
	p.state != ""
	not p.state in south
}

border_worker_met(p) if {
	of(p, border_sure)
	p.job == 2
	p.state in south
}

border_worker(p) := 0 if {
	border_worker_fails(p)
} else := 2 if {
	border_worker_met(p)
} else := 1

integration_fails(p) if p.claim in {1, 2, 4}

integration_fails(p) if child(p)

integration_met(p) if {
	p.claim == 3
	adult(p)
}

integration(p) := 0 if {
	integration_fails(p)
} else := 2 if {
	integration_met(p)
} else := 1

labour_fails(p) if p.in_mexico == 0

labour_fails(p) if p.work == 0

labour_fails(p) if child(p)

labour_fails(p) if p.papers == 0

labour_met(p) if {
	p.in_mexico == 2
	p.work == 2
	adult(p)
	p.papers == 2
}

labour(p) := 0 if {
	labour_fails(p)
} else := 2 if {
	labour_met(p)
} else := 1

resettlement_fails(p) if not_of(p, four)

resettlement_fails(p) if p.in_mexico == 0

resettlement_met(p) if {
	of(p, four)
	p.in_mexico == 2
	p.entry_last < input.after_statement
}

resettlement(p) := 0 if {
	resettlement_fails(p)
} else := 2 if {
	resettlement_met(p)
} else := 1

# Which categories are met is weighed by people, so it is never met.
unhcr_referral_fails(p) if {
	every member in input.people {
		member.claim in {1, 2, 4}
	}
	not_of(p, {"XXA"})
}

unhcr_referral(p) := 0 if {
	unhcr_referral_fails(p)
} else := 1

# Nobody is asked for a supporter, so it is never met.
parole(p) := 0 if {
	not_of(p, four)
} else := 1

reunification_fails(p) if not_of(p, family_countries)

reunification_fails(p) if p.family == 0

reunification_met(p) if {
	of(p, family_countries)
	p.family == 2
}

reunification(p) := 0 if {
	reunification_fails(p)
} else := 2 if {
	reunification_met(p)
} else := 1

# The list of countries is not sure, so it is never met.
temporary_worker(p) := 0 if {
	p.employer == 0
} else := 1

outcomes := [
	[refugee_status(input.principal), complementary(input.principal)],
	[visitor_card(p) | some p in input.people],
	[border_worker(p) | some p in input.people],
	[integration(p) | some p in input.people],
	[labour(p) | some p in input.people],
	[resettlement(input.principal), unhcr_referral(input.principal)],
	[parole(p) | some p in input.people],
	[reunification(p) | some p in input.people],
	[temporary_worker(p) | some p in input.people],
]
