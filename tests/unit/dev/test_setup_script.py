"""`dev/setup.sh` finds a Python that works, with a PATH made up for the purpose."""

import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
REAL = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'
BROKEN = "#!/bin/sh\necho 'pyenv: command not found, said the shim' >&2\nexit 127\n"
OLD = '#!/bin/sh\ncase "$*" in *version_info*) exit 1;; esac\nexit 0\n'
WITHOUT_VENV = f'#!/bin/sh\ncase "$*" in *venv*) exit 1;; esac\nexec "{sys.executable}" "$@"\n'
# Real environments take seconds to make, so most tests use a Python that makes them of two files.
PRETENDED_PIP = f"""#!/bin/sh
case "$*" in
    *install*requirements.txt*)
        ! grep mailroom-none requirements.txt || exit 1 ;;
    *"-m pip"*) ;;
    *) exec "{sys.executable}" "$@" ;;
esac
"""
QUICK = f"""#!/bin/sh
case "$*" in
    "-m venv --clear "*) rm -rf "$4" && mkdir -p "$4/bin" && cp "$0.venv" "$4/bin/python" ;;
    *) exec "{sys.executable}" "$@" ;;
esac
"""
TOOLS = "awk cat chmod cksum cp cut df dirname env grep head mkdir rm sh sort tail tr".split()  # noqa: SIM905


class Machine:
    """A checkout with nothing but the script and empty requirements, and a PATH with a few tools."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "checkout"
        self.tools = folder / "tools"
        self.folders: list[Path] = []
        (self.checkout / "dev").mkdir(parents=True)
        (self.checkout / "dev/setup.sh").write_text((CHECKOUT / "dev/setup.sh").read_text())
        for name in ("requirements.txt", "requirements-dev.txt"):
            (self.checkout / name).write_text("")
        self.tools.mkdir()
        for name in TOOLS:
            for place in ("/usr/bin", "/bin"):
                if Path(place, name).exists():
                    (self.tools / name).symlink_to(Path(place, name))
                    break

    def put(self, folder: str, name: str, text: str) -> None:
        place = self.checkout.parent / folder
        place.mkdir(exist_ok=True)
        (place / name).write_text(text)
        (place / f"{name}.venv").write_text(PRETENDED_PIP)
        for file in (place / name, place / f"{name}.venv"):
            file.chmod(0o755)
        if place not in self.folders:
            self.folders.append(place)

    def set_up(self, **more: str) -> subprocess.CompletedProcess[str]:
        path = ":".join(str(folder) for folder in [*self.folders, self.tools])
        environment = {
            "PATH": path,
            "MAILROOM_PYTHON_FOLDERS": "",
            "HOME": "/",
            **more,
        }
        words = ["/bin/sh", "dev/setup.sh", "run"]
        return subprocess.run(
            words, cwd=self.checkout, env=environment, capture_output=True, text=True, check=False
        )

    @property
    def python(self) -> Path:
        return self.checkout / ".venv/bin/python"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_no_python_at_all_is_one_sentence_and_exit_code_2(machine: Machine) -> None:
    answer = machine.set_up()
    assert answer.returncode == 2
    assert answer.stderr.startswith("No usable Python was found: install Python 3.11 or newer")
    assert answer.stderr.count("\n") == 1


def test_shims_that_fail_and_old_ones_are_passed_over(machine: Machine) -> None:
    machine.put("shims", "python3.13", BROKEN)
    machine.put("shims", "python3.11", BROKEN)
    machine.put("old", "python3", OLD)
    machine.put("good", "python3.11", REAL)
    answer = machine.set_up()
    assert answer.returncode == 0, answer.stderr
    assert subprocess.run([machine.python, "-m", "pip", "--version"], check=False).returncode == 0


def test_a_python_that_cannot_make_environments_leaves_the_turn_to_the_next(machine: Machine) -> None:
    machine.put("debian", "python3.13", WITHOUT_VENV)
    machine.put("good", "python3.11", QUICK)
    assert machine.set_up().returncode == 0
    assert machine.python.exists()


def test_only_pythons_that_cannot_make_environments_is_one_sentence(machine: Machine) -> None:
    machine.put("debian", "python3.11", WITHOUT_VENV)
    answer = machine.set_up()
    assert answer.returncode == 2
    assert "python3-venv" in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert not machine.python.exists()


def test_the_person_may_name_a_python(machine: Machine) -> None:
    machine.put("mine", "snake", QUICK)
    machine.put("shims", "python3", BROKEN)
    answer = machine.set_up(PYTHON=str(machine.checkout.parent / "mine/snake"))
    assert answer.returncode == 0, answer.stderr


def test_the_second_time_nothing_is_installed(machine: Machine) -> None:
    machine.put("good", "python3.11", QUICK)
    assert "Installing" in machine.set_up().stdout
    assert machine.set_up().stdout == ""


def test_changed_requirements_are_installed(machine: Machine) -> None:
    machine.put("good", "python3.11", QUICK)
    machine.set_up()
    (machine.checkout / "requirements.txt").write_text("# another\n")
    assert "Installing" in machine.set_up().stdout


def test_packages_that_cannot_be_had_are_one_sentence(machine: Machine) -> None:
    machine.put("good", "python3.11", QUICK)
    (machine.checkout / "requirements.txt").write_text(f"mailroom-none==1 --hash=sha256:{'0' * 64}\n")
    answer = machine.set_up()
    assert answer.returncode == 2
    assert answer.stderr.startswith(
        "The packages could not be installed (is there a network?): mailroom-none"
    )
    assert answer.stderr.count("\n") == 1


def test_an_environment_whose_python_is_gone_is_made_anew(machine: Machine) -> None:
    machine.put("good", "python3.11", QUICK)
    machine.set_up()
    machine.python.unlink()
    machine.python.symlink_to("/nowhere/python")
    assert machine.set_up().returncode == 0
    assert subprocess.run([machine.python, "-c", ""], check=False).returncode == 0
