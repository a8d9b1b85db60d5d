// The rules of the pack `current` in other engines: CEL (cel-go) and OPA (a prepared query).
//
// Reads the facts that bench/screening_sides writes, answers each case with one digit per outcome
// (1 meets, 2 does not meet, 3 needs information) in the same order, and prints one line of JSON
// with the nanoseconds a case of each part. What an engine is given is made before the clock runs;
// its answers become digits after. CEL gets one program per pathway with typed variables, OPA one
// query for the whole case.
package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/interpreter"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

const (
	chunk          = 2000
	afterStatement = 19567 // 29 July 2023, in days.
)

//go:embed rules.rego
var regoRules string

// As in screening_sides.cc.
var numbers = []string{
	"relationship", "band", "claim", "in_mexico", "fear", "work", "risk", "crime", "job", "family",
	"employer", "papers", "entry_first", "entry_last",
}

type person struct {
	numbers       []int64
	state         string
	nationalities []string
}

var unknown = func() person {
	p := person{numbers: make([]int64, len(numbers))}
	for i, name := range numbers {
		switch name {
		case "relationship", "band", "claim":
		case "entry_first":
			p.numbers[i] = -1 << 30
		case "entry_last":
			p.numbers[i] = 1 << 30
		default:
			p.numbers[i] = 1
		}
	}
	return p
}()

func parse(line string) (people []person, principal person) {
	principal = unknown
	for _, text := range strings.Split(line, ";") {
		fields := strings.Split(text, ",")
		p := person{state: fields[len(numbers)]}
		for i := range numbers {
			value, err := strconv.ParseInt(fields[i], 10, 64)
			if err != nil {
				log.Fatal(err)
			}
			p.numbers = append(p.numbers, value)
		}
		if list := fields[len(numbers)+1]; list != "" {
			p.nationalities = strings.Split(list, "|")
		}
		if p.numbers[0] == 1 {
			principal = p
		}
		people = append(people, p)
	}
	return people, principal
}

// One engine: makes its input of a case, and screens it: 0, 1 or 2 per outcome.
type engine interface {
	prepare(people []person, principal person) any
	screen(input any) []int64
}

// ---- CEL. Each pathway: when it fails, and when it is met.

const (
	four      = `['CUB', 'HTI', 'NIC', 'VEN']`
	border    = `['BLZ', 'GTM', 'HND', 'SLV']`
	countries = `['COL', 'CUB', 'ECU', 'GTM', 'HND', 'HTI', 'SLV']`
	workable  = `band in [4, 5, 6]`
)

func of(list string) string { return `nationalities.exists(n, n in ` + list + `)` }

func notOf(list string) string {
	return `(size(nationalities) > 0 && !nationalities.exists(n, n in ` + list + `))`
}

type pathway struct {
	isFamily    bool
	fails, when string
}

var pathways = []pathway{
	{true, `in_mexico == 0 || ` + of(`['MEX']`) + ` || fear == 0 || claim in [2, 3]`,
		`in_mexico == 2 && ` + notOf(`['MEX']`) + ` && fear == 2 && claim == 1 && entry_first >= filing_from`},
	{true, `in_mexico == 0 || ` + of(`['MEX']`) + ` || risk == 0 || claim == 3`,
		`in_mexico == 2 && ` + notOf(`['MEX']`) + ` && risk == 2 && claim in [1, 2, 4]`},
	{false, `false`,
		`crime == 2 || claim == 2 || (band in [1, 2, 3] && bands.all(b, b in [1, 2, 3]))`},
	{false, notOf(border) + ` || job == 0 || (state != '' && !(state in ['MX-CAM', 'MX-CHP', 'MX-ROO', 'MX-TAB']))`,
		of(`['BLZ', 'GTM']`) + ` && job == 2 && state in ['MX-CAM', 'MX-CHP', 'MX-ROO', 'MX-TAB']`},
	{false, `claim in [1, 2, 4] || band in [1, 2]`, `claim == 3 && ` + workable},
	{false, `in_mexico == 0 || work == 0 || band in [1, 2] || papers == 0`,
		`in_mexico == 2 && work == 2 && ` + workable + ` && papers == 2`},
	{true, notOf(four) + ` || in_mexico == 0`,
		of(four) + ` && in_mexico == 2 && entry_last < after_statement`},
	{true, `claims.all(c, c in [1, 2, 4]) && ` + notOf(`['XXA']`), `false`},
	{false, notOf(four), `false`},
	{false, notOf(countries) + ` || family == 0`, of(countries) + ` && family == 2`},
	{false, `employer == 0`, `false`},
}

type celEngine struct {
	programs   []cel.Program
	filingFrom int64
}

type celInput struct {
	people []interpreter.Activation
	family interpreter.Activation
}

func newCel(filingFrom int64) *celEngine {
	options := []cel.EnvOption{
		cel.Variable("state", cel.StringType),
		cel.Variable("nationalities", cel.ListType(cel.StringType)),
		cel.Variable("bands", cel.ListType(cel.IntType)),
		cel.Variable("claims", cel.ListType(cel.IntType)),
		cel.Variable("filing_from", cel.IntType),
		cel.Variable("after_statement", cel.IntType),
	}
	for _, name := range numbers {
		options = append(options, cel.Variable(name, cel.IntType))
	}
	environment, err := cel.NewEnv(options...)
	if err != nil {
		log.Fatal(err)
	}
	engine := &celEngine{filingFrom: filingFrom}
	for _, p := range pathways {
		text := fmt.Sprintf("(%s) ? 0 : ((%s) ? 2 : 1)", p.fails, p.when)
		syntax, issues := environment.Compile(text)
		if issues.Err() != nil {
			log.Fatal(issues.Err())
		}
		program, err := environment.Program(syntax, cel.EvalOptions(cel.OptOptimize))
		if err != nil {
			log.Fatal(err)
		}
		engine.programs = append(engine.programs, program)
	}
	return engine
}

