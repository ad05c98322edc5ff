"""Django's settings. What comes from the environment is listed in `portal/env.py`."""

from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlparse

import environ
from csp.constants import NONE, SELF

from portal import env, logs

BASE_DIR = Path(__file__).resolve().parent.parent
PRODUCTION = env.text("MAILROOM_ENV") != "development"
if PRODUCTION:
    env.refuse_unsafe()

SECRET_KEY = env.text("SECRET_KEY")
SEAL_KEYS = env.words("SEAL_KEYS")
DEBUG = env.flag("DEBUG")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
PORTAL_URL = env.text("PORTAL_URL").rstrip("/")
CSRF_FAILURE_VIEW = "portal.views.expired"
CSRF_TRUSTED_ORIGINS = [PORTAL_URL] if urlparse(PORTAL_URL).scheme else []

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "django_htmx",
    "django_structlog",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "portal",
    "portal.accounts",
    "portal.billing",
    "provisioning",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "portal.security.Headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.middleware.DatabaseAway",
    "portal.security.RequestLog",
    "portal.measuring.Measure",
    "portal.which.NamedConnection",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.unchanged.Unchanged",
    "allauth.account.middleware.AccountMiddleware",
    "portal.middleware.LeadOut",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.trail.middleware.Trail",
    "portal.acting.middleware.Looking",
    "portal.middleware.PolicyRequired",
    "portal.second_factor.SecondFactorFirst",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
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
                "portal.context.shell",
            ],
        },
    }
]
FORM_RENDERER = "portal.forms.PortalRenderer"

DATABASES = {
    "default": environ.Env.db_url_config(env.text("DATABASE_URL") or "postgresql://portal@127.0.0.1/portal")
}
DATABASES["default"].update(CONN_MAX_AGE=60, CONN_HEALTH_CHECKS=True)
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Sign-in limits must outlive a restart and must not need Redis: a table holds them (portal.accounts' migrations make it).
# Room for many: else whoever asks with hundreds of made-up addresses would push the counts of real ones out.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "portal_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
_RULES = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": name, "OPTIONS": options}
    for name, options in (
        (f"{_RULES}.UserAttributeSimilarityValidator", {"user_attributes": ("email", "name")}),
        (f"{_RULES}.MinimumLengthValidator", {"min_length": 12}),
        (f"{_RULES}.CommonPasswordValidator", {}),
        (f"{_RULES}.NumericPasswordValidator", {}),
        ("portal.accounts.passwords.RepetitionValidator", {}),
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "portal.accounts.adapter.ClosedDoor"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "30/10m/ip,5/5m/key",
    "reset_password": "20/10m/ip,3/10m/key",
    "reset_password_from_key": "20/m/ip",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
}
PASSWORD_RESET_TIMEOUT = 2 * 3600
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXIES")
SECOND_FACTOR_ROLES = env.words("SECOND_FACTOR_ROLES")
MFA_ADAPTER = "portal.accounts.second_factor.SealedFactors"
MFA_FORMS = {
    "activate_totp": "portal.accounts.forms.ActivateApp",
    "authenticate": "portal.accounts.forms.FactorAtSignIn",
    "reauthenticate": "portal.accounts.forms.FactorAgain",
    "add_webauthn": "portal.accounts.forms.AddPasskey",
    "login_webauthn": "portal.accounts.forms.PasskeyAlone",
    "authenticate_webauthn": "portal.accounts.forms.PasskeyAtSignIn",
    "reauthenticate_webauthn": "portal.accounts.forms.PasskeyAgain",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # whoever invites a person vouches for their address
MFA_TOTP_TOLERANCE = 1
# Sign-in by an issuer that knows our people already: nobody is made, nothing is linked (portal/accounts/oidc.py)
OIDC_ISSUER = env.text("OIDC_ISSUER")
OIDC_NAME = env.text("OIDC_NAME")
SOCIALACCOUNT_ADAPTER = "portal.accounts.oidc.KnownPeopleOnly"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_PROVIDERS = env.oidc_provider(
    OIDC_ISSUER, OIDC_NAME, env.text("OIDC_CLIENT_ID"), env.text("OIDC_CLIENT_SECRET")
)
MAIL_SERVER = env.text("EMAIL_URL") or ("smtp://localhost:25" if PRODUCTION else "consolemail://")
globals().update(environ.Env.email_url_config(MAIL_SERVER))
EMAIL_TIMEOUT = 10
EMAIL_SUBJECT_PREFIX = ""
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("EMAIL_FROM")
MAIL_ADDRESS = parseaddr(DEFAULT_FROM_EMAIL)[1]

# Connections, roles, deletes of companies and looking as a customer ask for a proof of who it is that is no older
FRESH_SECONDS = 15 * 60
ACCOUNT_REAUTHENTICATION_TIMEOUT = FRESH_SECONDS
ACTING_MINUTES = env.number("ACTING_MINUTES")
AUDIT_YEARS = env.number("AUDIT_YEARS")

INVITATION_DAYS = max(1, env.number("INVITATION_DAYS"))

INSECURE_HTTP = env.flag("MAILROOM_INSECURE_HTTP") or not PRODUCTION
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = INSECURE_HTTP
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not INSECURE_HTTP
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
# Not Strict: links in mails lead to people who are signed in
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# With this prefix a browser takes the cookie from nobody but this very host, by https
_HOST = "" if INSECURE_HTTP else "__Host-"
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_HOST}sessionid", f"{_HOST}csrftoken"
SESSION_COOKIE_AGE = 12 * 3600
SECURE_SSL_REDIRECT = not INSECURE_HTTP
SECURE_REDIRECT_EXEMPT = [r"^health(/live|/ready)?$", r"^metrics$"]
SECURE_HSTS_SECONDS = 0 if INSECURE_HTTP else 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not INSECURE_HTTP
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.number("TRUSTED_PROXIES") else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSP_REPORT_PATH, CSP_REPORT_GROUP = "/csp-report/", "csp"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
        "report-uri": [CSP_REPORT_PATH],
        "report-to": [CSP_REPORT_GROUP],
    }
}
# Bytes of a whole request, files included (an import is 1 MB at most, a logo less), and of it without files
MOST_BODY = 4 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000
DATA_UPLOAD_MAX_NUMBER_FILES = 2

