"""The page of the API's documentation, from the machine itself and without inline code: an intranet reaches no CDN."""

from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles

from app.http.headers import POLICY_HEADER

PAGE: Final = "/docs"
_ASSETS: Final = "/docs/assets"
_START: Final = "/docs/start.js"
# The library draws pictures of its own from data: addresses, and asks for the document where the page came from.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HTML: Final = """<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} 接口文档</title>
<link rel="stylesheet" href="{root}/docs/assets/swagger-ui.css">
<link rel="icon" href="{root}/docs/assets/favicon.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{root}/docs/assets/swagger-ui-bundle.js"></script>
<script src="{root}/docs/start.js"></script>
</body>
</html>
"""
_SCRIPT: Final = """SwaggerUIBundle({{
  url: "{root}/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
}});
"""


def serve_documentation(app: FastAPI) -> None:
    """Give `app` its page; `fastapi-offline` brings Swagger UI with it."""
    app.mount(_ASSETS, StaticFiles(packages=[("fastapi_offline", "static")]), name="documentation")

    app.get(_START, include_in_schema=False)(_start)
    app.get(PAGE, include_in_schema=False)(_page)


# Functions of the module: FastAPI remembers what it has called, and with a closure the whole application.
async def _start(request: Request) -> Response:
    return Response(_SCRIPT.format(root=_root(request)), media_type="text/javascript")


async def _page(request: Request) -> HTMLResponse:
    html = _HTML.format(title=request.app.title, root=_root(request))
    return HTMLResponse(html, headers={POLICY_HEADER: _POLICY})


def _root(request: Request) -> str:
    """Where a proxy has hung the service."""
    return str(request.scope.get("root_path", ""))
