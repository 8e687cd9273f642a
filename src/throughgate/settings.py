"""Settings, all from the environment with safe defaults."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from throughgate.base import env
from throughgate.base.databases import databases
from throughgate.base.paths import database_dir, var_dir

PACKAGE = Path(__file__).resolve().parent
DATA_DIR = var_dir()

DEMO = env.flag("THROUGHGATE_DEMO")
THROUGHGATE_PERSONAS = "/be/"
DEBUG = env.flag("THROUGHGATE_DEBUG")
# Commands that only read code (type checks, linting) need no lasting secret and write nothing.
SECRET_KEY = (
    env.kept_secret("SECRET_KEY", DATA_DIR / "keys") if os.access(DATA_DIR.parent, os.W_OK) else "read-only"
)
ALLOWED_HOSTS = env.text("THROUGHGATE_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",")
CSRF_TRUSTED_ORIGINS = [origin for origin in env.text("THROUGHGATE_ORIGINS").split(",") if origin]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "csp",
    "procrastinate.contrib.django",
    "throughgate.base.audit",
    "throughgate.base.apps.BaseConfig",
    "throughgate.base.links",
    "throughgate.base.lapses.apps.LapsesConfig",
    "throughgate.base.outbox",
    "throughgate.base.uploads",
    "throughgate.base.works",
    "throughgate.access",
    "throughgate.places",
    "throughgate.people",
    "throughgate.partners",
    "throughgate.visitors",
    "throughgate.stories",
    "throughgate.programs",
    "throughgate.outcomes",
    "throughgate.mentoring",
    "throughgate.exchange",
    "throughgate.www",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "throughgate.access.middleware.PrivateByDefault",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "throughgate.access.middleware.ActingAs",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "throughgate.urls"
WSGI_APPLICATION = "throughgate.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "throughgate.base.ui.page_context",
                "throughgate.www.context.page",
            ],
        },
    }
]
FORM_RENDERER = "throughgate.base.ui.FormRenderer"

DATABASES = databases(database_dir())
DATABASE_ROUTERS = ["throughgate.base.apps.Router"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Sign-in: e-mail and a second factor; who needs one, and when sessions end, says the sign-in rule pack.
AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "/account/login/"
LOGIN_REDIRECT_URL = "/start/"
ACCOUNT_ADAPTER = "throughgate.access.adapter.Adapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {"login_failed": "5/15m/key,20/15m/ip"}
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ADAPTER = "throughgate.access.adapter.MFAAdapter"
SOCIALACCOUNT_ONLY = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
SESSION_ENGINE = "throughgate.access.sessions"
# How long a sign-in lasts is judged by the sign-in rule pack; the cookie ends with the day at the latest.
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# The address that mails and search engines are given, and how many proxies of ours stand before us.
SITE_ADDRESS = env.text("THROUGHGATE_ADDRESS", "http://localhost:8000")
PROXIES = int(env.text("THROUGHGATE_PROXIES", "0"))

HTTPS = env.flag("THROUGHGATE_HTTPS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("es", _("Spanish"))]
LOCALE_PATHS = [PACKAGE / "locale"]

STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "throughgate.base.staticfiles.PackageFinder",
]
STATIC_URL = "/static/"
STATICFILES_DIRS = [PACKAGE / "static"]
STATIC_ROOT = Path(env.text("THROUGHGATE_STATIC") or DATA_DIR / "static")
WHITENOISE_USE_FINDERS = True

# Without a mail server messages stay in the outbox's record, as in a demonstration.
EMAIL_HOST = env.text("EMAIL_HOST", "")
EMAIL_PORT = int(env.text("EMAIL_PORT", "587"))
EMAIL_HOST_USER = env.text("EMAIL_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_PASSWORD", "")
EMAIL_USE_SSL = EMAIL_PORT == 465
EMAIL_USE_TLS = bool(EMAIL_HOST_USER) and not EMAIL_USE_SSL
EMAIL_BACKEND = env.text(
    "EMAIL_BACKEND",
    f"django.core.mail.backends.{'smtp' if EMAIL_HOST and not DEMO else 'locmem'}.EmailBackend",
)
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "Throughgate <no-reply@throughgate.invalid>")

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
WORKER_THREADS = 2

# Whose sign-in rules hold, for a deployment whose packs are not the default ones.
JURISDICTION = env.text("THROUGHGATE_JURISDICTION", "default")
# What the base asks of the rule packs, which are a room above it.
NOTICE_RULES = "throughgate.policies.hooks.notice_rules"
REMINDER_STEPS = "throughgate.policies.hooks.reminder_steps"
POLICY_DIR = env.text("THROUGHGATE_POLICY_DIR")
FILE_UPLOAD_TEMP_DIR = tempfile.gettempdir()
# Files that people send from outside: how large one may be. A form that is far larger is not read at all.
UPLOAD_BYTES = int(env.text("THROUGHGATE_UPLOAD_BYTES", str(10 * 1024 * 1024)))
FILE_UPLOAD_HANDLERS = [
    "throughgate.base.uploads.handler.SmallBodies",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
SILENCED_SYSTEM_CHECKS = ["auth.W004"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "throughgate.base.logs.JsonFormatter"}},
    "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["out"], "level": env.text("THROUGHGATE_LOG", "WARNING")},
    "loggers": {"throughgate": {"level": "INFO"}, "django.request": {"level": "ERROR"}},
}
