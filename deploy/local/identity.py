"""Run the local sign-in provider: `oidc-provider-mock`, a real OpenID Connect provider without passwords.

It knows the personas; any other subject may sign in too (the sample programme has many people). Our one client is
registered with its secret and its one redirect address, as it would be with Keycloak. Tokens and keys are in memory:
after a restart programs sign in again; the sessions of browsers are the portal's and stay.
"""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING

from deploy.local.personas import PERSONAS
from deploy.local.ports import HOST

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from flask import Flask


def provider(client_id: str, client_secret: str, origin: str) -> Flask:
    """Return the provider as a WSGI application, for the one client whose pages are at `origin`."""
    import flask  # noqa: PLC0415 - heavy, and wanted by the provider's own process only
    import oidc_provider_mock  # noqa: PLC0415 - as above
    from oidc_provider_mock._storage import Client, ClientAllowAny  # noqa: PLC0415 - as above

    users = [oidc_provider_mock.User(sub=persona.subject, claims=persona.claims) for persona in PERSONAS]
    app: Flask = oidc_provider_mock.app(require_client_registration=True, user_claims=users)
    app.debug = False
    without_debugger = app.wsgi_app.app  # type: ignore[attr-defined]  # the debugger's wrapper has it, Flask's type does not
    app.wsgi_app = one_at_a_time(without_debugger)  # type: ignore[method-assign, assignment]  # Flask's way to wrap an app
    tandem = Client(
        id=client_id,
        secret=client_secret,
        redirect_uris=[f"{origin}/sign-in/callback"],
        allowed_scopes=Client.SCOPES_SUPPORTED,
        token_endpoint_auth_method=ClientAllowAny(),
    )

    @app.before_request
    def register() -> None:
        """The provider's store hangs on each request; it keeps one client of an id."""
        flask.g.oidc_provider_mock_storage.store_client(tandem)

    return app


def one_at_a_time(app: WSGIApplication) -> WSGIApplication:
    """Let requests in one by one: the provider's store fails with threads ("deque mutated during iteration")."""
    lock = threading.Lock()

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with lock:
            return app(environ, start_response)

    return answer


def main() -> None:
    """Serve until SIGTERM; port, client and origin come from the environment, as the services' do."""
    from werkzeug.serving import make_server  # noqa: PLC0415 - heavy, see above

    # The provider and its users are on this machine; over the network it would be HTTPS.
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    env = os.environ
    app = provider(env["TANDEM_OIDC_CLIENT_ID"], env["TANDEM_OIDC_CLIENT_SECRET"], env["TANDEM_ORIGIN"])
    server = make_server(HOST, int(env["TANDEM_IDENTITY_PORT"]), app, threaded=True)
    print(f"The sign-in provider listens at port {server.server_port}.", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
