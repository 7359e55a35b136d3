"""The WSGI application; it refuses to start as an unsafe deployment."""

import os
import sys

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "credit_mgmt.conf.settings")
application = get_wsgi_application()

# A thread whose statement was answered waits so long for the one that runs: with Python's own 5 ms a check, which works
# for 3 ms and asks seven times, would wait longer than it works.
sys.setswitchinterval(0.0005)

from credit_mgmt.conf.production import refuse_if_unsafe  # noqa: E402 - needs loaded apps

refuse_if_unsafe()
