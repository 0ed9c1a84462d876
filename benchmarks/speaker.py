"""Stands in for a worker: says what a run says, and does nothing. Started without the library."""

import json
import os
import sys
from typing import Any


def main() -> None:
    """Take a job, speak, and end."""
    job = json.loads(sys.stdin.readline())
    said = 0

    def say(event: str, **more: Any) -> None:
        nonlocal said
        said += 1
        print(json.dumps({"event": event, "n": said, **more}), flush=True)

    def ask(event: str, **more: Any) -> None:
        say(event, **more)
        sys.stdin.readline()

    if job["action"] == "preview":
        say("previewed", preview={"pipeline": job["pipeline"], "rows": [[1]] * 4})
    elif job["action"] == "run":
        path, sink = f"{job['pipeline']}/customers.csv", "outbox"
        file = {"path": path, "rows": 4, "bytes": 86, "sha256": "ab" * 32}
        os.mkdir(job["spool"], mode=0o700)
        ask("planned", files=[{"path": path, "uri": f"file:///{path}", "sink": sink}])
        say("progress", phase="build", percent=50.0, rows=2, bytes=43)
        ask("built", files=[file], state={"columns": {"names": ["id", "name", "visits"]}})
        say("progress", phase="deliver", percent=50.0, rows=4, bytes=43)
        if job["documents"]["pipeline"]["source"] == "ruin":
            error = {"code": "query_failed", "message": "ruined", "hint": "mend it"}
            ask("finished", status="failed", error=error)
            return
        staged = {"target": path, "temporary": f"{path}.tmp"}
        ask("staging", sink=sink, staged=staged)
        ask("staging", sink=sink, staged=staged, complete=True)
        ask("publishing")
        ask("published", sink=sink, path=path, receipt={})
    ask("finished", status="done")


main()
