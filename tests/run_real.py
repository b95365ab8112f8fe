#!/usr/bin/env python3
"""scripts/run with the real programs: a first start, the console answers, the simulated devices are heard and one of them
fails on demand, Ctrl-C, and a second start within seconds.

PROGRAMS is where they are. They stand under a folder of the test's own, beside scripts/run as it is: there scripts/build
has nothing to do, so that what is tried is what was built."""
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

top = Path(__file__).resolve().parent.parent
programs = Path(sys.argv[1]).resolve()
second_start_limit_s = 30
junction = "CAR-001"
files_at_first = 24


def must(condition, why):
    if not condition:
        raise AssertionError(why)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def stage_in(folder):
    folder.chmod(0o755)  # the server becomes another user when it is started as root
    (folder / "scripts").mkdir()
    (folder / "build/release").mkdir(parents=True)
    shutil.copy(top / "scripts/run", folder / "scripts/run")
    (folder / "scripts/build").write_text("#!/bin/sh\n")
    (folder / "scripts/build").chmod(0o755)
    (folder / "build/release/bin").symlink_to(programs)
    (folder / "build/console").mkdir()
    (folder / "build/console/index.html").write_text("<!doctype html><title>Vigie</title>\n")
    (folder / "config").symlink_to(top / "config")
    data = folder / "data"
    data.mkdir()
    # As scripts/run writes it, with doors that nobody else has.
    (data / "vigie.toml").write_text(
        f'[paths]\nfolder = "{data}"\n[database]\nshared_buffers_mb = 64\n'
        "[device]\nmqtt_port = 0\nhttp_port = 0\n[public]\nport = 0\n[admin]\nmetrics_port = 0\n")
    return data


def started(folder, data, port):
    command = ["bash", "scripts/run", "--data", str(data), "--port", str(port), "--scale", "0.01"]
    # As few open files as would do without any device: the programs raise their own limit.
    few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files_at_first, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    run = subprocess.Popen(command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           start_new_session=True, preexec_fn=few)
    said = ""
    for line in run.stdout:
        said += line
        if "Ctrl-C stops everything" in line:
            return run, said
    log = data / "vigied.log"
    raise AssertionError(f"scripts/run does not come up:\n{said}\n{log.read_text() if log.exists() else ''}")


def answer(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as found:
        return found.status, found.read().decode()


def vigie(data, *words):
    run = subprocess.run([programs / "vigie", *words, "--json", "--socket", data / "admin.sock"], capture_output=True,
                         text=True, check=True)
    return json.loads(run.stdout)


def until(holds, why):
    end = time.monotonic() + 60
    while not holds():
        must(time.monotonic() < end, why)


def alarms_of(data, code):
    run = subprocess.run(["psql", f"host={data}/run user=vigie_app dbname=vigie", "-tAc",
                          f"select count(*) from alarm join asset on asset.id = asset_id where code = '{code}'"],
                         capture_output=True, text=True, check=True)
    return int(run.stdout)


def devices_are_heard(data):
    until(lambda: vigie(data, "status")["ingestion"]["observations"] > 0, "nothing comes from the simulator")
    must(vigie(data, "status")["ingestion"]["refused"] == 0, "what the simulator says is refused")
    must(alarms_of(data, junction) == 0, f"{junction} has an alarm before it fails")
    subprocess.run([programs / "vigie-sim", "fail", "--control", data / "city/sim.sock", "flashing-amber", junction],
                   check=True, capture_output=True)
    until(lambda: alarms_of(data, junction) == 1, f"{junction} fails, and no alarm is raised")


def of_data(data):
    """Processes that still have this installation on their command line."""
    found = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = one.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(data) in words and int(one.parent.name) != os.getpid():
            found.append(words)
    return found


def ctrl_c(run, data):
    os.killpg(run.pid, signal.SIGINT)
    rest = run.stdout.read()
    must(run.wait(timeout=60) == 130, f"Ctrl-C ended it with {run.returncode}:\n{rest}")
    must("stopping" in rest and "the server ended by itself" not in rest, f"it did not stop in order:\n{rest}")
    must(not of_data(data), f"left behind: {of_data(data)}")
    must(not (data / "admin.sock").exists(), "the admin door is left behind")
    must("stopped" in (data / "vigied.log").read_text().splitlines()[-1], "the server was cut off")


def try_it(folder):
    data = stage_in(folder)
    port = free_port()
    run, said = started(folder, data, port)
    try:
        status, page = answer(port, "/")
        must(status == 200 and "<title>Vigie</title>" in page, f"the console answers {status}: {page}")
        must(f"http://127.0.0.1:{port}/" in said and "supervisor / " in said, f"it does not say how to sign in:\n{said}")
        lights = len(vigie(data, "asset", "list", "--kind", "light_point", "--limit", "0")["rows"])
        must(300 < lights < 1000, f"not a hundredth of the city: {lights} light points")
        devices_are_heard(data)
    except BaseException:
        run.terminate()
        run.communicate()
        raise
    ctrl_c(run, data)
    began = time.monotonic()
    run, said = started(folder, data, port)
    took = time.monotonic() - began
    try:
        must("generating" not in said and "importing" not in said, f"the second start begins anew:\n{said}")
        must(answer(port, "/")[0] == 200, "the console does not answer after the second start")
        must(took < second_start_limit_s, f"the second start took {took:.1f} s")
    finally:
        ctrl_c(run, data)
    return took


def too_long(*_):
    raise AssertionError("something does not end")


signal.signal(signal.SIGALRM, too_long)
signal.alarm(280)
signal.signal(signal.SIGINT, signal.default_int_handler)  # also when whoever started this ignores Ctrl-C
try:
    with tempfile.TemporaryDirectory(prefix="vigie-run-") as place:
        seconds = try_it(Path(place))
except AssertionError as error:
    print(f"run_real: {error}", file=sys.stderr)
    sys.exit(1)
print(f"scripts/run comes up with the real programs, stops on Ctrl-C, and is up again in {seconds:.1f} s")
