"""Where the portal uses the manager of something scoped by itself, and what narrows it there instead of portal/access.

Most take an object that a view had from portal/access, or ask for what the signed-in person alone has made.
"""

UNSCOPED: dict[str, tuple[str, str]] = {
    # What somebody may do is decided here, so it cannot be asked of access, which asks here
    "accounts/held.py": ("CustomRole", "the roles of given memberships"),
    "accounts/home.py": ("OU", "of one person's own memberships"),
    "accounts/inviting.py": ("Invitation Membership", "by the mark of a link, or of one person and OU"),
    "accounts/leaving.py": ("Membership", "all of one person: whether any is left"),
    "accounts/membership.py": (
        "Membership OU",
        "of one person, OU and role; who else owns that OU; its lock",
    ),
    "accounts/offering.py": ("CustomRole", "made for the OU or above it"),
    "accounts/role_making.py": ("CustomRole OU SecondFactorRule", "one row locked; rules of that OU"),
    "accounts/second_factor.py": ("CustomRole Membership SecondFactorRule", "of the one who is signed in"),
    "acting/looking.py": ("Acting Membership", "of the looker alone; people of the customer's OU"),
    # What every page shows of one's own
    "branding/of.py": ("Brand", "above one's own memberships, or of the host name, for everybody"),
    "branding/files.py": ("Brand", "a style sheet and a logo are public"),
    "which.py": ("OU", "those of one's own memberships"),
    # What belongs to an object that the view had from access
    "activity/waiting.py": ("Action", "those before an action in its own line, counted"),
    "attention/causes.py": (
        "Action Connection",
        "inside a query of scoped rows; connections of scoped roots",
    ),
    "batches/progress.py": ("Step", "of batches from access"),
    "branding/keeping.py": ("Brand OU", "of the OU"),
    "branding/showing.py": ("Brand", "of OUs from access and above them"),
    "connecting/views.py": ("Membership", "makes its maker the owner of a new connection"),
    "creations.py": ("Action", "inside a query of scoped rows"),
    "connecting/things.py": (
        "Domain Mailbox OU Package",
        "of the connection, counted for who holds its root",
    ),
    "customers/page.py": ("Action", "of the flow's steps"),
    "domains/views.py": ("Package", "of the company"),
    "domains/usage.py": ("Reading UsageReport", "of the domain"),
    "packages/offer.py": ("Reading", "of the company"),
    "packages/sale.py": ("Package", "of the company"),
    "reading.py": ("Reading", "of the thing"),
    "people/leaving.py": ("Membership", "of one person, counted: whether these are all"),
    "people/standing.py": ("Membership", "of one person: whether the viewer may take all of them"),
    "prices/forms.py": ("OU", "none: the view says which"),
    "prices/keeping.py": (
        "ClosedMonth PriceBook",
        "of the OU, one row locked; whether a month there is closed",
    ),
    "prices/views.py": ("MonthlyFigure OU", "of the book's OU"),
    "rights/views.py": ("SecondFactorRule", "of the OU"),
    "trail/recording.py": ("OU", "the roots of the person's own memberships, to write to their trail"),
    # What must hold whoever asks
    "domains/forms.py": ("Domain", "a name is there once a connection: of the company's connection"),
    "mailboxes/forms.py": ("Mailbox", "an address is there once: of the domain"),
    "mailboxes/imports_check.py": ("Action Mailbox", "addresses that are taken, of domains from access"),
    # How the portal itself is doing: numbers, no thing of anybody's
    "health/exposition.py": ("Batch Connection", "counted for whoever has the token; connections by number"),
    "health/showing.py": ("Action Batch Reading UsageRun", "of connections from access"),
    # What the very form or person has asked for
    "batches/ending.py": ("Scheduled", "by the mark of the form"),
    "domains/ending.py": ("Batch", "by the mark of the form and its person"),
    "mailboxes/overview.py": ("Batch", "by the mark of the form and its person"),
    "mailboxes/selection.py": ("Action", "by keys of mailboxes from access"),
    # Sums over OUs that the caller had from access
    "billing/effect.py": ("Domain", "of given OUs"),
    "billing/standing.py": ("Mailbox MonthlyFigure", "of given domains and OUs"),
    "price_effects.py": ("OU PriceBook", "of things from access; whether their connection has any prices"),
    "service_effects.py": ("Domain Package", "of the thing"),
    "billing/books.py": ("PriceBook", "of given OUs and above them"),
    "billing/projection.py": ("Action Domain Mailbox Scheduled Step", "inside given OUs"),
    "billing/sums.py": (
        "Action Domain MonthlyFigure",
        "of given OUs; the ledger inside a query of their domains",
    ),
    "billing/alerts.py": (
        "ClosedMonth MonthlyFigure Notice OU Quota",
        "below the OU that a notice is set up for; what is due of all is sent by the schedule, for no viewer",
    ),
    "billing/closing.py": (
        "Adjustment ClosedMonth Line MonthlyFigure OU",
        "of or below a given OU, which the view had from access",
    ),
    "billing/corrections.py": (
        "Adjustment ClosedMonth MonthlyFigure OU",
        "below the OU of a closed month, which the view had; all of a reseller when a month of it is closed",
    ),
    "billing/statements.py": ("ClosedMonth Line", "of the company from access"),
    "closing/adjusting.py": ("Line", "of companies from access"),
    "closing/finding.py": (
        "ClosedMonth Line MonthlyFigure OU",
        "of or below the OU whose months they are; GUIDs of lines in scope",
    ),
    "closing/forms.py": ("OU", "none: the view says which"),
    "closing/notices.py": ("Notice OU Quota", "of or below the OU from access"),
    "ous/usage.py": ("OU PriceBook", "the OU itself; whether its connection has any prices"),
    "prices/projection.py": ("MonthlyFigure", "of companies from access"),
    "usage/asked.py": ("MonthlyFigure", "of companies from access"),
    "usage/behind.py": ("MonthlyFigure", "of a domain and companies from access"),
    "usage/company.py": (
        "Domain MonthlyFigure OU",
        "of the company from access: its figures, and what they are of",
    ),
    "usage/figures.py": ("MonthlyFigure", "of given OUs: a page of companies from access"),
    "usage/matrix.py": ("MonthlyFigure", "inside a query of companies from access"),
    "usage/runs.py": ("Reading Step UsageRun", "of domains from access, on the connection of the run"),
    "usage/trend.py": ("MonthlyFigure", "of companies from access, or inside a query of them"),
}