LANGUAGE_CODE = "en-gb"
TIME_ZONE = env.text("TIME_ZONE")
USAGE_HOUR = env.hour("USAGE_HOUR")
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / env.text("STATIC_ROOT")
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_ALLOW_ALL_ORIGINS = False
# Development serves straight from static/ and the packages: no collectstatic between a change and a look.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not PRODUCTION

# Owners type addresses of connections: only the operator says where they may lead (docs/decisions/0018)
CONNECTION_HOSTS = [*env.words("CONNECTION_HOSTS"), urlparse(env.text("SYNAQ_BASE_URL")).hostname or ""]

RUNNER_THREADS = env.number("RUNNER_THREADS")
RUNNER_SLOTS = env.number("RUNNER_SLOTS")

METRICS_TOKEN = env.text("METRICS_TOKEN")

REDIS_URL = env.text("REDIS_URL") or "redis://127.0.0.1:6379/0"
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_DEFAULT_QUEUE = "mailroom"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 5
CELERY_TASK_SOFT_TIME_LIMIT = 60
CELERY_TASK_TIME_LIMIT = 90
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_CONSUMER = "portal.consuming:Consumer"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 120,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "health_check_interval": 10,
    "max_connections": 50,
}
CELERY_BEAT_SCHEDULER = "portal.beating:Scheduler"
CELERY_BEAT_SCHEDULE = {
    # expires at once: a late beat says nothing that the next one does not say
    "drive": {"task": "provisioning.drive", "schedule": 1.0, "options": {"expires": 2}},
    "months": {"task": "portal.look_at_months", "schedule": 600.0, "options": {"expires": 300}},
}

DJANGO_STRUCTLOG_CELERY_ENABLED = False
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False

LOGGING = logs.LOGGING
logs.configure()
