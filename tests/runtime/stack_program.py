"""A program that runs an embedded stack until its input ends: what a test kills and starts again.

`stack_program.py HOME` prints one JSON object when the servers are ready: the stack's fields and
what the operator was told.
"""

import asyncio
import json
import sys

from runtime.settings import settings_from
from runtime.stack import embedded_stack, published


async def main(home: str) -> None:
    """Run until standard input ends."""
    notices: list[str] = []
    async with embedded_stack(settings_from({"AFTERCARE_HOME": home}), notices.append) as stack:
        with published(stack):
            said = {
                "database_url": stack.database_url.get_secret_value(),
                "temporal_address": stack.temporal_address,
                "temporal_ui_url": stack.temporal_ui_url,
                "postgres_folder": str(stack.postgres_folder),
                "notices": notices,
            }
            sys.stdout.write(json.dumps(said) + "\n")
            sys.stdout.flush()
            await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
