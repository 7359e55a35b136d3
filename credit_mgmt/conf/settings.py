"""Django settings, closed by default: what is not stated in the environment is refused, not guessed.

`CREDIT_DEMO=1` (set by `./run`) marks a demonstration: demo users may exist, plain http is accepted. DEBUG stays off.
`CREDIT_TESTING=1` (set by the pytest plugin) exchanges only what makes tests slow or needs a build step.
"""

import datetime as dt
import secrets
from pathlib import Path

import django_stubs_ext
import environ
from csp.constants import NONE, SELF
from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED

from credit_mgmt.conf import environment
from credit_mgmt.conf.logs import logging_config

# Lets `ModelAdmin[Customer]` and the like be written, which type checkers want and Django alone refuses at run time.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environ.Env()

DEBUG = env.bool("DEBUG", default=False)
CREDIT_DEMO = env.bool("CREDIT_DEMO", default=False)
CREDIT_TESTING = env.bool("CREDIT_TESTING", default=False)
# Plain http and the weaker cookies that it needs are for these three; anything else is a deployment behind TLS.
CREDIT_DEPLOYED = not (DEBUG or CREDIT_DEMO or CREDIT_TESTING)
# The day that the system takes for today, in demonstrations and tests only (api.md, Actions).
CREDIT_TODAY = environment.day("CREDIT_TODAY", env.str("CREDIT_TODAY", default=""))
# Who has an address in this domain is a demo user: a deployment refuses to start with one.
CREDIT_DEMO_EMAIL_DOMAIN = "demo.invalid"

# Without a key each process invents one: good enough for a command, refused by web, worker and beat (production.py).
CREDIT_SECRET_KEY_GIVEN = bool(env.str("SECRET_KEY", default=""))
SECRET_KEY = env.str("SECRET_KEY", default="") or secrets.token_urlsafe(64)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if CREDIT_DEPLOYED else ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_celery_beat",
    "django_fsm",
    "django_htmx",
    "axes",
    "csp",
    "customers",
    "credit_mgmt",
    "holds",
    "workflows",
    "credit_mgmt.conf",
]

MIDDLEWARE = [
    "credit_mgmt.conf.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "credit_mgmt.conf.middleware.ContentPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "customers.edge.routing.ApiSlashMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "credit_mgmt.conf.middleware.SessionLimitMiddleware",
    "credit_mgmt.conf.middleware.NoStoreMiddleware",
    "credit_mgmt.conf.middleware.ReaderMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "credit_mgmt.conf.urls"
# What anybody may see; every other address names a right, or customers.edge.checks stops the start. The admin asks its
# own permissions; /_design/ shows no data, and nothing at all in a deployment.
OPEN_ROUTES = [
    "login/",
    "logout/",
    "session/",
    "admin/",
    "_design/",
    "api/v1/health/",
    "api/schema/",
    "api/docs/",
    "api/.*",
]
WSGI_APPLICATION = "credit_mgmt.conf.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "credit_mgmt.conf.context.frame",
            ],
        },
    },
]

# --- database ------------------------------------------------------------------------------------------------------
# Without an address settings still import (type checks, `--help`); production.py refuses to serve like that.
DATABASES = {"default": environment.database(env.str("DATABASE_URL", default="") or "postgres:///credit_mgmt")}
# A session that sits in a transaction holds locks: end it. A test may think longer than that between statements.
# Prepared statements (credit_mgmt.compiled) have one plan that fits all: left to itself PostgreSQL plans them anew each
# time, which costs ten times the query.
_SESSION_SETTINGS = {
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "idle_in_transaction_session_timeout": "0" if CREDIT_TESTING else "10s",
}
DATABASES["default"] |= {
    "ENGINE": "credit_mgmt.conf.database",
    "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=60),
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": {
        **DATABASES["default"].get("OPTIONS", {}),
        # The lock protocol is right under READ COMMITTED only (reliability, findings 2 and 3).
        "isolation_level": ISOLATION_LEVEL_READ_COMMITTED,
        "options": " ".join(f"-c {name}={value}" for name, value in _SESSION_SETTINGS.items()),
        "connect_timeout": 5,
    },
}
# Statements of a check are prepared once per session; a pooler that changes sessions between transactions forgets them.
CREDIT_PREPARE_STATEMENTS = env.bool("CREDIT_PREPARE_STATEMENTS", default=True)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- language and time ---------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- people --------------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "customers.preferences.SignedIn"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]
if CREDIT_TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = LOGIN_URL
AXES_ENABLED = not CREDIT_TESTING
AXES_VERBOSE = False
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = dt.timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "credit_mgmt.conf.middleware.client_address"
# Proxies in front of us whose X-Forwarded-For is to be believed; with none, nobody chooses the address that we see.
PROXY_COUNT = env.int("PROXY_COUNT", default=0)

