"""The WSGI application; it refuses to start as an unsafe deployment."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "credit_mgmt.conf.settings")
application = get_wsgi_application()

from credit_mgmt.conf.production import refuse_if_unsafe  # noqa: E402 - needs loaded apps

refuse_if_unsafe()
