"""The routes that are about nobody's things but one's own: signing in, the account, and what belongs to the shell."""

from __future__ import annotations

from tests.access.declared import PORTAL, SLICES
from tests.access.declaring import ANYBODY, PUBLIC, Route
from tests.access.world import mark

LED = frozenset({302, 303})
SHOWN = frozenset({200}) | LED
NO_SERVICE = frozenset({400, 404, 405})  # nothing is set up that could answer, or nothing sound was sent
FILLED = SHOWN | {400, 422}

_SHELL = (
    Route("home", get=ANYBODY, shows=SHOWN),
    Route("health", get=PUBLIC),
    Route("health_live", get=PUBLIC),
    Route("health_ready", get=PUBLIC),
    Route("metrics", get=PUBLIC, shows=frozenset({404})),  # a token opens it, and nobody's rights
    Route("csp_report", post=PUBLIC, told=frozenset({204, 400, 415}), looking=True),
    Route("theme", post=PUBLIC, told=LED, looking=True),
    Route("columns", post=ANYBODY, told=LED, looking=True, args=lambda _: ["mailboxes"], data=lambda _: {"next": "/"}),
    Route("search:all", get=ANYBODY, query=f"?q={mark('other', 'mailbox')[:5]}"),
    Route("acting:stop", post=ANYBODY, told=LED, looking=True),
    Route("branding:stylesheet", "brand", get=PUBLIC, shows=frozenset({404}),
          args=lambda place: [place.things["brand"].pk, "0" * 16]),
    Route("branding:logo", "brand", get=PUBLIC, shows=frozenset({404}),
          args=lambda place: [place.things["brand"].pk, "0" * 16]),
)  # fmt: skip
_OPEN = (
    Route("account_login", get=PUBLIC, post=PUBLIC, shows=SHOWN, told=FILLED, account=True),
    Route("account_logout", get=PUBLIC, post=PUBLIC, shows=SHOWN, told=FILLED, looking=True),
    Route("account_inactive", get=PUBLIC, shows=SHOWN, account=True),
    Route("account_reset_password", get=PUBLIC, post=PUBLIC, shows=SHOWN, told=FILLED, account=True),
    Route("account_reset_password_done", get=PUBLIC, shows=SHOWN, account=True),
    Route("account_reset_password_from_key", get=PUBLIC, post=PUBLIC, shows=SHOWN, told=FILLED, account=True,
          args=lambda _: ["1", "set-password"]),
    Route("account_reset_password_from_key_done", get=PUBLIC, shows=SHOWN, account=True),
    Route("mfa_authenticate", get=PUBLIC, post=PUBLIC, shows=SHOWN, told=FILLED, account=True),
    Route("mfa_login_webauthn", get=PUBLIC, post=PUBLIC, shows=SHOWN, told=FILLED, account=True),
    Route("oidc_login", get=PUBLIC, post=PUBLIC, shows=NO_SERVICE, told=NO_SERVICE, account=True),
    Route("openid_connect_callback", get=PUBLIC, shows=NO_SERVICE, account=True, args=lambda _: ["nobody"]),
    Route("socialaccount_login_cancelled", get=PUBLIC, shows=LED, account=True),
)  # fmt: skip
_OWN = (
    *(
        Route(name, get=ANYBODY, post=ANYBODY, shows=SHOWN | NO_SERVICE, told=FILLED | NO_SERVICE | {403, 405}, account=True)
        for name in (
            "account_reauthenticate",
            "account_change_password",
            "account_set_password",
            "second_factor",
            "mfa_reauthenticate",
            "mfa_activate_totp",
            "mfa_deactivate_totp",
            "mfa_view_recovery_codes",
            "mfa_generate_recovery_codes",
            "mfa_add_webauthn",
            "mfa_reauthenticate_webauthn",
        )
    ),
    Route("security", get=ANYBODY, account=True),
    Route("mfa_index", get=ANYBODY, shows=LED, account=True),
    Route("mfa_list_webauthn", get=ANYBODY, shows=LED, account=True),
    Route("end_other_sessions", post=ANYBODY, told=LED, account=True),
    # somebody else's session and passkeys are nobody's business
    Route("end_session", "session", post="", account=True),
    Route("mfa_remove_webauthn", "passkey", post="", account=True),
    Route("mfa_edit_webauthn", "passkey", post="", account=True),
)  # fmt: skip

ROUTES: tuple[Route, ...] = (*_SHELL, *_OPEN, *_OWN, *SLICES, *PORTAL)
