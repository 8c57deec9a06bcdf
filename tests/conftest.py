"""What holds for every test: nothing is judged by how busy the machine is."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# The threads of OpenMP wait for one another by spinning: on cores that others use too, fitting trees takes
# twenty times as long with two threads as with one. It is read once, when scikit-learn is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("secondpass", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("secondpass")
