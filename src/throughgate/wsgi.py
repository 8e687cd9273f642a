"""The web application, for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

from throughgate.base.bodies import in_utf8

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "throughgate.settings")
application = in_utf8(get_wsgi_application())
