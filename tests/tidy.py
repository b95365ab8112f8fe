#!/usr/bin/env python3
"""Style as a test: what a machine can hold us to. Prints each breach as file:line and exits 1 if there is any."""
import json
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
ORDER = re.search(r"set\(VIGIE_MODULES\s+([^)]*)\)", (TOP / "src/cmake/vigie.cmake").read_text()).group(1).split()
RANK = {name: rank for rank, name in enumerate(ORDER)}
SERVICES = {"lighting", "signals", "signs", "bollards", "video", "buildings", "traffic", "parking", "environment",
            "vehicles", "winter"}
SIBLING_ALLOWED = {("winter", "vehicles")}
BEAST_FILES = {"src/net/http_session.cpp", "src/net/websocket_session.cpp", "src/net/boost_impl.cpp"}
LINES_MAX = {".hpp": 200, ".cpp": 500, ".ts": 500, ".tsx": 500}
COLUMNS_MAX = 120
TOP_LEVEL = {"CMakeLists.txt", "CMakePresets.json", "src", "include", "config", "migrations", "tests", "docs", "scripts",
             "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE"}
REGISTRY = "https://registry.npmjs.org/"
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b")
SLEEPS = re.compile(r"sleep_for|\busleep\(|\bsleep\(|waitForTimeout")
SQL = re.compile(r'R"sql\(|"\s*(select|insert into|update|delete from)\s', re.IGNORECASE)


def tracked():
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=TOP, capture_output=True, text=True,
                           check=True).stdout.split("\n")
    return sorted(name for name in names if name and (TOP / name).is_file())


def module_of(name):
    parts = Path(name).parts
    if parts[0] == "include":
        return parts[2]
    return parts[1] if parts[0] in ("src", "tests") and len(parts) > 2 else None


def included_module(line):
    found = re.match(r'\s*#include "(?:vigie/)?([a-z0-9_]+)/', line)
    return found.group(1) if found else None


def check_cpp(name, lines, breaches):
    module = module_of(name)
    is_test = name.startswith("tests/")
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX:
            breaches.append(f"{name}:{number}: longer than {COLUMNS_MAX} columns")
        target = included_module(line)
        if not is_test and module in RANK and target in RANK:
            if RANK[target] > RANK[module]:
                breaches.append(f"{name}:{number}: {module} may not include {target}, which comes after it")
            siblings = module in SERVICES and target in SERVICES and module != target
            if siblings and (module, target) not in SIBLING_ALLOWED:
                breaches.append(f"{name}:{number}: city service {module} may not include city service {target}")
        if "boost/beast" in line and "#include" in line and name not in BEAST_FILES:
            breaches.append(f"{name}:{number}: Beast lives in {', '.join(sorted(BEAST_FILES))} only")
        if module == "wire" and re.match(r"#include <(boost/asio|sys/socket)", line):
            breaches.append(f"{name}:{number}: no socket in wire: it is given bytes")
        if name.endswith(".hpp") and re.match(r"#include <nlohmann/json.hpp>", line) and name.startswith("include/"):
            breaches.append(f"{name}:{number}: include <nlohmann/json_fwd.hpp> in public headers")
        if not is_test and SQL.search(line) and not re.search(r"(^src/store/|store[a-z_]*\.cpp$)", name):
            breaches.append(f"{name}:{number}: SQL outside a store")
        if is_test and SLEEPS.search(line):
            breaches.append(f"{name}:{number}: a sleep in a test: own the clock")
    if name.endswith(".hpp") and "#pragma once" not in lines[:40]:
        breaches.append(f"{name}:1: no #pragma once")


def check_text(name, lines, breaches):
    limit = LINES_MAX.get(Path(name).suffix)
    generated = "/generated/" in name or name.endswith(".d.ts")
    if limit and len(lines) > limit and not generated:
        breaches.append(f"{name}:1: {len(lines)} lines, more than {limit}: is there a second subject in it?")
    for number, line in enumerate(lines, 1):
        if UNFINISHED.search(line):
            breaches.append(f"{name}:{number}: a mark of unfinished work")
        if not line.endswith(("\r", "  ")) or name.endswith(".md"):
            continue
        breaches.append(f"{name}:{number}: blanks at the end of the line")