func (e *celEngine) activation(p person, bands, claims []int64) interpreter.Activation {
	variables := map[string]any{
		"state": p.state, "nationalities": p.nationalities, "bands": bands, "claims": claims,
		"filing_from": e.filingFrom, "after_statement": int64(afterStatement),
	}
	for i, name := range numbers {
		variables[name] = p.numbers[i]
	}
	activation, err := interpreter.NewActivation(variables)
	if err != nil {
		log.Fatal(err)
	}
	return activation
}

func (e *celEngine) prepare(people []person, principal person) any {
	var bands, claims []int64
	for _, p := range people {
		bands = append(bands, p.numbers[1])
		claims = append(claims, p.numbers[2])
	}
	input := celInput{family: e.activation(principal, bands, claims)}
	for _, p := range people {
		input.people = append(input.people, e.activation(p, bands, claims))
	}
	return input
}

func (e *celEngine) screen(input any) []int64 {
	given := input.(celInput)
	outcomes := make([]int64, 0, len(pathways)*len(given.people))
	add := func(program cel.Program, activation interpreter.Activation) {
		value, _, err := program.Eval(activation)
		if err != nil {
			log.Fatal(err)
		}
		outcomes = append(outcomes, value.Value().(int64))
	}
	for i, p := range pathways {
		if p.isFamily {
			add(e.programs[i], given.family)
			continue
		}
		for _, activation := range given.people {
			add(e.programs[i], activation)
		}
	}
	return outcomes
}

// ---- OPA.

type opaEngine struct {
	query      rego.PreparedEvalQuery
	filingFrom int64
}

func newOpa(filingFrom int64) *opaEngine {
	query, err := rego.New(rego.Query("data.screening.outcomes"),
		rego.Module("rules.rego", regoRules)).PrepareForEval(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	return &opaEngine{query, filingFrom}
}

func document(p person) map[string]any {
	fields := map[string]any{"state": p.state}
	for i, name := range numbers {
		fields[name] = p.numbers[i]
	}
	list := make([]any, 0, len(p.nationalities))
	for _, code := range p.nationalities {
		list = append(list, code)
	}
	fields["nationalities"] = list
	return fields
}

func (e *opaEngine) prepare(people []person, principal person) any {
	var documents []any
	for _, p := range people {
		documents = append(documents, document(p))
	}
	value, err := ast.InterfaceToValue(map[string]any{
		"people": documents, "principal": document(principal),
		"filing_from": e.filingFrom, "after_statement": afterStatement,
	})
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func (e *opaEngine) screen(input any) []int64 {
	results, err := e.query.Eval(context.Background(), rego.EvalParsedInput(input.(ast.Value)))
	if err != nil || len(results) != 1 {
		log.Fatal("the query gave no answer: ", err)
	}
	var outcomes []int64
	for _, group := range results[0].Expressions[0].Value.([]any) {
		for _, one := range group.([]any) {
			number, err := one.(json.Number).Int64()
			if err != nil {
				log.Fatal(err)
			}
			outcomes = append(outcomes, number)
		}
	}
	return outcomes
}

func main() {
	name := flag.String("engine", "cel", "cel or opa")
	facts := flag.String("facts", "", "file of facts")
	path := flag.String("outcomes", "", "file that gets the outcomes")
	filingFrom := flag.Int64("filing-from", 0, "first day of entry within the filing period")
	perPart := flag.Int("part", 10000, "cases of one part, each measured by itself")
	flag.Parse()
	var screening engine
	if *name == "cel" {
		screening = newCel(*filingFrom)
	} else {
		screening = newOpa(*filingFrom)
	}
	in, err := os.Open(*facts)
	if err != nil {
		log.Fatal(err)
	}
	out, err := os.Create(*path)
	if err != nil {
		log.Fatal(err)
	}
	writer := bufio.NewWriter(out)
	scanner := bufio.NewScanner(in)
	digits := []byte("231") // Of 0, 1 and 2: does not meet, needs information, meets.
	var parts []float64
	var took time.Duration
	count := 0
	for more := true; more; {
		var inputs []any
		for len(inputs) < chunk && len(inputs)+count < *perPart {
			if more = scanner.Scan(); !more {
				break
			}
			inputs = append(inputs, screening.prepare(parse(scanner.Text())))
		}
		answers := make([][]int64, 0, len(inputs))
		start := time.Now()
		for _, input := range inputs {
			answers = append(answers, screening.screen(input))
		}
		took += time.Since(start)
		count += len(inputs)
		for _, answer := range answers {
			for _, outcome := range answer {
				writer.WriteByte(digits[outcome])
			}
			writer.WriteByte('\n')
		}
		if count == *perPart || (!more && count > 0) {
			parts = append(parts, float64(took.Nanoseconds())/float64(count))
			took, count = 0, 0
		}
	}
	if err := writer.Flush(); err != nil {
		log.Fatal(err)
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{"ns": parts})
}
