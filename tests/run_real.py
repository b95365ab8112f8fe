#!/usr/bin/env python3
"""scripts/run with the real programs: a first start, the console answers, the simulated devices are heard, the README's ten
minutes are played (tests/run_tour.py), Ctrl-C, and a second start within seconds. Started as root, once more and shorter as
an ordinary user: root's server and its PostgreSQL become the user vigie, anybody else's are theirs.

PROGRAMS is where they are. They stand under a folder of the test's own, beside scripts/run as it is: there scripts/build
has nothing to do, so that what is tried is what was built."""
import argparse
import json
import os
import pwd
import re
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

sys.dont_write_bytecode = True
from run_tour import must, play_tour, until  # noqa: E402

top = Path(__file__).resolve().parent.parent
second_start_limit_s = 10
stop_limit_s = 60
junction = "CAR-001"
files_at_first = 24
root_becomes = "vigie"
ordinary_user = "nobody"  # there on every Debian, and not the one that root becomes


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def answer(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as found:
        return found.status, found.read().decode()


class Installation:
    """A clone's folder, and what scripts/run makes in it: as whoever runs this test, or as `user` (an entry of passwd)."""

    def __init__(self, folder, programs, user=None):
        self.folder, self.user, self.port = folder, user, free_port()
        self.programs = folder / "build/release/bin"
        self.data = folder / "data"
        self.as_user, self.environment = {}, dict(os.environ)
        folder.chmod(0o755)  # the server becomes another user when it is started as root
        (folder / "scripts").mkdir()
        self.programs.parent.mkdir(parents=True)
        shutil.copy(top / "scripts/run", folder / "scripts/run")
        (folder / "scripts/build").write_text("#!/bin/sh\n")
        (folder / "scripts/build").chmod(0o755)
        (folder / "build/console").mkdir()
        (folder / "build/console/index.html").write_text("<!doctype html><title>Vigie</title>\n")
        self.data.mkdir()
        # As scripts/run writes it, with doors that nobody else has.
        (self.data / "vigie.toml").write_text(
            f'[paths]\nfolder = "{self.data}"\n[database]\nshared_buffers_mb = 64\n'
            "[device]\nmqtt_port = 0\nhttp_port = 0\n[public]\nport = 0\n[admin]\nmetrics_port = 0\n")
        if user:
            self.give_to(user, programs)
        else:
            self.programs.symlink_to(programs)
            (folder / "config").symlink_to(top / "config")

    def give_to(self, user, programs):
        # Copies: root's own clone may be where nobody else may look.
        self.programs.mkdir()
        for program in ("vigied", "vigie", "vigie-sim"):
            shutil.copy(programs / program, self.programs)
        shutil.copytree(top / "config", self.folder / "config")
        for one in (self.folder, *self.folder.rglob("*")):
            os.chown(one, user.pw_uid, user.pw_gid)
        self.as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self.environment["HOME"] = str(self.folder)

    def start(self):
        """The running script, and what it said until it was ready."""
        command = ["bash", "scripts/run", "--data", str(self.data), "--port", str(self.port), "--scale", "0.01"]
        # As few open files as would do without any device: the programs raise their own limit.
        limits = files_at_first, resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        run = subprocess.Popen(command, cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True, preexec_fn=few, env=self.environment, **self.as_user)
        said = ""
        for line in run.stdout:
            said += line
            if "Ctrl-C stops everything" in line:
                return run, said
        log = self.data / "vigied.log"
        raise AssertionError(f"scripts/run does not come up:\n{said}\n{log.read_text() if log.exists() else ''}")

    def says(self, *command):
        """What a program says to whoever runs the installation."""
        return subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=True,
                              **self.as_user).stdout

    def vigie(self, *words):
        return json.loads(self.says(self.programs / "vigie", *words, "--json", "--socket", self.data / "admin.sock"))

    def alarms_of(self, code):
        return int(self.says("psql", f"host={self.data}/run user=vigie_app dbname=vigie", "-tAc",
                             f"select count(*) from alarm join asset on asset.id = asset_id where code = '{code}'"))

    def owners(self):
        """Whose the server is (by the door it opened) and whose its PostgreSQL: user numbers."""
        postmaster = (self.data / "pg/postmaster.pid").read_text().split()[0]
        uid = re.search(r"^Uid:\s+(\d+)", Path(f"/proc/{postmaster}/status").read_text(), re.M)[1]
        return (self.data / "admin.sock").stat().st_uid, int(uid)

    def processes(self):
        """Those that have this installation on their command line: their words by their numbers."""
        found = {}
        for one in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = one.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(self.data) in words and int(one.parent.name) != os.getpid():
                found[int(one.parent.name)] = words
        return found

    def ctrl_c(self, run):
        os.killpg(run.pid, signal.SIGINT)
        try:
            rest, _ = run.communicate(timeout=stop_limit_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{stop_limit_s} s after Ctrl-C there are {self.processes()}") from None
        must(run.returncode == 130, f"Ctrl-C ended it with {run.returncode}:\n{rest}")
        must("stopping" in rest and "the server ended by itself" not in rest, f"it did not stop in order:\n{rest}")
        must(not self.processes(), f"left behind: {self.processes()}")
        must(not (self.data / "admin.sock").exists(), "the admin door is left behind")
        must("stopped" in (self.data / "vigied.log").read_text().splitlines()[-1], "the server was cut off")

    def end(self):
        """Nothing of it outlives the test, also when that fails."""
        while left := self.processes():
            for one in left:
                try:
                    os.kill(one, signal.SIGKILL)
                except ProcessLookupError:
                    pass


def console_answers(installation, said):
    status, page = answer(installation.port, "/")
    must(status == 200 and "<title>Vigie</title>" in page, f"the console answers {status}: {page}")
    must(f"http://127.0.0.1:{installation.port}/" in said and "supervisor / " in said,
         f"it does not say how to sign in:\n{said}")


def devices_are_heard(installation):
    until(lambda: installation.vigie("status")["ingestion"]["observations"] > 0, "nothing comes from the simulator")
    must(installation.vigie("status")["ingestion"]["refused"] == 0, "what the simulator says is refused")
    must(installation.alarms_of(junction) == 0, f"{junction} has an alarm before it fails")


def first_start(installation, then):
    run, said = installation.start()
    console_answers(installation, said)
    devices_are_heard(installation)
    then(said)
    installation.ctrl_c(run)


def try_it(installation):
    expected = pwd.getpwnam(root_becomes).pw_uid if os.getuid() == 0 else os.getuid()

    def then(said):
        lights = len(installation.vigie("asset", "list", "--kind", "light_point", "--limit", "0")["rows"])
        must(300 < lights < 1000, f"not a hundredth of the city: {lights} light points")
        must(installation.owners() == (expected, expected),
             f"server and PostgreSQL run as {installation.owners()}, not as {expected}")
        mqtt_port = installation.vigie("status")["doors"]["device_mqtt"]["port"]
        play_tour(installation.folder, installation.port, mqtt_port, said)

    first_start(installation, then)
    began = time.monotonic()
    run, said = installation.start()
    took = time.monotonic() - began
    must("generating" not in said and "importing" not in said, f"the second start begins anew:\n{said}")
    must(answer(installation.port, "/")[0] == 200, "the console does not answer after the second start")
    must(took < second_start_limit_s, f"the second start took {took:.1f} s")
    installation.ctrl_c(run)
    return took


def try_as_ordinary_user(installation):
    def then(_):
        user = installation.user
        must(installation.owners() == (user.pw_uid, user.pw_uid),
             f"server and PostgreSQL run as {installation.owners()}, not as {user.pw_name} who started them")
        installation.says(installation.programs / "vigie-sim", "fail", "--control", installation.data / "city/sim.sock",
                          "flashing-amber", junction)
        until(lambda: installation.alarms_of(junction) == 1, f"{junction} fails, and no alarm is raised")

    first_start(installation, then)


def in_a_folder(attempt, programs, user=None):
    with tempfile.TemporaryDirectory(prefix="vigie-run-") as place:
        installation = Installation(Path(place), programs, user)
        try:
            return attempt(installation)
        finally:
            installation.end()


def too_long(*_):
    raise AssertionError("something does not end")


options = argparse.ArgumentParser()
options.add_argument("programs", type=lambda name: Path(name).resolve())
options.add_argument("--not-tried-to", type=Path, help="a file for what cannot be tried here, a line each")
given = options.parse_args()
signal.signal(signal.SIGALRM, too_long)
signal.alarm(280)
signal.signal(signal.SIGINT, signal.default_int_handler)  # also when whoever started this ignores Ctrl-C
not_tried = ""
try:
    seconds = in_a_folder(try_it, given.programs)
    if os.getuid() == 0:
        in_a_folder(try_as_ordinary_user, given.programs, pwd.getpwnam(ordinary_user))
    else:
        not_tried = "scripts/run as root: this test was run by an ordinary user, and only that way was tried\n"
except AssertionError as error:
    print(f"run_real: {error}", file=sys.stderr)
    sys.exit(1)
if given.not_tried_to:
    given.not_tried_to.parent.mkdir(parents=True, exist_ok=True)
    given.not_tried_to.write_text(not_tried)
print(not_tried, end="")
print(f"scripts/run comes up with the real programs, stops on Ctrl-C, and is up again in {seconds:.1f} s")
