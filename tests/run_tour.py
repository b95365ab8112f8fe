"""The README's ten minutes, for tests/run_real.py: its shell blocks are run as they stand there, in one shell, in order; what
it says will be seen is looked for, and where the reader clicks (tests/e2e/story.e2e.mjs does) this asks by REST.

The sentences are read from the page, too: one that is not found there any more is a failure."""
import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from datetime import datetime, timezone
from pathlib import Path

top = Path(__file__).resolve().parent.parent
# Of what comes before step 1, and of each step.
blocks_of_steps = [1, 0, 3, 1, 0, 0, 1, 1]
limit_s = 60
mark = "-- the shell has done all of it"


def must(condition, why):
    if not condition:
        raise AssertionError(why)


def until(look, why):
    """What `look` answers once that is something. To look is a request, which takes its time."""
    end = time.monotonic() + limit_s
    while not (seen := look()):
        must(time.monotonic() < end, why)
    return seen


class Step:
    def __init__(self, text):
        self.blocks = re.findall(r"^```\w*\n(.*?)^```$", text, re.M | re.S)
        self.prose = " ".join(re.sub(r"^```\w*\n.*?^```$", "", text, flags=re.M | re.S).split())

    def says(self, pattern):
        found = re.search(pattern, self.prose)
        must(found, f"README.md says no longer /{pattern}/, which is tried here:\n{self.prose}")
        return found.groups()


def read_steps():
    page = (top / "README.md").read_text(encoding="utf-8")
    tour = re.search(r"^## Ten minutes\n(.*?)^## ", page, re.M | re.S)
    must(tour, "README.md has no ten minutes any more")
    steps = [Step(text) for text in re.split(r"^\*\*\d+\. ", tour[1], flags=re.M)]
    found = [len(step.blocks) for step in steps]
    must(found == blocks_of_steps, f"README.md has other shell blocks than are tried: {found}, not {blocks_of_steps}")
    return steps


