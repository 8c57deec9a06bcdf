"""Runs the harness: Asterisk, a carrier, agents, callers, Redis and secondpass on one loopback network.

Needs nothing but Python: `python docker/harness.py up`. The images are harness_images.py's, the Docker
engine is harness_engine.py's.
"""

from __future__ import annotations

import argparse
import itertools
import os
import re
import secrets
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from harness_engine import BUILD, ROOT, HarnessError, compose_command, ensure_engine, run, wait_until
from harness_images import SECONDPASS, TELEPHONY, build, have_image
from harness_records import (
    CallsIn,
    CarrierCall,
    QueueEntry,
    carrier_calls,
    queue_entries,
    read_lines,
    sipp_counts,
)

TELEPHONY_SERVICES = ("redis", "carrier", "asterisk", "agents")
SECRETS = ("SECONDPASS_AMI_SECRET", "SECONDPASS_FASTAGI_TOKEN")
STATE_PARTS = ("asterisk", "carrier", "sipp", "secrets.env")


class Harness:
    """One harness: a loopback network such as "127.0.10", a compose project, a folder for its state."""

    def __init__(self, net: str, project: str, state_dir: Path, config: str = "") -> None:
        if not re.fullmatch(r"127(\.\d{1,3}){2}", net):
            raise HarnessError(f"SP_NET={net!r} is not the start of a loopback network: write 127.0.10, say")
        self.net = net
        self.project = project
        self.state_dir = state_dir.resolve()
        self.config = config
        self._batches = itertools.count(1)

    def up(self, *services: str) -> None:
        """Start afresh: take down what is left of this project, make new secrets, start, wait until ready.

        secondpass runs on the demo's configuration unless the harness was given one. What a caller has put
        into `state_dir` stays there until `down`.
        """
        wanted = services or (*TELEPHONY_SERVICES, "secondpass")
        self._remove_containers()
        self._remove_state(STATE_PARTS)
        self.state_dir.mkdir(parents=True, exist_ok=True)
        self._write_secrets()
        if not self.config and "secondpass" in wanted:
            self._write_configuration()
        self._compose("up", "-d", "--no-build", *wanted)
        self.wait_ready(*wanted)

    def down(self) -> None:
        """Remove containers, volumes and state. Repeating it does no harm."""
        self._remove_containers()
        self._remove_state()

    def start(self, service: str) -> None:
        """Start a service that was stopped or killed, or that `up` left out."""
        self._compose("up", "-d", "--no-build", service)
        self.wait_ready(service)

    def revive(self, *services: str) -> list[str]:
        """Start again those of these services that are not running; which they were."""
        containers = [self.container(service) for service in services]
        running = run(["docker", "inspect", "--format", "{{.State.Running}}", *containers]).stdout.split()
        gone = [service for service, up in zip(services, running, strict=True) if up != "true"]
        for service in gone:
            self.start(service)
        return gone

    def stop(self, service: str) -> None:
        self._compose("stop", "-t", "5", service)

    def kill(self, service: str) -> None:
        """SIGKILL: no shutdown code runs."""
        run(["docker", "kill", self.container(service)])

    def freeze(self, service: str) -> None:
        """Stop the service's processes where they stand; their sockets stay open (as SIGSTOP does)."""
        run(["docker", "pause", self.container(service)])

    def thaw(self, service: str) -> None:
        run(["docker", "unpause", self.container(service)])

    def wait_ready(self, *services: str) -> None:
        """Poll until each of these services does its work; HarnessError with its log where one does not."""
        for service in services:
            try:
                wait_until(lambda s=service: self._ready(s), 60, f"{service} is ready")  # type: ignore[misc]
            except HarnessError as late:
                log = run(["docker", "logs", "--tail", "20", self.container(service)], check=False)
                raise HarnessError(f"{late}\n{log.stdout}{log.stderr}") from None

    def addresses(self) -> dict[str, str]:
        """Where everything is, by name."""
        return {
            "asterisk sip": f"{self.net}.1:5060/udp",
            "asterisk ami": f"{self.net}.1:5038",
            "carrier sip": f"{self.net}.2:5060/udp",
            "redis": f"{self.net}.3:6379",
            "secondpass fastagi": f"{self.net}.4:4573",
            "agents sip": f"{self.net}.5:5060/udp",
            "callers sip": f"{self.net}.6",
        }

    def secret(self, name: str) -> str:
        """One of SECRETS, as this `up` made it."""
        return self._secrets()[name]

    def environment(self) -> dict[str, str]:
        """What secondpass needs in its environment to talk to this harness from the host."""
        return self._secrets()

    def container(self, service: str) -> str:
        return f"{self.project}_{service}"

    def asterisk(self, command: str) -> str:
        """What Asterisk's console answers to `command`."""
        return run(["docker", "exec", self.container("asterisk"), "asterisk", "-rx", command]).stdout

    def carrier(self, command: str) -> str:
        return run(["docker", "exec", self.container("carrier"), "asterisk", "-rx", command]).stdout

    def channels(self) -> int:
        """How many channels Asterisk has up now."""
        return int(self.asterisk("core show channels count").split()[0])

    def carrier_records(self) -> list[CarrierCall]:
        """Every call that has ended at the carrier, in the order in which they ended."""
        return carrier_calls(read_lines(self.state_dir / "carrier" / "cdr-custom" / "calls.csv"))

    def queue_log(self) -> list[QueueEntry]:
        return queue_entries(read_lines(self.state_dir / "asterisk" / "queue_log"))

    def add_dialplan(self, name: str, text: str) -> None:
        """Give Asterisk further extensions: in the callers' context, unless the text names a [context]."""
        file = self.state_dir / "asterisk" / "dialplan" / f"{name}.conf"
        write = ["sh", "-c", f'printf "[harness-more]\\n%s" "$1" > {file}', "sh", text]
        run(["docker", "exec", self.container("asterisk"), *write])
        self.asterisk("dialplan reload")

    def logged(self, service: str) -> list[str]:
        """What Asterisk or the carrier has logged: notices, warnings and errors."""
        return read_lines(self.state_dir / service / "messages")

    def call_in(
        self,
        callers: Sequence[str],
        rate: float = 5,
        limit: float = 90,
        extension: str = "5000",
        behaving: str = "callers",
    ) -> CallsIn:
        """Call in from each of these numbers, `rate` new calls a second; returns when all have ended.

        A caller hangs up after `limit` seconds of waiting and talking, where nobody hung up before.
        `behaving` names the scenario of docker/sipp; "legs" are agents, who speak.
        """
        rows = [f"{caller};{extension}" for caller in callers]
        return self._call(rows, rate, len(callers) / rate + limit, behaving, limit)

    def replay_in(self, callers: Sequence[tuple[str, str, float, float]], limit: float) -> CallsIn:
        """Call in as a record has it: number, extension, seconds from now, seconds of patience while nobody
        has answered. Who is answered stays until the other end hangs up. All is over within `limit`."""
        rows = [
            f"{number};{exten};{moment * 1000:.0f};{patience:.2f}"
            for number, exten, moment, patience in callers
        ]
        return self._call(rows, 200, limit, "replayed", limit)

    def _call(self, rows: Sequence[str], rate: float, lasting: float, behaving: str, limit: float) -> CallsIn:
        """One run of SIPp over these rows of its injection file."""
        batch = f"calls_{next(self._batches)}"
        folder = self.state_dir / "sipp"
        folder.mkdir(exist_ok=True)
        scenario = (ROOT / "docker" / "sipp" / f"{behaving}.xml").read_text(encoding="utf-8")
        (folder / f"{batch}.xml").write_text(scenario.replace("@PATIENCE_MS@", str(int(limit * 1000))))
        (folder / f"{batch}.csv").write_text("SEQUENTIAL\n" + "".join(f"{row}\n" for row in rows))
        done = run(self._sipp(batch, len(rows), rate), check=False, timeout=lasting + 60)
        counts = folder / f"{batch}.stat"
        if done.returncode not in {0, 1} or not counts.exists():
            raise HarnessError(f"SIPp ended with status {done.returncode}: {done.stderr[-500:]}")
        return sipp_counts(read_lines(counts))

    def _sipp(self, batch: str, calls: int, rate: float) -> list[str]:
        place, address = f"{self.state_dir}/sipp/{batch}", f"{self.net}.6"
        name = f"{self.project}_{batch}"
        docker = ["docker", "run", "--rm", "--init", "--network=host", f"--name={name}"]
        mount = f"{self.state_dir}:{self.state_dir}"
        return [
            *docker, "-v", mount, "--label", self._label(), TELEPHONY, "sipp", f"{self.net}.1:5060",
            "-watchdog_interval", "0", "-sf", f"{place}.xml", "-inf", f"{place}.csv",
            "-i", address, "-mi", address, "-ci", address,
            "-m", str(calls), "-l", str(calls), "-r", str(int(rate * 10)), "-rp", "10000", "-nostdin",
            "-trace_stat", "-stf", f"{place}.stat", "-trace_err", "-error_file", f"{place}_errors.log",
        ]  # fmt: skip

    def _label(self) -> str:
        return f"secondpass.project={self.project}"

    def _remove_containers(self) -> None:
        for container in self._containers():
            run(["docker", "rm", "-f", "-v", container], check=False)
        self._compose("kill")
        self._compose("down", "-v", "--remove-orphans", "-t", "0")

    def _containers(self) -> list[str]:
        return run(["docker", "ps", "-aq", "--filter", f"label={self._label()}"]).stdout.split()

    def _compose(self, *arguments: str) -> None:
        file = str(ROOT / "docker" / "compose.yaml")
        run([*compose_command(), "-p", self.project, "-f", file, *arguments], env=self._compose_environment())

    def _compose_environment(self) -> dict[str, str]:
        return {
            "SP_NET": self.net,
            "SP_STATE": str(self.state_dir),
            "SP_PROJECT": self.project,
            "SP_CONFIG": str(self.configuration),
            "SP_IMAGE": TELEPHONY,
            "SP_SECONDPASS_IMAGE": SECONDPASS,
            **self._secrets(),
        }

    @property
    def configuration(self) -> Path:
        """The directory that secondpass reads."""
        return Path(self.config) if self.config else self.state_dir / "config"

    def _write_configuration(self) -> None:
        """The demo's, with this harness's addresses in it."""
        shutil.copytree(ROOT / "docker" / "demo" / "config", self.configuration, dirs_exist_ok=True)
        settings = self.configuration / "settings.yaml"
        text = settings.read_text(encoding="utf-8")
        settings.write_text(text.replace("NET.", f"{self.net}.").replace("STATE", str(self.state_dir)))

    def _secrets_file(self) -> Path:
        return self.state_dir / "secrets.env"

    def _write_secrets(self) -> None:
        descriptor = os.open(self._secrets_file(), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.writelines(f"{name}={secrets.token_hex(16)}\n" for name in SECRETS)

    def _secrets(self) -> dict[str, str]:
        known = dict(line.split("=", 1) for line in read_lines(self._secrets_file()))
        return {name: known.get(name, "") for name in SECRETS}

    def _remove_state(self, parts: Sequence[str] = (".",)) -> None:
        """The containers write as root: what we may not remove ourselves, one of them removes."""
        places = [place for part in parts if (place := self.state_dir / part).exists()]
        if places and os.geteuid() != 0 and have_image(TELEPHONY):
            mount = ["-v", f"{self.state_dir}:{self.state_dir}"]
            inside = ["find", *map(str, places), "-mindepth", "1", "-delete"]
            run(["docker", "run", "--rm", "--network=none", *mount, TELEPHONY, *inside])
        for place in places:
            if place.is_dir():
                shutil.rmtree(place)
            else:
                place.unlink()

    def _ready(self, service: str) -> bool:
        if service in {"asterisk", "carrier"}:
            return self._inside(service, "asterisk", "-rx", "core waitfullybooted")
        if service == "redis":
            return self._inside(service, "redis-cli", "-e", "-h", f"{self.net}.3", "ping")
        if service == "agents":
            return self._listens("udp", f"{self.net}.5", 5060)
        return self._listens("tcp", f"{self.net}.4", 4573)

    def _inside(self, service: str, *command: str) -> bool:
        return run(["docker", "exec", self.container(service), *command], check=False).returncode == 0

    def _listens(self, protocol: str, address: str, port: int) -> bool:
        return (address, port) in listening(protocol)


def listening(protocol: str) -> set[tuple[str, int]]:
    """The IPv4 addresses and ports on which this machine's processes listen ("tcp") or are bound ("udp")."""
    return {
        (_address(row.split()[1].split(":")[0]), int(row.split()[1].split(":")[1], 16))
        for row in read_lines(Path(f"/proc/net/{protocol}"))[1:]
        if protocol == "udp" or row.split()[3] == "0A"
    }


def _address(little_endian: str) -> str:
    return ".".join(str(byte) for byte in reversed(bytes.fromhex(little_endian)))


def ensure_ready() -> None:
    """All that `up` needs: an engine, and the images, built where something in them has changed."""
    ensure_engine()
    build()


def from_environment() -> Harness:
    """The harness that SP_NET, SP_PROJECT, SP_STATE and SP_CONFIG name."""
    net = os.environ.get("SP_NET", "127.0.10")
    project = os.environ.get("SP_PROJECT", "secondpass")
    state = os.environ.get("SP_STATE") or str(BUILD / "harness")
    return Harness(net, project, Path(state), os.environ.get("SP_CONFIG", ""))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="harness", description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["up", "down", "status", "build", "ensure-engine"])
    parser.add_argument("services", nargs="*", help="for up: only these services")
    parser.add_argument(
        "--test", action="store_true", help="for build: also the image that runs the unit tests"
    )
    chosen = parser.parse_args(arguments)
    try:
        _carry_out(chosen)
    except HarnessError as error:
        print(f"harness: {error}", file=sys.stderr)
        return 1
    return 0


def _carry_out(chosen: argparse.Namespace) -> None:
    if chosen.command == "status":
        _print_status(from_environment())
    elif chosen.command == "down":
        from_environment().down()
    else:
        ensure_engine()
        if chosen.command in {"up", "build"}:
            build(test=chosen.test)
        if chosen.command == "up":
            harness = from_environment()
            harness.up(*chosen.services)
            _print_addresses(harness)


def _print_addresses(harness: Harness) -> None:
    for name, address in harness.addresses().items():
        print(f"{name:20} {address}")
    print(f"{'configuration':20} {harness.configuration}")
    print(f"{'secrets, logs':20} {harness.state_dir}")


def _print_status(harness: Harness) -> None:
    _print_addresses(harness)
    names = run(
        ["docker", "ps", "--filter", f"name={harness.project}_", "--format", "{{.Names}}: {{.Status}}"]
    )
    print(names.stdout or "nothing runs", end="")


if __name__ == "__main__":
    sys.exit(main())
