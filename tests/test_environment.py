"""environment.yml, pyproject.toml and requirements.lock name the same packages, and no index address is committed."""

import itertools
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import helpers
from tools import bootstrap
from tools.hygiene import committed_files

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text())
LOCK, LIGHT = ((ROOT / name).read_text() for name in ("requirements.lock", "requirements-light.lock"))
TOOLS = {"python", "pip", "uv", "make", "cxx-compiler"}  # what environment.yml adds to run and build
MACHINES = {
    "linux": dict(sys_platform="linux", platform_machine="x86_64", platform_system="Linux", os_name="posix"),
    "linux-arm": dict(sys_platform="linux", platform_machine="aarch64", platform_system="Linux", os_name="posix"),
    "windows": dict(sys_platform="win32", platform_machine="AMD64", platform_system="Windows", os_name="nt"),
    "mac": dict(sys_platform="darwin", platform_machine="arm64", platform_system="Darwin", os_name="posix"),
}
PYTHONS = ("3.11", "3.12", "3.13")


def declared(*, peers=False):
    """Return the direct dependencies of pyproject.toml, all extras included, peers on request."""
    extras = PROJECT["optional-dependencies"]
    groups = [lines for name, lines in extras.items() if peers or name != "peers"]
    return [Requirement(line) for group in (PROJECT["dependencies"], *groups) for line in group]


def machine(name, python):
    return MACHINES[name] | {"python_version": python, "python_full_version": f"{python}.0", "extra": ""}


def needed(requirements, where):
    """Return {name: requirement} of what one machine needs."""
    return {canonicalize_name(r.name): r for r in requirements if r.marker is None or r.marker.evaluate(where)}


def locked(lock=LOCK):
    """Return the lock's entries as (requirement, hashes)."""
    entries = re.split(r"^(?=[A-Za-z0-9])", re.sub(r"^#.*\n", "", lock, flags=re.M), flags=re.M)
    entries = [entry for entry in entries if entry.strip()]
    return [(Requirement(re.split(r"\\|\n", e)[0].strip()), re.findall(r"--hash=(\S+)", e)) for e in entries]


def conda():
    """Return {name: requirement} of environment.yml, its pip part included, this package left out."""
    listed = [line for line in CONDA["dependencies"] if isinstance(line, str)]
    pip = next(entry["pip"] for entry in CONDA["dependencies"] if isinstance(entry, dict))
    lines = [line.replace("python=", "python==") for line in listed] + [line for line in pip if line != "-e ."]
    return {canonicalize_name(Requirement(line).name): Requirement(line) for line in lines}


def lower_bound(requirement):
    return [s.version for s in requirement.specifier if s.operator in (">=", "==")]


# --- environment.yml against pyproject.toml


def test_the_files_and_bootstrap_know_the_same_pythons():
    (version,) = lower_bound(conda()["python"])
    assert version in PYTHONS
    assert tuple(map(int, PYTHONS[0].split("."))) == bootstrap.OLDEST
    assert tuple(map(int, PYTHONS[-1].split("."))) == bootstrap.NEWEST
    assert PROJECT["requires-python"] == f">={PYTHONS[0]},<3.{bootstrap.NEWEST[1] + 1}"


def test_environment_lists_every_direct_dependency_with_its_lower_bound():
    """conda-forge has NEST where there is no wheel: whatever another machine leaves out, the environment still has."""
    (python,) = lower_bound(conda()["python"])
    wanted = needed(declared(), machine("linux", python))
    assert set(conda()) - TOOLS == set(wanted)
    assert {name: lower_bound(conda()[name]) for name in wanted} == {n: lower_bound(r) for n, r in wanted.items()}
    for where in MACHINES:
        assert set(needed(declared(), machine(where, python))) <= set(wanted)
    assert CONDA["channels"][0] == "conda-forge" and "-e ." in CONDA["dependencies"][-1]["pip"]


# --- requirements.lock against pyproject.toml


def test_lock_satisfies_every_direct_dependency_with_one_version_for_each_machine():
    entries = [requirement for requirement, _ in locked()]
    for where, python in itertools.product(MACHINES, PYTHONS):
        here = machine(where, python)
        assert ("nest-simulator" in needed(declared(), here)) == (where == "linux"), "there is no other wheel"
        names = [canonicalize_name(r.name) for r in entries if r.marker is None or r.marker.evaluate(here)]
        assert len(names) > 100 and sorted(set(names)) == sorted(names)
        versions = {name: lower_bound(r)[0] for name, r in needed(entries, here).items()}
        for name, requirement in needed(declared(peers=True), here).items():
            assert name in versions, f"{name} is not locked for {where}, Python {python}"
            assert requirement.specifier.contains(versions[name]), f"{name} {versions[name]} against {requirement}"


def test_locks_pin_and_hash_every_entry():
    for requirement, hashes in locked("\n".join([LOCK, LIGHT, (ROOT / "requirements-uv.lock").read_text()])):
        assert [s.operator for s in requirement.specifier] == ["=="], requirement
        assert hashes and all(re.fullmatch(r"sha256:[0-9a-f]{64}", h) for h in hashes), requirement


def test_the_light_lock_is_a_part_of_the_lock():
    """The same versions and hashes; all that the package, the compiled loops and JupyterLab need; no simulator."""
    everything = {(canonicalize_name(r.name), str(r.specifier)): set(hashes) for r, hashes in locked()}
    light = {(canonicalize_name(r.name), str(r.specifier)): set(hashes) for r, hashes in locked(LIGHT)}
    assert light and all(hashes <= everything[entry] for entry, hashes in light.items())
    names, extras = {name for name, _ in light}, PROJECT["optional-dependencies"]
    wanted = [Requirement(line).name for line in (*PROJECT["dependencies"], *extras["fast"], *extras["lab"])]
    assert set(map(canonicalize_name, wanted)) | {"setuptools"} <= names
    assert not names & {"nest-simulator", "pynn", "brian2", "jax", "jaxlib", "optax", "playwright", "sphinx", "cython"}


# --- hygiene of the three files


def test_every_dependency_has_a_reason():
    """A comment after the first line of the package; that of the peers stands above their group."""
    reasons = {}
    for name, rest in re.findall(
        r'(?m)^    "([A-Za-z][\w.-]*)[^"]*[<>=][^"]*",(.*)', (ROOT / "pyproject.toml").read_text()
    ):
        reasons.setdefault(name, rest)
    assert set(reasons) == {r.name for r in declared(peers=True)}
    bare = {name for name, rest in reasons.items() if not re.search(r"#\s*\w{3}", rest)}
    assert bare == {r.name for r in declared(peers=True)} - {r.name for r in declared()}


def test_versions_agree():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert helpers.__version__ == PROJECT["version"] == citation["version"]
    assert PROJECT["version"] in (ROOT / "CHANGELOG.md").read_text()


PARTS = (r"pypi\.org/" + "simple", "files\\.python" + "hosted", r"--(extra-)?index-" + "url[ =]")
ADDRESSES = re.compile("|".join(PARTS))


def test_no_package_index_address():
    assert "://" not in LOCK + LIGHT
    texts = {path: path.read_bytes().decode(errors="replace") for path in committed_files(ROOT)}
    assert [str(path) for path, text in texts.items() if ADDRESSES.search(text)] == []


# --- Binder


def test_post_build_runs_in_this_environment():
    """Binder runs postBuild in the root of the repository; its python is the one in front of the path."""
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    run = subprocess.run([ROOT / "postBuild"], cwd=ROOT, env=env, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.endswith("is ready\n")