class Terminal:
    """The other terminal, at the top of the clone. It ends at the first command that fails."""

    def __init__(self, folder, mqtt_port):
        # Where it is not the port of the README, the client's own file of defaults says so: the commands stay as they are.
        options = folder / "options"
        options.mkdir()
        (options / "mosquitto_pub").write_text(f"-p {mqtt_port}\n")
        environment = {**os.environ, "XDG_CONFIG_HOME": str(options)}
        self.shell = subprocess.Popen(["bash", "-e"], cwd=folder, env=environment, text=True, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            os.killpg(self.shell.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.shell.wait()

    def types(self, lines):
        """What is then said."""
        self.shell.stdin.write(f"{lines}\necho; echo '{mark}'\n")
        self.shell.stdin.flush()
        said = ""
        for line in self.shell.stdout:
            if line.rstrip("\n") == mark:
                return said
            said += line
        raise AssertionError(f"of these lines of README.md one fails:\n{lines}\nand says:\n{said}")


class Person:
    def __init__(self, port, login, password):
        self.origin = f"http://127.0.0.1:{port}"
        self.headers = {"Origin": self.origin, "Content-Type": "application/json"}
        session, cookie = self.call("POST", "/api/v1/session", {"login": login, "password": password})
        self.headers |= {"Cookie": cookie.split(";")[0], "X-CSRF-Token": session["csrf_token"]}

    def call(self, method, path, body):
        request = urllib.request.Request(self.origin + path, method=method, headers=self.headers,
                                         data=None if body is None else json.dumps(body).encode())
        if method == "POST":
            request.add_header("Idempotency-Key", str(uuid.uuid4()))
        try:
            with urllib.request.urlopen(request, timeout=limit_s) as answer:
                return json.load(answer), answer.headers.get("Set-Cookie", "")
        except urllib.error.HTTPError as refusal:
            raise AssertionError(f"{method} {path}: {refusal.code} {refusal.read().decode()}") from None

    def get(self, path):
        return self.call("GET", path, None)[0]

    def post(self, path, body):
        return self.call("POST", path, body)[0]

    def moves(self, intervention, to):
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        return self.post(f"/api/v1/interventions/{intervention}/transitions", {"to": to, "at": now})

    def alarms(self, asset):
        return self.get(f"/api/v1/alarms?raises=alarm&asset={asset}")["rows"]


class Tour:
    def __init__(self, folder, port, sign_in):
        self.folder, self.port = folder, port
        self.steps = read_steps()
        found = re.search(r"supervisor / (\S+)", sign_in)
        must(found, f"scripts/run does not say how to sign in:\n{sign_in}")
        self.password = found[1]

    def play(self, terminal):
        self.opens_a_terminal(terminal)
        self.looks()
        self.publishes(terminal)
        self.raises_an_alarm(terminal)
        self.dispatches()
        self.answers_as_the_crew()
        self.proves_it(terminal)
        self.reads_the_story(terminal)
        self.trips_a_cabinet(terminal)

    def opens_a_terminal(self, terminal):
        block = self.steps[0].blocks[0]
        said = terminal.types(block)
        must(": ready, " in said, f"`vigie status` does not say that it is ready:\n{said}")
        # This installation is where an ordinary user's is; root's is where scripts/run says.
        folder = re.search(r"as root: data=(\S+)", block)
        must(folder and f"= 0 ]; then data={folder[1]};" in (top / "scripts/run").read_text(),
             "README.md and scripts/run have another folder for root")

    def looks(self):
        self.supervisor = Person(self.port, self.steps[1].says(r"sign in as `(\w+)`")[0], self.password)

    def publishes(self, terminal):
        step = self.steps[2]
        publish, look, publish_wrong = step.blocks
        create, fill_in, rest = publish.partition("\nsecret=...")
        must(fill_in, f"README.md asks for the secret in another way:\n{publish}")
        said = terminal.types(create)
        secret = re.search(r"^password: (\S+)$", said, re.M)
        must(secret, f"`vigie credential create` shows no password:\n{said}")
        terminal.types(f"secret='{secret[1]}'{rest}")
        must("| `mqtt_port` | `1883` |" in terminal.types("vigied --print-config-reference"),
             "without `-p PORT` mosquitto_pub does not find the server of the README")
        plan = re.search(r'"plan": (\d+)', publish)[1]
        said = terminal.types(look)
        must(re.search(rf"\{{\d+,{plan}[,}}]", said), f"acknowledged, and no row has plan {plan}:\n{said}")
        said = terminal.types(publish_wrong)
        place = step.says(r"The refusal names the place \(`([^`]+)`\)")[0]
        must(re.search(rf" tour .*CAR-001.* \w+ .*{place}", said), f"`vigie quarantine list` has nothing at {place}:\n{said}")

    def raises_an_alarm(self, terminal):
        terminal.types(self.steps[3].blocks[0])
        name, priority = self.steps[3].says(r"\*([^*]+)\* is at once in the queue, with priority (\d)")
        alarm = until(lambda: self.supervisor.alarms("CAR-001"), "CAR-001 fails, and no alarm is raised")[0]
        must((alarm["name"]["en"], alarm["priority"]) == (name, int(priority)), f"not as README.md says: {alarm}")
        self.supervisor.post(f"/api/v1/alarms/{alarm['id']}/acknowledge", {})
        number = self.supervisor.post("/api/v1/incidents", {"alarm": alarm["id"]})["number"]
        self.incident = f"/api/v1/incidents/{number}"
        owner = self.supervisor.post(f"{self.incident}/claim", {})["owner"]
        must(owner == "supervisor", f"who claims it is not its owner, but {owner}")

    def dispatches(self):
        crew = self.steps[4].says(r"Dispatch `(\w+)`")[0]
        found = self.supervisor.get(f"{self.incident}/crew_proposals")
        must(crew in [one["code"] for one in found["proposed"] + found["others"]], f"{crew} is not in {found}")
        self.intervention = self.supervisor.post(f"{self.incident}/interventions", {"crew": crew})["id"]

    def answers_as_the_crew(self):
        step = self.steps[5]
        crew = Person(self.port, step.says(r"sign in as `(\w+)`, with the same password")[0], self.password)
        for button in re.findall(r"\*([A-Z][a-z ]+)\*", step.prose):
            crew.moves(self.intervention, {"Accept": "accepted"}.get(button, button.lower().replace(" ", "_")))
        self.must_be(*step.says(r"the intervention is now \*(\w+)\*"))

    def must_be(self, state):
        found = self.supervisor.get(f"/api/v1/interventions/{self.intervention}")
        must(found["state"] == state, f"the intervention is not {state}: {found}")
        return found

    def proves_it(self, terminal):
        terminal.types(self.steps[6].blocks[0])
        state, by = self.steps[6].says(r"The intervention becomes \*(\w+)\*, by (\w+)")
        path = f"/api/v1/interventions/{self.intervention}"
        until(lambda: self.supervisor.get(path)["state"] != "restored", "CAR-001 works again, and proves nothing")
        must(by in self.must_be(state)["verified_by"], f"not verified by {by}")
        self.supervisor.moves(self.intervention, "closed")
        self.supervisor.post(f"{self.incident}/close", {"reason": "solved"})
        must(not self.supervisor.alarms("CAR-001"), "the incident is closed, and its alarm is still there")

    def reads_the_story(self, terminal):
        self.steps[7].says(r"hold every step with its author")
        story = self.supervisor.get(self.incident)["story"]
        steps = {entry["entry_type"] for entry in story if entry["author"]}
        for step in ("incident_opened", "incident_claimed", "dispatched", "intervention_accepted", "intervention_en_route",
                     "intervention_on_site", "intervention_made_safe", "intervention_restored", "intervention_verified",
                     "intervention_closed", "incident_closed"):
            must(step in steps, f"the story has no {step}: {story}")
        said = terminal.types(self.steps[7].blocks[0])
        must(re.search(r"logbook: [1-9]\d* entries, the chain is whole", said), f"the logbook is not verified:\n{said}")

    def trips_a_cabinet(self, terminal):
        """Which alarms it hides is another matter: by day its light points say nothing."""
        fail, cabinet = self.steps[7].says(r"`(vigie-sim fail [^`]* (ARM-\d+))` makes one alarm")
        clear = self.steps[7].says(r"`(--\w+)` sets it right")[0]
        terminal.types(fail)
        alarms = until(lambda: self.supervisor.alarms(cabinet), f"{cabinet} fails, and no alarm is raised")
        must(len(alarms) == 1, f"{cabinet} makes not one alarm, but {alarms}")
        self.supervisor.post(f"/api/v1/alarms/{alarms[0]['id']}/acknowledge", {})
        terminal.types(f"{fail} {clear}")
        until(lambda: not self.supervisor.alarms(cabinet), f"{cabinet} was set right, and something is left over")


def play_tour(folder, port, mqtt_port, sign_in):
    """In the installation whose clone is `folder` and whose data lie in its folder data; `sign_in` is what scripts/run said."""
    with Terminal(folder, mqtt_port) as terminal:
        Tour(folder, port, sign_in).play(terminal)
