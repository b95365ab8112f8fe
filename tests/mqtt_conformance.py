#!/usr/bin/env python3
"""The clauses of MQTT 3.1.1 and 5.0 against tests/wire/mqtt_clauses.txt, and docs/mqtt-conformance.md made of it.

Fails on a clause that is not listed, one that no standard has, a test that does not exist, and a page that is not up to date.
`--write` writes the page. `--results DIR` reads what test programs said of their last run instead (gtest's XML: GTEST_OUTPUT=xml:DIR/,
and ctest's --output-junit, which tells of failures only) and fails on every clause one of whose tests failed, was skipped or did not run.
"""

import functools
import re
import sys
import xml.etree.ElementTree
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
PAGE = TOP / "docs/mqtt-conformance.md"

# The numbered demands of each standard: a section and how many it has.
STANDARDS = {
    "3.1.1": """1.5.3:3 2.2.2:2 2.3.1:7 3.1.0:2 3.1.2:24 3.1.3:11 3.1.4:5 3.2.0:1 3.2.2:6 3.3.1:12 3.3.2:3 3.3.4:1 3.3.5:2
        3.6.1:1 3.8.1:1 3.8.3:4 3.8.4:6 3.9.3:2 3.10.1:1 3.10.3:2 3.10.4:6 3.12.4:1 3.14.1:1 3.14.4:3 4.1.0:2 4.3.1:1 4.3.2:2
        4.3.3:2 4.4.0:1 4.5.0:2 4.6.0:6 4.7.1:3 4.7.2:1 4.7.3:4 4.8.0:2 6.0.0:4 7.0.0:2 7.1.1:1 7.1.2:1""",
    "5.0": """1.5.4:3 1.5.5:1 1.5.7:1 2.1.3:1 2.2.1:2-6 2.2.2:1 3.1.0:2 3.1.2:30 3.1.3:12 3.1.4:6 3.2.0:2 3.2.2:22 3.3.1:13
        3.3.2:20 3.3.4:10 3.4.2:3 3.5.2:3 3.6.1:1 3.6.2:3 3.7.2:3 3.8.1:1 3.8.3:5 3.8.4:8 3.9.2:2 3.9.3:2 3.10.1:1 3.10.3:2
        3.10.4:6 3.11.2:2 3.11.3:2 3.12.4:1 3.14.0:1 3.14.1:1 3.14.2:4 3.14.4:3 3.15.1:1 3.15.2:3 4.1.0:2 4.2:1 4.3.1:1 4.3.2:5
        4.3.3:13 4.4.0:2 4.5.0:2 4.6.0:6 4.7.0:1 4.7.1:2 4.7.2:1 4.7.3:4 4.8.2:6 4.9.0:3 4.12.0:7 4.12.1:2 4.13.1:1 4.13.2:1
        6.0.0:4""",
}
STATES = ("client", "excluded", "deviation", "untested")


def standard_clauses(version):
    clauses = []
    for part in STANDARDS[version].split():
        section, numbers = part.split(":")
        first, _, last = numbers.rpartition("-")
        clauses += [f"{section}-{n}" for n in range(int(first or 1), int(last) + 1)]
    return clauses


@functools.cache
def known_tests():
    known = set()
    for path in (TOP / "tests").rglob("*.cpp"):
        for suite, name in re.findall(r"^TEST(?:_[FP])?\((\w+),\s*(\w+)\)", path.read_text(encoding="utf-8"), re.MULTILINE):
            known.add(f"{suite}.{name}")
    exchanges = (TOP / "tests/net/mqtt_exchanges.txt").read_text(encoding="utf-8")
    for name, only in re.findall(r"^case (\w+)(?: (v\d))?$", exchanges, re.MULTILINE):
        known |= {f"{version}:{name}" for version in ("3.1.1", "5.0") if only != ("v5" if version == "3.1.1" else "v3")}
    return known


