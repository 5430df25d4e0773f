"""The templates: one environment, which escapes everything and knows every name that a template uses."""

from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from app.console import offers
from app.console.menus import TITLES, title_of
from app.console.words import FILTERS, OUTCOMES, VERDICTS
from app.http.clock import now

STATIC: Final = "/static"
_FINGERPRINT_DIGITS: Final = 12
_FILES: Final = ("console.css", "console.js", "icons.svg", "icon.svg")


def fingerprint(name: str) -> str:
    """A few digits of a static file's content: a new content has a new address, so that browsers may keep the old."""
    content = files("app.console").joinpath("static", name).read_bytes()
    return sha256(content).hexdigest()[:_FINGERPRINT_DIGITS]


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("app.console", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.do"],
    )
    made.filters |= FILTERS | offers.FILTERS
    made.globals |= {
        "VERDICTS": VERDICTS,
        "OUTCOMES": OUTCOMES,
        "PROVENANCES": offers.PROVENANCES,
        "role_title": title_of,
        "static": {
            name: f"{STATIC}/{name}?v={fingerprint(name)}"
            for name in ("console.css", "console.js", "icons.svg", "icon.svg")
        },
        # The package says its version, which is that of the file.
        "htmx": f"{STATIC}/htmx/htmx/htmx.min.js?v={version('django-js-lib-htmx')}",
        "role_names": TITLES,
        "now": now,
    }
    return made


_TEMPLATES: Final = _environment()


def render(template: str, values: Mapping[str, Any]) -> str:
    """A template as text."""
    return _TEMPLATES.get_template(template).render(values)
