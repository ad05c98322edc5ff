"""Every setting that comes from the environment, in one table. `docs/settings.md` is written from it."""

from __future__ import annotations

from dataclasses import dataclass

import environ
from django.core.exceptions import ImproperlyConfigured

_env = environ.Env()


@dataclass(frozen=True)
class Setting:
    """One variable: its name, the default (as text), what it means, and whether production insists on it."""

    name: str
    default: str
    meaning: str
    required: bool = False


TABLE = (
    Setting(
        "MAILROOM_ENV", "production", "`production` or `development`. Production refuses unsafe settings."
    ),
    Setting("SECRET_KEY", "", "Signs sessions and links. At least 40 characters.", required=True),
    Setting("SEAL_KEYS", "", "Fernet keys, comma separated: the first seals, all open.", required=True),
    Setting("ALLOWED_HOSTS", "", "Host names the portal answers to, comma separated.", required=True),
    Setting("DATABASE_URL", "", "Postgres, as `postgresql://user:password@host:port/name`.", required=True),
    Setting(
        "REDIS_URL", "", "A server of the Redis protocol, as `redis://:password@host:port/0`.", required=True
    ),
    Setting("DEBUG", "false", "Django's debug pages. Refused in production."),
    Setting(
        "MAILROOM_INSECURE_HTTP",
        "false",
        "Plain HTTP, for loopback only: no HSTS, no Secure cookies. Refused in production.",
    ),
    Setting("PORTAL_URL", "", "The address people use, as `https://portal.example`; trusted for CSRF."),
    Setting(
        "TRUSTED_PROXIES",
        "0",
        "How many reverse proxies stand in front; their X-Forwarded-For and -Proto are believed.",
    ),
    Setting(
        "EMAIL_URL",
        "",
        "Mail server, as `smtp+tls://user:password@host:587`. Unset: port 25 here; in development mail is printed.",
    ),
    Setting("EMAIL_FROM", "Mailroom <mailroom@localhost>", "Sender of the portal's mail."),
    Setting(
        "SECOND_FACTOR_ROLES",
        "owner,support,support_nobill,auditor,finance",
        "Roles that must sign in with a second factor; owners may ask it of further ones. `make run` leaves it empty.",
    ),
    Setting("OIDC_ISSUER", "", "OpenID Connect: the issuer's address. Set: the sign-in page offers it."),
    Setting("OIDC_CLIENT_ID", "", "OpenID Connect: this portal's client id at the issuer."),
    Setting("OIDC_CLIENT_SECRET", "", "OpenID Connect: the client's secret."),
    Setting("OIDC_NAME", "single sign-on", "OpenID Connect: what the button calls it."),
    Setting("STATIC_ROOT", "var/static", "Where collected static files lie."),
    Setting("TIME_ZONE", "Africa/Johannesburg", "Zone for dates on pages."),
    Setting("USAGE_HOUR", "2", "Hour of the nightly count of usage, by TIME_ZONE; `off`: none by itself."),
    Setting("INVITATION_DAYS", "7", "How many days the link of an invitation works."),
    Setting("ACTING_MINUTES", "30", "How long one may look at the portal as a customer's person."),
    Setting("AUDIT_YEARS", "7", "How long `manage.py prune_audit` keeps the audit trail; at least one."),
    Setting("LOG_LEVEL", "INFO", "Least level that is logged."),
    Setting(
        "METRICS_TOKEN",
        "",
        "What Prometheus shows at /metrics (`Authorization: Bearer …`), 20 characters at least. Unset: no such page.",
    ),
    Setting("PORT", "8000", "Port of the web server (`make run`)."),
    Setting("MAILROOM_STATE", "var", "Folder where `make run` keeps servers' data, secrets and logs."),
    Setting("SYNAQ_BASE_URL", "", "Address of the SYNAQ API. Set: no sandbox, no demo data."),
    Setting("SYNAQ_API_USER", "", "API user name at SYNAQ, case-sensitive."),
    Setting(
        "SYNAQ_API_KEY",
        "",
        "API key at SYNAQ. Sealed in the database at set-up; a key changed in the portal stays while SYNAQ accepts it.",
    ),
    Setting("SYNAQ_RESELLER_GUID", "", "GUID of the reseller that the API user belongs to."),
    Setting("SYNAQ_DIALECT", "legacy", "`legacy` (2018) or `current` (2026)."),
    Setting("SYNAQ_RATE", "50", "Most calls per second on one connection."),
    Setting(
        "CONNECTION_HOSTS",
        ".synaq.com",
        "Hosts that connections may lead to, comma separated; `.example.com`: all below it.",
    ),
    Setting(
        "RUNNER_THREADS",
        "12",
        "Calls that one worker process keeps under way side by side; two more are kept for what people wait for.",
    ),
    Setting("RUNNER_SLOTS", "64", "Most worker processes that drive the ledger at once, over all machines."),
    Setting("PORTAL_ADMIN_EMAIL", "", "Address of the first owner, made without a prompt."),
    Setting(
        "PORTAL_ADMIN_PASSWORD", "", "The first owner's password. Only used while that person does not exist."
    ),
    Setting("PG_BIN", "", "Folder of Postgres binaries for `make run`, instead of the embedded ones."),
    Setting("VALKEY_BIN", "", "A valkey-server or redis-server for `make run`, instead of the embedded one."),
)
_ROWS = {row.name: row for row in TABLE}


