"""Which Asterisk is safe to dial with; asking Asterisk for its version is the link's.

CVE-2024-42365 (GHSA-c4cg-9275-6w44): before the versions below, the AMI right `originate` could write files
and run code. Where certified releases and the standard ones differ, both are listed.
"""

import re
from functools import lru_cache

from ami_bridge.errors import UnsafeAsterisk
from ami_bridge.wire import clean

FIXED = {18: (24, 2), 20: (9, 2), 21: (4, 2)}
FIXED_CERTIFIED = {(18, 9): 11, (20, 7): 2}
FIRST_SAFE_MAJOR = 22

_CERTIFIED = re.compile(r"(?:certified[/-])?(\d+)\.(\d+)-cert(\d+)")
_STANDARD = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_MEND = "upgrade to 18.24.2, 20.9.2, 21.4.2, any 22 or later"


def check_version(version: str | None) -> None:
    """Raises UnsafeAsterisk unless `version` (CoreSettings' AsteriskVersion) is known to be a fixed one."""
    if version is None:
        raise UnsafeAsterisk(
            "Asterisk's version is not known: give the AMI user write=reporting (CoreSettings)"
        )
    if not _is_fixed(version):
        raise UnsafeAsterisk(f"Asterisk {clean(version, 40)} may have CVE-2024-42365: {_MEND}")


@lru_cache(maxsize=8)  # asked before each call
def _is_fixed(version: str) -> bool:
    if certified := _CERTIFIED.match(version):
        major, minor, patch = map(int, certified.groups())
        return major >= FIRST_SAFE_MAJOR or patch >= FIXED_CERTIFIED.get((major, minor), patch + 1)
    if standard := _STANDARD.match(version):
        major, minor, patch = map(int, standard.groups())
        return major >= FIRST_SAFE_MAJOR or (major in FIXED and (minor, patch) >= FIXED[major])
    return False
