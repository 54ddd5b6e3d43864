"""Serves moto on a free loopback port until standard input closes.

The first line on standard output is the port. Standard input is the life line:
the test process holds its other end, so the server ends with it, however it ends.
"""

import json
import logging
import os
import sys
import threading
from urllib.parse import parse_qs

from moto.athena.responses import AthenaResponse
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server


def end_with_parent():
    sys.stdin.buffer.read()
    os._exit(0)


def sent_mail(query):
    """The messages that SES accepted for an account and region, oldest first."""
    from moto.sesv2.models import sesv2_backends

    account, region = query["account"][0], query["region"][0]
    backend = sesv2_backends[account][region]
    backend = getattr(backend, "core_backend", backend)
    names = ("id", "source", "destinations", "subject", "body", "raw_data")
    return [{n: getattr(m, n) for n in names if hasattr(m, n)} for m in backend.sent_messages]


def with_sent_mail(app):
    def handle(environ, start):
        if environ["PATH_INFO"] != "/sent-mail":
            return app(environ, start)
        body = json.dumps(sent_mail(parse_qs(environ["QUERY_STRING"]))).encode()
        start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    return handle


def update_work_group(self):
    """Athena's UpdateWorkGroup, which moto lacks."""
    wanted = json.loads(self.body)
    group = self.athena_backend.work_groups[wanted["WorkGroup"]]
    group.description = wanted.get("Description", group.description)
    group.state = wanted.get("State", group.state)
    updates = wanted.get("ConfigurationUpdates", {})
    if "ResultConfigurationUpdates" in updates:
        updates["ResultConfiguration"] = updates.pop("ResultConfigurationUpdates")
    group.configuration.update(updates)
    return "{}"


AthenaResponse.update_work_group = update_work_group


def main():
    threading.Thread(target=end_with_parent, daemon=True).start()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = with_sent_mail(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    os.environ["MOTO_PORT"] = str(server.port)
    print(server.port, flush=True)
    server.serve_forever()


main()
