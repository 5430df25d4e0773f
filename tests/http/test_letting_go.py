"""An application that nobody uses any more is let go: nothing of the process remembers it."""

import gc
from weakref import ref

from fastapi.testclient import TestClient

from tests.security.operations import an_app


def test_an_application_that_nobody_uses_is_let_go() -> None:
    app = an_app()
    TestClient(app).get("/docs")
    TestClient(app).get("/nowhere")
    known = ref(app)
    del app
    gc.collect()
    assert known() is None
