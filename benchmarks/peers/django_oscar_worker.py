"""Payments by django-oscar-accounts, in a Python that has it (``peer-oscar`` starts it; nothing of ours is imported here).

``python django_oscar_worker.py migrate`` makes the tables and accounts; ``… pay THREADS`` then takes lines of JSON ``{"seconds": 2}``
and answers ``{"done": …, "failures": …}``. The database stands in ``OSCAR_DATABASE_URL``.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from decimal import Decimal
from urllib.parse import unquote, urlsplit

import django
from django.conf import settings

CUSTOMERS = 300


def _configure() -> None:
    from oscar import defaults

    url = urlsplit(os.environ["OSCAR_DATABASE_URL"])
    given = {name: getattr(defaults, name) for name in dir(defaults) if name.startswith("OSCAR_")}
    settings.configure(
        SECRET_KEY="not a secret",
        USE_TZ=True,
        SITE_ID=1,
        ROOT_URLCONF="django.contrib.auth.urls",
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        HAYSTACK_CONNECTIONS={"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "HOST": url.hostname,
                "PORT": url.port,
                "USER": url.username,
                "PASSWORD": unquote(url.password or ""),
                "NAME": url.path.lstrip("/"),
                "CONN_MAX_AGE": None,
            }
        },
        INSTALLED_APPS=[
            "django.contrib.admin",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.sites",
            "django.contrib.flatpages",
            *_oscar_apps(),
            "oscar_accounts.apps.AccountsConfig",
            "widget_tweaks",
            "haystack",
            "treebeard",
            "django_tables2",
        ],
        **given,
    )
    django.setup()


def _oscar_apps() -> list[str]:
    names = ("analytics", "checkout", "address", "shipping", "catalogue", "catalogue.reviews", "communication", "partner",
             "basket", "payment", "offer", "order", "customer", "search", "voucher", "wishlists")  # fmt: skip
    special = {"catalogue.reviews": "CatalogueReviewsConfig", "wishlists": "WishlistsConfig"}
    return [f"oscar.apps.{name}.apps.{special.get(name, name.title() + 'Config')}" for name in names]


def _migrate() -> None:
    from django.core.management import call_command
    from oscar_accounts import facade
    from oscar_accounts.models import Account

    call_command("migrate", verbosity=0)
    names = ["bench bank", "bench shop", *(f"customer {number}" for number in range(CUSTOMERS))]
    # not one by one: its Account.save() asks for transactions before there is an id, which Django 5 refuses
    Account.objects.bulk_create(
        Account(name=name, credit_limit=None if name == "bench bank" else Decimal(0)) for name in names
    )
    bank = Account.objects.get(name="bench bank")
    for customer in Account.objects.filter(name__startswith="customer "):
        facade.transfer(bank, customer, Decimal(500_000))


def _pay_until(ends_at: float, found: list[str]) -> None:
    from oscar_accounts import facade
    from oscar_accounts.models import Account

    while time.perf_counter() < ends_at:
        customer = Account.objects.get(name=f"customer {random.randrange(CUSTOMERS)}")
        shop = Account.objects.get(name="bench shop")
        try:
            facade.transfer(customer, shop, Decimal(1))
        except Exception as error:
            found.append(repr(error))
        else:
            if time.perf_counter() < ends_at:
                found.append("")


def _pay(threads: int) -> None:
    for line in sys.stdin:
        ends_at = time.perf_counter() + json.loads(line)["seconds"]
        found: list[str] = []
        working = [threading.Thread(target=_pay_until, args=(ends_at, found)) for _ in range(threads)]
        for thread in working:
            thread.start()
        for thread in working:
            thread.join()
        failures = [one for one in found if one]
        answer = {"done": len(found) - len(failures), "failures": len(failures), "first": failures[:1]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    _configure()
    if sys.argv[1] == "migrate":
        _migrate()
    else:
        _pay(int(sys.argv[2]))
