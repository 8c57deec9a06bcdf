"""The Docker engine and its compose command: finds them, or starts them where it may; leaves images alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
PACKAGES = ("docker.io", "docker-compose")


class HarnessError(Exception):
    """The harness cannot do what was asked; the text says how to mend it."""


def say(text: str) -> None:
    print(f"harness: {text}", file=sys.stderr, flush=True)


def run(
    command: Sequence[str], *, env: Mapping[str, str] | None = None, check: bool = True, timeout: float = 900
) -> subprocess.CompletedProcess[str]:
    """Run a command and catch what it prints; HarnessError with its last lines where it fails."""
    full = {**os.environ, **env} if env else None
    done = subprocess.run(
        list(command),
        env=full,
        check=False,
        text=True,
        capture_output=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
    )
    if check and done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise HarnessError(f"`{' '.join(command)}` failed with status {done.returncode}:\n{tail}")
    return done


def wait_until(true: Callable[[], bool], seconds: float, what: str, every: float = 0.1) -> None:
    """Poll until `true()`; HarnessError naming `what` after `seconds`."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise HarnessError(f"{what}: not so after {seconds:.0f} s")
        time.sleep(every)


def engine_answers() -> bool:
    return shutil.which("docker") is not None and run(["docker", "version"], check=False).returncode == 0


@cache
def compose_command() -> tuple[str, ...]:
    """`docker compose` (2.x) where it is there, else `docker-compose` (1.29)."""
    if run(["docker", "compose", "version"], check=False).returncode == 0:
        return ("docker", "compose")
    if shutil.which("docker-compose"):
        return ("docker-compose",)
    raise HarnessError("neither `docker compose` nor `docker-compose` is here: install one of them")


def ensure_engine() -> None:
    """Use the engine that answers; else install and start one, which takes root on a Debian."""
    if not engine_answers():
        _may_install()
        missing = [
            p for p, c in zip(PACKAGES, ("dockerd", "docker-compose"), strict=True) if not shutil.which(c)
        ]
        if missing:
            apt_install(*missing)
        if not shutil.which("docker"):  # from Debian 13 on the client is a package of its own
            apt_install("docker-cli")
        _start_engine()
    compose_command()


def apt_install(*packages: str) -> None:
    say(f"installing {' '.join(packages)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update"], env=quiet)
    run(["apt-get", "install", "-y", "--no-install-recommends", *packages], env=quiet)


def is_root_on_debian() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _may_install() -> None:
    if is_root_on_debian():
        return
    if shutil.which("docker"):
        raise HarnessError(
            "the Docker engine does not answer: start it (`systemctl start docker`), or, where it runs, join "
            "the group that may use it (`usermod -aG docker $USER`, then log in again)"
        )
    raise HarnessError(
        "no Docker engine is here: install Docker, or run this as root on Debian, where it is installed"
    )


def _start_engine() -> None:
    """Start the engine by systemd where that runs, else dockerd in a session of its own, so that it stays."""
    if Path("/run/systemd/system").is_dir():
        run(["systemctl", "start", "docker"])
        wait_until(engine_answers, 60, "the Docker engine answers (see `journalctl -u docker`)")
        return
    BUILD.mkdir(exist_ok=True)
    log = BUILD / "dockerd.log"
    # The harness uses the host's network only: an engine without a bridge and without iptables will do.
    for options in ([], ["--iptables=false", "--bridge=none"]):
        say(f"starting dockerd {' '.join(options)} (log: {log})")
        with log.open("ab") as out:
            engine = subprocess.Popen(
                ["dockerd", *options],
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        if _comes_up(engine):
            return
    raise HarnessError(f"dockerd does not come up: see {log}")


def _comes_up(engine: subprocess.Popen[bytes]) -> bool:
    """Whether this dockerd answers before it ends, or within a minute."""
    wait_until(lambda: engine_answers() or engine.poll() is not None, 60, "dockerd answers")
    return engine.poll() is None
