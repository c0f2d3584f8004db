"""Print an access token of a person of a local run: `tandem token persona-donor`."""

from typing import Annotated

import typer

NAME = "token"


def command(
    subject: Annotated[str, typer.Argument(help="Who signs in, such as persona-donor; the start page lists them.")],
) -> None:
    """Print an access token of a person of a local run, for requests to the API."""
    import asyncio  # noqa: PLC0415 - not needed to show the help

    from deploy.cli.system import System  # noqa: PLC0415 - as above
    from shared.identity.programs import Programs  # noqa: PLC0415 - heavy

    async def token() -> str:
        async with Programs(
            system["TANDEM_OIDC_ISSUER"],
            client_id=system["TANDEM_OIDC_CLIENT_ID"],
            client_secret=system["TANDEM_OIDC_CLIENT_SECRET"],
            origin=system.origin,
        ) as programs:
            return await programs.sign_in_as(subject)

    system = System.here()
    print(asyncio.run(token()))