def text(name: str) -> str:
    """The variable's value, or its default."""
    return str(_env.str(name, default=_ROWS[name].default)).strip()


def flag(name: str) -> bool:
    return text(name).lower() in {"1", "true", "yes", "on"}


def number(name: str) -> int:
    """A whole number; anything else is told by name."""
    try:
        return int(text(name))
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {text(name)!r}.") from None


def words(name: str) -> list[str]:
    """A comma-separated list without its blanks."""
    return [word.strip() for word in text(name).split(",") if word.strip()]


def refuse_unsafe() -> None:
    """Raise ImproperlyConfigured, in one sentence, for what production must not start with."""
    missing = [row.name for row in TABLE if row.required and not words(row.name)]
    if missing:
        raise ImproperlyConfigured(
            f"Production needs these settings: {', '.join(missing)}. See docs/settings.md."
        )
    secret = text("SECRET_KEY")
    if len(secret) < 40 or len(set(secret)) < 10 or "insecure" in secret or "change" in secret.lower():
        raise ImproperlyConfigured(
            "SECRET_KEY is a default or too short: set one of at least 40 random characters."
        )
    for name in ("DEBUG", "MAILROOM_INSECURE_HTTP"):
        if flag(name):
            raise ImproperlyConfigured(f"{name} must be off in production (MAILROOM_ENV=production).")
    if 0 < len(text("METRICS_TOKEN")) < 20:
        raise ImproperlyConfigured("METRICS_TOKEN is too short: set one of at least 20 random characters.")
    if "*" in words("ALLOWED_HOSTS"):
        raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts: '*' is refused in production.")


def hour(name: str) -> int | None:
    """An hour of the day, or None for `off`."""
    said = text(name).strip().lower()
    if said == "off":
        return None
    if not said.isdigit() or not 0 <= int(said) <= 23:
        raise ImproperlyConfigured(f"{name} must be an hour from 0 to 23, or off.")
    return int(said)


def oidc_provider(issuer: str, name: str, client_id: str, secret: str) -> dict[str, object]:
    """The one issuer in allauth's words; none if there is none."""
    if not issuer:
        return {}
    app = {"provider_id": "sso", "name": name, "client_id": client_id, "secret": secret}
    return {
        "openid_connect": {
            "APPS": [{**app, "settings": {"server_url": issuer}}],
            "OAUTH_PKCE_ENABLED": True,
        }
    }


def as_markdown() -> str:
    """The table as it stands in docs/settings.md."""
    lines = ["| variable | default | production needs it | meaning |", "| --- | --- | --- | --- |"]
    for row in TABLE:
        default = f"`{row.default}`" if row.default else "–"
        lines.append(f"| `{row.name}` | {default} | {'yes' if row.required else ''} | {row.meaning} |")
    return "\n".join(lines) + "\n"
