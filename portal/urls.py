from django.urls import include, path

from portal import csp_reports, tables, views
from portal.health import probes

urlpatterns = [
    path("", views.home, name="home"),
    path("health", probes.summary, name="health"),
    path("health/live", probes.live, name="health_live"),
    path("health/ready", probes.ready, name="health_ready"),
    path("metrics", probes.metrics, name="metrics"),
    path("csp-report/", csp_reports.report, name="csp_report"),
    path("theme/", views.theme, name="theme"),
    path("columns/<slug:name>/", tables.choose_columns, name="columns"),
    path("accounts/", include("portal.accounts.urls")),
    path("attention/", include("portal.attention.urls")),
    path("search/", include("portal.search.urls")),
    path("bell/", include("portal.bell.urls")),
    path("companies/", include("portal.ous.urls")),
    path("customers/", include("portal.customers.urls")),
    path("packages/", include("portal.packages.urls")),
    path("domains/", include("portal.domains.urls")),
    path("mailboxes/", include("portal.mailboxes.urls")),
    path("batches/", include("portal.batches.urls")),
    path("activity/", include("portal.activity.urls")),
    path("people/", include("portal.people.urls")),
    path("roles/", include("portal.rights.urls")),
    path("invitation/", include("portal.invitations.urls")),
    path("audit/", include("portal.trail.urls")),
    path("portal-health/", include("portal.health.urls")),
    path("connections/", include("portal.connecting.urls")),
    path("appearance/", include("portal.branding.urls")),
    path("usage/", include("portal.usage.urls")),
    path("prices/", include("portal.prices.urls")),
    path("months/", include("portal.closing.urls")),
    path("looks/", include("portal.acting.urls")),
]
handler400 = "portal.views.bad_request"
handler403 = "portal.views.forbidden"
handler404 = "portal.views.missing"
handler500 = "portal.views.broken"
