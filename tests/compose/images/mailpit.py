#!/opt/tandem/bin/python
"""Run the mail catcher of the local run on Mailpit's ports; with `readyz`, ask whether it answers."""

from __future__ import annotations

import asyncio
import os
import sys
from types import ModuleType
from urllib.request import urlopen

if sys.argv[1:] == ["readyz"]:
    urlopen("http://127.0.0.1:8025/livez", timeout=4)
else:
    # The module of ports needs a package that the image does not have; here it only says where the catcher listens.
    ports = ModuleType("deploy.local.ports")
    ports.__dict__["HOST"] = "0.0.0.0"
    sys.modules[ports.__name__] = ports
    os.environ |= {
        "TANDEM_MAIL_FILE": os.environ["MP_DATABASE"],
        "TANDEM_SMTP_PORT": "1025",
        "TANDEM_MAIL_PORT": "8025",
        "TANDEM_ORIGIN": "http://localhost:8000",
    }
    from deploy.local.mail.__main__ import main

    asyncio.run(main())
