"""How hard the laws are tried: 500 examples for people and CI, 50,000 in the nightly run, or CREDIT_LAW_EXAMPLES."""

import os

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("CREDIT_LAW_EXAMPLES") or ("50000" if os.environ.get("NIGHTLY") == "1" else "500"))

settings.register_profile(
    "engine", max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("engine")