# --- sessions, cookies, headers ------------------------------------------------------------------------------------
SESSION_ENGINE = "django.contrib.sessions.backends.db"  # the broker is in no decision path (reliability O02)
SESSION_IDLE_SECONDS = 30 * 60
SESSION_ABSOLUTE_SECONDS = 12 * 60 * 60
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_SECONDS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = CREDIT_DEPLOYED
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = (
    ("__Host-credit-session", "__Host-credit-csrf") if CREDIT_DEPLOYED else ("credit-session", "credit-csrf")
)
SECURE_SSL_REDIRECT = CREDIT_DEPLOYED
SECURE_REDIRECT_EXEMPT = [r"^api/v1/health/"]  # asked from inside, without TLS
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if CREDIT_DEPLOYED else 0
# Whether other hosts of the domain speak TLS is not ours to decide.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# Sites that may show the credit panel of an order inside their own pages, e.g. https://erp.example.com; none unasked.
# Cookies are SameSite=Lax: such a site is signed in only where it shares our registrable domain.
CREDIT_PANEL_FRAMED_BY = env.list("CREDIT_PANEL_FRAMED_BY", default=[])
# Where the ERP shows an order, such as https://erp.example/orders/{legal_entity}/{number}: sales shortens it there.
CREDIT_ORDER_URL = env("CREDIT_ORDER_URL", default="")

# --- mail of notifications -------------------------------------------------------------------------------------------
# EMAIL_URL such as smtp+tls://user:password@mail.example:587; without one, mail is written to the worker's log.
_MAIL = env.email_url("EMAIL_URL", default="consolemail://")
EMAIL_BACKEND = _MAIL["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = _MAIL["EMAIL_HOST"] or "localhost", _MAIL["EMAIL_PORT"] or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _MAIL["EMAIL_HOST_USER"] or "", _MAIL["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = _MAIL.get("EMAIL_USE_TLS", False), _MAIL.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="credit@localhost")
# What the links of mails begin with.
CREDIT_SITE_URL = env("CREDIT_SITE_URL", default="http://127.0.0.1:8000").rstrip("/")

# --- static files --------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [folder for folder in (BASE_DIR / "static",) if folder.is_dir()]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if CREDIT_TESTING or DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = CREDIT_TESTING or DEBUG

# --- API -----------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "customers.edge.authentication.TokenAuthentication",
        "customers.edge.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["customers.edge.permissions.ActionPermission"],
    "DEFAULT_SCHEMA_CLASS": "customers.edge.schema.ProblemAutoSchema",
    "DEFAULT_PARSER_CLASSES": ["customers.edge.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "customers.edge.problems.exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Credit management",
    "DESCRIPTION": "Checks of orders against credit limits and blocking rules, credit holds and their release.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    # The contract is no secret: who writes a client reads it before having a token.
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_PUBLIC": True,
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [],  # enumerations stand where they are used
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# --- background work: the job lives in PostgreSQL, Celery only carries it (reliability, finding 6) ------------------
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="")
# How long a part of a job waits for a worker that was killed; longer than working on one part takes.
JOB_LEASE_SECONDS = env.int("JOB_LEASE_SECONDS", default=60)
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_ACKS_ON_FAILURE_OR_TIMEOUT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_TASK_TIME_LIMIT = 570
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_TIMEZONE = TIME_ZONE
# A lost message comes back after this long: longer than any task may run, shorter than anyone would wait.
CELERY_VISIBILITY_TIMEOUT = 600
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": CELERY_VISIBILITY_TIMEOUT,
    # kombu looks for lost messages about every 100 s unless told otherwise.
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    # A broker that accepts a connection and says nothing must not hang the caller (reliability, finding 7).
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
}
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"visibility_timeout": CELERY_VISIBILITY_TIMEOUT}
CELERY_BEAT_SCHEDULER = "credit_mgmt.conf.scheduler:Scheduler"

# --- logs ----------------------------------------------------------------------------------------------------------
LOGGING = logging_config(env.str("LOG_LEVEL", default="INFO"))
