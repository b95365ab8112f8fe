#!/usr/bin/env python3
"""scripts/run broken off after any of its commands, and started again: it must come up, and lose or double nothing.

The programs are played by a script that refuses what the real ones refuse (somebody or something that is there already);
what is tried is scripts/run itself."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

top = Path(__file__).resolve().parent.parent
limit_s = 600

# Every call is counted; after call number $BREAK_AFTER scripts/run is stopped, as Ctrl-C would.
play = r"""#!/usr/bin/env bash
state=$PLAY_STATE
echo "$(basename "$0") $*" >> "$state/words"
last() { printf '%s' "${@: -1}"; }
after() { # the value that follows option $1
  local wanted=$1; shift
  while [ $# -gt 1 ]; do [ "$1" = "$wanted" ] && { printf '%s' "$2"; return; }; shift; done
}
counted() {
  calls=$(($(cat "$state/calls" 2>/dev/null || echo 0) + 1))
  echo "$calls" > "$state/calls"
  if [ "$calls" = "${BREAK_AFTER:-}" ]; then kill -TERM "$(cat "$state/pid")"; fi
}
new() { # FILE: as a row that may be there once
  [ ! -e "$1" ] || { echo "$1 is there already" >&2; exit 1; }
  mkdir -p "$(dirname "$1")"; cat > "$1"
}
listed() { # WHAT FOLDER
  echo '{ "rows": ['; for one in "$2"/*; do [ ! -e "$one" ] || echo "  { \"$1\": \"$(basename "$one")\" },"; done; echo '] }'
}
case "$(basename "$0") $1 ${2:-}" in
  "vigied "*)
    exec python3 -c '
import os, signal, socket, sys
path = os.environ["VIGIE_SOCKET"]
def stop(*_):
    if os.path.exists(path): os.unlink(path)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
open(os.environ["PLAY_STATE"] + "/server", "w").write(str(os.getpid()))
print("a line of its log", file=sys.stderr, flush=True)
# Last, and never one left over from before: scripts/run waits for it.
door = socket.socket(socket.AF_UNIX); door.bind(path)
signal.pause()' ;;
  "vigie status --json") echo '{"doors": {"device_mqtt": {"port": 1}}}'; exit ;;
  "vigie-sim run "*) exec python3 -c 'import signal; signal.pause()' ;;
  "vigie-sim generate "*)
    out=$(after --out "$@"); mkdir -p "$out/assets"
    for file in communes.geojson streets.geojson credentials.json; do touch "$out/$file"; done
    touch "$out/assets/made" ;;
  "vigie zone import"|"vigie street import") [ -e "$3" ] || exit 1 ;;
  "vigie asset import") [ -e "$(dirname "$3")/made" ] || exit 1 ;;
  "vigie credential create")
    case " $* " in *" --replace "*) ;; *) [ ! -e "$state/credential" ] || { echo 'there already' >&2; exit 1; } ;; esac
    echo "secret $RANDOM" > "$state/credential"
    [ "${BREAK_AFTER:-}" = unwritten ] && { kill -TERM "$(cat "$state/pid")"; exit 1; }
    cp "$state/credential" "$(after --secrets-out "$@")" ;;
  "vigie user list") listed login "$state/people" ;;
  "vigie user add") new "$state/people/$3" ;;
  "vigie user set-password") [ -e "$state/people/$3" ] || exit 1; cat > "$state/people/$3" ;;
  "vigie crew list") listed code "$state/crews" ;;
  "vigie crew add") new "$state/crews/$3" </dev/null ;;
  *) echo "nobody plays $*" >&2; exit 1 ;;
esac
counted
"""


begun = []  # every scripts/run: none outlives the test, also when it fails


class Stage:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.state = self.folder / "state"
        self.data = self.folder / "data"
        for made in ("scripts", "build/release/bin", "state"):
            (self.folder / made).mkdir(parents=True)
        shutil.copy(top / "scripts/run", self.folder / "scripts/run")
        self.program("scripts/build", "#!/bin/sh\n")
        for name in ("vigied", "vigie", "vigie-sim"):
            self.program(f"build/release/bin/{name}", play)

    def program(self, name, text):
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o755)

    def start(self, break_after="", options="", data=None, caller=None):
        """Called from the folder `caller`; `data` may be relative."""
        caller = caller or self.folder
        (self.state / "calls").unlink(missing_ok=True)
        (self.state / "words").unlink(missing_ok=True)
        environment = {**os.environ, "PLAY_STATE": str(self.state), "BREAK_AFTER": str(break_after)}
        script = os.path.relpath(self.folder / "scripts/run", caller)
        command = f'echo $$ > "{self.state}/pid"; exec bash {script} --data "{data or self.data}" {options}'
        # In a group of its own: Ctrl-C reaches all of it.
        begun.append(subprocess.Popen(["bash", "-c", command], cwd=caller, env=environment, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True))
        return begun[-1]

    def words(self):
        """What the programs were called with."""
        return (self.state / "words").read_text().splitlines()

    def calls(self):
        return int((self.state / "calls").read_text())


def until_ready(started):
    said = ""
    for line in started.stdout:
        said += line
        if "Ctrl-C stops everything" in line:
            return said
    raise AssertionError(f"scripts/run does not come up again:\n{said}")


def ends(started, number):
    started.send_signal(number)
    rest = started.stdout.read()
    return started.wait(), rest


def must(condition, why):
    if not condition:
        raise AssertionError(why)


def comes_up(stage):
    started = stage.start()
    try:
        said = until_ready(started)
        password = stage.data.joinpath("first-sign-in.txt").read_text().split("password: ")[1].strip()
        people = {one.name: one.read_text().strip() for one in (stage.state / "people").iterdir()}
        must(people == dict.fromkeys(("supervisor", "admin", "equipe1"), password), f"{people}, told: {password}")
        must({one.name for one in (stage.state / "crews").iterdir()} == {"EQ1", "EQ2"}, "crews")
        must(password in said, "the sign-in is not told")
        secrets = (stage.data / "city/secrets.json").read_text()
        must(secrets == (stage.state / "credential").read_text(), "the simulator has an old secret")
        must(oct((stage.data / "first-sign-in.txt").stat().st_mode)[-3:] == "600", "everybody may read the password")
    finally:
        status, _ = ends(started, signal.SIGTERM)
    must(status == 143, f"stopped by SIGTERM, it ended with {status}")


def try_breaks():
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(folder)
        comes_up(stage)
        calls = stage.calls()
    must(calls > 15, f"only {calls} commands were counted")
    for break_after in [*range(1, calls + 1), "unwritten"]:
        with tempfile.TemporaryDirectory() as folder:
            stage = Stage(folder)
            broken = stage.start(break_after)
            said = broken.stdout.read()
            must(broken.wait() != 0, f"it was not broken off after call {break_after}:\n{said}")
            try:
                comes_up(stage)
            except AssertionError as error:
                raise AssertionError(f"broken off after call {break_after}: {error}") from error
    return calls


def try_later_starts():
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(folder)
        comes_up(stage)
        # Who threw the paper with the first sign-in away keeps the password chosen since.
        (stage.data / "first-sign-in.txt").unlink()
        (stage.state / "people/supervisor").write_text("chosen since")
        started = stage.start()
        until_ready(started)
        ends(started, signal.SIGTERM)
        must((stage.state / "people/supervisor").read_text() == "chosen since", "a password was reset")
        # A server that ends by itself is no success.
        started = stage.start()
        until_ready(started)
        os.kill(int((stage.state / "server").read_text()), signal.SIGKILL)
        said = started.stdout.read()
        must(started.wait() == 1, "a crash of the server ended scripts/run well")
        must(f"{stage.data}/vigied.log" in said and "a line of its log" in said, f"it says nothing of the crash:\n{said}")


def is_gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def try_options():
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(folder)
        started = stage.start(options="--port 9123 --scale 0.25 --no-sim")
        said = until_ready(started)
        words = stage.words()
        must("http://127.0.0.1:9123/" in said, f"another console is told:\n{said}")
        must(f"vigied --config {stage.data}/vigie.toml --control-port 9123" in words, f"the port is not passed on: {words}")
        generated = [line for line in words if line.startswith("vigie-sim generate")]
        must(len(generated) == 1 and " --scale 0.25 " in generated[0], f"generated: {generated}")
        below = children(started.pid)
        must(len(below) == 1, f"there is a simulator in spite of --no-sim: {words}")
        os.killpg(started.pid, signal.SIGINT)
        rest = started.stdout.read()
        must(started.wait() == 130, f"Ctrl-C ended it with {started.returncode}")
        must("stopping" in rest and is_gone(below[0]), f"Ctrl-C left the server:\n{rest}")
        # Port 8080 and scale 1 unless said otherwise; and the simulator goes with Ctrl-C, too.
        stage = Stage(Path(folder) / "other")
        started = stage.start()
        until_ready(started)
        must(any(line.endswith("--control-port 8080") for line in stage.words()), stage.words())
        must(any(" --scale 1 " in line for line in stage.words()), stage.words())
        below = children(started.pid)
        must(len(below) == 2, f"not a server and a simulator: {below}")
        while not any(line.startswith("vigie-sim run") for line in stage.words()):
            pass  # it has a session of its own before it says anything
        must(all(os.getsid(one) == one for one in below), "Ctrl-C reaches them before scripts/run")
        os.killpg(started.pid, signal.SIGINT)
        started.stdout.read()
        must(started.wait() == 130 and all(is_gone(one) for one in below), "Ctrl-C left the server or the simulator")


def try_from_elsewhere():
    """A relative folder is the caller's, wherever scripts/run stands."""
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(folder)
        caller = stage.folder / "else where"
        caller.mkdir()
        started = stage.start(data="in/here", caller=caller)
        until_ready(started)
        ends(started, signal.SIGTERM)
        must(f"vigied --config {caller}/in/here/vigie.toml --control-port 8080" in stage.words(), stage.words())
        must((caller / "in/here/first-sign-in.txt").exists() and not (stage.folder / "in").exists(),
             "the data is not in the caller's folder")
        started = stage.start(options="--help", caller=caller)
        said = started.stdout.read()
        must(started.wait() == 0 and "--scale X" in said, f"--help from elsewhere ended with {started.returncode}:\n{said}")


def try_refused_options():
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(folder)
        for options, status, expected in (("--help", 0, "--scale X"), ("-h", 0, "--no-sim"),
                                          ("--frob", 2, "unknown option --frob"), ("--port", 1, "--port needs a number"),
                                          ("--scale", 1, "--scale needs a number")):
            started = stage.start(options=options)
            said = started.stdout.read()
            must(started.wait() == status and expected in said, f"{options} ended with {started.returncode}:\n{said}")
            must(not stage.data.exists() and not (stage.state / "words").exists(), f"{options} did something")


def too_long(*_):
    raise AssertionError("something does not end")


signal.signal(signal.SIGALRM, too_long)
signal.alarm(limit_s)
signal.signal(signal.SIGINT, signal.default_int_handler)  # also when whoever started this ignores Ctrl-C
try:
    count = try_breaks()
    try_later_starts()
    try_options()
    try_from_elsewhere()
    try_refused_options()
except AssertionError as error:
    print(f"run_script: {error}", file=sys.stderr)
    sys.exit(1)
finally:
    signal.alarm(0)
    for one in begun:
        if one.poll() is None:
            one.terminate()
            one.communicate()
print(f"scripts/run comes up again after a break behind any of {count} commands")
