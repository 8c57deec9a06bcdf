"""The images of the harness: the Debian base and what is built on it; leaves running them to harness.py."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from harness_engine import BUILD, ROOT, HarnessError, apt_install, is_root_on_debian, run, say

BASE = "debian:forky-slim"
TELEPHONY = "secondpass-telephony"
SECONDPASS = "secondpass"
SECONDPASS_TEST = "secondpass-test"
PACKAGES = ("agi", "ami_bridge", "messaging", "strategies", "models", "config", "console", "dialplan")
BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def have_image(name: str) -> bool:
    return run(["docker", "image", "inspect", name], check=False).returncode == 0


def ensure_base() -> None:
    """The Debian base: pulled where that works, else made from Debian's packages."""
    if have_image(BASE):
        return
    say(f"pulling {BASE}")
    if run(["docker", "pull", BASE], check=False, timeout=300).returncode == 0:
        return
    if not shutil.which("mmdebstrap"):
        if not is_root_on_debian():
            raise HarnessError(
                f"{BASE} cannot be pulled: install mmdebstrap, from which it can be made, or load it"
            )
        apt_install("mmdebstrap")
    say(f"{BASE} cannot be pulled: making it from Debian's packages")
    with tempfile.TemporaryDirectory() as folder:
        tar = str(Path(folder) / "base.tar")
        expired = '--aptopt=Acquire::Check-Valid-Until "false"'
        run(["mmdebstrap", "--variant=minbase", expired, "--include=ca-certificates", "forky", tar])
        run(["docker", "import", tar, BASE])


def build(*, test: bool = False, secondpass: bool = True) -> None:
    """Build the telephony image, secondpass's own, and with `test` the one that can run the unit tests."""
    ensure_base()
    docker = ROOT / "docker"
    _build(docker, docker / "asterisk" / "Dockerfile", TELEPHONY)
    if secondpass or test:
        context = secondpass_context(BUILD / "image")
        _build(context, context / "Dockerfile", SECONDPASS, "secondpass")
        if test:
            _build(context, context / "Dockerfile", SECONDPASS_TEST, "test")


def secondpass_context(context: Path) -> Path:
    """Put the build context together: only what the image needs, and the host's certificate bundle."""
    shutil.rmtree(context, ignore_errors=True)
    project = context / "project"
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, project / package, ignore=ignore)
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        if (ROOT / file).exists():
            shutil.copy(ROOT / file, project / file)
    shutil.copytree(ROOT / "tests", context / "tests", ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", context)
    for file in ("Dockerfile", "requirements.py"):
        shutil.copy(ROOT / "docker" / "secondpass" / file, context)
    (context / "host-ca.crt").write_bytes(host_certificates())
    return context


def host_certificates() -> bytes:
    """The authorities the host trusts, a proxy's own among them. Empty where no bundle is found."""
    named = [os.environ[name] for name in ("SSL_CERT_FILE", "PIP_CERT") if os.environ.get(name)]
    for place in (*named, *BUNDLES):
        if Path(place).is_file():
            return Path(place).read_bytes()
    return b""


def _build(context: Path, dockerfile: Path, tag: str, target: str | None = None) -> None:
    say(f"building {tag}")
    arguments = [f"--build-arg={name}={os.environ[name]}" for name in PROXIES if os.environ.get(name)]
    stage = [f"--target={target}"] if target else []
    run(
        [
            "docker",
            "build",
            "--network=host",
            "-q",
            "-t",
            tag,
            "-f",
            str(dockerfile),
            *stage,
            *arguments,
            str(context),
        ]
    )