def read_table(breaches):
    table, version = {"3.1.1": {}, "5.0": {}}, ""
    for line in (TOP / "tests/wire/mqtt_clauses.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("version "):
            version = line.split()[1]
            continue
        clause, demand, rest = (part.strip() for part in line.split("|"))
        if clause in table[version]:
            breaches.append(f"{version} {clause} is listed twice")
        table[version][clause] = (demand, *stand(version, clause, rest, breaches))
    return table


def stand(version, clause, rest, breaches):
    """State, reason and tests of `rest`."""
    words = [word.strip() for word in rest.split(",")]
    state = words[0] if words[0] in STATES else "held"
    words = words if state == "held" else words[1:]
    tests = [word for word in words if re.fullmatch(r":\w+|\w+\.\w+", word)]
    reason = ", ".join(word for word in words if word not in tests)
    known = known_tests()
    for test in tests:
        if (version + test if test.startswith(":") else test) not in known:
            breaches.append(f"{version} {clause}: there is no test {test} for this version")
    if state == "held" and (reason or not tests):
        breaches.append(f"{version} {clause}: neither tests nor a state")
    if state in ("excluded", "deviation") and not reason:
        breaches.append(f"{version} {clause}: {state} without a reason")
    return state, reason, tests


def page(table):
    lines = ["# MQTT, clause by clause", "",
             "Made by `tests/mqtt_conformance.py --write` from `tests/wire/mqtt_clauses.txt`; a test compares, fails on a clause that is not listed and on",
             "a test that does not exist. Clauses bear the numbers of the OASIS standards, their demands are told in our words. A name with a colon",
             "is an exchange of `tests/net/mqtt_exchanges.txt`, sent byte for byte over TCP. *Held* means that these tests hold it: `--results DIR`, and",
             "`scripts/test` at its end, compare with what they came to; *client*: the demand is on clients, and the tests show what the server does",
             "about one who breaks it.", "",
             "| standard | clauses | held | client | excluded | deviation | untested |", "|---|---:|---:|---:|---:|---:|---:|"]
    for version, clauses in table.items():
        counts = [sum(1 for entry in clauses.values() if entry[1] == state) for state in ("held", *STATES)]
        lines.append(f"| MQTT {version} | {len(clauses)} | " + " | ".join(map(str, counts)) + " |")
    for version, clauses in table.items():
        lines += ["", f"## MQTT {version}", "", "| clause | demand | stands | tests |", "|---|---|---|---|"]
        for clause, (demand, state, reason, tests) in clauses.items():
            stands = f"{state}: {reason}" if reason else state
            lines.append(f"| {clause} | {demand} | {stands} | {', '.join(tests)} |")
    return "\n".join(lines) + "\n"


def name_of(suite, test):
    """As the table writes it: without the instantiation, an exchange with its version."""
    suite = next(part for part in reversed(suite.split("/")) if not part.isdigit())
    name, _, parameter = test.partition("/")
    exchange = re.fullmatch(r"(\w+)_(v5|v3_1_1)", parameter) if suite in ("MqttExchange", "MqttBytes") else None
    if exchange:
        return f"{'5.0' if exchange[2] == 'v5' else '3.1.1'}:{exchange[1]}"
    return f"{suite}.{name}"


def outcomes(folder):
    """Of each test in the reports: passed, unless one of its runs was not."""
    found = {}

    def add(name, outcome):
        order = ("passed", "not run", "skipped", "failed")
        found[name] = max(found.get(name, "passed"), outcome, key=order.index)

    for path in sorted(Path(folder).rglob("*.xml")):
        for case in xml.etree.ElementTree.parse(path).iter("testcase"):
            said = case.findtext("system-out") or ""
            for outcome, suite, test in re.findall(r"\[ +(OK|FAILED|SKIPPED) +\] ([\w/]+)\.([\w/]+)", said):
                add(name_of(suite, test), {"OK": "passed", "FAILED": "failed", "SKIPPED": "skipped"}[outcome])
            suite, test = case.get("classname", ""), case.get("name", "")
            if not suite or suite == test:
                continue  # a program, as ctest has it
            if case.find("failure") is not None or case.find("error") is not None:
                add(name_of(suite, test), "failed")
            elif case.find("skipped") is not None or case.get("result") == "skipped":
                add(name_of(suite, test), "skipped")
            elif case.get("status") == "notrun":
                add(name_of(suite, test), "not run")
            else:
                add(name_of(suite, test), "passed")
    return found


def marks(table, found):
    """What the table claims and the reports do not bear out."""
    lines = []
    for version, clauses in table.items():
        for clause, (_, state, _, tests) in clauses.items():
            full = [version + test if test.startswith(":") else test for test in tests]
            bad = [f"{test} {found.get(test, 'not run')}" for test in full if found.get(test) != "passed"]
            if bad:
                lines.append(f"{version} {clause}: {state}, but {', '.join(bad)}")
    return lines


def results(table, found):
    """The page's tables with what the tests came to: with the bench and with the real server."""
    lines = []
    for version, clauses in table.items():
        lines += ["", f"## MQTT {version}", "", "| clause | stands | result | tests |", "|---|---|---|---|"]
        for clause, (_, state, _, tests) in clauses.items():
            outcomes_of = [found.get(version + test if test.startswith(":") else test, "not run") for test in tests]
            result = next((one for one in ("failed", "skipped", "not run") if one in outcomes_of), "passed") if tests else ""
            lines.append(f"| {clause} | {state} | {result} | {', '.join(tests)} |")
    return lines


def main():
    breaches = []
    table = read_table(breaches)
    if "--results" in sys.argv[1:-1]:
        found = outcomes(sys.argv[sys.argv.index("--results") + 1])
        breaches += marks(table, found)
        print("\n".join(breaches) if breaches else f"{sum(map(len, table.values()))} clauses stand as their tests passed")
        print("\n".join(results(table, found)))
        return 1 if breaches else 0
    for version, listed in table.items():
        wanted = standard_clauses(version)
        breaches += [f"{version} {clause} is not listed" for clause in wanted if clause not in listed]
        breaches += [f"{version} {clause} is no clause of the standard" for clause in listed if clause not in wanted]
    text = page(table)
    if "--write" in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        breaches.append("docs/mqtt-conformance.md is not up to date: tests/mqtt_conformance.py --write")
    print("\n".join(breaches) if breaches else text.split("## ")[0].split("\n\n")[-2])
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
