import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
_application = get_wsgi_application()

from portal.measuring import Reporting  # noqa: E402  (models can be loaded from here on)

application = Reporting(_application)
