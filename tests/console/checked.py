"""The page between a form and what it does."""

from tests.console.desk import Shown


def confirm(shown: Shown) -> Shown:
    """Press the button of a check page."""
    return next(form for form in shown.forms if "idempotency_key" in form.names and "resume" in form.names).send()