def check_pages(names, breaches):
    """Files that a page names in backquotes exist, and so does every test that docs/laws.md names."""
    sources = {name: (TOP / name).read_text(encoding="utf-8") for name in names
               if re.search(r"(_test|_pgtest|_e2e)\.cpp$|\.(e2e\.mjs|test\.ts)$", name)}
    known = {f"{suite}.{test}" for text in sources.values()
             for suite, test in re.findall(r"^TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\)", text, re.M)}
    for name in names:
        if not name.endswith(".md"):
            continue
        for number, line in enumerate((TOP / name).read_text(encoding="utf-8").split("\n"), 1):
            for path in re.findall(r"`((?:src|include|tests|docs|config|migrations|scripts)/[\w./-]+\.\w+)`", line):
                if not (TOP / path).is_file():
                    breaches.append(f"{name}:{number}: there is no {path}")
            if name != "docs/laws.md" or not line.startswith("|"):
                continue
            suite = ""
            for given, test in re.findall(r"(\b[A-Z]\w+)?\.([A-Z]\w+)\b", line):
                suite = given or suite
                if f"{suite}.{test}" not in known:
                    breaches.append(f"{name}:{number}: there is no test {suite}.{test}")
            for title in re.findall(r'"([^"]+)"', line):
                if not any(title in text for text in sources.values()):
                    breaches.append(f"{name}:{number}: there is no test \"{title}\"")


def check_locks(names, breaches):
    """`npm ci` takes the lock file: packages of other platforms are in it. npm leaves them out when node_modules is there.
    Addresses are npm's own, never those of a mirror that only one network has."""
    for name in names:
        if Path(name).name != "package-lock.json":
            continue
        packages = json.loads((TOP / name).read_text(encoding="utf-8"))["packages"]
        for path, package in packages.items():
            for optional in package.get("optionalDependencies", {}):
                if not any(other.endswith("node_modules/" + optional) for other in packages):
                    breaches.append(f"{name}: {optional} is missing; make it anew without node_modules beside it")
            if path and "integrity" not in package:
                breaches.append(f"{name}: {path} is not pinned by its digest")
            if not package.get("resolved", REGISTRY).startswith(REGISTRY):
                breaches.append(f"{name}: {path} is not from {REGISTRY}")


def check_top(names, breaches):
    """What somebody new sees first: nothing but what has its place there."""
    for top in sorted({Path(name).parts[0] for name in names}):
        if top not in TOP_LEVEL and not top.startswith("."):
            breaches.append(f"{top}: has no place at the top level (tests/tidy.py has the list)")


def check_format(names, breaches):
    cpp = [name for name in names if name.endswith((".hpp", ".cpp"))]
    for start in range(0, len(cpp), 100):
        run = subprocess.run(["clang-format-19", "--dry-run", "-Werror", *cpp[start:start + 100]], cwd=TOP,
                             capture_output=True, text=True, check=False)
        for line in run.stderr.split("\n"):
            if "error:" in line:
                breaches.append(line.split(" error:")[0] + " not formatted (clang-format-19 -i)")


def main():
    names = tracked()
    breaches = []
    for name in names:
        if Path(name).suffix not in {".hpp", ".cpp", ".py", ".ts", ".tsx", ".css", ".sql", ".md", ".toml", ".sh", ".mjs"}:
            continue
        lines = (TOP / name).read_text(encoding="utf-8").split("\n")
        lines = lines[:-1] if lines and not lines[-1] else lines
        if name.endswith((".hpp", ".cpp")):
            check_cpp(name, lines, breaches)
        check_text(name, lines, breaches)
    check_pages(names, breaches)
    check_locks(names, breaches)
    check_top(names, breaches)
    check_format(names, breaches)
    print("\n".join(sorted(set(breaches))) if breaches else f"{len(names)} files, no breach")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
