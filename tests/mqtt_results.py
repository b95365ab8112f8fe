#!/usr/bin/env python3
"""tests/mqtt_conformance.py --results: a clause whose test failed, was skipped or did not run is marked, and no other."""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import mqtt_conformance  # noqa: E402

EXCHANGE = "OfTheFile/MqttExchange"


def case(name, inside="", status="run"):
    if ":" in name:
        version, exchange = name.split(":")
        suite, test = EXCHANGE, f"IsByteForByte/{exchange}_{'v5' if version == '5.0' else 'v3_1_1'}"
    else:
        suite, test = name.split(".")
    return f'<testcase name="{test}" classname="{suite}" status="{status}" result="completed">{inside}</testcase>'


def verdict(cases):
    with tempfile.TemporaryDirectory() as folder:
        report = f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>"
        (Path(folder) / "net_test.xml").write_text(report, encoding="utf-8")
        script = Path(mqtt_conformance.__file__)
        done = subprocess.run([sys.executable, script, "--results", folder], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout


def main():
    tests = sorted(mqtt_conformance.known_tests())
    failure = '<failure message="no" type=""/>'
    victim, exchange = "MqttPackets.PingDisconnectAuth", "3.1.1:ANulInATopic"
    others = [case(test) for test in tests if test not in (victim, exchange)]
    ctest_says = f"<system-out>[  FAILED  ] {EXCHANGE}.IsByteForByte/ANulInATopic_v3_1_1, where (1 ms)</system-out>"
    tries = (
        ("all passed", [case(victim), case(exchange)], 0, []),
        ("one failed", [case(victim, failure), case(exchange)], 1, [f"3.1.1 2.2.2-1: held, but {victim} failed"]),
        ("one skipped", [case(victim, "<skipped/>"), case(exchange)], 1, [f"{victim} skipped"]),
        ("one did not run", [case(exchange)], 1, [f"{victim} not run"]),
        ("one is disabled", [case(victim, status="notrun"), case(exchange)], 1, [f"{victim} not run"]),
        ("failed in one of two builds", [case(victim), case(victim, failure), case(exchange)], 1, [f"{victim} failed"]),
        ("an exchange failed", [case(victim), case(exchange, failure)], 1, [f"3.1.1 1.5.3-2: held, but {exchange} failed"]),
        ("as ctest says it", [case(victim), case(exchange), f'<testcase name="net" classname="net">{ctest_says}</testcase>'],
         1, [f"{exchange} failed"]),
    )
    wrong = []
    for what, cases, code, said in tries:
        got, text = verdict(others + cases)
        lines = text.split("\n\n")[0].splitlines()  # what is wrong; the tables follow
        if ("| failed |" in text) != any("failed" in words for words in said):
            wrong.append(f"{what}: the table does not say so\n{text}")
        if got != code or not all(any(words in line for line in lines) for words in said):
            wrong.append(f"{what}: {got}\n{text}")
        if said and not all(any(words.split()[-2] in line for words in said) for line in lines):
            wrong.append(f"{what}: other clauses are marked, too\n{text}")
    print("\n".join(wrong) if wrong else f"{len(tries)} reports judged as they are to be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
