"""HEAD wherever GET is, as RFC 9110 asks: the answer of GET with its headers and without its body."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadMiddleware:
    """Asks the app for GET and sends no body on. The OpenAPI document, whose every method is one more operation of a
    generated client, names GET alone."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        # A copy: the server decides by its own scope that no body follows, whatever the length says.
        await self.app({**scope, "method": "GET"}, receive, send_without_body)
