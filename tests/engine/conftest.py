"""How hard the laws are tried: 250 examples for people and CI, CREDIT_LAW_EXAMPLES of them at night."""

import os

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("CREDIT_LAW_EXAMPLES", "250"))

settings.register_profile(
    "engine", max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("engine")
